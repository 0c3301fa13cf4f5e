//go:build !purego && (amd64 || arm64)

package kernels

import "github.com/autoreg/autoreg/internal/cpu"

// The assembly of the steps works on groups of 64 units, that of the batched forms
// on blocks of 16. Where slices and row-major matrices end inside the last group or
// block, it works on buffers on the stack instead.

func gruStep(dst []float32, rz Matrix, rzBias []float32, n Matrix, nBias, nRecurrentBias, x, h, scratch []float32, act GateActivation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		gruStepGeneric(dst, rz, rzBias, n, nBias, nRecurrentBias, x, h, act)
		return
	}
	raceReadMatrix(rz)
	raceReadMatrix(n)
	raceRead(rzBias)
	raceRead(nBias)
	raceRead(nRecurrentBias)
	raceRead(x)
	raceRead(h)
	raceWrite(scratch[:GRUScratchLen(len(h))])
	raceWrite(dst)
	s := gruCall{isa, rz, n, rzBias, x, h, scratch, act.hard().pointer()}
	whole := len(h) / PanelWidth
	step := max(1, gemvCall/(3*PanelWidth*rz.Rows))
	for u := 0; u < whole; u += step {
		at := u * PanelWidth
		s.step(dst[at:], nBias[at:], nRecurrentBias[at:], h[at:], u, min(step, whole-u))
	}
	if at := whole * PanelWidth; at < len(h) {
		var d, bias, recurrent, prev [PanelWidth]float32
		copy(bias[:], nBias[at:])
		copy(recurrent[:], nRecurrentBias[at:])
		copy(prev[:], h[at:])
		s.step(d[:], bias[:], recurrent[:], prev[:], whole, 1)
		copy(dst[at:], d[:])
	}
}

func gruStepBefore(dst []float32, rz Matrix, rzBias []float32, n Matrix, nBias, x, h, scratch []float32, act GateActivation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		gruStepBeforeGeneric(dst, rz, rzBias, n, nBias, x, h, scratch, act)
		return
	}
	raceReadMatrix(rz)
	raceReadMatrix(n)
	raceRead(rzBias)
	raceRead(nBias)
	raceRead(x)
	raceRead(h)
	raceWrite(scratch[:GRUScratchLen(len(h))])
	raceWrite(dst)
	s := gruCall{isa, rz, n, rzBias, x, h, scratch, act.hard().pointer()}
	whole := len(h) / PanelWidth
	at := whole * PanelWidth
	var prev [PanelWidth]float32
	copy(prev[:], h[at:])
	step := max(1, gemvCall/(2*PanelWidth*rz.Rows))
	for u := 0; u < whole; u += step {
		s.reset(h[u*PanelWidth:], u, min(step, whole-u))
	}
	if at < len(h) {
		s.reset(prev[:], whole, 1)
	}
	step = max(1, gemvCall/(PanelWidth*n.Rows))
	for u := 0; u < whole; u += step {
		at := u * PanelWidth
		s.candidate(dst[at:], nBias[at:], h[at:], u, min(step, whole-u))
	}
	if at < len(h) {
		var d, bias [PanelWidth]float32
		copy(bias[:], nBias[at:])
		s.candidate(d[:], bias[:], prev[:], whole, 1)
		copy(dst[at:], d[:])
	}
}

// A gruCall is what the calls of one step share.
type gruCall struct {
	isa     cpu.ISA
	rz, n   Matrix
	rzBias  []float32
	x, h    []float32
	scratch []float32
	hard    *float32
}

// updates returns the half of scratch that holds z.
func (s *gruCall) updates() []float32 { return s.scratch[GRUScratchLen(len(s.h))/2:] }

// input returns a pointer to x, nil if it is empty.
func (s *gruCall) input() *float32 {
	if len(s.x) == 0 {
		return nil
	}
	return &s.x[0]
}

