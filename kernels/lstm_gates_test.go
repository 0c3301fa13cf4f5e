package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// A gateCase is the operands of LSTMGates and LSTMGradients: rows wider than H,
// so that strides matter, and gates in panels a row apart.
type gateCase struct {
	B, H              int
	act               GateActivation
	z                 *testkit.Buffer
	Z                 Matrix
	a, b, c, d        *testkit.Buffer
	ma, mb, mc, mPrev Matrix
}

func newGateCase(B, H, off int) *gateCase {
	g := &gateCase{B: B, H: H, act: gateActivations[(off+H)%3], z: testkit.NewBuffer(PanelsLen(B+1, GateCols(H)), off).Values(1, 4)}
	g.Z = PanelsOf(g.z.S, B+1, GateCols(H)).SubRows(0, B)
	rows := func(extra int, seed uint64) (*testkit.Buffer, Matrix) {
		b := testkit.NewBuffer(B*(H+extra), (off+int(seed))%16).Values(seed, 1)
		return b, Matrix{Data: b.S, Rows: B, Cols: H, Row: H + extra, Panel: PanelWidth}
	}
	g.a, g.ma = rows(0, 2)
	g.b, g.mb = rows(3, 3)
	g.c, g.mc = rows(16, 4)
	g.d, g.mPrev = rows(1, 5)
	return g
}

func cloneMatrix(m Matrix) Matrix {
	m.Data = slices.Clone(m.Data)
	return m
}

// checkGates compares LSTMGates with the generic version, then in place.
func (g *gateCase) checkGates(t *testing.T, isa, what string) {
	t.Helper()
	z, h, c := cloneMatrix(g.Z), cloneMatrix(g.ma), cloneMatrix(g.mc)
	lstmGatesGeneric(UnitTanh, h, c, z, g.mPrev, g.act)
	z2, h2, c2 := cloneMatrix(g.Z), cloneMatrix(g.ma), cloneMatrix(g.mPrev)
	LSTMGates(g.ma, g.mc, g.Z, g.mPrev, g.act)
	d := testkit.Diff(g.Z.Data, z.Data) + testkit.Diff(g.ma.Data, h.Data) + testkit.Diff(g.mc.Data, c.Data) +
		g.z.Stray() + g.a.Stray() + g.c.Stray() + g.d.Unchanged()
	if d != "" {
		t.Fatalf("LSTMGates[%s](B=%d, H=%d, act=%d, %s): %s", isa, g.B, g.H, g.act, what, d)
	}
	LSTMGates(h2, c2, z2, c2, g.act)
	for b := range g.B {
		for j := range g.H {
			if !testkit.SameBits(h2.At(b, j), h.At(b, j)) || !testkit.SameBits(c2.At(b, j), c.At(b, j)) {
				t.Fatalf("LSTMGates[%s](B=%d, H=%d, act=%d, %s), c over prev: row %d unit %d: h, c = %v, %v, want %v, %v",
					isa, g.B, g.H, g.act, what, b, j, h2.At(b, j), c2.At(b, j), h.At(b, j), c.At(b, j))
			}
		}
	}
}

// checkGradients compares LSTMGradients with the generic version.
func (g *gateCase) checkGradients(t *testing.T, isa, what string) {
	t.Helper()
	z, dc := cloneMatrix(g.Z), cloneMatrix(g.ma)
	lstmGradientsGeneric(UnitTanh, z, dc, g.mb, g.mc, g.mPrev, g.act)
	LSTMGradients(g.Z, g.ma, g.mb, g.mc, g.mPrev, g.act)
	d := testkit.Diff(g.Z.Data, z.Data) + testkit.Diff(g.ma.Data, dc.Data) + g.z.Stray() + g.a.Stray() +
		g.b.Unchanged() + g.c.Unchanged() + g.d.Unchanged()
	if d != "" {
		t.Fatalf("LSTMGradients[%s](B=%d, H=%d, act=%d, %s): %s", isa, g.B, g.H, g.act, what, d)
	}
}

func TestLSTMGates(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range lstmUnits {
			for _, B := range []int{0, 1, 2, 5} {
				for off := range 16 {
					newGateCase(B, H, off).checkGates(t, isa, fmt.Sprintf("off=%d", off))
					newGateCase(B, H, off).checkGradients(t, isa, fmt.Sprintf("off=%d", off))
					if brief() || H > 17 && off == 1 {
						break
					}
				}
			}
		}
		newGateCase(2050, 3, 0).checkGates(t, isa, "more rows than a call")
		newGateCase(2050, 16, 0).checkGates(t, isa, "more rows than a call")
		newGateCase(2050, 16, 0).checkGradients(t, isa, "more rows than a call")
	})
}

