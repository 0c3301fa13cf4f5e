//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func reluGradient(dst, dy, y []float32) {
	if cpu.Active() == cpu.NEON {
		raceRead(y)
		raceRead(dy)
		raceWrite(dst)
		for len(y) >= neonGroup {
			n := min(len(y)&^(neonGroup-1), neonChunk)
			asm.ReLUGradientNEON(&dst[0], &dy[0], &y[0], n)
			dst, dy, y = dst[n:], dy[n:], y[n:]
		}
	}
	reluGradientGeneric(dst, dy, y)
}
