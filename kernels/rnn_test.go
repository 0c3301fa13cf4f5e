package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

var activations = []Activation{UnitTanh, UnitReLU, UnitSigmoid, UnitLinear}

// An rnnCase is the operands of RNNStep in guarded buffers.
type rnnCase struct {
	in, H                 int
	dst, bias, x, h, data *testkit.Buffer
	w                     Matrix
}

func newRNNCase(in, H, off int) *rnnCase {
	s := &rnnCase{
		in: in, H: H,
		dst:  testkit.NewBuffer(H, off),
		bias: testkit.NewBuffer(H, (off+5)%16).Values(2, 1),
		x:    testkit.NewBuffer(in, (off+7)%16).Values(3, 1),
		h:    testkit.NewBuffer(H, (off+11)%16).Values(4, 1),
		data: testkit.NewBuffer(PanelsLen(in+H, H), off).Values(5, 0.4),
	}
	s.w = PanelsOf(s.data.S, in+H, H)
	return s
}

// check runs the step and compares with the generic version.
func (s *rnnCase) check(t *testing.T, isa, what string, act Activation) {
	t.Helper()
	want := make([]float32, s.H)
	rnnStepGeneric(want, s.w, s.bias.S, s.x.S, s.h.S, act)
	RNNStep(s.dst.S, s.w, s.bias.S, s.x.S, s.h.S, act)
	d := testkit.Diff(s.dst.S, want) + s.dst.Stray() + s.bias.Unchanged() + s.x.Unchanged() + s.h.Unchanged() + s.data.Unchanged()
	if d != "" {
		t.Fatalf("RNNStep[%s](in=%d, H=%d, act=%d, %s): %s", isa, s.in, s.H, act, what, d)
	}
}

func TestRNNStep(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range gruUnits {
			for _, in := range []int{0, 1, 3, 16, 100} {
				for off := range 16 {
					newRNNCase(in, H, off).check(t, isa, fmt.Sprintf("off=%d", off), activations[off%2])
					if H > 17 && off == 1 {
						break
					}
				}
			}
		}
	})
}

// More panels than one call takes: that is 1 MiB of weights.
func TestRNNStepLarge(t *testing.T) {
	if brief() {
		t.Skip("millions of products")
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		newRNNCase(500, 650, 0).check(t, isa, "large", UnitTanh)
		newRNNCase(1, 4200, 0).check(t, isa, "a panel a call", UnitReLU)
	})
}

func TestRNNStepSpecials(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range []int{5, 70} {
			for shift, v := range testkit.Specials {
				rotated := slices.Concat(testkit.Specials[shift:], testkit.Specials[:shift])
				for _, act := range activations {
					s := newRNNCase(0, H, 0)
					s.h.Fill([]float32{float32(math.Copysign(0, -1))})
					s.data.Fill([]float32{0.5}) // so that a bias of -0 stays one
					s.bias.Fill(rotated)
					s.check(t, isa, fmt.Sprintf("bias special by %d", shift), act)
					s = newRNNCase(3, H, 0)
					s.x.S[1] = v
					s.x.Fill(slices.Clone(s.x.S))
					s.check(t, isa, fmt.Sprintf("x[1] = %v", v), act)
					s.h.S[H-1] = v
					s.h.Fill(slices.Clone(s.h.S))
					s.check(t, isa, fmt.Sprintf("h[%d] = %v", H-1, v), act)
				}
			}
		}
	})
}

func TestRNNStepPageEnd(t *testing.T) {
	clone := func(s []float32) []float32 {
		p := testkit.AtPageEnd(t, len(s))
		copy(p, s)
		return p
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, H := range []int{1, 16, 17, 63, 64, 65, 130} {
			act := activations[i%2]
			s := newRNNCase(5, H, 0)
			want, got := make([]float32, H), clone(s.dst.S)
			rnnStepGeneric(want, s.w, s.bias.S, s.x.S, s.h.S, act)
			RNNStep(got, PanelsOf(clone(s.data.S), 5+H, H), clone(s.bias.S), clone(s.x.S), clone(s.h.S), act)
			if d := testkit.Diff(got, want); d != "" {
				t.Fatalf("RNNStep[%s](H=%d): %s", isa, H, d)
			}
		}
	})
}

