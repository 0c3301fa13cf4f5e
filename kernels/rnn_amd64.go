//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func rnnPanels(isa cpu.ISA, dst, w, bias, x, h *float32, in, hidden, panels, stride, relu int) {
	if isa == cpu.AVX512 {
		asm.RNNStepAVX512(dst, w, bias, x, h, in, hidden, panels, stride, relu)
	} else {
		asm.RNNStepAVX2(dst, w, bias, x, h, in, hidden, panels, stride, relu)
	}
}

func rnnGatesBlock(isa cpu.ISA, h, z *float32, rows, hRow, relu int) {
	if isa == cpu.AVX512 {
		asm.RNNGatesAVX512(h, z, rows, hRow, relu)
	} else {
		asm.RNNGatesAVX2(h, z, rows, hRow, relu)
	}
}

func rnnGradientsBlock(isa cpu.ISA, z, dh *float32, rows, dhRow, relu int) {
	if isa == cpu.AVX512 {
		asm.RNNGradientsAVX512(z, dh, rows, dhRow, relu)
	} else {
		asm.RNNGradientsAVX2(z, dh, rows, dhRow, relu)
	}
}
