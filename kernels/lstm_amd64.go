//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// The assembly works on whole panels of 16 units. Where row-major slices end inside
// the last panel, it works on buffers on the stack instead.

func lstmStep(dst, c []float32, w Matrix, bias, x, h []float32, act GateActivation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		lstmStepGeneric(dst, c, w, bias, x, h, act)
		return
	}
	raceReadMatrix(w)
	raceRead(bias)
	raceRead(x)
	raceRead(h)
	raceWrite(c)
	raceWrite(dst)
	s := stepCall{isa: isa, w: w, bias: bias, x: x, h: h, hard: act.hard().pointer()}
	whole := len(dst) / GateUnits
	step := max(1, gemvCall/(PanelWidth*w.Rows))
	for u := 0; u < whole; u += step {
		s.panels(dst[u*GateUnits:], c[u*GateUnits:], u, min(step, whole-u))
	}
	if at := whole * GateUnits; at < len(dst) {
		var d, cell [GateUnits]float32
		copy(cell[:], c[at:])
		s.panels(d[:], cell[:], whole, 1)
		copy(c[at:], cell[:])
		copy(dst[at:], d[:])
	}
}

// A stepCall is what the calls of one LSTMStep share.
type stepCall struct {
	isa        cpu.ISA
	w          Matrix
	bias, x, h []float32
	hard       *float32
}

// panels computes the units of panels [u, u+n) into dst and c, which begin
// with those of panel u.
func (s *stepCall) panels(dst, c []float32, u, n int) {
	var x *float32
	if len(s.x) > 0 {
		x = &s.x[0]
	}
	w, bias := &s.w.Data[u*s.w.Panel], &s.bias[u*PanelWidth]
	if s.isa == cpu.AVX512 {
		asm.LSTMStepAVX512(&dst[0], &c[0], w, bias, x, &s.h[0], s.hard, len(s.x), len(s.h), n, s.w.Panel)
	} else {
		asm.LSTMStepAVX2(&dst[0], &c[0], w, bias, x, &s.h[0], s.hard, len(s.x), len(s.h), n, s.w.Panel)
	}
}

// gateRows is the most rows of a panel that one call gets.
const gateRows = 2048

func lstmGates(h, c, z, prev Matrix, act GateActivation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		lstmGatesGeneric(UnitTanh, h, c, z, prev, act)
		return
	}
	raceWritePadded(z)
	raceReadMatrix(prev)
	raceWriteMatrix(c)
	raceWriteMatrix(h)
	hard := act.hard().pointer()
	whole := h.Cols / GateUnits
	for u := range whole {
		for b := 0; b < z.Rows; b += gateRows {
			n, at := min(gateRows, z.Rows-b), u*GateUnits
			gatePanel(isa, &h.Data[b*h.Row+at], &c.Data[b*c.Row+at], z.Segment(b, u), &prev.Data[b*prev.Row+at], hard, n, h.Row, c.Row, prev.Row)
		}
	}
	if at := whole * GateUnits; at < h.Cols {
		var hs, cs [GateUnits]float32
		for b := range z.Rows {
			copy(cs[:], prev.Data[b*prev.Row:][at:h.Cols])
			gatePanel(isa, &hs[0], &cs[0], z.Segment(b, whole), &cs[0], hard, 1, 0, 0, 0)
			copy(c.Data[b*c.Row:][at:h.Cols], cs[:])
			copy(h.Data[b*h.Row:][at:h.Cols], hs[:])
		}
	}
}

func gatePanel(isa cpu.ISA, h, c *float32, z []float32, prev, hard *float32, rows, hRow, cRow, prevRow int) {
	if isa == cpu.AVX512 {
		asm.LSTMGatesAVX512(h, c, &z[0], prev, hard, rows, hRow, cRow, prevRow)
	} else {
		asm.LSTMGatesAVX2(h, c, &z[0], prev, hard, rows, hRow, cRow, prevRow)
	}
}

func lstmGradients(z, dc, dh, c, prev Matrix, act GateActivation) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		lstmGradientsGeneric(UnitTanh, z, dc, dh, c, prev, act)
		return
	}
	raceWritePadded(z)
	raceWriteMatrix(dc)
	raceReadMatrix(dh)
	raceReadMatrix(c)
	raceReadMatrix(prev)
	hard := act.hard().pointer()
	whole := dh.Cols / GateUnits
	for u := range whole {
		for b := 0; b < z.Rows; b += gateRows {
			n, at := min(gateRows, z.Rows-b), u*GateUnits
			gradientPanel(isa, z.Segment(b, u), &dc.Data[b*dc.Row+at], &dh.Data[b*dh.Row+at], &c.Data[b*c.Row+at], &prev.Data[b*prev.Row+at], hard,
				n, dc.Row, dh.Row, c.Row, prev.Row)
		}
	}
	if at := whole * GateUnits; at < dh.Cols {
		var dcs, dhs, cs, prevs [GateUnits]float32
		n := dh.Cols - at
		for b := range z.Rows {
			copy(dcs[:], dc.Data[b*dc.Row:][at:dh.Cols])
			copy(dhs[:], dh.Data[b*dh.Row:][at:dh.Cols])
			copy(cs[:], c.Data[b*c.Row:][at:dh.Cols])
			copy(prevs[:], prev.Data[b*prev.Row:][at:dh.Cols])
			gates := z.Segment(b, whole)
			gradientPanel(isa, gates, &dcs[0], &dhs[0], &cs[0], &prevs[0], hard, 1, 0, 0, 0, 0)
			copy(dc.Data[b*dc.Row:][at:dh.Cols], dcs[:])
			for gate := range 4 {
				clear(gates[gate*GateUnits+n : (gate+1)*GateUnits])
			}
		}
	}
}

func gradientPanel(isa cpu.ISA, z []float32, dc, dh, c, prev, hard *float32, rows, dcRow, dhRow, cRow, prevRow int) {
	if isa == cpu.AVX512 {
		asm.LSTMGradientsAVX512(&z[0], dc, dh, c, prev, hard, rows, dcRow, dhRow, cRow, prevRow)
	} else {
		asm.LSTMGradientsAVX2(&z[0], dc, dh, c, prev, hard, rows, dcRow, dhRow, cRow, prevRow)
	}
}
