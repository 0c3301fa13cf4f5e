//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func rnnPanels(_ cpu.ISA, dst, w, bias, x, h *float32, in, hidden, panels, stride, relu int) {
	asm.RNNStepNEON(dst, w, bias, x, h, in, hidden, panels, stride, relu)
}

func rnnGatesBlock(_ cpu.ISA, h, z *float32, rows, hRow, relu int) {
	asm.RNNGatesNEON(h, z, rows, hRow, relu)
}

func rnnGradientsBlock(_ cpu.ISA, z, dh *float32, rows, dhRow, relu int) {
	asm.RNNGradientsNEON(z, dh, rows, dhRow, relu)
}
