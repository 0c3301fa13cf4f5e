//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// The NEON routines take 16 elements at a time; what is left of a vector goes
// through a buffer on the stack.
const neonGroup = 16

// neonChunk is the most elements that one call gets, for assembly cannot be
// preempted: about 100 µs on the slowest cores.
const neonChunk = 1 << 13

func vexp(dst, x []float32) {
	if cpu.Active() != cpu.NEON {
		expGeneric(dst, x)
		return
	}
	raceRead(x)
	raceWrite(dst)
	for len(x) >= neonGroup {
		n := min(len(x)&^(neonGroup-1), neonChunk)
		asm.ExpNEON(&dst[0], &x[0], n)
		dst, x = dst[n:], x[n:]
	}
	if len(x) > 0 {
		var rest [neonGroup]float32
		copy(rest[:], x)
		asm.ExpNEON(&rest[0], &rest[0], neonGroup)
		copy(dst, rest[:])
	}
}

func vtanh(dst, x []float32) {
	if cpu.Active() != cpu.NEON {
		tanhGeneric(dst, x)
		return
	}
	raceRead(x)
	raceWrite(dst)
	for len(x) >= neonGroup {
		n := min(len(x)&^(neonGroup-1), neonChunk)
		asm.TanhNEON(&dst[0], &x[0], n)
		dst, x = dst[n:], x[n:]
	}
	if len(x) > 0 {
		var rest [neonGroup]float32
		copy(rest[:], x)
		asm.TanhNEON(&rest[0], &rest[0], neonGroup)
		copy(dst, rest[:])
	}
}

func vsigmoid(dst, x []float32) {
	if cpu.Active() != cpu.NEON {
		sigmoidGeneric(dst, x)
		return
	}
	raceRead(x)
	raceWrite(dst)
	for len(x) >= neonGroup {
		n := min(len(x)&^(neonGroup-1), neonChunk)
		asm.SigmoidNEON(&dst[0], &x[0], n)
		dst, x = dst[n:], x[n:]
	}
	if len(x) > 0 {
		var rest [neonGroup]float32
		copy(rest[:], x)
		asm.SigmoidNEON(&rest[0], &rest[0], neonGroup)
		copy(dst, rest[:])
	}
}

func vlog(dst, x []float32) {
	if cpu.Active() != cpu.NEON {
		logGeneric(dst, x)
		return
	}
	raceRead(x)
	raceWrite(dst)
	for len(x) >= neonGroup {
		n := min(len(x)&^(neonGroup-1), neonChunk)
		asm.LogNEON(&dst[0], &x[0], n)
		dst, x = dst[n:], x[n:]
	}
	if len(x) > 0 {
		var rest [neonGroup]float32
		copy(rest[:], x)
		asm.LogNEON(&rest[0], &rest[0], neonGroup)
		copy(dst, rest[:])
	}
}
