//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func reluGradient(dst, y []float32) {
	if cpu.Active() == cpu.NEON {
		raceRead(y)
		raceWrite(dst)
		for len(y) >= neonGroup {
			n := min(len(y)&^(neonGroup-1), neonChunk)
			asm.ReLUGradientNEON(&dst[0], &y[0], n)
			dst, y = dst[n:], y[n:]
		}
	}
	reluGradientGeneric(dst, y)
}
