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

func evaluate(f function, dst, x []float32) {
	if cpu.Active() != cpu.NEON {
		evaluateGeneric(f, dst, x)
		return
	}
	raceRead(x)
	raceWrite(dst)
	for len(x) >= neonGroup {
		n := min(len(x)&^(neonGroup-1), neonChunk)
		evaluateSome(f, &dst[0], &x[0], n)
		dst, x = dst[n:], x[n:]
	}
	if len(x) > 0 {
		var rest [neonGroup]float32
		copy(rest[:], x)
		evaluateSome(f, &rest[0], &rest[0], neonGroup)
		copy(dst, rest[:])
	}
}

// evaluateSome runs one call, n being a multiple of neonGroup.
func evaluateSome(f function, dst, x *float32, n int) {
	switch f {
	case ofExp:
		asm.ExpNEON(dst, x, n)
	case ofTanh:
		asm.TanhNEON(dst, x, n)
	case ofSigmoid:
		asm.SigmoidNEON(dst, x, n)
	default:
		asm.LogNEON(dst, x, n)
	}
}
