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