func gruGates(h, rz, n, m, prev Matrix, act GateActivation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		gruGatesGeneric(UnitTanh, h, rz, n, m, prev, act)
		return
	}
	raceWritePadded(rz)
	raceWriteMatrix(n)
	raceReadMatrix(m)
	raceReadMatrix(prev)
	raceWriteMatrix(h)
	hard := act.hard().pointer()
	for j := 0; j < n.Cols; j += GateUnits {
		if units := n.Cols - j; units < GateUnits {
			for b := range rz.Rows {
				var hs, ps [GateUnits]float32
				copy(ps[:units], unitsOf(prev, b, j, units))
				gruGatesBlock(isa, &hs[0], gateAt(rz, b, GRUCol(0, j)), gateAt(rz, b, GRUCol(1, j)), gateAt(n, b, j), gateAt(m, b, j), &ps[0], hard, 1, 0, 0)
				copy(unitsOf(h, b, j, units), hs[:])
			}
			break
		}
		for b := 0; b < rz.Rows; b += gateRows {
			gruGatesBlock(isa, gateAt(h, b, j), gateAt(rz, b, GRUCol(0, j)), gateAt(rz, b, GRUCol(1, j)), gateAt(n, b, j), gateAt(m, b, j), gateAt(prev, b, j), hard,
				min(gateRows, rz.Rows-b), h.Row, prev.Row)
		}
	}
}

func gruReset(rh, rz, prev Matrix, act GateActivation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		gruResetGeneric(rh, rz, prev, act)
		return
	}
	raceWritePadded(rz)
	raceReadMatrix(prev)
	raceWriteMatrix(rh)
	hard := act.hard().pointer()
	for j := 0; j < rh.Cols; j += GateUnits {
		if units := rh.Cols - j; units < GateUnits {
			for b := range rz.Rows {
				var rs, ps [GateUnits]float32
				copy(ps[:units], unitsOf(prev, b, j, units))
				gruResetBlock(isa, &rs[0], gateAt(rz, b, GRUCol(0, j)), gateAt(rz, b, GRUCol(1, j)), &ps[0], hard, 1, 0, 0)
				copy(unitsOf(rh, b, j, units), rs[:])
			}
			break
		}
		for b := 0; b < rz.Rows; b += gateRows {
			gruResetBlock(isa, gateAt(rh, b, j), gateAt(rz, b, GRUCol(0, j)), gateAt(rz, b, GRUCol(1, j)), gateAt(prev, b, j), hard,
				min(gateRows, rz.Rows-b), rh.Row, prev.Row)
		}
	}
}

func gruUpdate(h, rz, n, prev Matrix) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		gruUpdateGeneric(UnitTanh, h, rz, n, prev)
		return
	}
	raceReadGate(rz, n.Cols, 1)
	raceWriteMatrix(n)
	raceReadMatrix(prev)
	raceWriteMatrix(h)
	for j := 0; j < n.Cols; j += GateUnits {
		if units := n.Cols - j; units < GateUnits {
			for b := range rz.Rows {
				var hs, ps [GateUnits]float32
				copy(ps[:units], unitsOf(prev, b, j, units))
				gruUpdateBlock(isa, &hs[0], gateAt(rz, b, GRUCol(1, j)), gateAt(n, b, j), &ps[0], 1, 0, 0)
				copy(unitsOf(h, b, j, units), hs[:])
			}
			break
		}
		for b := 0; b < rz.Rows; b += gateRows {
			gruUpdateBlock(isa, gateAt(h, b, j), gateAt(rz, b, GRUCol(1, j)), gateAt(n, b, j), gateAt(prev, b, j),
				min(gateRows, rz.Rows-b), h.Row, prev.Row)
		}
	}
}

func gruGradients(rz, n, m, dh, carry, prev Matrix, act GateActivation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		gruGradientsGeneric(UnitTanh, rz, n, m, dh, carry, prev, act)
		return
	}
	raceWritePadded(rz)
	raceWritePadded(n)
	raceWritePadded(m)
	raceReadMatrix(dh)
	raceWriteMatrix(carry)
	raceReadMatrix(prev)
	hard := act.hard().pointer()
	for j := 0; j < n.Cols; j += GateUnits {
		if units := n.Cols - j; units < GateUnits {
			for b := range rz.Rows {
				var ds, cs, ps [GateUnits]float32
				copy(ds[:units], unitsOf(dh, b, j, units))
				copy(ps[:units], unitsOf(prev, b, j, units))
				gruGradientsBlock(isa, gateAt(rz, b, GRUCol(0, j)), gateAt(rz, b, GRUCol(1, j)), gateAt(n, b, j), gateAt(m, b, j), &ds[0], &cs[0], &ps[0], hard, 1, 0, 0, 0)
				copy(unitsOf(carry, b, j, units), cs[:])
			}
			break
		}
		for b := 0; b < rz.Rows; b += gateRows {
			gruGradientsBlock(isa, gateAt(rz, b, GRUCol(0, j)), gateAt(rz, b, GRUCol(1, j)), gateAt(n, b, j), gateAt(m, b, j), gateAt(dh, b, j), gateAt(carry, b, j), gateAt(prev, b, j), hard,
				min(gateRows, rz.Rows-b), dh.Row, carry.Row, prev.Row)
		}
	}
	clearPadding(n)
	clearPadding(m)
	clearGatePadding(rz, n.Cols, 0)
	clearGatePadding(rz, n.Cols, 1)
}

