package sampler

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
)

var (
	inf = float32(math.Inf(1))
	nan = float32(math.NaN())
)

// A plain transform hides the type of the one in it, so that a chain builds
// candidates for it.
type plain struct{ Transform }

// window has the chain keep the history that a hidden transform looks at.
func (p plain) window() int {
	if t, ok := p.Transform.(Penalties); ok {
		return t.window()
	}
	return 0
}

func hide(ts []Transform) []Transform {
	hidden := make([]Transform, len(ts))
	for i, t := range ts {
		hidden[i] = plain{t}
	}
	return append(hidden, plain{TopK(0)}) // at least one
}

// logs returns the logits of a distribution.
func logs(p ...float64) []float32 {
	x := make([]float32, len(p))
	for i, v := range p {
		x[i] = float32(math.Log(v))
	}
	return x
}

func TestProbabilities(t *testing.T) {
	for _, c := range []struct {
		name string
		x    []float32
		ts   []Transform
		want []float32
	}{
		{"softmax", logs(0.5, 0.25, 0.125, 0.125), nil, []float32{0.5, 0.25, 0.125, 0.125}},
		{"unnormalised", logs(8, 4, 2, 2), nil, []float32{0.5, 0.25, 0.125, 0.125}},
		{"excluded logit", []float32{0, -inf, 0}, nil, []float32{0.5, 0, 0.5}},
		{"NaN and +Inf", []float32{nan, 0, inf, 0}, nil, []float32{0, 0.5, 0, 0.5}},
		{"nothing", []float32{nan, -inf, inf}, nil, []float32{0, 0, 0}},
		{"no symbols", nil, nil, nil},
		{"one", []float32{-1e30}, nil, []float32{1}},
		{"T=0.5 squares", logs(0.6, 0.3, 0.1), []Transform{Temperature(0.5)}, []float32{36. / 46, 9. / 46, 1. / 46}},
		{"T=2 is the root", logs(0.64, 0.32, 0.04), []Transform{Temperature(2)}, []float32{0.5109583, 0.3613021, 0.1277396}}, // √p / Σ√p
		{"T=0", logs(0.4, 0.5, 0.1), []Transform{Temperature(0)}, []float32{0, 1, 0}},
		{"T=0, tie", logs(0.1, 0.45, 0.45), []Transform{Temperature(0)}, []float32{0, 1, 0}},
		{"T=0, NaN, +Inf", []float32{nan, inf, 1, 2, 2}, []Transform{Temperature(0)}, []float32{0, 0, 0, 1, 0}},
		{"T=0, nothing", []float32{nan, inf}, []Transform{Temperature(0)}, []float32{0, 0}},
		{"T tiny", logs(0.4, 0.5, 0.1), []Transform{Temperature(1e-45)}, []float32{0, 1, 0}},
		{"T tiny, tie", logs(0.4, 0.4, 0.2), []Transform{Temperature(1e-45)}, []float32{1, 0, 0}},
		{"T tiny, NaN, +Inf", []float32{nan, inf, 1, 2, 2}, []Transform{Temperature(1e-45)}, []float32{0, 0, 0, 1, 0}},
		{"T tiny, largest 0", []float32{-1, 0, -2}, []Transform{Temperature(1e-45)}, []float32{0, 1, 0}},
		{"T small, largest 0", []float32{-1, 0, 0}, []Transform{Temperature(1e-38)}, []float32{0, 0.5, 0.5}},
		{"T huge", logs(0.4, 0.5, 0.05, 0.05), []Transform{Temperature(math.MaxFloat32)}, []float32{0.25, 0.25, 0.25, 0.25}},
		{"huge logits", []float32{math.MaxFloat32, -math.MaxFloat32, math.MaxFloat32}, nil, []float32{0.5, 0, 0.5}},
		{"huge logits, cold", []float32{math.MaxFloat32, -math.MaxFloat32, math.MaxFloat32}, []Transform{Temperature(0.5)}, []float32{1, 0, 0}},
		{"T twice", logs(0.6, 0.3, 0.1), []Transform{Temperature(0.25), Temperature(2)}, []float32{36. / 46, 9. / 46, 1. / 46}},
		{"K=2", logs(0.1, 0.5, 0.25, 0.15), []Transform{TopK(2)}, []float32{0, 2. / 3, 1. / 3, 0}},
		{"K=2, tie", logs(0.2, 0.4, 0.2, 0.2), []Transform{TopK(2)}, []float32{1. / 3, 2. / 3, 0, 0}},
		{"K=0", logs(0.25, 0.75), []Transform{TopK(0)}, []float32{0.25, 0.75}},
		{"K too large", logs(0.25, 0.75), []Transform{TopK(9)}, []float32{0.25, 0.75}},
		{"K=1, NaN, +Inf", []float32{nan, 1, inf, 3, 2}, []Transform{TopK(1)}, []float32{0, 0, 0, 1, 0}},
		{"K then T", logs(0.1, 0.6, 0.3), []Transform{TopK(2), Temperature(0.5)}, []float32{0, 0.8, 0.2}},
		{"T then K", logs(0.1, 0.6, 0.3), []Transform{Temperature(0.5), TopK(2)}, []float32{0, 0.8, 0.2}},
		{"K twice", logs(0.1, 0.6, 0.3), []Transform{TopK(2), TopK(1)}, []float32{0, 1, 0}},
		{"T=0 then K", logs(0.1, 0.6, 0.3), []Transform{Temperature(0), TopK(2)}, []float32{0, 1, 0}},
		{"exclude", logs(0.5, 0.25, 0.25), []Transform{Exclude(0)}, []float32{0, 0.5, 0.5}},
		{"exclude the largest by far", []float32{1000, 0, 0}, []Transform{Exclude(0)}, []float32{0, 0.5, 0.5}},
		{"exclude +Inf, NaN", []float32{inf, 0, nan, 0}, []Transform{Exclude(2, 0)}, []float32{0, 0.5, 0, 0.5}},
		{"exclude all", logs(0.5, 0.5), []Transform{Exclude(1, 0)}, []float32{0, 0}},
		{"exclude beyond", logs(0.5, 0.5), []Transform{Exclude(1, 2, 3, 700)}, []float32{1, 0}},
		{"exclude nothing", logs(0.5, 0.5), []Transform{Exclude()}, []float32{0.5, 0.5}},
		{"exclude then K", logs(0.5, 0.3, 0.1, 0.1), []Transform{Exclude(0), TopK(2)}, []float32{0, 0.75, 0.25, 0}},
		{"K then exclude", logs(0.5, 0.3, 0.1, 0.1), []Transform{TopK(2), Exclude(0)}, []float32{0, 1, 0, 0}},
		{"top-p, exactly", logs(0.5, 0.25, 0.125, 0.125), []Transform{TopP(0.75)}, []float32{2. / 3, 1. / 3, 0, 0}},
		{"top-p, a little more", logs(0.5, 0.25, 0.125, 0.125), []Transform{TopP(0.751)}, []float32{4. / 7, 2. / 7, 1. / 7, 0}},
		{"top-p, tie", logs(0.25, 0.25, 0.25, 0.25), []Transform{TopP(0.5)}, []float32{0.5, 0.5, 0, 0}},
		{"top-p below the likeliest", logs(0.3, 0.6, 0.1), []Transform{TopP(1e-300)}, []float32{0, 1, 0}},
		{"top-p 1", logs(0.5, 0.5, 1e-30), []Transform{TopP(1)}, []float32{0.5, 0.5, 1e-30}},
		{"top-p, NaN, +Inf", []float32{nan, 1, inf, 1, -inf}, []Transform{TopP(0.6)}, []float32{0, 0.5, 0, 0.5, 0}},
		{"top-p, nothing", []float32{nan, inf}, []Transform{TopP(0.6)}, []float32{0, 0}},
		{"top-p, one", []float32{-3e38}, []Transform{TopP(0.6)}, []float32{1}},
		{"top-p, far apart", []float32{-3e38, 3e38, 0}, []Transform{TopP(0.9999)}, []float32{0, 1, 0}},
		{"top-p twice", logs(0.5, 0.25, 0.125, 0.125), []Transform{TopP(0.75), TopP(0.6)}, []float32{1, 0, 0, 0}},
		{"T then top-p", logs(0.6, 0.3, 0.1), []Transform{Temperature(0.5), TopP(0.7)}, []float32{1, 0, 0}},
		{"top-p then T", logs(0.6, 0.3, 0.1), []Transform{TopP(0.7), Temperature(0.5)}, []float32{0.8, 0.2, 0}},
		{"typical-p", logs(0.6, 0.2, 0.1, 0.1), []Transform{TypicalP(0.3)}, []float32{0.75, 0.25, 0, 0}},                           // entropy 1.09: 0.2 is nearer than 0.6
		{"typical-p drops the likeliest", logs(0.4, 0.2, 0.2, 0.1, 0.1), []Transform{TypicalP(0.4)}, []float32{0, 0.5, 0.5, 0, 0}}, // entropy 1.47, ln 5 is 1.61
		{"typical-p, tie", logs(0.25, 0.25, 0.25, 0.25), []Transform{TypicalP(0.3)}, []float32{0.5, 0.5, 0, 0}},
		{"typical-p 1", logs(0.5, 0.5), []Transform{TypicalP(1)}, []float32{0.5, 0.5}},
		{"typical-p, NaN, +Inf", []float32{nan, 1, inf, 1, -inf}, []Transform{TypicalP(0.6)}, []float32{0, 0.5, 0, 0.5, 0}},
		{"typical-p, far apart", []float32{-3e38, 3e38, 0}, []Transform{TypicalP(0.9999)}, []float32{0, 1, 0}},
		{"min-p", logs(0.5, 0.3, 0.15, 0.05), []Transform{MinP(0.25)}, []float32{0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0}},
		{"min-p 0", logs(0.5, 0.5, 1e-30), []Transform{MinP(0)}, []float32{0.5, 0.5, 1e-30}},
		{"min-p 1, tie", logs(0.4, 0.2, 0.4), []Transform{MinP(1)}, []float32{0.5, 0, 0.5}},
		{"min-p, NaN, +Inf", []float32{nan, 1, inf, 0, -inf}, []Transform{MinP(0.5)}, []float32{0, 1, 0, 0, 0}},
		{"min-p, nothing", []float32{nan, inf}, []Transform{MinP(0.5)}, []float32{0, 0}},
		{"min-p, huge", []float32{3e38, -3e38}, []Transform{MinP(5e-324)}, []float32{1, 0}},
		{"bias", logs(0.5, 0.25, 0.25), []Transform{Bias(SymbolBias{2, 0.6931472}, SymbolBias{9, 1})}, []float32{0.4, 0.2, 0.4}},
		{"bias twice", logs(0.5, 0.25, 0.25), []Transform{Bias(SymbolBias{1, 2}, SymbolBias{1, -2})}, []float32{0.5, 0.25, 0.25}},
		{"bias, +Inf, NaN", []float32{inf, 0, nan, 0}, []Transform{Bias(SymbolBias{0, -3}, SymbolBias{2, 3})}, []float32{0, 0.5, 0, 0.5}},
		{"bias overflows", []float32{3e38, 1, 1}, []Transform{Bias(SymbolBias{0, 3e38}), TopK(1)}, []float32{0, 1, 0}},
		{"all there is", logs(0.5, 0.2, 0.2, 0.1), []Transform{Bias(SymbolBias{3, 9}), Exclude(3), TopK(3), TypicalP(0.99), TopP(0.99), MinP(0.1), Temperature(0.5)},
			[]float32{25. / 33, 4. / 33, 4. / 33, 0}},
		{"exclude, T=0", logs(0.5, 0.3, 0.2), []Transform{Exclude(0), Temperature(0)}, []float32{0, 1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.EachISA(t, func(t *testing.T, isa string) {
				for how, ts := range map[string][]Transform{"": c.ts, " (candidates)": hide(c.ts)} {
					chain := New(1, ts...)
					x := slices.Clone(c.x)
					got := make([]float32, len(x))
					chain.Probabilities(got, x)
					for i := range got {
						// A logit of ±ln p is rounded to 2^-24 of itself and more, by 1/T times as much.
						if math.Abs(float64(got[i]-c.want[i])) > 2e-6 {
							t.Errorf("Probabilities%s = %v, want %v", how, got, c.want)
							break
						}
					}
					if d := testkit.Diff(x, c.x); d != "" {
						t.Errorf("the logits were modified: %s", d)
					}
					drawable := slices.ContainsFunc(c.want, func(p float32) bool { return p > 0 })
					for range 100 {
						id := chain.Sample(x)
						if drawable != (id >= 0) || id >= 0 && c.want[id] == 0 {
							t.Fatalf("Sample%s = %d with probabilities %v", how, id, c.want)
						}
					}
					if d := testkit.Diff(x, c.x); d != "" {
						t.Errorf("Sample modified the logits: %s", d)
					}
					chain.Probabilities(x, x) // in place
					if d := testkit.Diff(x, got); d != "" {
						t.Errorf("Probabilities in place: %s", d)
					}
				}
			})
		})
	}
}

