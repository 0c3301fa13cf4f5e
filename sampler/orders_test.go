package sampler

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

type shape struct {
	name string
	x    []float32
}

// shapes returns logits of n symbols, as models have them and as they do not.
func shapes(rng *rand.Rand, n int) (all []shape) {
	add := func(name string, f func(i int) float64) {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(f(i))
		}
		all = append(all, shape{name, x})
	}
	scale := math.Exp(rng.NormFloat64())
	add("normal", func(int) float64 { return scale * rng.NormFloat64() })
	add("zipf", func(i int) float64 { return -1.1*math.Log(float64(i)+2.7) + 0.5*rng.NormFloat64() })
	add("sharp", func(i int) float64 { return 12*math.Exp(-float64(i)/3) + rng.NormFloat64() })
	add("flat", func(int) float64 { return 3 })
	add("nearly flat", func(int) float64 { return 3 + 1e-6*rng.NormFloat64() })
	add("ties", func(int) float64 { return float64(rng.IntN(4)) })
	add("steps", func(i int) float64 { return -float64(i) * 0.7 })
	add("wide", func(int) float64 { return 100 * rng.NormFloat64() })
	add("huge", func(int) float64 { return (rng.Float64() - 0.5) * 6.8e38 })
	broken := []float32{nan, inf, -inf, math.MaxFloat32, -math.MaxFloat32, 0, 1, 1}
	add("broken", func(int) float64 { return float64(broken[rng.IntN(len(broken))]) })
	add("a few broken", func(i int) float64 {
		if rng.IntN(20) == 0 {
			return float64(broken[rng.IntN(3)])
		}
		return 2 * rng.NormFloat64()
	})
	add("nothing", func(int) float64 { return float64(broken[rng.IntN(3)]) })
	return all
}

func oneOf[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

// anyTransform returns a transform with random parameters for n symbols.
func anyTransform(rng *rand.Rand, n int) Transform {
	share := func() float64 { return oneOf(rng, 1-rng.Float64(), 0.95, 0.5, 0.999, 1e-9, 1) }
	switch rng.IntN(8) {
	case 0:
		return TopK(oneOf(rng, 0, 1, 2, 40, n/20, n/2, 1+rng.IntN(n), n+1))
	case 1:
		return TopP(share())
	case 2:
		return MinP(oneOf(rng, rng.Float64(), 0.05, 1e-3, 1e-30, 0, 1))
	case 3:
		return TypicalP(share())
	case 4:
		return Temperature(oneOf(rng, 0.8, 1, 2*rng.Float32(), 0, 1e-3, 1e30, 1e-45))
	case 5:
		return Penalties{Window: oneOf(rng, 0, 1, 7, 100), Repetition: oneOf[float32](rng, 0, 1.3, 0.5), Presence: oneOf[float32](rng, 0, 0.7, -2), Frequency: oneOf[float32](rng, 0, 0.3, 3e38)}
	case 6:
		var list []SymbolBias
		for range rng.IntN(6) {
			list = append(list, SymbolBias{rng.IntN(n + 2), oneOf[float32](rng, 3, -100, 3e38)})
		}
		return Bias(list...)
	}
	ids := make([]int, rng.IntN(1+min(n, 300)))
	for i := range ids {
		ids[i] = rng.IntN(n + 2)
	}
	return Exclude(ids...)
}

// Transforms in any order and number, as the chain has them, and each by way of Apply: the
// same probabilities to the bit, the same draws, and they follow the definitions, which
// reference has as plain loops.
func TestOrders(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 2))
	rounds := 30
	if testing.Short() {
		rounds = 4
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		clear, all := 0, 0
		for round := range rounds {
			n := oneOf(rng, 1, 2, 3, 64, 65, 255, 256, 257, 700, 1000+rng.IntN(3000))
			if round == 0 {
				n = 10_000
			}
			for _, s := range shapes(rng, n) {
				name, x := s.name, s.x
				ts := make([]Transform, 1+rng.IntN(4))
				for i := range ts {
					ts[i] = anyTransform(rng, n)
				}
				seen := make([]int, rng.IntN(150))
				a, b := New(7, ts...), New(7, hide(ts)...)
				for i := range seen {
					seen[i] = rng.IntN(n + 3)
					a.Observe(seen[i])
					b.Observe(seen[i])
				}
				got, want := make([]float32, n), make([]float32, n)
				a.Probabilities(got, x)
				b.Probabilities(want, x)
				if d := testkit.Diff(got, want); d != "" {
					t.Fatalf("%s, n=%d, %s: by way of candidates, probabilities differ: %s", name, n, names(ts), d)
				}
				for range 5 {
					got, want := a.Sample(x), b.Sample(x)
					if got != want {
						t.Fatalf("%s, n=%d, %s: drew %d, by way of candidates %d", name, n, names(ts), got, want)
					}
				}
				if compare(t, name, got, x, ts, seen) {
					clear++
				}
				all++
			}
		}
		if clear < all/4 {
			t.Errorf("only %d of %d were compared with the reference", clear, all)
		}
	})
}

func names(ts []Transform) (list []string) {
	for _, t := range ts {
		list = append(list, fmt.Sprintf("%T(%v)", t, t))
	}
	return list
}