func gruUpdateGradients(rz, n, dh, carry, prev Matrix, act GateActivation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		gruUpdateGradientsGeneric(UnitTanh, rz, n, dh, carry, prev, act)
		return
	}
	raceWriteGate(rz, 1)
	raceWritePadded(n)
	raceReadMatrix(dh)
	raceWriteMatrix(carry)
	raceReadMatrix(prev)
	hard := act.hard().pointer()
	for j := 0; j < n.Cols; j += GateUnits {
		if units := n.Cols - j; units < GateUnits {
			for b := range rz.Rows {
				var ds, cs, ps [GateUnits]float32
				copy(ds[:units], unitsOf(dh, b, j, units))
				copy(ps[:units], unitsOf(prev, b, j, units))
				gruUpdateGradientsBlock(isa, gateAt(rz, b, GRUCol(1, j)), gateAt(n, b, j), &ds[0], &cs[0], &ps[0], hard, 1, 0, 0, 0)
				copy(unitsOf(carry, b, j, units), cs[:])
			}
			break
		}
		for b := 0; b < rz.Rows; b += gateRows {
			gruUpdateGradientsBlock(isa, gateAt(rz, b, GRUCol(1, j)), gateAt(n, b, j), gateAt(dh, b, j), gateAt(carry, b, j), gateAt(prev, b, j), hard,
				min(gateRows, rz.Rows-b), dh.Row, carry.Row, prev.Row)
		}
	}
	clearPadding(n)
	clearGatePadding(rz, n.Cols, 1)
}

func gruResetGradients(rz, carry, drh, prev Matrix, act GateActivation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		gruResetGradientsGeneric(rz, carry, drh, prev, act)
		return
	}
	raceWriteGate(rz, 0)
	raceWriteMatrix(carry)
	raceReadMatrix(drh)
	raceReadMatrix(prev)
	hard := act.hard().pointer()
	for j := 0; j < carry.Cols; j += GateUnits {
		if units := carry.Cols - j; units < GateUnits {
			for b := range rz.Rows {
				var cs, ds, ps [GateUnits]float32
				copy(cs[:units], unitsOf(carry, b, j, units))
				copy(ds[:units], unitsOf(drh, b, j, units))
				copy(ps[:units], unitsOf(prev, b, j, units))
				gruResetGradientsBlock(isa, gateAt(rz, b, GRUCol(0, j)), &cs[0], &ds[0], &ps[0], hard, 1, 0, 0, 0)
				copy(unitsOf(carry, b, j, units), cs[:])
			}
			break
		}
		for b := 0; b < rz.Rows; b += gateRows {
			gruResetGradientsBlock(isa, gateAt(rz, b, GRUCol(0, j)), gateAt(carry, b, j), gateAt(drh, b, j), gateAt(prev, b, j), hard,
				min(gateRows, rz.Rows-b), carry.Row, drh.Row, prev.Row)
		}
	}
	clearGatePadding(rz, carry.Cols, 0)
}

// raceReadGate reports that one gate of H units is about to be read, padding not.
func raceReadGate(rz Matrix, H, gate int) {
	for u := range rz.Panels() / 2 {
		for b := range rz.Rows {
			raceRead(rz.Segment(b, 2*u+gate)[:min(PanelWidth, H-u*PanelWidth)])
		}
	}
}

// raceWriteGate reports that one gate is about to be written, padding included.
func raceWriteGate(rz Matrix, gate int) {
	for u := range rz.Panels() / 2 {
		for b := range rz.Rows {
			raceWrite(rz.Segment(b, 2*u+gate))
		}
	}
}