// Where candidates are built or not, which blocks the symbols lie in: the result
// is the same to the bit.
func TestCandidatesEqualDense(t *testing.T) {
	for _, n := range []int{1, 2, 255, 256, 257, 1000} {
		x := make([]float32, n)
		testkit.Values(x, uint64(n), 8)
		x[n/2] = -inf
		if n > 256 {
			fill(x[256:min(n, 512)], -inf) // a block without weight
		}
		for _, ts := range [][]Transform{
			{Temperature(0.8)},
			{Temperature(3), Exclude(3, 4, 5, 300, n-1)},
			{Exclude(0, 1), Exclude(2), Temperature(0.2)},
			{TopK(40), Temperature(0.8)},
			{Exclude(1, 7), TopK(300)},
			{Temperature(0)},
			{Temperature(0), Exclude(0, 1)},
			{Temperature(1e-45), Exclude(0)},
			{Exclude(2), Temperature(0.5), Exclude(0, 3)},
		} {
			a, b := New(7, ts...), New(7, hide(ts)...)
			for i := range 20 {
				if got, want := a.Sample(x), b.Sample(x); got != want {
					t.Fatalf("n=%d, %v: draw %d is %d, by way of candidates %d", n, ts, i, got, want)
				}
			}
			pa, pb := make([]float32, n), make([]float32, n)
			a.Probabilities(pa, x)
			b.Probabilities(pb, x)
			if d := testkit.Diff(pa, pb); d != "" {
				t.Errorf("n=%d, %v: by way of candidates, probabilities differ: %s", n, ts, d)
			}
		}
	}
}

