package kernels

import (
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

var gateActivations = []GateActivation{Logistic, HardKeras2, HardKeras3}

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
