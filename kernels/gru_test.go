package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// gruUnits lie round the boundaries of blocks of 16 and of panels.
var gruUnits = []int{1, 2, 15, 16, 17, 31, 33, 48, 63, 64, 65, 80, 100, 127, 128, 130, 200}

var gateActivations = []GateActivation{Logistic, HardKeras2, HardKeras3}

// A gruStepCase is the operands of GRUStep and GRUStepBefore in guarded buffers.
type gruStepCase struct {
	in, H                                                int
	dst, rzBias, nBias, nRecurrent, x, h, rzW, nW, spare *testkit.Buffer
	rz, n                                                Matrix
}

func newGRUStepCase(in, H, off int) *gruStepCase {
	s := &gruStepCase{
		in: in, H: H,
		dst:        testkit.NewBuffer(H, off),
		rzBias:     testkit.NewBuffer(GRUCols(H), (off+5)%16).Values(2, 1),
		nBias:      testkit.NewBuffer(H, (off+6)%16).Values(3, 1),
		nRecurrent: testkit.NewBuffer(H, (off+9)%16).Values(4, 1),
		x:          testkit.NewBuffer(in, (off+7)%16).Values(5, 1),
		h:          testkit.NewBuffer(H, (off+11)%16).Values(6, 1),
		rzW:        testkit.NewBuffer(PanelsLen(in+H, GRUCols(H)), off).Values(7, 0.4),
		nW:         testkit.NewBuffer(PanelsLen(in+H, H), (off+3)%16).Values(8, 0.4),
		spare:      testkit.NewBuffer(GRUScratchLen(H), (off+1)%16),
	}
	s.rz, s.n = PanelsOf(s.rzW.S, in+H, GRUCols(H)), PanelsOf(s.nW.S, in+H, H)
	return s
}

// check runs both forms and compares them with the generic version.
func (s *gruStepCase) check(t *testing.T, isa, what string, act GateActivation) {
	t.Helper()
	same := func(name string, want []float32) {
		t.Helper()
		d := testkit.Diff(s.dst.S, want) + s.dst.Stray() + s.spare.Stray() + s.rzBias.Unchanged() + s.nBias.Unchanged() +
			s.nRecurrent.Unchanged() + s.x.Unchanged() + s.h.Unchanged() + s.rzW.Unchanged() + s.nW.Unchanged()
		if d != "" {
			t.Fatalf("%s[%s](in=%d, H=%d, act=%d, %s): %s", name, isa, s.in, s.H, act, what, d)
		}
	}
	want := make([]float32, s.H)
	gruStepGeneric(want, s.rz, s.rzBias.S, s.n, s.nBias.S, s.nRecurrent.S, s.x.S, s.h.S, act)
	GRUStep(s.dst.S, s.rz, s.rzBias.S, s.n, s.nBias.S, s.nRecurrent.S, s.x.S, s.h.S, s.spare.S, act)
	same("GRUStep", want)
	gruStepBeforeGeneric(want, s.rz, s.rzBias.S, s.n, s.nBias.S, s.x.S, s.h.S, make([]float32, GRUScratchLen(s.H)), act)
	GRUStepBefore(s.dst.S, s.rz, s.rzBias.S, s.n, s.nBias.S, s.x.S, s.h.S, s.spare.S, act)
	same("GRUStepBefore", want)
}

func TestGRUStep(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, H := range gruUnits {
			for _, in := range []int{0, 1, 3, 16, 100, H} {
				if brief() && in*H > 1000 {
					continue
				}
				for off := range 16 {
					newGRUStepCase(in, H, off).check(t, isa, fmt.Sprintf("off=%d", off), gateActivations[(i+off)%3])
					if H > 17 && off == 2 || brief() {
						break
					}
				}
			}
		}
	})
}

// More panels than one call takes: that is 1 MiB of weights.
func TestGRUStepLarge(t *testing.T) {
	if brief() {
		t.Skip("millions of products")
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		newGRUStepCase(300, 330, 0).check(t, isa, "large", Logistic)
		newGRUStepCase(1, 1400, 0).check(t, isa, "a group a call", HardKeras3)
	})
}

