package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// A guardedMatrix is a matrix in a guarded buffer.
type guardedMatrix struct {
	*testkit.Buffer
	m Matrix
}

// A gruCase is the operands of the batched GRU kernels: rows wider than H, so that
// strides matter, and panels a row apart.
type gruCase struct {
	B, H       int
	rz, n, m   guardedMatrix // in panels
	a, b, prev guardedMatrix // row-major
}

func newGRUCase(B, H, off int) *gruCase {
	panels := func(cols int, seed uint64, scale float32) guardedMatrix {
		b := testkit.NewBuffer(PanelsLen(B+1, cols), (off+int(seed))%16).Values(seed, scale)
		return guardedMatrix{b, PanelsOf(b.S, B+1, cols).SubRows(0, B)}
	}
	rows := func(extra int, seed uint64) guardedMatrix {
		b := testkit.NewBuffer(B*(H+extra), (off+int(seed))%16).Values(seed, 1)
		return guardedMatrix{b, Matrix{Data: b.S, Rows: B, Cols: H, Row: H + extra, Panel: PanelWidth}}
	}
	return &gruCase{B: B, H: H,
		rz: panels(GRUCols(H), 16, 4), n: panels(H, 17, 1), m: panels(H, 18, 1),
		a: rows(0, 2), b: rows(3, 3), prev: rows(16, 4)}
}

func (g *gruCase) all() []guardedMatrix {
	return []guardedMatrix{g.rz, g.n, g.m, g.a, g.b, g.prev}
}

// activate makes gates and candidates of the sums in rz and n.
func (g *gruCase) activate() *gruCase {
	gruGatesGeneric(UnitTanh, cloneMatrix(g.a.m), g.rz.m, g.n.m, g.m.m, g.prev.m, Logistic)
	for _, o := range []guardedMatrix{g.rz, g.n} {
		o.Fill(slices.Clone(o.S))
	}
	return g
}

// compare runs f on operands of g and the generic form on copies. Both may change
// the operands listed in written; whether padding counts is exact's to say.
func (g *gruCase) compare(t *testing.T, what string, exact bool, written []guardedMatrix, f, generic func(*gruCase)) {
	t.Helper()
	want := *g
	for _, o := range []*guardedMatrix{&want.rz, &want.n, &want.m, &want.a, &want.b, &want.prev} {
		o.m = cloneMatrix(o.m)
	}
	generic(&want)
	f(g)
	names := []string{"rz", "n", "m", "a", "b", "prev"}
	reference := want.all()
	for i, o := range g.all() {
		d := ""
		if slices.ContainsFunc(written, func(w guardedMatrix) bool { return w.Buffer == o.Buffer }) {
			d = o.Stray()
			switch {
			case exact:
				d += testkit.Diff(o.m.Data, reference[i].m.Data)
			case names[i] == "rz":
				for gate := range 2 {
					for b := range g.B {
						for j := range g.H {
							if x, y := o.m.At(b, GRUCol(gate, j)), reference[i].m.At(b, GRUCol(gate, j)); !testkit.SameBits(x, y) && d == "" {
								d += fmt.Sprintf("gate %d of unit %d, row %d = %v, want %v", gate, j, b, x, y)
							}
						}
					}
				}
			default:
				d += diffMatrix(o.m, reference[i].m)
			}
		} else {
			d = o.Unchanged()
		}
		if d != "" {
			t.Fatalf("%s: B=%d, H=%d: %s: %s", what, g.B, g.H, names[i], d)
		}
	}
}

