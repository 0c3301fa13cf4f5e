//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// panelsTimes runs one call of the kernel.
func panelsTimes(isa cpu.ISA, dst, w, x, bias *float32, k, panels, stride int) {
	if isa == cpu.AVX512 {
		asm.GemvAVX512(dst, w, x, bias, k, panels, stride)
	} else {
		asm.GemvAVX2(dst, w, x, bias, k, panels, stride)
	}
}

// vectorCols is what the columns of vectorTimes must be a multiple of.
const vectorCols = 32

// vectorTimes multiplies cols columns of a panel by a vector.
func vectorTimes(isa cpu.ISA, dst, w, x, bias *float32, k, cols int) {
	switch {
	case cols == PanelWidth:
		panelsTimes(isa, dst, w, x, bias, k, 1, 0)
	case isa == cpu.AVX512:
		asm.Gemv32AVX512(dst, w, x, bias, k)
	default:
		asm.Gemv32AVX2(dst, w, x, bias, k)
	}
}
