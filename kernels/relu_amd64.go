//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func reluGradient(dst, dy, y []float32) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		reluGradientGeneric(dst, dy, y)
		return
	}
	raceRead(y)
	raceRead(dy)
	raceWrite(dst)
	for len(y) > 0 {
		n := min(len(y), asmChunk)
		if isa == cpu.AVX512 {
			asm.ReLUGradientAVX512(dst[:n], dy[:n], y[:n])
		} else {
			asm.ReLUGradientAVX2(dst[:n], dy[:n], y[:n])
		}
		dst, dy, y = dst[n:], dy[n:], y[n:]
	}
}