// gruChecks compare the batched kernels with their generic forms, each also in
// place where it may be.
var gruChecks = []func(g *gruCase, t *testing.T, isa, what string, act GateActivation){
	func(g *gruCase, t *testing.T, isa, what string, act GateActivation) {
		g.compare(t, fmt.Sprintf("GRUGates[%s](act=%d), %s", isa, act, what), false, []guardedMatrix{g.a, g.rz, g.n},
			func(g *gruCase) { GRUGates(g.a.m, g.rz.m, g.n.m, g.m.m, g.prev.m, act) },
			func(g *gruCase) { gruGatesGeneric(UnitTanh, g.a.m, g.rz.m, g.n.m, g.m.m, g.prev.m, act) })
	},
	func(g *gruCase, t *testing.T, isa, what string, act GateActivation) {
		g.compare(t, fmt.Sprintf("GRUGates[%s](act=%d) in place, %s", isa, act, what), false, []guardedMatrix{g.prev, g.rz, g.n},
			func(g *gruCase) { GRUGates(g.prev.m, g.rz.m, g.n.m, g.m.m, g.prev.m, act) },
			func(g *gruCase) { gruGatesGeneric(UnitTanh, g.prev.m, g.rz.m, g.n.m, g.m.m, g.prev.m, act) })
	},
	func(g *gruCase, t *testing.T, isa, what string, act GateActivation) {
		g.compare(t, fmt.Sprintf("GRUReset[%s](act=%d), %s", isa, act, what), false, []guardedMatrix{g.b, g.rz},
			func(g *gruCase) { GRUReset(g.b.m, g.rz.m, g.prev.m, act) },
			func(g *gruCase) { gruResetGeneric(g.b.m, g.rz.m, g.prev.m, act) })
	},
	func(g *gruCase, t *testing.T, isa, what string, _ GateActivation) {
		g.compare(t, fmt.Sprintf("GRUUpdate[%s], %s", isa, what), false, []guardedMatrix{g.b, g.n},
			func(g *gruCase) { GRUUpdate(g.b.m, g.rz.m, g.n.m, g.prev.m) },
			func(g *gruCase) { gruUpdateGeneric(UnitTanh, g.b.m, g.rz.m, g.n.m, g.prev.m) })
		g.compare(t, fmt.Sprintf("GRUUpdate[%s] in place, %s", isa, what), false, []guardedMatrix{g.b, g.prev, g.n},
			func(g *gruCase) { GRUUpdate(g.prev.m, g.rz.m, g.n.m, g.prev.m) },
			func(g *gruCase) { gruUpdateGeneric(UnitTanh, g.prev.m, g.rz.m, g.n.m, g.prev.m) })
	},
	func(g *gruCase, t *testing.T, isa, what string, act GateActivation) {
		g.compare(t, fmt.Sprintf("GRUGradients[%s](act=%d), %s", isa, act, what), true, []guardedMatrix{g.rz, g.n, g.m, g.b},
			func(g *gruCase) { GRUGradients(g.rz.m, g.n.m, g.m.m, g.a.m, g.b.m, g.prev.m, act) },
			func(g *gruCase) { gruGradientsGeneric(UnitTanh, g.rz.m, g.n.m, g.m.m, g.a.m, g.b.m, g.prev.m, act) })
	},
	func(g *gruCase, t *testing.T, isa, what string, act GateActivation) {
		g.compare(t, fmt.Sprintf("GRUGradients[%s](act=%d) in place, %s", isa, act, what), true, []guardedMatrix{g.rz, g.n, g.m, g.a},
			func(g *gruCase) { GRUGradients(g.rz.m, g.n.m, g.m.m, g.a.m, g.a.m, g.prev.m, act) },
			func(g *gruCase) { gruGradientsGeneric(UnitTanh, g.rz.m, g.n.m, g.m.m, g.a.m, g.a.m, g.prev.m, act) })
	},
	func(g *gruCase, t *testing.T, isa, what string, act GateActivation) {
		g.compare(t, fmt.Sprintf("GRUUpdateGradients[%s](act=%d), %s", isa, act, what), true, []guardedMatrix{g.rz, g.n, g.b},
			func(g *gruCase) { GRUUpdateGradients(g.rz.m, g.n.m, g.a.m, g.b.m, g.prev.m, act) },
			func(g *gruCase) { gruUpdateGradientsGeneric(UnitTanh, g.rz.m, g.n.m, g.a.m, g.b.m, g.prev.m, act) })
		g.compare(t, fmt.Sprintf("GRUUpdateGradients[%s](act=%d) in place, %s", isa, act, what), true, []guardedMatrix{g.rz, g.n, g.b, g.a},
			func(g *gruCase) { GRUUpdateGradients(g.rz.m, g.n.m, g.a.m, g.a.m, g.prev.m, act) },
			func(g *gruCase) { gruUpdateGradientsGeneric(UnitTanh, g.rz.m, g.n.m, g.a.m, g.a.m, g.prev.m, act) })
	},
	func(g *gruCase, t *testing.T, isa, what string, act GateActivation) {
		g.compare(t, fmt.Sprintf("GRUResetGradients[%s](act=%d), %s", isa, act, what), true, []guardedMatrix{g.rz, g.a},
			func(g *gruCase) { GRUResetGradients(g.rz.m, g.a.m, g.b.m, g.prev.m, act) },
			func(g *gruCase) { gruResetGradientsGeneric(g.rz.m, g.a.m, g.b.m, g.prev.m, act) })
	},
}