// A step is a product, then the activation; sequence and batch forms rely on it.
func TestRNNStepIsGemvAndGates(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, H := range gruUnits {
			act := activations[i%2]
			s := newRNNCase(9, H, 0)
			z, h := NewPanels(1, H), make([]float32, H)
			Gemv(z.Data[:H], s.w, slices.Concat(s.x.S, s.h.S), s.bias.S)
			RNNGates(RowMajor(h, 1, H), z, act)
			RNNStep(s.dst.S, s.w, s.bias.S, s.x.S, s.h.S, act)
			if d := testkit.Diff(s.dst.S, h) + testkit.Diff(s.dst.S, z.Data[:H]); d != "" {
				t.Errorf("[%s] H=%d: %s", isa, H, d)
			}
		}
	})
}

// checkRNNGates compares RNNGates and RNNGradients with their generic forms.
func checkRNNGates(t *testing.T, isa, what string, g *gruCase, act Activation) {
	t.Helper()
	name := func(f string) string { return fmt.Sprintf("%s[%s](act=%d), %s", f, isa, act, what) }
	g.compare(t, name("RNNGates"), false, []guardedMatrix{g.n, g.b},
		func(g *gruCase) { RNNGates(g.b.m, g.n.m, act) },
		func(g *gruCase) { rnnGatesGeneric(g.b.m, g.n.m, act) })
	g.compare(t, name("RNNGradients"), true, []guardedMatrix{g.n, g.b},
		func(g *gruCase) { RNNGradients(g.n.m, g.a.m, act) },
		func(g *gruCase) { rnnGradientsGeneric(g.n.m, g.a.m, act) })
}

func TestRNNGates(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, act := range activations {
			for _, H := range gruUnits {
				for _, B := range []int{0, 1, 2, 5} {
					for off := range 16 {
						checkRNNGates(t, isa, fmt.Sprintf("off=%d", off), newGRUCase(B, H, off), act)
						if brief() || H > 17 && off == 1 {
							break
						}
					}
				}
			}
			for _, H := range []int{3, 16} {
				checkRNNGates(t, isa, "more rows than a call", newGRUCase(2050, H, 0), act)
			}
			for _, H := range []int{5, 16, 84} {
				for shift := range testkit.Specials {
					rotated := slices.Concat(testkit.Specials[shift:], testkit.Specials[:shift])
					g := newGRUCase(2, H, shift%16)
					g.n.Fill(rotated)
					checkRNNGates(t, isa, fmt.Sprintf("z special by %d", shift), g, act)
					g = newGRUCase(2, H, shift%16)
					g.a.Fill(rotated)
					checkRNNGates(t, isa, fmt.Sprintf("dh special by %d", shift), g, act)
				}
			}
		}
	})
}

func TestRNNGatesPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, H := range gruUnits {
			g := newGRUCase(3, H, 0)
			for _, o := range []*guardedMatrix{&g.n, &g.a, &g.b} {
				last := o.m.Cols - 1
				if o.m.Row == PanelWidth {
					last = roundUp(o.m.Cols, PanelWidth) - 1
				}
				data := testkit.AtPageEnd(t, o.m.index(2, last)+1)
				copy(data, o.m.Data)
				o.m.Data = data
			}
			checkRNNGates(t, isa, "page end", g, activations[i%2])
		}
	})
}

