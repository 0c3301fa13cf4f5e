package sampler

import (
	"fmt"
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		o    *Options
		want string
	}{
		{nil, "[]"},
		{&Options{}, "[]"},
		{&Options{TopP: 1, TypicalP: 1, Temperature: new(1.0), Penalties: Penalties{Window: 9, Repetition: 1}}, "[]"},
		{&Options{Temperature: new(0.0)}, "[sampler.Temperature 0]"},
		{
			&Options{
				Temperature: new(0.5), MinP: 0.25, TopP: 0.75, TypicalP: 0.125, TopK: 7, Penalties: Penalties{Window: 3, Presence: 0.5},
				Ban: []int{4, 3}, Bias: []SymbolBias{{2, 1}},
			},
			"[sampler.LogitBias {[{2 1}]} sampler.Exclusion {[{3 5}]} sampler.Penalties {3 0 0.5 0} sampler.TopK 7 sampler.TypicalP 0.125 sampler.TopP 0.75 sampler.MinP 0.25 sampler.Temperature 0.5]",
		},
	} {
		if err := c.o.Check(); err != nil {
			t.Errorf("%+v: %v", c.o, err)
		}
		var list []string
		for _, ts := range c.o.Transforms() {
			list = append(list, fmt.Sprintf("%T %v", ts, ts))
		}
		if got := fmt.Sprint(list); got != c.want {
			t.Errorf("%+v: %s, want %s", c.o, got, c.want)
		}
	}
	// What is wrong with a transform is wrong with the setting.
	for want, o := range map[string]*Options{
		"sampler: ban of symbol -2":      {Ban: []int{3, -2}},
		"sampler: bias of symbol -1":     {Bias: []SymbolBias{{-1, 1}}},
		"sampler: repetition penalty -1": {Penalties: Penalties{Repetition: -1}},
		"sampler: penalty window -1":     {Penalties: Penalties{Window: -1}},
		"sampler: top-k -1":              {TopK: -1},
		"sampler: typical-p 1.5":         {TypicalP: 1.5},
		"sampler: top-p -1":              {TopP: -1},
		"sampler: min-p 2":               {MinP: 2},
		"sampler: temperature NaN":       {Temperature: new(float64(nan))},
	} {
		if err := o.Check(); err == nil || !strings.HasPrefix(err.Error(), want+":") {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}