// The draw as the package comment has it, in other words.
func TestDrawDefinition(t *testing.T) {
	x := make([]float32, 1000)
	testkit.Values(x, 3, 6)
	w, sums := make([]float32, len(x)), make([]float32, 4)
	kernels.ExpBlocks(w, sums, x, 1)
	total := 0.0
	for _, s := range sums {
		total += float64(s)
	}
	for seed := range uint64(10) {
		rng := rand.NewPCG(seed, 0x9e3779b97f4a7c15)
		c := New(seed)
		for i := range 30 {
			at := float64(rng.Uint64()>>11) / (1 << 53) * total
			b, cum := 0, 0.0
			for cum+float64(sums[b]) <= at {
				cum += float64(sums[b])
				b++
			}
			want := 256 * b
			for cum += float64(w[want]); cum <= at; cum += float64(w[want]) {
				want++
			}
			if got := c.Sample(x); got != want {
				t.Fatalf("seed %d, draw %d: %d, want %d", seed, i, got, want)
			}
		}
	}
}

// Every call takes one output of the generator, whatever it returns.
func TestOneDrawPerCall(t *testing.T) {
	x := make([]float32, 600)
	testkit.Values(x, 5, 3)
	broken := []float32{nan, nan}
	for _, ts := range [][]Transform{nil, {Temperature(0)}, {TopK(5)}, {Exclude(1)}} {
		c := New(9, ts...)
		for range 10 {
			c.Sample(x)
			c.Sample(broken)
		}
		rng := rand.NewPCG(9, 0x9e3779b97f4a7c15)
		for range 20 {
			rng.Uint64()
		}
		if got, want := c.rng.Uint64(), rng.Uint64(); got != want {
			t.Errorf("%v: after 20 calls the generator gives %d, want %d", ts, got, want)
		}
	}
}

