//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// asmChunk is the most elements that one call of an element-wise routine gets:
// assembly cannot be preempted, and this many take well under 100 µs.
const asmChunk = 1 << 16

func vexp(dst, x []float32) {
	raceRead(x)
	raceWrite(dst)
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		switch cpu.Active() {
		case cpu.AVX512:
			asm.ExpAVX512(dst[:n], x[:n])
		case cpu.AVX2:
			asm.ExpAVX2(dst[:n], x[:n])
		default:
			expGeneric(dst[:n], x[:n])
		}
		dst, x = dst[n:], x[n:]
	}
}

func vtanh(dst, x []float32) {
	raceRead(x)
	raceWrite(dst)
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		switch cpu.Active() {
		case cpu.AVX512:
			asm.TanhAVX512(dst[:n], x[:n])
		case cpu.AVX2:
			asm.TanhAVX2(dst[:n], x[:n])
		default:
			tanhGeneric(dst[:n], x[:n])
		}
		dst, x = dst[n:], x[n:]
	}
}

func vsigmoid(dst, x []float32) {
	raceRead(x)
	raceWrite(dst)
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		switch cpu.Active() {
		case cpu.AVX512:
			asm.SigmoidAVX512(dst[:n], x[:n])
		case cpu.AVX2:
			asm.SigmoidAVX2(dst[:n], x[:n])
		default:
			sigmoidGeneric(dst[:n], x[:n])
		}
		dst, x = dst[n:], x[n:]
	}
}

func vlog(dst, x []float32) {
	raceRead(x)
	raceWrite(dst)
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		switch cpu.Active() {
		case cpu.AVX512:
			asm.LogAVX512(dst[:n], x[:n])
		case cpu.AVX2:
			asm.LogAVX2(dst[:n], x[:n])
		default:
			logGeneric(dst[:n], x[:n])
		}
		dst, x = dst[n:], x[n:]
	}
}
