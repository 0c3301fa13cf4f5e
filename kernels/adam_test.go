package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

var adamStep = AdamStep{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, GradScale: 0.37}

// adamBuffers are the operands of one step, of n elements.
type adamBuffers [4]*testkit.Buffer // w, m, v, g

func newAdamBuffers(n, off int) (a adamBuffers) {
	for i := range a {
		a[i] = testkit.NewBuffer(n, (off+5*i)%16).Values(uint64(n+i), 1)
	}
	for i, v := range a[2].S {
		a[2].S[i] = v * v
	}
	return a
}

func (a adamBuffers) check(t *testing.T, isa, what string, s AdamStep) {
	t.Helper()
	var want [3][]float32
	for i := range want {
		want[i] = append(want[i], a[i].S...)
	}
	adamGeneric(want[0], want[1], want[2], a[3].S, &s)
	Adam(a[0].S, a[1].S, a[2].S, a[3].S, s)
	for i, name := range []string{"w", "m", "v"} {
		if d := testkit.Diff(a[i].S, want[i]) + a[i].Stray(); d != "" {
			t.Fatalf("Adam[%s](n=%d, %s): %s%s", isa, len(want[i]), what, name, d)
		}
	}
	if d := a[3].Unchanged(); d != "" {
		t.Fatalf("Adam[%s](n=%d, %s): g: %s", isa, len(a[3].S), what, d)
	}
}

func TestAdam(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, n := range append(longSizes, testkit.Sizes...) {
			for off := range 16 {
				newAdamBuffers(n, off).check(t, isa, fmt.Sprintf("off=%d", off), adamStep)
				if n > 228 && off == 1 {
					break
				}
			}
		}
	})
}

// Special values of every operand against every other's, through vectors and
// the tail; and settings at their limits.
func TestAdamSpecials(t *testing.T) {
	sp := testkit.Specials
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for shift := range sp {
			a := newAdamBuffers(2*len(sp)+3, shift%16)
			for i := range a {
				rotated := append(append([]float32(nil), sp[shift*i%len(sp):]...), sp[:shift*i%len(sp)]...)
				a[i].Fill(rotated)
			}
			a.check(t, isa, fmt.Sprintf("specials rotated by %d", shift), adamStep)
		}
		for _, s := range []AdamStep{{}, {LR: 1, GradScale: 1}, {LR: 1e-3, Beta1: 1, Beta2: 1, Epsilon: 1, GradScale: 1e-20}, {LR: 1e30, Beta2: 0.5, GradScale: 1e30}} {
			newAdamBuffers(37, 0).check(t, isa, fmt.Sprintf("%+v", s), s)
		}
	})
}

func TestAdamPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for n := range 40 {
			var got, want [4][]float32
			for i := range got {
				got[i] = testkit.AtPageEnd(t, n)
				testkit.Values(got[i], uint64(i), 1)
				want[i] = append(want[i], got[i]...)
			}
			Adam(got[0], got[1], got[2], got[3], adamStep)
			adamGeneric(want[0], want[1], want[2], want[3], &adamStep)
			for i := range got {
				if d := testkit.Diff(got[i], want[i]); d != "" {
					t.Fatalf("Adam[%s](n=%d): operand %d: %s", isa, n, i, d)
				}
			}
		}
	})
}

// The definition against the paper's form in float64, over ten steps.
func TestAdamAccuracy(t *testing.T) {
	const eta, beta1, beta2, epsilon = 1e-3, 0.9, 0.999, 1e-7
	w, m, v, g := []float32{0.5}, []float32{0}, []float32{0}, []float32{0}
	W, M, V := 0.5, 0.0, 0.0
	for step := 1; step <= 10; step++ {
		G := math.Sin(float64(step)) * 3
		g[0] = float32(G)
		M = beta1*M + (1-beta1)*G
		V = beta2*V + (1-beta2)*G*G
		rate := eta * math.Sqrt(1-math.Pow(beta2, float64(step))) / (1 - math.Pow(beta1, float64(step)))
		W -= rate * M / (math.Sqrt(V) + epsilon)
		Adam(w, m, v, g, AdamStep{LR: float32(rate), Beta1: beta1, Beta2: beta2, Epsilon: epsilon, GradScale: 1})
	}
	// 1-β₂ in float32 is off by 2⁻¹⁷ of itself; half of that reaches the step.
	if d := math.Abs(float64(w[0]) - W); d > 10*eta*0x1p-17 {
		t.Errorf("w = %v after ten steps, want %v", w[0], W)
	}
	if W > 0.5-3*eta {
		t.Errorf("w moved from 0.5 to %v only: nothing was compared", W)
	}
}

func TestAdamContract(t *testing.T) {
	a := newAdamBuffers(9, 0)
	for i := range a {
		s := [4][]float32{a[0].S, a[1].S, a[2].S, a[3].S}
		s[i] = s[i][:8]
		testkit.Panics(t, "kernels: Adam: lengths differ", func() { Adam(s[0], s[1], s[2], s[3], adamStep) })
	}
	for i := range a {
		fresh := newAdamBuffers(9, 0)
		if d := testkit.Diff(a[i].S, fresh[i].S); d != "" {
			t.Errorf("operand %d was written: %s", i, d)
		}
	}
}

func FuzzAdam(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x3f, 0, 0, 0x80, 0x3e, 0, 0, 0x80, 0xbf}, float32(1e-3), float32(0.9), float32(0.999), float32(1e-7), float32(1))
	f.Add([]byte("a long enough seed to fill vectors and tails of sixteen lanes, and then some more of it, for four operands of thirty-three floats each: "), float32(1), float32(0), float32(1), float32(0), float32(-1))
	f.Fuzz(func(t *testing.T, raw []byte, lr, beta1, beta2, epsilon, scale float32) {
		in := testkit.Floats(raw)
		n := len(in) / 4
		if n == 0 {
			return
		}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			a := newAdamBuffers(n, n%16)
			for i := range a {
				a[i].Fill(in[i*n : (i+1)*n])
			}
			a.check(t, isa, "fuzz", AdamStep{lr, beta1, beta2, epsilon, scale})
		})
	})
}

func BenchmarkAdam(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, n := range []int{4096, 1_000_000} {
			b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
				a := newAdamBuffers(n, 0)
				b.SetBytes(int64(28 * n))
				for b.Loop() {
					Adam(a[0].S, a[1].S, a[2].S, a[3].S, adamStep)
				}
				perElement(b, n)
			})
		}
	})
}