// Draws follow the distribution: χ² over 16 symbols in several blocks, others
// having none of it, against the 99.9 % quantile for 15 degrees of freedom.
func TestChiSquare(t *testing.T) {
	const draws = 100_000
	x := make([]float32, 1100)
	fill(x, -inf)
	p := make(map[int]float64)
	for i := range 16 {
		id := i * 73
		p[id] = float64(1 + i%5)
		x[id] = float32(math.Log(p[id]))
	}
	for _, c := range []struct {
		name string
		ts   []Transform
		pow  float64
	}{{"T=1", nil, 1}, {"T=0.5", []Transform{Temperature(0.5)}, 2}, {"K=16", []Transform{TopK(16), Temperature(0.5)}, 2}} {
		chain := New(2024, c.ts...)
		d := chain.prepare(append(chain.buffer(len(x))[:0], x...))
		counts := make(map[int]int)
		for range draws {
			// As Sample does, with weights made once.
			counts[d.pick(chain.next()*d.total)]++
		}
		sum := 0.0
		for _, v := range p {
			sum += math.Pow(v, c.pow)
		}
		chi2 := 0.0
		for id, n := range counts {
			if p[id] == 0 {
				t.Fatalf("%s: drew %d, which has no probability", c.name, id)
			}
			want := draws * math.Pow(p[id], c.pow) / sum
			chi2 += (float64(n) - want) * (float64(n) - want) / want
		}
		if chi2 > 37.7 || len(counts) != 16 {
			t.Errorf("%s: χ² = %.1f over %d symbols, want at most 37.7 over 16", c.name, chi2, len(counts))
		}
	}
}