// Special values in every lane of every operand, padding of the gates included.
func TestLSTMGatesSpecials(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range []int{5, 16, 20, 21, 22} {
			for shift := range testkit.Specials {
				for _, check := range []func(*gateCase, *testing.T, string, string){(*gateCase).checkGates, (*gateCase).checkGradients} {
					rotated := slices.Concat(testkit.Specials[shift:], testkit.Specials[:shift])
					g := newGateCase(2, H, shift%16)
					g.z.Fill(rotated)
					check(g, t, isa, fmt.Sprintf("z special by %d", shift))
					g = newGateCase(2, H, shift%16)
					for _, b := range []*testkit.Buffer{g.a, g.b, g.c, g.d} {
						b.Fill(rotated)
					}
					check(g, t, isa, fmt.Sprintf("rows special by %d", shift))
				}
			}
		}
	})
}

// Every operand ends at an unreadable page, right after its last value: of the
// rows, that is before the gap that their stride leaves.
func TestLSTMGatesPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range lstmUnits {
			for _, B := range []int{1, 3} {
				atEnd := func(m Matrix) Matrix {
					last := m.Cols - 1
					if m.padded() {
						last = roundUp(m.Cols, PanelWidth) - 1
					}
					data := testkit.AtPageEnd(t, m.index(B-1, last)+1)
					copy(data, m.Data)
					m.Data = data
					return m
				}
				g := newGateCase(B, H, 0)
				z, h, c := cloneMatrix(g.Z), cloneMatrix(g.ma), cloneMatrix(g.mc)
				lstmGatesGeneric(UnitTanh, h, c, z, g.mPrev, g.act)
				z2, h2, c2 := atEnd(g.Z), atEnd(g.ma), atEnd(g.mc)
				LSTMGates(h2, c2, z2, atEnd(g.mPrev), g.act)
				if d := diffMatrix(z2, z) + diffMatrix(h2, h) + diffMatrix(c2, c); d != "" {
					t.Fatalf("LSTMGates[%s](B=%d, H=%d): %s", isa, B, H, d)
				}
				z, dc := cloneMatrix(g.Z), cloneMatrix(g.ma)
				lstmGradientsGeneric(UnitTanh, z, dc, g.mb, g.mc, g.mPrev, g.act)
				z2, dc2 := atEnd(g.Z), atEnd(g.ma)
				LSTMGradients(z2, dc2, atEnd(g.mb), atEnd(g.mc), atEnd(g.mPrev), g.act)
				if d := diffMatrix(z2, z) + diffMatrix(dc2, dc); d != "" {
					t.Fatalf("LSTMGradients[%s](B=%d, H=%d): %s", isa, B, H, d)
				}
			}
		}
	})
}

// diffMatrix is testkit.Diff of elements.
func diffMatrix(got, want Matrix) string {
	for i := range want.Rows {
		for j := range want.Cols {
			if !testkit.SameBits(got.At(i, j), want.At(i, j)) {
				return fmt.Sprintf("(%d, %d) = %v, want %v", i, j, got.At(i, j), want.At(i, j))
			}
		}
	}
	return ""
}

