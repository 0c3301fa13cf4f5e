package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// The gates of units of every activation are their definitions to the bit, which are
// those of the fused kernels for tanh, on every instruction set.
func TestGatesOf(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range []int{1, 7, 16, 17, 64, 65} {
			for _, unit := range activations {
				for off, act := range gateActivations {
					what := fmt.Sprintf("%s, H=%d, unit %d, act %d", isa, H, unit, act)
					g := newGateCase(3, H, off)
					z, h, c := cloneMatrix(g.Z), cloneMatrix(g.ma), cloneMatrix(g.mc)
					lstmGatesGeneric(unit, h, c, z, g.mPrev, act)
					LSTMGatesOf(unit, g.ma, g.mc, g.Z, g.mPrev, act)
					if d := testkit.Diff(g.Z.Data, z.Data) + testkit.Diff(g.ma.Data, h.Data) + testkit.Diff(g.mc.Data, c.Data) +
						g.z.Stray() + g.a.Stray() + g.c.Stray() + g.d.Unchanged(); d != "" {
						t.Fatalf("LSTMGatesOf, %s: %s", what, d)
					}
					z, dc := cloneMatrix(g.Z), cloneMatrix(g.ma)
					lstmGradientsGeneric(unit, z, dc, g.mb, g.mc, g.mPrev, act)
					LSTMGradientsOf(unit, g.Z, g.ma, g.mb, g.mc, g.mPrev, act)
					if d := testkit.Diff(g.Z.Data, z.Data) + testkit.Diff(g.ma.Data, dc.Data) + g.b.Unchanged() + g.d.Unchanged(); d != "" {
						t.Fatalf("LSTMGradientsOf, %s: %s", what, d)
					}

					gru := func() *gruCase { return newGRUCase(3, H, off) }
					k := gru()
					k.compare(t, "GRUGatesOf, "+what, false, []guardedMatrix{k.a, k.rz, k.n},
						func(g *gruCase) { GRUGatesOf(unit, g.a.m, g.rz.m, g.n.m, g.m.m, g.prev.m, act) },
						func(g *gruCase) { gruGatesGeneric(unit, g.a.m, g.rz.m, g.n.m, g.m.m, g.prev.m, act) })
					k = gru()
					k.compare(t, "GRUUpdateOf over prev, "+what, false, []guardedMatrix{k.prev, k.n},
						func(g *gruCase) { GRUUpdateOf(unit, g.prev.m, g.rz.m, g.n.m, g.prev.m) },
						func(g *gruCase) { gruUpdateGeneric(unit, g.prev.m, g.rz.m, g.n.m, g.prev.m) })
					k = gru().activate()
					k.compare(t, "GRUGradientsOf, "+what, true, []guardedMatrix{k.rz, k.n, k.m, k.b},
						func(g *gruCase) { GRUGradientsOf(unit, g.rz.m, g.n.m, g.m.m, g.a.m, g.b.m, g.prev.m, act) },
						func(g *gruCase) {
							gruGradientsGeneric(unit, g.rz.m, g.n.m, g.m.m, g.a.m, g.b.m, g.prev.m, act)
						})
					k = gru().activate()
					k.compare(t, "GRUUpdateGradientsOf, "+what, true, []guardedMatrix{k.rz, k.n, k.b},
						func(g *gruCase) { GRUUpdateGradientsOf(unit, g.rz.m, g.n.m, g.a.m, g.b.m, g.prev.m, act) },
						func(g *gruCase) {
							gruUpdateGradientsGeneric(unit, g.rz.m, g.n.m, g.a.m, g.b.m, g.prev.m, act)
						})
				}
			}
		}
	})
}

// Activate and its gradient are the functions and slopes of the constants, NaN, infinities
// and signed zeros included.
func TestActivate(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 90, -90, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1e-40}
	x := make([]float32, 100)
	testkit.Values(x, 3, 4)
	copy(x, special)
	dy := make([]float32, 100)
	testkit.Values(dy, 4, 1)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, act := range activations {
			y, d := make([]float32, 100), make([]float32, 100)
			Activate(y, x, act)
			ActivateGradient(d, dy, y, act)
			for i, v := range x {
				if want := unit32(v, act); !testkit.SameBits(y[i], want) {
					t.Errorf("%s: activation %d of %v is %v, want %v", isa, act, v, y[i], want)
				}
				if want := unitGradient32(dy[i], y[i], act); !testkit.SameBits(d[i], want) {
					t.Errorf("%s: gradient of activation %d at %v is %v, want %v", isa, act, v, d[i], want)
				}
			}
		}
	})
	const unknown = UnitLinear + 1
	testkit.Panics(t, "kernels: Activate: len(dst) != len(x)", func() { Activate(x[1:], x, UnitTanh) })
	testkit.Panics(t, "kernels: Activate: unknown activation", func() { Activate(x, x, unknown) })
	testkit.Panics(t, "kernels: ActivateGradient: lengths differ", func() { ActivateGradient(x, x[1:], x, UnitTanh) })
	testkit.Panics(t, "kernels: ActivateGradient: unknown activation", func() { ActivateGradient(x, x, x, unknown) })
	g, k := newGateCase(2, 5, 0), newGRUCase(2, 5, 0)
	for name, f := range map[string]func(unit Activation, act GateActivation){
		"LSTMGatesOf":     func(u Activation, a GateActivation) { LSTMGatesOf(u, g.ma, g.mc, g.Z, g.mPrev, a) },
		"LSTMGradientsOf": func(u Activation, a GateActivation) { LSTMGradientsOf(u, g.Z, g.ma, g.mb, g.mc, g.mPrev, a) },
		"GRUGatesOf":      func(u Activation, a GateActivation) { GRUGatesOf(u, k.a.m, k.rz.m, k.n.m, k.m.m, k.prev.m, a) },
		"GRUGradientsOf": func(u Activation, a GateActivation) {
			GRUGradientsOf(u, k.rz.m, k.n.m, k.m.m, k.a.m, k.b.m, k.prev.m, a)
		},
		"GRUUpdateGradientsOf": func(u Activation, a GateActivation) {
			GRUUpdateGradientsOf(u, k.rz.m, k.n.m, k.a.m, k.b.m, k.prev.m, a)
		},
		"GRUUpdateOf": func(u Activation, _ GateActivation) { GRUUpdateOf(u, k.a.m, k.rz.m, k.n.m, k.prev.m) },
	} {
		testkit.Panics(t, "kernels: "+name+": unknown activation", func() { f(unknown, Logistic) })
		if name != "GRUUpdateOf" {
			testkit.Panics(t, "kernels: "+name+": unknown activation", func() { f(UnitReLU, HardKeras3+1) })
		}
	}
}
