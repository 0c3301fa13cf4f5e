//go:build !purego && (amd64 || arm64)

package kernels

import "github.com/autoreg/autoreg/internal/cpu"

// gemvCall bounds the weights that one call of Gemv or of a step reads, since it
// cannot be preempted: 1 MiB.
const gemvCall = 1 << 18

func gemv(dst []float32, w Matrix, x, bias []float32) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		gemvGeneric(dst, w, x, bias)
		return
	}
	raceReadMatrix(w)
	raceRead(x)
	raceRead(bias)
	raceWrite(dst)
	whole := len(dst) / PanelWidth
	step := max(1, gemvCall/(PanelWidth*max(len(x), 1)))
	for q := 0; q < whole; q += step {
		gemvPanels(isa, dst, w, x, bias, q, min(step, whole-q))
	}
	if rest := len(dst) % PanelWidth; rest > 0 {
		// The weights have room for a whole panel, dst and bias do not.
		var y [PanelWidth]float32
		at := whole * PanelWidth
		if bias != nil {
			copy(y[:], bias[at:])
		}
		w.Data = w.Data[min(whole*w.Panel, len(w.Data)):]
		gemvPanels(isa, y[:], w, x, y[:], 0, 1)
		copy(dst[at:], y[:rest])
	}
}

// gemvPanels computes panels [q, q+n).
func gemvPanels(isa cpu.ISA, dst []float32, w Matrix, x, bias []float32, q, n int) {
	at := q * PanelWidth
	var m, v, b *float32
	if len(x) > 0 {
		m, v = &w.Data[q*w.Panel], &x[0]
	}
	if bias != nil {
		b = &bias[at]
	}
	panelsTimes(isa, &dst[at], m, v, b, len(x), n, w.Panel)
}
