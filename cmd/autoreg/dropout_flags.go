package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/train"
)

// dropoutFlag defines --dropout of recurrent networks.
func dropoutFlag(fs *pflag.FlagSet, p *train.Dropout) {
	fs.Var((*dropoutValue)(p), "dropout", "share of values dropped in training, of the embedding, between layers and before the output; :embedding=X, :layers=X and :output=X are others for one of them, and with :locked all steps of a sequence, or of a track in a batch of a stream, drop the same values")
}

type dropoutValue train.Dropout

func (v *dropoutValue) Type() string   { return "X" }
func (v *dropoutValue) String() string { return dropoutText(train.Dropout(*v)) }

// Set parses a share for all places and others for some: "0.5", "0.5:embedding=0:locked".
func (v *dropoutValue) Set(s string) error {
	all, rest, more := strings.Cut(s, ":")
	everywhere, err := dropoutShare(all)
	if err != nil {
		return err
	}
	d := train.Dropout{Embedding: everywhere, Layers: everywhere, Output: everywhere}
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ":")
		place, value, _ := strings.Cut(part, "=")
		to := map[string]*float64{"embedding": &d.Embedding, "layers": &d.Layers, "output": &d.Output}[place]
		switch {
		case part == "locked":
			d.Locked = true
		case to == nil:
			return fmt.Errorf("%.40q is none of embedding=X, layers=X, output=X and locked", part)
		default:
			if *to, err = dropoutShare(value); err != nil {
				return err
			}
		}
	}
	*v = dropoutValue(d)
	return nil
}

func dropoutShare(s string) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !share(x) {
		return 0, errors.New("want 0 or more and less than 1" + pointHint(s))
	}
	return x, nil
}

// dropoutText returns what Set parses.
func dropoutText(d train.Dropout) string {
	text := fmt.Sprint(d.Layers)
	for _, p := range []struct {
		name  string
		share float64
	}{{"embedding", d.Embedding}, {"output", d.Output}} {
		if p.share != d.Layers {
			text += fmt.Sprintf(":%s=%v", p.name, p.share)
		}
	}
	if d.Locked {
		text += ":locked"
	}
	return text
}