// The gradients against differences of the cell in float64: L = dh·h + dc·c.
func TestLSTMGradientsAccuracy(t *testing.T) {
	const B, H = 3, 18
	g := newGateCase(B, H, 0)
	sums, prev := cloneMatrix(g.Z), cloneMatrix(g.mPrev)
	LSTMGates(RowMajor(make([]float32, B*H), B, H), g.mc, g.Z, g.mPrev, Logistic)
	dc := cloneMatrix(g.ma)
	LSTMGradients(g.Z, g.ma, g.mb, g.mc, g.mPrev, Logistic)
	const eps = 1e-5
	for b := range B {
		for j := range H {
			var z [4]float64
			for gate := range z {
				z[gate] = float64(sums.At(b, GateCol(gate, j)))
			}
			p := float64(prev.At(b, j))
			loss := func(z [4]float64, prev float64) float64 {
				h, c := lstmCell(z, prev)
				return float64(g.mb.At(b, j))*h + float64(dc.At(b, j))*c
			}
			for gate := range z {
				up, down := z, z
				up[gate] += eps
				down[gate] -= eps
				want := (loss(up, p) - loss(down, p)) / (2 * eps)
				if got := g.Z.At(b, GateCol(gate, j)); math.Abs(float64(got)-want) > 2e-6 {
					t.Errorf("row %d unit %d gate %d: gradient %v, want %v", b, j, gate, got, want)
				}
			}
			want := (loss(z, p+eps) - loss(z, p-eps)) / (2 * eps)
			if got := g.ma.At(b, j); math.Abs(float64(got)-want) > 2e-6 {
				t.Errorf("row %d unit %d: gradient of the previous cell %v, want %v", b, j, got, want)
			}
		}
		for j := H; j < 32; j++ {
			for gate := range 4 {
				if v := g.Z.At(b, GateCol(gate, j)); math.Float32bits(v) != 0 {
					t.Errorf("row %d, padding unit %d, gate %d: gradient %v, want 0", b, j, gate, v)
				}
			}
		}
	}
}

func TestLSTMGatesContract(t *testing.T) {
	g := newGateCase(2, 17, 0)
	bad := func(m Matrix, change func(*Matrix)) Matrix {
		change(&m)
		return m
	}
	fewer, narrow := func(m *Matrix) { m.Rows-- }, func(m *Matrix) { m.Cols-- }
	cut := func(m *Matrix) { m.Data = m.Data[:m.Row] }
	const gates, grads = "kernels: LSTMGates: shapes do not match", "kernels: LSTMGradients: shapes do not match"
	for _, change := range []func(*Matrix){fewer, narrow, cut} {
		testkit.Panics(t, gates, func() { LSTMGates(bad(g.ma, change), g.mc, g.Z, g.mPrev, Logistic) })
		testkit.Panics(t, gates, func() { LSTMGates(g.ma, bad(g.mc, change), g.Z, g.mPrev, Logistic) })
		testkit.Panics(t, gates, func() { LSTMGates(g.ma, g.mc, bad(g.Z, change), g.mPrev, Logistic) })
		testkit.Panics(t, gates, func() { LSTMGates(g.ma, g.mc, g.Z, bad(g.mPrev, change), Logistic) })
		testkit.Panics(t, grads, func() { LSTMGradients(bad(g.Z, change), g.ma, g.mb, g.mc, g.mPrev, Logistic) })
		testkit.Panics(t, grads, func() { LSTMGradients(g.Z, bad(g.ma, change), g.mb, g.mc, g.mPrev, Logistic) })
		testkit.Panics(t, grads, func() { LSTMGradients(g.Z, g.ma, bad(g.mb, change), g.mc, g.mPrev, Logistic) })
		testkit.Panics(t, grads, func() { LSTMGradients(g.Z, g.ma, g.mb, bad(g.mc, change), g.mPrev, Logistic) })
		testkit.Panics(t, grads, func() { LSTMGradients(g.Z, g.ma, g.mb, g.mc, bad(g.mPrev, change), Logistic) })
	}
	testkit.Panics(t, gates, func() { LSTMGates(g.ma, g.mc, RowMajor(make([]float32, 2*128), 2, 128), g.mPrev, Logistic) })
	if d := g.z.Unchanged() + g.a.Unchanged() + g.b.Unchanged() + g.c.Unchanged() + g.d.Unchanged(); d != "" {
		t.Error(d)
	}
}

func BenchmarkLSTMGates(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, H := range []int{128, 100} {
			b.Run(fmt.Sprintf("h=%d/b=64", H), func(b *testing.B) {
				g := newGateCase(64, H, 0)
				for b.Loop() {
					LSTMGates(g.ma, g.mc, g.Z, g.mPrev, Logistic)
				}
				perElement(b, 64*H)
			})
		}
	})
}

func BenchmarkLSTMGradients(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, H := range []int{128, 100} {
			b.Run(fmt.Sprintf("h=%d/b=64", H), func(b *testing.B) {
				g := newGateCase(64, H, 0)
				z, dc := slices.Clone(g.z.S), slices.Clone(g.a.S)
				for b.Loop() {
					copy(g.z.S, z) // or the gradients soon are subnormal
					copy(g.a.S, dc)
					LSTMGradients(g.Z, g.ma, g.mb, g.mc, g.mPrev, Logistic)
				}
				perElement(b, 64*H)
			})
		}
	})
}
