package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// lstmUnits lie round the boundaries of panels.
var lstmUnits = []int{1, 2, 7, 15, 16, 17, 31, 32, 33, 48, 50, 64, 128}

// A stepCase is a step's operands in guarded buffers.
type stepCase struct {
	in, H              int
	dst, c, bias, x, h *testkit.Buffer
	weights            *testkit.Buffer
	w                  Matrix
	act                GateActivation
}

func newStepCase(in, H, off int) *stepCase {
	s := &stepCase{
		in: in, H: H, act: gateActivations[(off+H)%3],
		dst:     testkit.NewBuffer(H, off),
		c:       testkit.NewBuffer(H, (off+3)%16).Values(1, 1),
		bias:    testkit.NewBuffer(GateCols(H), (off+5)%16).Values(2, 1),
		x:       testkit.NewBuffer(in, (off+7)%16).Values(3, 1),
		h:       testkit.NewBuffer(H, (off+11)%16).Values(4, 1),
		weights: testkit.NewBuffer(PanelsLen(in+H, GateCols(H)), off).Values(5, 0.4),
	}
	s.w = PanelsOf(s.weights.S, in+H, GateCols(H))
	return s
}

// check runs the step and compares with the generic version.
func (s *stepCase) check(t *testing.T, isa, what string) {
	t.Helper()
	dst, c := make([]float32, s.H), slices.Clone(s.c.S)
	lstmStepGeneric(dst, c, s.w, s.bias.S, s.x.S, s.h.S, s.act)
	LSTMStep(s.dst.S, s.c.S, s.w, s.bias.S, s.x.S, s.h.S, s.act)
	d := testkit.Diff(s.dst.S, dst) + testkit.Diff(s.c.S, c) + s.dst.Stray() + s.c.Stray() +
		s.bias.Unchanged() + s.x.Unchanged() + s.h.Unchanged() + s.weights.Unchanged()
	if d != "" {
		t.Fatalf("LSTMStep[%s](in=%d, H=%d, act=%d, %s): %s", isa, s.in, s.H, s.act, what, d)
	}
}

func TestLSTMStep(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range lstmUnits {
			for _, in := range []int{0, 1, 3, 16, 100} {
				if brief() && in*H > 1000 {
					continue
				}
				for off := range 16 {
					newStepCase(in, H, off).check(t, isa, fmt.Sprintf("off=%d", off))
					if H > 17 && off == 1 {
						break
					}
				}
			}
		}
	})
}

// More panels than one call takes: that is 1 MiB of weights, ten panels here.
func TestLSTMStepLarge(t *testing.T) {
	if brief() {
		t.Skip("millions of products")
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		newStepCase(70, 330, 0).check(t, isa, "large")
	})
}

func TestLSTMStepSpecials(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range []int{5, 21} {
			for off, v := range testkit.Specials {
				for lane := range H {
					s := newStepCase(3, H, off)
					s.bias.S[GateCol(lane%4, lane)] = v
					s.bias.Fill(slices.Clone(s.bias.S))
					s.check(t, isa, fmt.Sprintf("bias %v for unit %d", v, lane))
					s = newStepCase(3, H, off)
					s.c.S[lane] = v
					s.check(t, isa, fmt.Sprintf("c = %v in unit %d", v, lane))
				}
				s := newStepCase(3, H, off)
				s.x.S[1] = v
				s.x.Fill(slices.Clone(s.x.S))
				s.check(t, isa, fmt.Sprintf("x[1] = %v", v))
				s.h.S[H-1] = v
				s.h.Fill(slices.Clone(s.h.S))
				s.check(t, isa, fmt.Sprintf("h[%d] = %v", H-1, v))
			}
		}
	})
}

func TestLSTMStepPageEnd(t *testing.T) {
	clone := func(s []float32) []float32 {
		p := testkit.AtPageEnd(t, len(s))
		copy(p, s)
		return p
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range []int{1, 15, 16, 17, 40} {
			s := newStepCase(5, H, 0)
			dst, c := make([]float32, H), slices.Clone(s.c.S)
			lstmStepGeneric(dst, c, s.w, s.bias.S, s.x.S, s.h.S, Logistic)
			gotC, got := clone(s.c.S), clone(dst)
			LSTMStep(got, gotC, PanelsOf(clone(s.weights.S), 5+H, GateCols(H)), clone(s.bias.S), clone(s.x.S), clone(s.h.S), Logistic)
			if d := testkit.Diff(got, dst) + testkit.Diff(gotC, c); d != "" {
				t.Fatalf("LSTMStep[%s](H=%d): %s", isa, H, d)
			}
		}
	})
}

// A step is a product, then the gates; sequence and batch forms rely on it.
func TestLSTMStepIsGemvAndGates(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range lstmUnits {
			s := newStepCase(9, H, 0)
			z := make([]float32, GateCols(H))
			Gemv(z, s.w, slices.Concat(s.x.S, s.h.S), s.bias.S)
			h, c := make([]float32, H), slices.Clone(s.c.S)
			LSTMGates(RowMajor(h, 1, H), RowMajor(c, 1, H), PanelsOf(z, 1, len(z)), RowMajor(c, 1, H), s.act)
			LSTMStep(s.dst.S, s.c.S, s.w, s.bias.S, s.x.S, s.h.S, s.act)
			if d := testkit.Diff(s.dst.S, h) + testkit.Diff(s.c.S, c); d != "" {
				t.Errorf("[%s] H=%d: %s", isa, H, d)
			}
		}
	})
}