// Special values in every lane of each operand, one operand at a time.
func TestGRUStepSpecials(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range []int{5, 70} {
			for shift, v := range testkit.Specials {
				rotated := slices.Concat(testkit.Specials[shift:], testkit.Specials[:shift])
				for _, act := range gateActivations {
					s := newGRUStepCase(3, H, 0)
					for i, b := range []*testkit.Buffer{s.rzBias, s.nBias, s.nRecurrent} {
						was := slices.Clone(b.S)
						b.Fill(rotated)
						s.check(t, isa, fmt.Sprintf("bias %d special by %d", i, shift), act)
						b.Fill(was)
					}
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

func TestGRUStepPageEnd(t *testing.T) {
	clone := func(s []float32) []float32 {
		p := testkit.AtPageEnd(t, len(s))
		copy(p, s)
		return p
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range []int{1, 16, 17, 63, 64, 65, 130} {
			s := newGRUStepCase(5, H, 0)
			rz, n := PanelsOf(clone(s.rzW.S), 5+H, GRUCols(H)), PanelsOf(clone(s.nW.S), 5+H, H)
			want, got := make([]float32, H), clone(s.dst.S)
			gruStepGeneric(want, s.rz, s.rzBias.S, s.n, s.nBias.S, s.nRecurrent.S, s.x.S, s.h.S, Logistic)
			GRUStep(got, rz, clone(s.rzBias.S), n, clone(s.nBias.S), clone(s.nRecurrent.S), clone(s.x.S), clone(s.h.S), clone(s.spare.S), Logistic)
			if d := testkit.Diff(got, want); d != "" {
				t.Fatalf("GRUStep[%s](H=%d): %s", isa, H, d)
			}
			gruStepBeforeGeneric(want, s.rz, s.rzBias.S, s.n, s.nBias.S, s.x.S, s.h.S, slices.Clone(s.spare.S), Logistic)
			GRUStepBefore(got, rz, clone(s.rzBias.S), n, clone(s.nBias.S), clone(s.x.S), clone(s.h.S), clone(s.spare.S), Logistic)
			if d := testkit.Diff(got, want); d != "" {
				t.Fatalf("GRUStepBefore[%s](H=%d): %s", isa, H, d)
			}
		}
	})
}

// A step is products, then the gates; sequence and batch forms rely on it.
func TestGRUStepIsGemvAndGates(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, H := range gruUnits {
			const in = 9
			act := gateActivations[i%3]
			s := newGRUStepCase(in, H, 0)
			rz, n, m, out := NewPanels(1, GRUCols(H)), NewPanels(1, H), NewPanels(1, H), make([]float32, H)
			prev, h := RowMajor(s.h.S, 1, H), RowMajor(out, 1, H)
			gates := func() { Gemv(rz.Data, s.rz, slices.Concat(s.x.S, s.h.S), s.rzBias.S) }
			gates()
			Gemv(n.Data[:H], s.n.SubRows(0, in), s.x.S, s.nBias.S)
			Gemv(m.Data[:H], s.n.SubRows(in, H), s.h.S, s.nRecurrent.S)
			GRUGates(h, rz, n, m, prev, act)
			GRUStep(s.dst.S, s.rz, s.rzBias.S, s.n, s.nBias.S, s.nRecurrent.S, s.x.S, s.h.S, s.spare.S, act)
			if d := testkit.Diff(s.dst.S, out); d != "" {
				t.Errorf("GRUStep[%s] H=%d: %s", isa, H, d)
			}
			gates()
			rh := make([]float32, H)
			GRUReset(RowMajor(rh, 1, H), rz, prev, act)
			Gemv(n.Data[:H], s.n, slices.Concat(s.x.S, rh), s.nBias.S)
			GRUUpdate(h, rz, n, prev)
			GRUStepBefore(s.dst.S, s.rz, s.rzBias.S, s.n, s.nBias.S, s.x.S, s.h.S, s.spare.S, act)
			if d := testkit.Diff(s.dst.S, out); d != "" {
				t.Errorf("GRUStepBefore[%s] H=%d: %s", isa, H, d)
			}
		}
	})
}

// Steps against float64.
func TestGRUStepAccuracy(t *testing.T) {
	const in, H = 6, 70
	s := newGRUStepCase(in, H, 0)
	xh := slices.Concat(s.x.S, s.h.S)
	dot := func(w Matrix, from, col int, x []float32) float64 {
		var y float64
		for k, v := range x {
			y += float64(w.At(from+k, col)) * float64(v)
		}
		return y
	}
	const tolerance = 4 * (in + H) * 0x1p-24 * 8
	for _, act := range gateActivations {
		gate := func(g, j int) float64 {
			return gate64(float64(s.rzBias.S[GRUCol(g, j)])+dot(s.rz, 0, GRUCol(g, j), xh), act)
		}
		var rx []float32
		rx = append(rx, s.x.S...)
		for j := range H {
			rx = append(rx, float32(gate(0, j)*float64(s.h.S[j])))
		}
		for _, before := range []bool{false, true} {
			if before {
				GRUStepBefore(s.dst.S, s.rz, s.rzBias.S, s.n, s.nBias.S, s.x.S, s.h.S, s.spare.S, act)
			} else {
				GRUStep(s.dst.S, s.rz, s.rzBias.S, s.n, s.nBias.S, s.nRecurrent.S, s.x.S, s.h.S, s.spare.S, act)
			}
			for j := range H {
				n := float64(s.nBias.S[j])
				if before {
					n += dot(s.n, 0, j, rx)
				} else {
					n += dot(s.n, 0, j, s.x.S) + gate(0, j)*(float64(s.nRecurrent.S[j])+dot(s.n, in, j, s.h.S))
				}
				n = math.Tanh(n)
				z := gate(1, j)
				if want := (1-z)*n + z*float64(s.h.S[j]); math.Abs(float64(s.dst.S[j])-want) > tolerance {
					t.Errorf("act %d, reset before: %v, unit %d: %v, want %v", act, before, j, s.dst.S[j], want)
				}
			}
		}
	}
}

// gate64 is gate32 in float64.
func gate64(x float64, act GateActivation) float64 {
	switch act {
	case HardKeras2:
		return min(max(0.2*x+0.5, 0), 1)
	case HardKeras3:
		return min(max(x+3, 0), 6) / 6
	}
	return 1 / (1 + math.Exp(-x))
}

// The hard sigmoids at and next to their corners, at 0 and at what is no number.
func TestHardSigmoids(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		act  GateActivation
		x, y float32
	}{
		{HardKeras2, -inf, 0}, {HardKeras2, -3, 0}, {HardKeras2, -2.5, 0}, {HardKeras2, 0, 0.5}, {HardKeras2, 1, 0.7},
		{HardKeras2, 2.5, 1}, {HardKeras2, 2.625, 1}, {HardKeras2, inf, 1}, {HardKeras2, nan, nan},
		{HardKeras3, -inf, 0}, {HardKeras3, -3, 0}, {HardKeras3, -2.25, 0.125}, {HardKeras3, 0, 0.5}, {HardKeras3, 1.5, 0.75},
		{HardKeras3, 3, 1}, {HardKeras3, 3.5, 1}, {HardKeras3, inf, 1}, {HardKeras3, nan, nan},
	} {
		if y := gate32(c.x, c.act); !testkit.SameBits(y, c.y) {
			t.Errorf("activation %d of %v: %v, want %v", c.act, c.x, y, c.y)
		}
	}
	for _, act := range gateActivations[1:] {
		slope := act.hard().slope
		for _, c := range []struct{ y, want float32 }{
			{0, 0}, {1, 0}, {0x1p-149, 2 * slope}, {1 - 0x1p-24, 2 * slope}, {nan, 2 * slope},
		} {
			if d := gateGradient32(2, c.y, act); !testkit.SameBits(d, c.want) {
				t.Errorf("activation %d: gradient 2 at the value %v becomes %v, want %v", act, c.y, d, c.want)
			}
		}
	}
}

