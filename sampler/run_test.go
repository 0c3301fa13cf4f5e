package sampler

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// A walk is a Source whose scores depend on what it has consumed.
type walk struct {
	n    int
	seen []int
	fail int // scores are NaN after so many symbols; 0 means never
}

func (s *walk) Symbols() int { return s.n }

func (s *walk) Logits(dst []float32) {
	testkit.Values(dst, uint64(len(s.seen)+1), 2)
	if len(s.seen) > 0 {
		dst[s.seen[len(s.seen)-1]] += 1
	}
	if s.fail > 0 && len(s.seen) >= s.fail {
		fill(dst, nan)
	}
}

func (s *walk) Advance(sym int) { s.seen = append(s.seen, sym) }

func TestRun(t *testing.T) {
	s := &walk{n: 300}
	c := New(4)
	var got []int
	for id, err := range c.Run(t.Context(), s) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, id)
		if !slices.Equal(got, s.seen) {
			t.Fatalf("after %v the source has consumed %v", got, s.seen)
		}
		if len(got) == 5 {
			break
		}
	}
	for id := range c.Run(t.Context(), s) { // resumes
		if got = append(got, id); len(got) == 10 {
			break
		}
	}
	var want []int
	for id := range New(4).Run(t.Context(), &walk{n: 300}) {
		if want = append(want, id); len(want) == 10 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("in two runs %v, in one %v", got, want)
	}
}

func TestRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, c := range []struct {
		name string
		fail int
		ctx  context.Context
		want error
		n    int
	}{
		{"NaN", 3, ctx, ErrNoSymbol, 3},
		{"canceled", 0, ctx, context.Canceled, 7},
	} {
		s := &walk{n: 20, fail: c.fail}
		n, errs := 0, 0
		for id, err := range New(1).Run(c.ctx, s) {
			if err != nil {
				errs++
				if !errors.Is(err, c.want) || id != -1 {
					t.Errorf("%s: yielded %d, %v; want -1, %v", c.name, id, err, c.want)
				}
				continue // as a careless caller would
			}
			if n++; n == 7 {
				cancel()
			}
		}
		if errs != 1 || n != c.n || len(s.seen) != c.n {
			t.Errorf("%s: %d symbols, %d consumed, %d errors; want %d, %[5]d, 1", c.name, n, len(s.seen), errs, c.n)
		}
	}
}

// A source for counting allocations.
type still []float32

func (s still) Symbols() int         { return len(s) }
func (s still) Logits(dst []float32) { copy(dst, s) }
func (s still) Advance(int)          {}

func TestNoAllocs(t *testing.T) {
	x := make([]float32, 20)
	testkit.Values(x, 1, 5)
	for _, ts := range [][]Transform{
		nil,
		{Temperature(0.8), Exclude(1)},
		{Temperature(0)},
		{TopK(7), Temperature(0.8)},
		{Temperature(0.8), TopK(7), Exclude(1)},
	} {
		c := New(1, ts...)
		c.Sample(x)
		testkit.NoAllocs(t, func() {
			for range 1000 {
				c.Sample(x)
			}
		})
		least := math.Inf(1)
		for range 5 {
			least = min(least, testing.AllocsPerRun(1, func() {
				n := 0
				for range c.Run(context.Background(), still(x)) {
					if n++; n == 1000 {
						break
					}
				}
			}))
		}
		if least > 10 { // what one Run costs, not what one symbol costs
			t.Errorf("%v: a run of 1000 symbols makes %v allocations", ts, least)
		}
	}
}