// lstmCell is a unit's step in float64.
func lstmCell(z [4]float64, prev float64) (h, c float64) {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	c = sigmoid(z[1])*prev + sigmoid(z[0])*math.Tanh(z[2])
	return sigmoid(z[3]) * math.Tanh(c), c
}

// A step against float64.
func TestLSTMStepAccuracy(t *testing.T) {
	const in, H = 6, 21
	s := newStepCase(in, H, 0)
	prev := slices.Clone(s.c.S)
	LSTMStep(s.dst.S, s.c.S, s.w, s.bias.S, s.x.S, s.h.S, Logistic)
	xh := slices.Concat(s.x.S, s.h.S)
	for j := range H {
		var z [4]float64
		var size float64
		for gate := range z {
			z[gate] = float64(s.bias.S[GateCol(gate, j)])
			for k, v := range xh {
				p := float64(s.w.At(k, GateCol(gate, j))) * float64(v)
				z[gate] += p
				size += math.Abs(p)
			}
		}
		h, c := lstmCell(z, float64(prev[j]))
		tolerance := float64(2*(in+H)+20) * 0x1p-24 * (size + 1)
		if math.Abs(float64(s.c.S[j])-c) > tolerance || math.Abs(float64(s.dst.S[j])-h) > tolerance {
			t.Errorf("unit %d: h, c = %v, %v, want %v, %v", j, s.dst.S[j], s.c.S[j], h, c)
		}
	}
}

func TestLSTMContract(t *testing.T) {
	s := newStepCase(3, 17, 0)
	s.dst.Values(9, 1)
	step := func(dst, c []float32, w Matrix, bias, x, h []float32) func() {
		return func() { LSTMStep(dst, c, w, bias, x, h, Logistic) }
	}
	dst, c, bias, x, h := s.dst.S, s.c.S, s.bias.S, s.x.S, s.h.S
	const lengths = "kernels: LSTMStep: dst, c and h differ in length"
	testkit.Panics(t, lengths, step(dst[:16], c, s.w, bias, x, h))
	testkit.Panics(t, lengths, step(dst, c[:16], s.w, bias, x, h))
	testkit.Panics(t, lengths, step(dst, c, s.w, bias, x, h[:16]))
	const fit = "kernels: LSTMStep: w or bias does not fit x and h"
	testkit.Panics(t, fit, step(dst, c, s.w, bias, x[:2], h))
	testkit.Panics(t, fit, step(dst, c, s.w, bias[:127], x, h))
	testkit.Panics(t, fit, step(dst, c, NewPanels(20, 64), bias, x, h))
	const panels = "kernels: LSTMStep: w is not a matrix in panels"
	testkit.Panics(t, panels, step(dst, c, RowMajor(make([]float32, 20*128), 20, 128), bias, x, h))
	short := s.w
	short.Data = short.Data[:len(short.Data)-1]
	testkit.Panics(t, panels, step(dst, c, short, bias, x, h))
	if d := s.dst.Unchanged() + s.c.Unchanged(); d != "" {
		t.Error(d)
	}
}

func TestLSTMAllocs(t *testing.T) {
	s, g := newStepCase(9, 20, 0), newGateCase(3, 20, 0)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		testkit.NoAllocs(t, func() {
			for range 1000 {
				LSTMStep(s.dst.S, s.c.S, s.w, s.bias.S, s.x.S, s.h.S, HardKeras2)
				LSTMGates(g.ma, g.mc, g.Z, g.mPrev, Logistic)
				LSTMGradients(g.Z, g.ma, g.mb, g.mc, g.mPrev, Logistic)
			}
		})
	})
}

func FuzzLSTM(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f}, uint8(1), uint8(0), uint8(0))
	f.Add([]byte{0, 0, 0xc0, 0x7f, 0, 0, 0, 0x3f, 1, 2, 0x80, 0xbe, 0, 0, 0x80, 0x7f, 3, 4, 5, 0x3e}, uint8(20), uint8(4), uint8(9))
	f.Add([]byte("any text is a list of numbers, of which there may be fewer than weights"), uint8(33), uint8(17), uint8(2))
	f.Fuzz(func(t *testing.T, raw []byte, units, in, off uint8) {
		values := testkit.Floats(raw)
		if len(values) == 0 {
			return
		}
		H, off16 := int(units%40)+1, int(off%16)
		testkit.EachISA(t, func(t *testing.T, isa string) {
			s := newStepCase(int(in%20), H, off16)
			for i, b := range []*testkit.Buffer{s.c, s.bias, s.x, s.h, s.weights} {
				b.Fill(slices.Concat(values[i%len(values):], values[:i%len(values)]))
			}
			s.check(t, isa, "fuzz")
			for _, check := range []func(*gateCase, *testing.T, string, string){(*gateCase).checkGates, (*gateCase).checkGradients} {
				g := newGateCase(2, H, off16)
				for i, b := range []*testkit.Buffer{g.z, g.a, g.b, g.c, g.d} {
					b.Fill(slices.Concat(values[i%len(values):], values[:i%len(values)]))
				}
				check(g, t, isa, "fuzz")
			}
		})
	})
}