func TestGRUContract(t *testing.T) {
	s := newGRUStepCase(3, 17, 0)
	s.dst.Values(9, 1)
	type operands struct {
		dst, rzBias, nBias, nRecurrent, x, h, scratch []float32
		rz, n                                         Matrix
		act                                           GateActivation
	}
	call := func(message string, both bool, change func(*operands)) {
		t.Helper()
		o := operands{s.dst.S, s.rzBias.S, s.nBias.S, s.nRecurrent.S, s.x.S, s.h.S, s.spare.S, s.rz, s.n, Logistic}
		change(&o)
		testkit.Panics(t, "kernels: GRUStep: "+message, func() {
			GRUStep(o.dst, o.rz, o.rzBias, o.n, o.nBias, o.nRecurrent, o.x, o.h, o.scratch, o.act)
		})
		if both {
			testkit.Panics(t, "kernels: GRUStepBefore: "+message, func() {
				GRUStepBefore(o.dst, o.rz, o.rzBias, o.n, o.nBias, o.x, o.h, o.scratch, o.act)
			})
		}
	}
	const lengths = "lengths do not match"
	call(lengths, true, func(o *operands) { o.dst = o.dst[1:] })
	call(lengths, true, func(o *operands) { o.rzBias = o.rzBias[1:] })
	call(lengths, true, func(o *operands) { o.nBias = o.nBias[1:] })
	call(lengths, false, func(o *operands) { o.nRecurrent = o.nRecurrent[1:] })
	call(lengths, true, func(o *operands) { o.x = o.x[1:] })
	call(lengths, true, func(o *operands) { o.h = o.h[1:] })
	call(lengths, true, func(o *operands) { o.scratch = o.scratch[1:] })
	call(lengths, true, func(o *operands) { o.rz = NewPanels(20, 64) })
	call(lengths, true, func(o *operands) { o.rz = RowMajor(make([]float32, 20*128), 20, 128) })
	call(lengths, true, func(o *operands) { o.n = NewPanels(19, 17) })
	call(lengths, true, func(o *operands) { o.n = RowMajor(make([]float32, 20*17), 20, 17) })
	call(lengths, true, func(o *operands) { o.n.Data = o.n.Data[1:] })
	call("unknown activation", true, func(o *operands) { o.act = HardKeras3 + 1 })
	if d := s.dst.Unchanged(); d != "" {
		t.Error(d)
	}
}