// The promise "same seed, same bytes" on every instruction set.
func TestGoldenSequence(t *testing.T) {
	x := make([]float32, 2000)
	testkit.Values(x, 11, 5)
	all := Options{
		Bias: []SymbolBias{{155, 3}}, Ban: []int{178}, Penalties: Penalties{Repetition: 1.3, Presence: 0.1, Frequency: 2},
		TopK: 40, TypicalP: 0.9, TopP: 0.95, MinP: 0.05, Temperature: new(0.8),
	}
	golden := []struct {
		seed uint64
		ts   []Transform
		want string
	}{
		{42, nil, "[716 1766 178 155 1401 1969 322 1789 831 489 376 1595]"},
		{43, nil, "[1009 816 713 444 1585 1153 1407 258 99 1630 168 1690]"},
		{42, []Transform{Temperature(0.5), Exclude(3)}, "[734 1744 155 141 1384 1969 295 1766 824 456 355 1565]"},
		{42, []Transform{TopK(40), Temperature(2)}, "[713 1490 68 68 1252 1739 224 1490 749 383 288 1364]"},
		{42, []Transform{TopP(0.9)}, "[734 1772 178 152 1403 1970 314 1798 845 495 376 1601]"},
		{42, []Transform{TopP(0.5), Temperature(1.5)}, "[749 1759 155 147 1447 1963 314 1772 842 495 355 1603]"},
		{42, []Transform{MinP(0.1)}, "[734 1772 178 152 1403 1970 314 1801 845 495 376 1601]"},
		{42, []Transform{TypicalP(0.3)}, "[816 1808 241 218 1442 1983 436 1817 963 598 495 1639]"},
		{42, all.Transforms(), "[155 1398 68 64 1152 1981 383 1490 763 504 454 1259]"},
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, g := range golden {
			c := New(g.seed, g.ts...)
			var ids []int
			for range 12 {
				ids = append(ids, c.Sample(x))
				c.Observe(ids[len(ids)-1])
			}
			if got := fmt.Sprint(ids); got != g.want {
				t.Errorf("Sample[%s](seed=%d, %v) gives %s, want %s", isa, g.seed, g.ts, got, g.want)
			}
			c.Reset(g.seed)
			if got := c.Sample(x); got != ids[0] {
				t.Errorf("after Reset the first symbol is %d, want %d", got, ids[0])
			}
		}
	})
}

