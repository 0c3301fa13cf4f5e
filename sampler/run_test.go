package sampler

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
)

// A walk is a Source whose logits depend on what it has consumed.
type walk struct {
	n    int
	seen []int
	fail int // logits are NaN after so many symbols; 0 means never, -1 at once
}

func (s *walk) Symbols() int { return s.n }

func (s *walk) Logits(dst []float32) {
	testkit.Values(dst, uint64(len(s.seen)+1), 2)
	if len(s.seen) > 0 {
		dst[s.seen[len(s.seen)-1]] += 1
	}
	if s.fail != 0 && len(s.seen) >= s.fail {
		fill(dst, nan)
	}
}

func (s *walk) Advance(sym int) { s.seen = append(s.seen, sym) }

func TestRun(t *testing.T) {
	s := &walk{n: 300}
	c := New(4)
	var got []int
	for step, err := range c.Run(t.Context(), s, nil) {
		if err != nil || step.LogProb != 0 || step.Reason != 0 {
			t.Fatalf("%+v, %v", step, err)
		}
		got = append(got, step.ID)
		if !slices.Equal(got, s.seen) {
			t.Fatalf("after %v the source has consumed %v", got, s.seen)
		}
		if len(got) == 5 {
			break
		}
	}
	got = append(got, ids(t, c, s, &RunOptions{Steps: 5})...) // resumes
	if want := ids(t, New(4), &walk{n: 300}, &RunOptions{Steps: 10}); !slices.Equal(got, want) {
		t.Errorf("in two runs %v, in one %v", got, want)
	}
}

// ids runs s to its end and returns the symbols.
func ids(t *testing.T, c *Chain, s Source, o *RunOptions) (all []int) {
	t.Helper()
	for step, err := range c.Run(t.Context(), s, o) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, step.ID)
	}
	return all
}

func TestRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := ids(t, New(1), &walk{n: 20}, &RunOptions{Steps: 4})
	stop := first[3]
	if slices.Contains(first[:3], stop) {
		t.Fatalf("symbol %d comes before step 4, of %v: choose another seed", stop, first)
	}
	for _, c := range []struct {
		name   string
		s      Source
		ctx    context.Context
		o      *RunOptions
		reason Reason
		err    error
		n      int
	}{
		{"NaN", &walk{n: 20, fail: 3}, t.Context(), nil, ReasonNothing, ErrNoSymbol, 3},
		{"NaN at once", &walk{n: 20, fail: -1}, t.Context(), &RunOptions{LogProbs: true}, ReasonNothing, ErrNoSymbol, 0},
		{"length", &walk{n: 20}, t.Context(), &RunOptions{Steps: 6}, ReasonLength, nil, 6},
		{"stop", &walk{n: 20}, t.Context(), &RunOptions{Stop: []int{99, stop}}, ReasonStop, nil, 4},
		{"stop in the last place", &walk{n: 20}, t.Context(), &RunOptions{Stop: []int{stop}, Steps: 4}, ReasonStop, nil, 4},
		{"complete", &board{walk: walk{n: 20}, size: 5}, t.Context(), nil, ReasonComplete, nil, 5},
		{"complete in the last place", &board{walk: walk{n: 20}, size: 5}, t.Context(), &RunOptions{Steps: 5}, ReasonComplete, nil, 5},
		{"complete from the start", &board{walk: walk{n: 20}}, t.Context(), nil, 0, nil, 0},
		{"stop and complete", short{&walk{n: 20}}, t.Context(), &RunOptions{Stop: []int{stop}}, ReasonStop, nil, 4},
		{"canceled", &walk{n: 20}, ctx, nil, ReasonCanceled, context.Canceled, 7},
		{"canceled at once", &walk{n: 20}, ctx, nil, ReasonCanceled, context.Canceled, 0},
	} {
		n, ends := 0, 0
		for step, err := range New(1).Run(c.ctx, c.s, c.o) {
			if step.Reason != 0 {
				ends++
				if step.Reason != c.reason {
					t.Errorf("%s: ends with %v, want %v", c.name, step.Reason, c.reason)
				}
			}
			if (err != nil) != (step.ID < 0) || err != nil && (!errors.Is(err, c.err) || step.Reason == 0 || step.LogProb != 0) {
				t.Errorf("%s: yielded %+v, %v; want -1, %v", c.name, step, err, c.err)
			}
			if err != nil {
				continue // a caller without a break
			}
			if n++; n == 7 {
				cancel()
			}
		}
		if want := min(1, int(c.reason)); ends != want || n != c.n {
			t.Errorf("%s: %d symbols and %d ends, want %d and %d", c.name, n, ends, c.n, want)
		}
	}
}