func TestGRUGates(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, H := range gruUnits {
			for _, B := range []int{0, 1, 2, 5} {
				for off := range 16 {
					act := gateActivations[(i+off)%3]
					for _, check := range gruChecks {
						check(newGRUCase(B, H, off).activate(), t, isa, fmt.Sprintf("off=%d", off), act)
					}
					if brief() || H > 17 && off == 2 {
						break
					}
				}
			}
		}
		for _, H := range []int{3, 16} {
			for _, check := range gruChecks {
				check(newGRUCase(2050, H, 0), t, isa, "more rows than a call", Logistic)
			}
		}
	})
}

// Special values in every lane of every operand, padding included.
func TestGRUGatesSpecials(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range []int{5, 16, 84} {
			for shift := range testkit.Specials {
				rotated := slices.Concat(testkit.Specials[shift:], testkit.Specials[:shift])
				for _, check := range gruChecks {
					for _, act := range gateActivations {
						g := newGRUCase(2, H, shift%16)
						g.rz.Fill(rotated)
						check(g, t, isa, fmt.Sprintf("gates special by %d", shift), act)
						g = newGRUCase(2, H, shift%16).activate()
						for _, o := range []guardedMatrix{g.n, g.m, g.a, g.b, g.prev} {
							o.Fill(rotated)
						}
						check(g, t, isa, fmt.Sprintf("rows special by %d", shift), act)
					}
				}
			}
		}
	})
}

// Every operand ends at an unreadable page, right after its last value: of the
// rows, that is before the gap that their stride leaves.
func TestGRUGatesPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range gruUnits {
			for _, B := range []int{1, 3} {
				for i, check := range gruChecks {
					g := newGRUCase(B, H, 0).activate()
					for _, o := range []*guardedMatrix{&g.rz, &g.n, &g.m, &g.a, &g.b, &g.prev} {
						last := o.m.Cols - 1
						if o.m.Row == PanelWidth {
							last = roundUp(o.m.Cols, PanelWidth) - 1
						}
						data := testkit.AtPageEnd(t, o.m.index(B-1, last)+1)
						copy(data, o.m.Data)
						o.m.Data = data
					}
					check(g, t, isa, fmt.Sprintf("page end, check %d", i), Logistic)
				}
			}
		}
	})
}

// The gradients against differences of the cell in float64: L = dh·h, and for the
// form with the reset before, L = dh·h and drh·rh apart.
func TestGRUGradientsAccuracy(t *testing.T) {
	const B, H, eps, tolerance = 3, 70, 1e-5, 2e-6
	for _, act := range gateActivations {
		sums := newGRUCase(B, H, 0)
		g := newGRUCase(B, H, 0)
		GRUGates(g.b.m, g.rz.m, g.n.m, g.m.m, g.prev.m, act)
		GRUGradients(g.rz.m, g.n.m, g.m.m, g.a.m, g.b.m, g.prev.m, act)
		before := newGRUCase(B, H, 0)
		GRUReset(before.b.m, before.rz.m, before.prev.m, act)
		GRUUpdate(before.b.m, before.rz.m, before.n.m, before.prev.m)
		GRUUpdateGradients(before.rz.m, before.n.m, before.a.m, before.b.m, before.prev.m, act)
		direct := cloneMatrix(before.b.m)
		GRUResetGradients(before.rz.m, before.b.m, before.a.m, before.prev.m, act)
		for b := range B {
			for j := range H {
				at := [5]float64{
					float64(sums.rz.m.At(b, GRUCol(0, j))), float64(sums.rz.m.At(b, GRUCol(1, j))),
					float64(sums.n.m.At(b, j)), float64(sums.m.m.At(b, j)), float64(sums.prev.m.At(b, j)),
				}
				dh := float64(sums.a.m.At(b, j))
				slope := func(f func(v [5]float64) float64, i int) float64 {
					up, down := at, at
					up[i] += eps
					down[i] -= eps
					return (f(up) - f(down)) / (2 * eps)
				}
				blend := func(z, n, prev float64) float64 { return dh * ((1-z)*n + z*prev) }
				after := func(v [5]float64) float64 {
					return blend(gate64(v[1], act), math.Tanh(v[2]+gate64(v[0], act)*v[3]), v[4])
				}
				update := func(v [5]float64) float64 { return blend(gate64(v[1], act), math.Tanh(v[2]), v[4]) }
				reset := func(v [5]float64) float64 { return dh * gate64(v[0], act) * v[4] }
				for _, c := range []struct {
					name string
					got  float32
					want float64
				}{
					{"r", g.rz.m.At(b, GRUCol(0, j)), slope(after, 0)},
					{"z", g.rz.m.At(b, GRUCol(1, j)), slope(after, 1)},
					{"a", g.n.m.At(b, j), slope(after, 2)},
					{"m", g.m.m.At(b, j), slope(after, 3)},
					{"prev", g.b.m.At(b, j), slope(after, 4)},
					{"z, reset before", before.rz.m.At(b, GRUCol(1, j)), slope(update, 1)},
					{"n, reset before", before.n.m.At(b, j), slope(update, 2)},
					{"prev, direct", direct.At(b, j), slope(update, 4)},
					{"r, reset before", before.rz.m.At(b, GRUCol(0, j)), slope(reset, 0)},
					{"prev, reset before", before.b.m.At(b, j), slope(update, 4) + slope(reset, 4)},
				} {
					if math.Abs(float64(c.got)-c.want) > tolerance {
						t.Errorf("act %d, row %d, unit %d: gradient of %s %v, want %v", act, b, j, c.name, c.got, c.want)
					}
				}
			}
		}
	}
}