// pick, where the sum of a block and that of its weights differ by rounding.
func TestPick(t *testing.T) {
	w := make([]float32, 600)
	w[3], w[10], w[300], w[302] = 1, 2, 4, 1
	for _, c := range []struct {
		sums []float32
		t    float64
		want int
	}{
		{[]float32{3, 5, 0}, 0, 3},
		{[]float32{3, 5, 0}, 0.9999999999999999, 3},
		{[]float32{3, 5, 0}, 1, 10},
		{[]float32{3, 5, 0}, 2.9999999999999996, 10},
		{[]float32{3, 5, 0}, 3, 300},
		{[]float32{3, 5, 0}, 7.5, 302},
		{[]float32{3.5, 5, 0}, 3.25, 10},  // beyond the weights of block 0
		{[]float32{3, 5.5, 0}, 8.25, 302}, // beyond all weights
		{[]float32{3, 5, 0}, 8, 302},      // beyond all sums
		{[]float32{3, 5, 0}, 100, 302},
		{[]float32{2.5, 5, 0}, 2.5, 300}, // a sum below its weights
	} {
		if got := (&pool{weights: w, sums: c.sums, cut: -1}).pick(c.t); got != c.want {
			t.Errorf("pick(sums=%v, t=%v) = %d, want %d", c.sums, c.t, got, c.want)
		}
	}
	if got := new(pool).pick(0); got != -1 {
		t.Errorf("pick of nothing = %d, want -1", got)
	}
}

func TestNewPanics(t *testing.T) {
	for _, ts := range [][]Transform{{Temperature(-1)}, {TopK(3), TopK(-1)}, {nil}, {TopK(3), nil}} {
		func() {
			defer func() {
				if got := recover(); got != "sampler: New: invalid transform; see Check" {
					t.Errorf("New(%v): panic %v", ts, got)
				}
			}()
			New(1, ts...)
		}()
	}
	if err := Check(TopK(3), nil); err == nil || err.Error() != "sampler: transform 1 is nil: leave it out" {
		t.Errorf("Check: %v", err)
	}
	large := int64(1) << 31
	for _, sym := range []int{-1, int(large)} { // where an int has 32 bits, both are negative
		testkit.Panics(t, "sampler: Observe: symbol out of range", func() { New(1).Observe(sym) })
		testkit.Panics(t, "sampler: Observe: symbol out of range", func() { New(1, Penalties{Presence: 1}).Observe(sym) })
	}
	defer func() {
		if got := recover(); got != "sampler: Probabilities: len(dst) != len(logits)" {
			t.Errorf("Probabilities: panic %v", got)
		}
	}()
	New(1).Probabilities(make([]float32, 2), make([]float32, 3))
}

// A custom transform that adds a symbol, or has one twice, is refused whatever comes after.
func TestAddedSymbol(t *testing.T) {
	for _, id := range []int32{0, 1, 2, 77, 1000, -1, math.MaxInt32, math.MinInt32} {
		for _, after := range [][]Transform{nil, {TopK(1)}, {Temperature(0)}} {
			add := apply(func(c *Candidates) { c.C = append(c.C[:1], Candidate{id, 9}) })
			c := New(1, append([]Transform{Exclude(2), add}, after...)...)
			x := []float32{1, 2, 3}
			if id == 1 { // moved, which is fine
				c.Sample(x)
				continue
			}
			testkit.Panics(t, "sampler: a transform has added a symbol", func() { c.Sample(x) })
			testkit.Panics(t, "sampler: a transform has added a symbol", func() { c.Probabilities(make([]float32, 3), x) })
		}
	}
}

type apply func(*Candidates)

func (f apply) Apply(c *Candidates) { f(c) }