// A short source is a walk of 4 symbols.
type short struct{ *walk }

func (s short) Done() bool { return len(s.seen) >= 4 }

// A board is a walk of so many symbols with slots, some of which are given.
type board struct {
	walk
	size  int
	given map[int]int
}

func (b *board) Done() bool             { return len(b.seen) >= b.size }
func (b *board) Slot() (uint64, uint64) { return 3, uint64(len(b.seen)) }

func (b *board) Given() (int, bool) {
	sym, ok := b.given[len(b.seen)]
	return sym, ok
}

// A list is a walk some of whose symbols are given.
type list struct {
	*walk
	b *board
}

func (l list) Given() (int, bool) { return l.b.Given() }

// A symbol of a slot is what Seek and Sample draw; one that is given takes no draw, and
// the run is otherwise the same.
func TestRunSlotsAndGiven(t *testing.T) {
	for _, ts := range [][]Transform{nil, {Temperature(0.5)}, {TopK(7), Temperature(2)}} {
		for _, given := range []map[int]int{nil, {0: 5, 3: 9, 4: 0, 9: 11}} {
			got := ids(t, New(2, ts...), &board{walk{n: 30}, 10, given}, nil)
			var want []int
			c, s, x := New(2, ts...), walk{n: 30}, make([]float32, 30)
			for slot := range 10 {
				s.Logits(x)
				c.Seek(3, uint64(slot))
				sym, ok := given[slot]
				if !ok {
					sym = c.Sample(x)
				}
				s.Advance(sym)
				want = append(want, sym)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v, given %v: %v, want %v", ts, given, got, want)
			}
		}
	}
	// Without slots, what is given takes nothing from the random sequence either.
	given := &board{walk{n: 30}, 10, map[int]int{0: 5, 4: 0}}
	got := ids(t, New(2), list{&given.walk, given}, &RunOptions{Steps: 8})
	c, s, x := New(2), walk{n: 30}, make([]float32, 30)
	for i, sym := range got {
		s.Logits(x)
		if _, ok := given.given[i]; !ok {
			if want := c.Sample(x); sym != want {
				t.Fatalf("symbol %d is %d, want %d", i, sym, want)
			}
		}
		s.Advance(sym)
	}
}