func TestGRUGatesContract(t *testing.T) {
	shapes := []struct {
		name string
		call func(o []Matrix, act GateActivation)
		rows int // of the operands, how many are row-major: the first ones
		cols []int
		act  bool
	}{
		{"GRUGates", func(o []Matrix, act GateActivation) { GRUGates(o[0], o[2], o[3], o[4], o[1], act) }, 2, []int{128, 17, 17}, true},
		{"GRUReset", func(o []Matrix, act GateActivation) { GRUReset(o[0], o[2], o[1], act) }, 2, []int{128}, true},
		{"GRUUpdate", func(o []Matrix, _ GateActivation) { GRUUpdate(o[0], o[2], o[3], o[1]) }, 2, []int{128, 17}, false},
		{"GRUGradients", func(o []Matrix, act GateActivation) { GRUGradients(o[3], o[4], o[5], o[0], o[1], o[2], act) }, 3, []int{128, 17, 17}, true},
		{"GRUUpdateGradients", func(o []Matrix, act GateActivation) { GRUUpdateGradients(o[3], o[4], o[0], o[1], o[2], act) }, 3, []int{128, 17}, true},
		{"GRUResetGradients", func(o []Matrix, act GateActivation) { GRUResetGradients(o[3], o[0], o[1], o[2], act) }, 3, []int{128}, true},
	}
	for _, s := range shapes {
		operands := func() []Matrix {
			var o []Matrix
			for range s.rows {
				o = append(o, RowMajor(make([]float32, 2*17), 2, 17))
			}
			for _, cols := range s.cols {
				o = append(o, NewPanels(2, cols))
			}
			return o
		}
		s.call(operands(), Logistic)
		message := "kernels: " + s.name + ": shapes do not match"
		for i := range operands() {
			for _, change := range []func(*Matrix){
				func(m *Matrix) { m.Rows-- },
				func(m *Matrix) { m.Cols-- },
				func(m *Matrix) { m.Data = m.Data[:m.Row] },
				func(m *Matrix) { *m = RowMajor(make([]float32, 2*m.Cols+64), 2, m.Cols); m.Panel += i / s.rows },
				func(m *Matrix) { *m = NewPanels(2, m.Cols); m.Row += i / s.rows },
			} {
				o := operands()
				was := o[i]
				change(&o[i])
				if o[i].Row == was.Row && o[i].Panel == was.Panel && len(o[i].Data) >= len(was.Data) && o[i].Rows == was.Rows && o[i].Cols == was.Cols {
					continue // no change to this operand
				}
				testkit.Panics(t, message, func() { s.call(o, Logistic) })
			}
		}
		if s.act {
			testkit.Panics(t, "kernels: "+s.name+": unknown activation", func() { s.call(operands(), HardKeras3+1) })
		}
	}
}
