//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func reluGradient(dst, y []float32) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		reluGradientGeneric(dst, y)
		return
	}
	raceRead(y)
	raceWrite(dst)
	for len(y) > 0 {
		n := min(len(y), asmChunk)
		if isa == cpu.AVX512 {
			asm.ReLUGradientAVX512(dst[:n], y[:n])
		} else {
			asm.ReLUGradientAVX2(dst[:n], y[:n])
		}
		dst, y = dst[n:], y[n:]
	}
}