// compare holds the probabilities that a chain has against those of reference, if these
// are clear.
func compare(t *testing.T, name string, got, x []float32, ts []Transform, seen []int) (clear bool) {
	t.Helper()
	want, clear := reference(x, ts, seen)
	if !clear {
		return false
	}
	for id, p := range want {
		if math.Abs(float64(got[id])-p) > 3e-5 {
			t.Fatalf("%s, n=%d, %s: symbol %d (logit %v) has probability %v, want %v", name, len(x), names(ts), id, x[id], got[id], p)
		}
	}
	return true
}

// reference applies transforms to distributions in float64. It is not clear where a
// choice is so close that rounding may decide it.
func reference(logits []float32, ts []Transform, seen []int) (p []float64, clear bool) {
	x := make([]float64, len(logits))
	for i, v := range logits {
		x[i] = float64(v)
		if !finite(v) {
			x[i] = math.Inf(-1)
		}
	}
	clear = true
	// keep takes symbols in the order of key, of which the lower comes first, until done.
	keep := func(key []float64, done func(n int, mass float64) bool) {
		p := softmax(x)
		var order []int
		for id, v := range x {
			if !math.IsInf(v, -1) {
				order = append(order, id)
			}
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch d := key[a] - key[b]; {
			case d < 0:
				return -1
			case d > 0:
				return 1
			}
			return 0
		})
		mass, n := 0.0, 0
		for n < len(order) && !done(n, mass) {
			mass += p[order[n]]
			n++
		}
		if 0 < n && n < len(order) {
			edge := key[order[n]]
			for _, id := range order {
				if gap := math.Abs(key[id] - edge); gap != 0 && gap < 1e-4*(1+math.Abs(edge)) {
					clear = false
				}
			}
			if last := key[order[n-1]]; last != edge && math.Abs(last-edge) < 1e-4*(1+math.Abs(edge)) {
				clear = false
			}
		}
		for _, id := range order[n:] {
			x[id] = math.Inf(-1)
		}
	}
	share := func(key []float64, want float64) {
		for id, v := range softmax(x) {
			if v < 1e-40 { // no weight in float32
				x[id] = math.Inf(-1)
			}
		}
		keep(key, func(n int, mass float64) bool {
			if n > 0 && math.Abs(mass-want) < 1e-4*want {
				clear = false
			}
			return mass >= want
		})
	}
	for _, t := range ts {
		p := softmax(x)
		most := math.Inf(-1)
		for _, v := range x {
			most = max(most, v)
		}
		if math.IsInf(most, -1) {
			return p, clear
		}
		minus := make([]float64, len(x))
		for id, v := range x {
			minus[id] = -v
		}
		switch t := t.(type) {
		case TopK:
			if t > 0 {
				keep(minus, func(n int, _ float64) bool { return n == int(t) })
			}
		case TopP:
			if t < 1 {
				share(minus, float64(t))
			}
		case TypicalP:
			// Surprise and entropy, both without ln Σ, in which small differences get lost.
			entropy := 0.0
			for id, v := range p {
				if v > 0 {
					entropy += v * (most - x[id])
				}
			}
			key := make([]float64, len(x))
			for id, v := range x {
				key[id] = math.Abs(most - v - entropy)
			}
			if t < 1 {
				share(key, float64(t))
			}
		case MinP:
			for id, v := range x {
				if t > 0 && v < most+math.Log(float64(t)) {
					x[id] = math.Inf(-1)
				}
				if gap := math.Abs(v - most - math.Log(float64(t))); gap < 1e-5*(1+math.Abs(most)) && t < 1 {
					clear = false
				}
			}
		case Temperature:
			if scale := float64(1 / float32(t)); t == 0 || math.Abs(most*scale) > math.MaxFloat32 || math.IsInf(scale, 0) {
				keep(minus, func(n int, _ float64) bool { return n == 1 })
			} else {
				for id := range x {
					x[id] *= scale
				}
			}
		case Exclusion:
			for id := range x {
				if t.has(id) {
					x[id] = math.Inf(-1)
				}
			}
		case LogitBias:
			for _, b := range t.list {
				if b.ID < len(x) {
					x[b.ID] += float64(b.Bias)
				}
			}
		case Penalties:
			counts := make(map[int]float64)
			for _, id := range seen[max(0, len(seen)-t.window()):] {
				counts[id]++
			}
			for id, n := range counts {
				if id >= len(x) || t.none() {
					continue
				}
				if r := float64(t.Repetition); r != 0 && x[id] > 0 {
					x[id] /= r
				} else if r != 0 {
					x[id] *= r
				}
				x[id] -= n*float64(t.Frequency) + float64(t.Presence)
			}
		}
		for id, v := range x {
			if math.Abs(v) > math.MaxFloat32 {
				x[id] = math.Inf(-1)
			}
			if v := math.Abs(v); v > 1e4 && !math.IsInf(v, 1) {
				clear = false // rounding a logit to float32 changes a probability
			}
		}
	}
	return softmax(x), clear
}

func softmax(x []float64) []float64 {
	most, sum := math.Inf(-1), 0.0
	for _, v := range x {
		most = max(most, v)
	}
	p := make([]float64, len(x))
	for id, v := range x {
		if !math.IsInf(v, -1) {
			p[id] = math.Exp(v - most)
			sum += p[id]
		}
	}
	for id := range p {
		if sum > 0 {
			p[id] /= sum
		}
	}
	return p
}
