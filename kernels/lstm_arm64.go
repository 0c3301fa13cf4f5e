//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// gateRows bounds the rows that one call takes, which cannot be preempted.
const gateRows = 64

func lstmStep(dst, c []float32, w Matrix, bias, x, h []float32, act GateActivation) {
	if cpu.Active() != cpu.NEON {
		lstmStepGeneric(dst, c, w, bias, x, h, act)
		return
	}
	raceReadMatrix(w)
	raceRead(bias)
	raceRead(x)
	raceRead(h)
	raceWrite(c)
	raceWrite(dst)
	var in *float32
	if len(x) > 0 {
		in = &x[0]
	}
	hard := act.hard().pointer()
	whole := len(h) / GateUnits
	step := max(1, gemvCall/(PanelWidth*w.Rows))
	for u := 0; u < whole; u += step {
		at := u * GateUnits
		asm.LSTMStepNEON(&dst[at], &c[at], &w.Data[u*w.Panel], &bias[u*PanelWidth], in, &h[0], hard,
			len(x), len(h), min(step, whole-u), w.Panel)
	}
	if at := whole * GateUnits; at < len(h) {
		// w and bias have room for a whole panel, dst and c do not.
		var out, cell [GateUnits]float32
		copy(cell[:], c[at:])
		asm.LSTMStepNEON(&out[0], &cell[0], &w.Data[whole*w.Panel], &bias[whole*PanelWidth], in, &h[0], hard,
			len(x), len(h), 1, w.Panel)
		copy(c[at:], cell[:])
		copy(dst[at:], out[:])
	}
}

func lstmGates(h, c, z, prev Matrix, act GateActivation) {
	if cpu.Active() != cpu.NEON {
		lstmGatesGeneric(UnitTanh, h, c, z, prev, act)
		return
	}
	raceReadMatrix(prev)
	raceWriteMatrix(z)
	raceWriteMatrix(c)
	raceWriteMatrix(h)
	hard := act.hard().pointer()
	whole := h.Cols / GateUnits
	for u := range whole {
		at := u * GateUnits
		for b := 0; b < z.Rows; b += gateRows {
			asm.LSTMGatesNEON(gateAt(h, b, at), gateAt(c, b, at), &z.Segment(b, u)[0], gateAt(prev, b, at), hard,
				min(gateRows, z.Rows-b), h.Row, c.Row, prev.Row)
		}
	}
	n := h.Cols % GateUnits
	if n == 0 {
		return
	}
	// z has room for a whole panel, the others do not.
	for b := range z.Rows {
		var out, cell [GateUnits]float32
		j := whole * GateUnits
		copy(cell[:n], unitsOf(prev, b, j, n))
		asm.LSTMGatesNEON(&out[0], &cell[0], &z.Segment(b, whole)[0], &cell[0], hard, 1, 0, 0, 0)
		copy(unitsOf(c, b, j, n), cell[:])
		copy(unitsOf(h, b, j, n), out[:])
	}
}

func lstmGradients(z, dc, dh, c, prev Matrix, act GateActivation) {
	if cpu.Active() != cpu.NEON {
		lstmGradientsGeneric(UnitTanh, z, dc, dh, c, prev, act)
		return
	}
	raceReadMatrix(dh)
	raceReadMatrix(c)
	raceReadMatrix(prev)
	raceWriteMatrix(z)
	raceWriteMatrix(dc)
	hard := act.hard().pointer()
	whole := dh.Cols / GateUnits
	for u := range whole {
		at := u * GateUnits
		for b := 0; b < z.Rows; b += gateRows {
			asm.LSTMGradientsNEON(&z.Segment(b, u)[0], gateAt(dc, b, at), gateAt(dh, b, at), gateAt(c, b, at), gateAt(prev, b, at), hard,
				min(gateRows, z.Rows-b), dc.Row, dh.Row, c.Row, prev.Row)
		}
	}
	n := dh.Cols % GateUnits
	if n == 0 {
		return
	}
	for b := range z.Rows {
		var d, out, cell, before [GateUnits]float32
		j := whole * GateUnits
		copy(d[:n], unitsOf(dc, b, j, n))
		copy(out[:n], unitsOf(dh, b, j, n))
		copy(cell[:n], unitsOf(c, b, j, n))
		copy(before[:n], unitsOf(prev, b, j, n))
		gates := z.Segment(b, whole)
		asm.LSTMGradientsNEON(&gates[0], &d[0], &out[0], &cell[0], &before[0], hard, 1, 0, 0, 0, 0)
		for gate := range 4 {
			clear(gates[gate*GateUnits+n : (gate+1)*GateUnits])
		}
		copy(unitsOf(dc, b, j, n), d[:])
	}
}
