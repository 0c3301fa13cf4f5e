//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// step computes the units of groups [u, u+n); the slices begin with those of
// group u.
func (s *gruCall) step(dst, nBias, nRecurrentBias, prev []float32, u, n int) {
	if s.isa == cpu.AVX512 {
		asm.GRUStepAVX512(&dst[0], &s.rz.Data[2*u*s.rz.Panel], &s.rzBias[2*u*PanelWidth], &s.n.Data[u*s.n.Panel], &nBias[0], &nRecurrentBias[0],
			s.input(), &s.h[0], &prev[0], &s.scratch[0], s.hard, len(s.x), len(s.h), n, s.rz.Panel, s.n.Panel)
	} else {
		asm.GRUStepAVX2(&dst[0], &s.rz.Data[2*u*s.rz.Panel], &s.rzBias[2*u*PanelWidth], &s.n.Data[u*s.n.Panel], &nBias[0], &nRecurrentBias[0],
			s.input(), &s.h[0], &prev[0], &s.scratch[0], s.hard, len(s.x), len(s.h), n, s.rz.Panel, s.n.Panel)
	}
}

// reset computes r⊙h and z of groups [u, u+n) into the halves of scratch; prev
// is the part of h that begins with group u.
func (s *gruCall) reset(prev []float32, u, n int) {
	if s.isa == cpu.AVX512 {
		asm.GRUResetStepAVX512(&s.scratch[u*PanelWidth], &s.updates()[u*PanelWidth], &s.rz.Data[2*u*s.rz.Panel], &s.rzBias[2*u*PanelWidth],
			s.input(), &s.h[0], &prev[0], s.hard, len(s.x), len(s.h), n, s.rz.Panel)
	} else {
		asm.GRUResetStepAVX2(&s.scratch[u*PanelWidth], &s.updates()[u*PanelWidth], &s.rz.Data[2*u*s.rz.Panel], &s.rzBias[2*u*PanelWidth],
			s.input(), &s.h[0], &prev[0], s.hard, len(s.x), len(s.h), n, s.rz.Panel)
	}
}

// candidate computes the outputs of groups [u, u+n) from what reset left in
// scratch; the slices begin with those of group u.
func (s *gruCall) candidate(dst, bias, prev []float32, u, n int) {
	if s.isa == cpu.AVX512 {
		asm.GRUCandidateStepAVX512(&dst[0], &s.updates()[u*PanelWidth], &s.n.Data[u*s.n.Panel], &bias[0],
			s.input(), &s.scratch[0], &prev[0], len(s.x), len(s.h), n, s.n.Panel)
	} else {
		asm.GRUCandidateStepAVX2(&dst[0], &s.updates()[u*PanelWidth], &s.n.Data[u*s.n.Panel], &bias[0],
			s.input(), &s.scratch[0], &prev[0], len(s.x), len(s.h), n, s.n.Panel)
	}
}

func gruGatesBlock(isa cpu.ISA, h, r, z, n, m, prev, hard *float32, rows, hRow, prevRow int) {
	if isa == cpu.AVX512 {
		asm.GRUGatesAVX512(h, r, z, n, m, prev, hard, rows, hRow, prevRow)
	} else {
		asm.GRUGatesAVX2(h, r, z, n, m, prev, hard, rows, hRow, prevRow)
	}
}

func gruResetBlock(isa cpu.ISA, rh, r, z, prev, hard *float32, rows, rhRow, prevRow int) {
	if isa == cpu.AVX512 {
		asm.GRUResetAVX512(rh, r, z, prev, hard, rows, rhRow, prevRow)
	} else {
		asm.GRUResetAVX2(rh, r, z, prev, hard, rows, rhRow, prevRow)
	}
}

func gruUpdateBlock(isa cpu.ISA, h, z, n, prev *float32, rows, hRow, prevRow int) {
	if isa == cpu.AVX512 {
		asm.GRUUpdateAVX512(h, z, n, prev, rows, hRow, prevRow)
	} else {
		asm.GRUUpdateAVX2(h, z, n, prev, rows, hRow, prevRow)
	}
}

func gruGradientsBlock(isa cpu.ISA, r, z, n, m, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int) {
	if isa == cpu.AVX512 {
		asm.GRUGradientsAVX512(r, z, n, m, dh, carry, prev, hard, rows, dhRow, carryRow, prevRow)
	} else {
		asm.GRUGradientsAVX2(r, z, n, m, dh, carry, prev, hard, rows, dhRow, carryRow, prevRow)
	}
}

func gruUpdateGradientsBlock(isa cpu.ISA, z, n, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int) {
	if isa == cpu.AVX512 {
		asm.GRUUpdateGradientsAVX512(z, n, dh, carry, prev, hard, rows, dhRow, carryRow, prevRow)
	} else {
		asm.GRUUpdateGradientsAVX2(z, n, dh, carry, prev, hard, rows, dhRow, carryRow, prevRow)
	}
}

func gruResetGradientsBlock(isa cpu.ISA, r, carry, drh, prev, hard *float32, rows, carryRow, drhRow, prevRow int) {
	if isa == cpu.AVX512 {
		asm.GRUResetGradientsAVX512(r, carry, drh, prev, hard, rows, carryRow, drhRow, prevRow)
	} else {
		asm.GRUResetGradientsAVX2(r, carry, drh, prev, hard, rows, carryRow, drhRow, prevRow)
	}
}
