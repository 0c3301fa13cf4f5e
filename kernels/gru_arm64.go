//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// step computes the units of groups [u, u+n); the slices begin with those of
// group u.
func (s *gruCall) step(dst, nBias, nRecurrentBias, prev []float32, u, n int) {
	asm.GRUStepNEON(&dst[0], &s.rz.Data[2*u*s.rz.Panel], &s.rzBias[2*u*PanelWidth], &s.n.Data[u*s.n.Panel], &nBias[0], &nRecurrentBias[0],
		s.input(), &s.h[0], &prev[0], &s.scratch[0], s.hard, len(s.x), len(s.h), n, s.rz.Panel, s.n.Panel)
}

// reset computes r⊙h and z of groups [u, u+n) into the halves of scratch; prev
// is the part of h that begins with group u.
func (s *gruCall) reset(prev []float32, u, n int) {
	asm.GRUResetStepNEON(&s.scratch[u*PanelWidth], &s.updates()[u*PanelWidth], &s.rz.Data[2*u*s.rz.Panel], &s.rzBias[2*u*PanelWidth],
		s.input(), &s.h[0], &prev[0], s.hard, len(s.x), len(s.h), n, s.rz.Panel)
}

// candidate computes the outputs of groups [u, u+n) from what reset left in
// scratch; the slices begin with those of group u.
func (s *gruCall) candidate(dst, bias, prev []float32, u, n int) {
	asm.GRUCandidateStepNEON(&dst[0], &s.updates()[u*PanelWidth], &s.n.Data[u*s.n.Panel], &bias[0],
		s.input(), &s.scratch[0], &prev[0], len(s.x), len(s.h), n, s.n.Panel)
}

func gruGatesBlock(_ cpu.ISA, h, r, z, n, m, prev, hard *float32, rows, hRow, prevRow int) {
	asm.GRUGatesNEON(h, r, z, n, m, prev, hard, rows, hRow, prevRow)
}

func gruResetBlock(_ cpu.ISA, rh, r, z, prev, hard *float32, rows, rhRow, prevRow int) {
	asm.GRUResetNEON(rh, r, z, prev, hard, rows, rhRow, prevRow)
}

func gruUpdateBlock(_ cpu.ISA, h, z, n, prev *float32, rows, hRow, prevRow int) {
	asm.GRUUpdateNEON(h, z, n, prev, rows, hRow, prevRow)
}

func gruGradientsBlock(_ cpu.ISA, r, z, n, m, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int) {
	asm.GRUGradientsNEON(r, z, n, m, dh, carry, prev, hard, rows, dhRow, carryRow, prevRow)
}

func gruUpdateGradientsBlock(_ cpu.ISA, z, n, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int) {
	asm.GRUUpdateGradientsNEON(z, n, dh, carry, prev, hard, rows, dhRow, carryRow, prevRow)
}

func gruResetGradientsBlock(_ cpu.ISA, r, carry, drh, prev, hard *float32, rows, carryRow, drhRow, prevRow int) {
	asm.GRUResetGradientsNEON(r, carry, drh, prev, hard, rows, carryRow, drhRow, prevRow)
}
