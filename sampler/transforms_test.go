package sampler

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

func TestCheck(t *testing.T) {
	for _, good := range []Transform{Temperature(0), Temperature(1), Temperature(1e-45), Temperature(math.MaxFloat32),
		Temperature(math.Copysign(0, -1)), TopK(0), TopK(1), TopK(math.MaxInt), Exclude(), plain{Temperature(-1)},
		TopP(5e-324), TopP(1), TypicalP(0.5), TypicalP(1), MinP(0), MinP(1), Penalties{}, Penalties{Window: MaxWindow, Repetition: 1.3, Presence: -2, Frequency: 2},
		Bias(), Bias(SymbolBias{0, -100}, SymbolBias{0, math.MaxFloat32})} {
		if err := Check(good); err != nil {
			t.Errorf("Check(%v) = %v, want nil", good, err)
		}
	}
	for want, ts := range map[string][]Transform{
		"sampler: temperature -1":   {TopK(1), Temperature(-1), TopK(-3)},
		"sampler: temperature NaN":  {Temperature(nan)},
		"sampler: temperature +Inf": {Temperature(inf)},
		"sampler: temperature -Inf": {Temperature(-inf)},
		"sampler: top-k -3":         {TopK(-3)},
		"sampler: top-p 0":          {TopP(0)},
		"sampler: top-p 1.5":        {TopP(1.5)},
		"sampler: top-p NaN":        {TopP(nan)},
		"sampler: typical-p -0.1":   {TypicalP(-0.1)},
		"sampler: typical-p NaN":    {TypicalP(nan)},
		"sampler: typical-p +Inf":   {TypicalP(inf)},
		"sampler: min-p -0.5":       {MinP(-0.5)},
		"sampler: min-p 1.01":       {MinP(1.01)},
		"sampler: min-p NaN":        {MinP(nan)},

		"sampler: penalty window -1":       {Penalties{Window: -1}},
		"sampler: penalty window 1048577":  {Penalties{Window: MaxWindow + 1}},
		"sampler: repetition penalty -1":   {Penalties{Repetition: -1}},
		"sampler: repetition penalty NaN":  {Penalties{Repetition: nan}},
		"sampler: repetition penalty +Inf": {Penalties{Repetition: inf}},
		"sampler: presence penalty NaN":    {Penalties{Presence: nan}},
		"sampler: presence penalty -Inf":   {Penalties{Presence: -inf}},
		"sampler: frequency penalty NaN":   {Penalties{Frequency: nan}},
		"sampler: bias of symbol -1":       {Bias(SymbolBias{0, 1}, SymbolBias{-1, 1})},
		"sampler: bias NaN of symbol 7":    {Bias(SymbolBias{7, nan})},
		"sampler: bias -Inf of symbol 7":   {Bias(SymbolBias{7, -inf})},
	} {
		if err := Check(ts...); err == nil || !strings.HasPrefix(err.Error(), want+":") {
			t.Errorf("Check(%v) = %v, want %q", ts, err, want)
		}
	}
}

func TestExclude(t *testing.T) {
	for _, ids := range [][]int{{}, {0}, {5, 3, 4, 4, 9}, {0, 2, 4, 6}, {7, 6, 5, 4, 3, 2, 1, 0}} {
		e := Exclude(ids...)
		x := make([]float32, 8)
		e.mask(x)
		var c Candidates
		for id := range 12 {
			want := slices.Contains(ids, id)
			if got := e.has(id); got != want {
				t.Errorf("Exclude(%v).has(%d) = %v", ids, id, got)
			}
			if id < 8 && (x[id] < 0) != want {
				t.Errorf("Exclude(%v).mask: %v", ids, x)
			}
			if id < 8 {
				c.C = append(c.C, Candidate{ID: int32(id)})
			}
		}
		e.Apply(&c)
		for _, d := range c.C {
			if slices.Contains(ids, int(d.ID)) {
				t.Errorf("Exclude(%v).Apply kept %d", ids, d.ID)
			}
		}
	}
	if got := len(Exclude(5, 3, 4, 4, 9).runs); got != 2 {
		t.Errorf("%d runs, want 2", got)
	}
	defer func() {
		if got := recover(); got != "sampler: Exclude: negative id" {
			t.Errorf("panic %v", got)
		}
	}()
	Exclude(3, -1)
}

// TopK and Top against sorting, with many ties.
func TestTop(t *testing.T) {
	for _, n := range []int{0, 1, 2, 7, 100, 1000} {
		x := make([]float32, n)
		testkit.Values(x, uint64(n)+9, 20)
		for i := range x {
			x[i] = float32(int(x[i])) // from -20 to 20
			if i%13 == 5 {
				x[i] = []float32{nan, inf, -inf}[i%3]
			}
		}
		var all []Candidate
		for id, v := range x {
			if finite(v) {
				all = append(all, Candidate{int32(id), v})
			}
		}
		slices.SortStableFunc(all, func(a, b Candidate) int { return int(b.Logit - a.Logit) })
		for _, k := range []int{-1, 0, 1, 2, 3, 10, 99, 500, 1000, 2000} {
			want := all[:max(min(k, len(all)), 0)]
			prefix := Candidate{ID: -7}
			if got := Top([]Candidate{prefix}, x, k); got[0] != prefix || !slices.Equal(got[1:], want) {
				t.Errorf("Top(n=%d, k=%d) = %v, want %v", n, k, got[1:], want)
			}
			if k <= 0 {
				continue
			}
			for _, sorted := range []bool{false, true} {
				c := Candidates{C: slices.Clone(all)}
				slices.Reverse(c.C)
				if sorted {
					c.Sort()
				}
				TopK(k).Apply(&c)
				c.Sort()
				if !slices.Equal(c.C, want) {
					t.Errorf("TopK(%d) of %d, sorted %v: %v, want %v", k, n, sorted, c.C, want)
				}
			}
		}
	}
}

// Rounding may make ties, among which a lower id then comes first.
func TestTemperatureClearsSorted(t *testing.T) {
	c := Candidates{C: []Candidate{{5, 1.0000001}, {2, 1}}, Sorted: true}
	Temperature(math.MaxFloat32).Apply(&c)
	TopK(1).Apply(&c)
	if c.C[0].ID != 2 {
		t.Errorf("symbol %d is left, want 2", c.C[0].ID)
	}
}