// Steps and gradients against float64.
func TestRNNAccuracy(t *testing.T) {
	const in, H = 6, 70
	s := newRNNCase(in, H, 0)
	xh := slices.Concat(s.x.S, s.h.S)
	for _, act := range activations {
		RNNStep(s.dst.S, s.w, s.bias.S, s.x.S, s.h.S, act)
		dh := make([]float32, H)
		testkit.Values(dh, 9, 1)
		z := NewPanels(1, H)
		copy(z.Data, s.dst.S)
		RNNGradients(z, RowMajor(dh, 1, H), act)
		for j := range H {
			y := float64(s.bias.S[j])
			for k, v := range xh {
				y += float64(s.w.At(k, j)) * float64(v)
			}
			want, slope := math.Tanh(y), 1-math.Tanh(y)*math.Tanh(y)
			switch act {
			case UnitReLU:
				want, slope = max(y, 0), 0
				if y > 0 {
					slope = 1
				}
			case UnitSigmoid:
				want = 1 / (1 + math.Exp(-y))
				slope = want * (1 - want)
			case UnitLinear:
				want, slope = y, 1
			}
			if math.Abs(float64(s.dst.S[j])-want) > 1e-5 || math.Abs(float64(z.Data[j])-float64(dh[j])*slope) > 1e-5 {
				t.Errorf("act %d, unit %d: %v, want %v; gradient %v, want %v", act, j, s.dst.S[j], want, z.Data[j], float64(dh[j])*slope)
			}
		}
	}
}

func TestRNNContract(t *testing.T) {
	s := newRNNCase(3, 17, 0)
	s.dst.Values(9, 1)
	dst, bias, x, h := s.dst.S, s.bias.S, s.x.S, s.h.S
	step := func(dst []float32, w Matrix, bias, x, h []float32, act Activation) func() {
		return func() { RNNStep(dst, w, bias, x, h, act) }
	}
	const lengths, panels = "kernels: RNNStep: lengths do not match", "kernels: RNNStep: w is not a matrix in panels"
	testkit.Panics(t, lengths, step(dst[1:], s.w, bias, x, h, UnitTanh))
	testkit.Panics(t, lengths, step(dst, s.w, bias[1:], x, h, UnitTanh))
	testkit.Panics(t, lengths, step(dst, s.w, bias, x[1:], h, UnitTanh))
	testkit.Panics(t, lengths, step(dst, s.w, bias, x, h[1:], UnitTanh))
	testkit.Panics(t, lengths, step(dst, NewPanels(20, 64), bias, x, h, UnitTanh))
	testkit.Panics(t, panels, step(dst, RowMajor(make([]float32, 20*17), 20, 17), bias, x, h, UnitTanh))
	short := s.w
	short.Data = short.Data[1:]
	testkit.Panics(t, panels, step(dst, short, bias, x, h, UnitTanh))
	testkit.Panics(t, "kernels: RNNStep: unknown activation", step(dst, s.w, bias, x, h, UnitLinear+1))

	rows, z := RowMajor(make([]float32, 2*17), 2, 17), NewPanels(2, 17)
	z.Data[0] = 1
	for _, f := range []struct {
		name string
		call func(h, z Matrix, act Activation)
	}{
		{"RNNGates", RNNGates},
		{"RNNGradients", func(h, z Matrix, act Activation) { RNNGradients(z, h, act) }},
	} {
		message := "kernels: " + f.name + ": shapes do not match"
		testkit.Panics(t, message, func() { f.call(rows.SubRows(0, 1), z, UnitTanh) })
		testkit.Panics(t, message, func() { f.call(rows, NewPanels(2, 18), UnitTanh) })
		testkit.Panics(t, message, func() { f.call(rows, RowMajor(make([]float32, 2*17), 2, 17), UnitTanh) })
		testkit.Panics(t, message, func() { f.call(NewPanels(2, 17), z, UnitTanh) })
		testkit.Panics(t, "kernels: "+f.name+": unknown activation", func() { f.call(rows, z, UnitLinear+1) })
	}
	if d := s.dst.Unchanged(); d != "" || z.Data[0] != 1 {
		t.Error(d)
	}
}

func TestRNNAllocs(t *testing.T) {
	s, g := newRNNCase(9, 20, 0), newGRUCase(3, 20, 0)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		testkit.NoAllocs(t, func() {
			for range 1000 {
				RNNStep(s.dst.S, s.w, s.bias.S, s.x.S, s.h.S, UnitTanh)
				RNNGates(g.a.m, g.n.m, UnitReLU)
				RNNGradients(g.n.m, g.a.m, UnitTanh)
			}
		})
	})
}
