//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// asmChunk is the most elements that one call of an element-wise routine gets:
// assembly cannot be preempted, and this many take well under 100 µs.
const asmChunk = 1 << 16

func evaluate(f function, dst, x []float32) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		evaluateGeneric(f, dst, x)
		return
	}
	raceRead(x)
	raceWrite(dst)
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		evaluateSome(isa, f, dst[:n], x[:n])
		dst, x = dst[n:], x[n:]
	}
}

// evaluateSome runs one call.
func evaluateSome(isa cpu.ISA, f function, dst, x []float32) {
	wide := isa == cpu.AVX512
	switch {
	case f == ofExp && wide:
		asm.ExpAVX512(dst, x)
	case f == ofExp:
		asm.ExpAVX2(dst, x)
	case f == ofTanh && wide:
		asm.TanhAVX512(dst, x)
	case f == ofTanh:
		asm.TanhAVX2(dst, x)
	case f == ofSigmoid && wide:
		asm.SigmoidAVX512(dst, x)
	case f == ofSigmoid:
		asm.SigmoidAVX2(dst, x)
	case wide:
		asm.LogAVX512(dst, x)
	default:
		asm.LogAVX2(dst, x)
	}
}