// Log-probabilities are those of the source's own logits, whatever the transforms, and
// asking for them changes no symbol.
func TestRunLogProbs(t *testing.T) {
	for _, ts := range [][]Transform{
		nil,
		{Temperature(0.5)},
		{Temperature(0)},
		{Exclude(1, 2, 3), Temperature(3)},
		{TopK(7), Temperature(2)},
		{Temperature(2), TopK(7)},
	} {
		given := map[int]int{2: 4, 5: 0}
		want := ids(t, New(6, ts...), &board{walk{n: 300}, 20, given}, nil)
		x, scratch, s := make([]float32, 300), make([]float32, 300), &walk{n: 300}
		for _, all := range []bool{true, false} {
			*s = walk{n: 300}
			var got []int
			for step, err := range New(6, ts...).Run(t.Context(), &board{walk{n: 300}, 20, given}, &RunOptions{LogProbs: all}) {
				if err != nil {
					t.Fatal(err)
				}
				s.Logits(x)
				s.Advance(step.ID)
				logProb := x[step.ID] - kernels.LogSumExp(x, scratch)
				if _, ok := given[len(got)]; !ok && !all {
					logProb = 0
				}
				if step.LogProb != logProb {
					t.Errorf("%v: symbol %d: ln p = %v, want %v", ts, len(got), step.LogProb, logProb)
				}
				got = append(got, step.ID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v, LogProbs %v: %v, want %v", ts, all, got, want)
			}
		}
	}
	// Logits of which the draw passes some over.
	for _, c := range []struct {
		x    []float32
		want float64
	}{
		{[]float32{-inf, 0, -inf, 0}, -math.Ln2},
		{[]float32{nan, 0, -inf, 0}, math.NaN()},
		{[]float32{inf, 0, 0, 0}, math.Inf(-1)},
		{[]float32{-inf, 7, -inf}, 0},
	} {
		for _, ts := range [][]Transform{nil, {TopK(2)}, {Exclude(0)}} {
			for step, err := range New(1, ts...).Run(t.Context(), still(c.x), &RunOptions{Steps: 1, LogProbs: true}) {
				if got := float64(step.LogProb); err != nil || math.Abs(got-c.want) > 1e-6 || math.IsNaN(got) != math.IsNaN(c.want) {
					t.Errorf("%v, %v: ln p = %v, %v; want %v", c.x, ts, got, err, c.want)
				}
			}
		}
	}
}

func TestReason(t *testing.T) {
	names := ""
	for r := range Reason(8) {
		text, err := r.MarshalText()
		if names += r.String() + "|"; string(text) != r.String() || err != nil {
			t.Errorf("MarshalText = %q, %v", text, err)
		}
	}
	if names != "|stop|length|canceled|nothing|complete|stop string|Reason(7)|" {
		t.Errorf("reasons %s", names)
	}
}

// A source for counting allocations.
type still []float32

func (s still) Symbols() int         { return len(s) }
func (s still) Logits(dst []float32) { copy(dst, s) }
func (s still) Advance(int)          {}

func TestNoAllocs(t *testing.T) {
	all := Options{
		Bias: []SymbolBias{{3, 1}}, Ban: []int{2}, Penalties: Penalties{Repetition: 1.1, Presence: 0.1, Frequency: 0.1},
		TopK: 40, TypicalP: 0.95, TopP: 0.95, MinP: 0.05, Temperature: new(0.8),
	}
	x := make([]float32, 700)
	testkit.Values(x, 1, 5)
	for _, ts := range [][]Transform{
		nil,
		all.Transforms(),
		{TopP(0.95)},
		{TopP(0.5), Temperature(0.8)},
		{MinP(0.05)},
		{TypicalP(0.9), Temperature(0.8)},
		{Temperature(0.8), TopK(600), TopP(0.9), Penalties{Presence: 1}},
		{Temperature(0.8), Exclude(1)},
		{Temperature(0)},
		{TopK(7), Temperature(0.8)},
		{Temperature(0.8), TopK(7), Exclude(1)},
	} {
		c := New(1, ts...)
		c.Sample(x)
		testkit.NoAllocs(t, func() {
			for range 50 {
				c.Sample(x)
			}
		})
		least := math.Inf(1)
		for range 5 {
			least = min(least, testing.AllocsPerRun(1, func() {
				n := 0
				for range c.Run(context.Background(), still(x), &RunOptions{Steps: 100, Stop: []int{99}, LogProbs: true}) {
					n++
				}
				if n != 100 {
					t.Errorf("%d symbols", n)
				}
			}))
		}
		if least > 10 && !testkit.RaceEnabled { // what one Run costs, not what one symbol costs
			t.Errorf("%v: a run of 100 symbols makes %v allocations", ts, least)
		}
	}
}
