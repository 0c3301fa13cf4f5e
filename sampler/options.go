package sampler

import (
	"fmt"

	"github.com/autoreg/autoreg/internal/apierror"
)

// Options are the usual transforms as settings. The zero value, or a nil pointer, draws
// from the softmax of the logits.
type Options struct {
	Bias      []SymbolBias // added to logits, see Bias
	Ban       []int        // symbols that are never drawn, see Exclude
	Penalties Penalties    // for symbols of the chain's history

	TopK     int     // draw among the k likeliest symbols; 0 means all
	TypicalP float64 // see the transform TypicalP; 0 means 1, which keeps all
	TopP     float64 // see the transform TopP; 0 means 1, which keeps all
	MinP     float64 // see the transform MinP; 0 keeps all

	Temperature *float64 // see the transform Temperature; nil means 1. With Go 1.26, new(0.2)
}

// Check returns an error that names the setting, unless all are in range.
func (o *Options) Check() error {
	if o == nil {
		return nil
	}
	for _, id := range o.Ban {
		if id < 0 {
			return apierror.Wrap("sampler", fmt.Errorf("ban of symbol %d: want a symbol, 0 or more", id))
		}
	}
	return Check(o.Transforms()...)
}

// Transforms returns the settings as transforms for New, in this order, which is that
// of llama.cpp:
//
//	Bias, Ban, Penalties, TopK, TypicalP, TopP, MinP, Temperature
//
// So TypicalP, TopP and MinP see the probabilities of temperature 1, and each those of
// the symbols that are left. Other libraries have the temperature first, which gives
// other texts; list transforms for New to have that. Settings that change nothing are
// left out. Transforms panics if Ban has a negative symbol; see [Options.Check].
func (o *Options) Transforms() []Transform {
	if o == nil {
		return nil
	}
	var ts []Transform
	if len(o.Bias) > 0 {
		ts = append(ts, Bias(o.Bias...))
	}
	if len(o.Ban) > 0 {
		ts = append(ts, Exclude(o.Ban...))
	}
	if o.Penalties.Check() != nil || !o.Penalties.none() {
		ts = append(ts, o.Penalties)
	}
	if o.TopK != 0 {
		ts = append(ts, TopK(o.TopK))
	}
	if o.TypicalP != 0 && o.TypicalP != 1 {
		ts = append(ts, TypicalP(o.TypicalP))
	}
	if o.TopP != 0 && o.TopP != 1 {
		ts = append(ts, TopP(o.TopP))
	}
	if o.MinP != 0 {
		ts = append(ts, MinP(o.MinP))
	}
	if o.Temperature != nil && *o.Temperature != 1 {
		ts = append(ts, Temperature(*o.Temperature))
	}
	return ts
}
