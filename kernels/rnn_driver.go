//go:build !purego && (amd64 || arm64)

package kernels

import "github.com/autoreg/autoreg/internal/cpu"

func rnnStep(dst []float32, w Matrix, bias, x, h []float32, act Activation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		rnnStepGeneric(dst, w, bias, x, h, act)
		return
	}
	raceReadMatrix(w)
	raceRead(bias)
	raceRead(x)
	raceRead(h)
	raceWrite(dst)
	var in *float32
	if len(x) > 0 {
		in = &x[0]
	}
	whole := len(h) / PanelWidth
	step := max(1, gemvCall/(PanelWidth*w.Rows))
	for u := 0; u < whole; u += step {
		at := u * PanelWidth
		rnnPanels(isa, &dst[at], &w.Data[u*w.Panel], &bias[at], in, &h[0], len(x), len(h), min(step, whole-u), w.Panel, int(act))
	}
	if at := whole * PanelWidth; at < len(h) {
		// The weights have room for a whole panel, dst and bias do not.
		var d, b [PanelWidth]float32
		copy(b[:], bias[at:])
		rnnPanels(isa, &d[0], &w.Data[whole*w.Panel], &b[0], in, &h[0], len(x), len(h), 1, w.Panel, int(act))
		copy(dst[at:], d[:])
	}
}

func rnnGates(h, z Matrix, act Activation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		rnnGatesGeneric(h, z, act)
		return
	}
	raceWriteMatrix(z)
	raceWriteMatrix(h)
	for j := 0; j < h.Cols; j += GateUnits {
		if units := h.Cols - j; units < GateUnits {
			for b := range z.Rows {
				var hs [GateUnits]float32
				rnnGatesBlock(isa, &hs[0], gateAt(z, b, j), 1, 0, int(act))
				copy(unitsOf(h, b, j, units), hs[:])
			}
			break
		}
		for b := 0; b < z.Rows; b += gateRows {
			rnnGatesBlock(isa, gateAt(h, b, j), gateAt(z, b, j), min(gateRows, z.Rows-b), h.Row, int(act))
		}
	}
}

func rnnGradients(z, dh Matrix, act Activation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		rnnGradientsGeneric(z, dh, act)
		return
	}
	raceWritePadded(z)
	raceReadMatrix(dh)
	for j := 0; j < dh.Cols; j += GateUnits {
		if units := dh.Cols - j; units < GateUnits {
			for b := range z.Rows {
				var ds [GateUnits]float32
				copy(ds[:units], unitsOf(dh, b, j, units))
				rnnGradientsBlock(isa, gateAt(z, b, j), &ds[0], 1, 0, int(act))
			}
			break
		}
		for b := 0; b < z.Rows; b += gateRows {
			rnnGradientsBlock(isa, gateAt(z, b, j), gateAt(dh, b, j), min(gateRows, z.Rows-b), dh.Row, int(act))
		}
	}
	clearPadding(z)
}