func TestGRUAllocs(t *testing.T) {
	s, g := newGRUStepCase(9, 20, 0), newGRUCase(3, 20, 0)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		testkit.NoAllocs(t, func() {
			for range 1000 {
				GRUStep(s.dst.S, s.rz, s.rzBias.S, s.n, s.nBias.S, s.nRecurrent.S, s.x.S, s.h.S, s.spare.S, HardKeras2)
				GRUStepBefore(s.dst.S, s.rz, s.rzBias.S, s.n, s.nBias.S, s.x.S, s.h.S, s.spare.S, Logistic)
				GRUGates(g.a.m, g.rz.m, g.n.m, g.m.m, g.prev.m, Logistic)
				GRUReset(g.a.m, g.rz.m, g.prev.m, Logistic)
				GRUUpdate(g.a.m, g.rz.m, g.n.m, g.prev.m)
				GRUGradients(g.rz.m, g.n.m, g.m.m, g.a.m, g.b.m, g.prev.m, HardKeras3)
				GRUUpdateGradients(g.rz.m, g.n.m, g.a.m, g.b.m, g.prev.m, Logistic)
				GRUResetGradients(g.rz.m, g.a.m, g.b.m, g.prev.m, Logistic)
			}
		})
	})
}

func FuzzGRU(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f}, uint8(1), uint8(0), uint8(0))
	f.Add([]byte{0, 0, 0xc0, 0x7f, 0, 0, 0, 0x3f, 1, 2, 0x80, 0xbe, 0, 0, 0x80, 0x7f, 3, 4, 5, 0x3e}, uint8(20), uint8(4), uint8(9))
	f.Add([]byte("any text is a list of numbers, of which there may be fewer than weights"), uint8(70), uint8(17), uint8(2))
	f.Fuzz(func(t *testing.T, raw []byte, units, in, off uint8) {
		values := testkit.Floats(raw)
		if len(values) == 0 {
			return
		}
		H, off16 := int(units%90)+1, int(off%16)
		fill := func(i int, b *testkit.Buffer) {
			b.Fill(slices.Concat(values[i%len(values):], values[:i%len(values)]))
		}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			act := gateActivations[off%3]
			s := newGRUStepCase(int(in%20), H, off16)
			for i, b := range []*testkit.Buffer{s.rzBias, s.nBias, s.nRecurrent, s.x, s.h, s.rzW, s.nW} {
				fill(i, b)
			}
			s.check(t, isa, "fuzz", act)
			for _, check := range gruChecks {
				g := newGRUCase(2, H, off16)
				for i, o := range g.all() {
					fill(i, o.Buffer)
				}
				check(g, t, isa, "fuzz", act)
			}
		})
	})
}
