package sampler

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// Penalties against counting, over histories shorter and longer than the windows.
func TestPenalties(t *testing.T) {
	const n = 9
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, n)
	testkit.Values(x, 5, 4)
	x[3], x[7] = nan, -inf
	for _, p := range []Penalties{
		{Window: 4, Repetition: 1.5},
		{Window: 7, Repetition: 0.5, Presence: 0.25, Frequency: 0.125},
		{Presence: -1},
		{Window: 1, Frequency: 3e38},
	} {
		for _, hidden := range []bool{false, true} {
			ts := []Transform{p}
			if hidden {
				ts = hide(ts)
			}
			c := New(1, ts...)
			var all []int
			for range 200 {
				seen := all[max(0, len(all)-p.window()):]
				want := slices.Clone(x)
				for id, v := range want {
					count := 0
					for _, sym := range seen {
						if sym == id {
							count++
						}
					}
					if count == 0 {
						continue
					}
					if p.Repetition != 0 && v > 0 {
						v /= p.Repetition
					} else if p.Repetition != 0 {
						v *= p.Repetition
					}
					want[id] = v - (float32(float32(count)*p.Frequency) + p.Presence)
				}
				got, probs := make([]float32, n), make([]float32, n)
				c.Probabilities(got, x)
				New(1).Probabilities(probs, want)
				if d := testkit.Diff(got, probs); d != "" {
					t.Fatalf("%+v after %v: %s", p, all, d)
				}
				sym := rng.IntN(n + 2) // the logits do not have all symbols
				all = append(all, sym)
				c.Observe(sym)
			}
			c.Reset(1)
			got, probs := make([]float32, n), make([]float32, n)
			c.Probabilities(got, x)
			New(1).Probabilities(probs, x)
			if d := testkit.Diff(got, probs); d != "" {
				t.Errorf("%+v after Reset: %s", p, d)
			}
		}
	}
}

// Without a chain there is no history.
func TestPenaltiesAlone(t *testing.T) {
	c := Candidates{C: []Candidate{{1, 2}}}
	Penalties{Repetition: 2}.Apply(&c)
	if c.C[0].Logit != 2 {
		t.Errorf("%+v", c)
	}
}

// Run observes symbols that are drawn, and those that are given.
func TestRunObserves(t *testing.T) {
	for _, given := range []map[int]int{nil, {0: 5, 1: 5, 2: 7}} {
		c := New(1, Penalties{Repetition: 2})
		b := &board{walk: walk{n: 20}, size: 30, given: given}
		ids(t, c, b, nil)
		if got := fmt.Sprint(c.past.last(100)); got != fmt.Sprint(b.seen) {
			t.Errorf("given %v: observed %s of %v", given, got, b.seen)
		}
	}
}

func TestObserve(t *testing.T) {
	c := New(1, Penalties{Window: 3, Presence: 1}, Penalties{Window: 5, Presence: 1})
	testkit.NoAllocs(t, func() {
		for i := range 100 {
			c.Observe(i)
		}
	})
	if got := fmt.Sprint(c.past.last(5)); got != "[95 96 97 98 99]" {
		t.Errorf("history %s", got)
	}
}
