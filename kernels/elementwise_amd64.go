//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// elementsCall is the most values of an operand that a call gets.
const elementsCall = asmChunk

// call runs v on the operands from those indices on.
func (e *elementwise) call(isa cpu.ISA, v *asm.Vectors, dst, a, b int) {
	v.Dst, v.A = &e.dst.Data[dst], &e.a.Data[a]
	if e.b != nil {
		v.B = &e.b.Data[b]
	}
	if isa == cpu.AVX512 {
		switch e.kernel {
		case ofELU:
			asm.ELUAVX512(v)
		case ofConcatELU:
			asm.ConcatELUAVX512(v)
		case ofELUGradient:
			asm.ELUGradientAVX512(v)
		case ofConcatELUGradient:
			asm.ConcatELUGradientAVX512(v)
		case ofConcatELUGradientAdd:
			asm.ConcatELUGradientAddAVX512(v)
		case ofGate:
			asm.GateAVX512(v)
		default:
			asm.GateGradientAVX512(v)
		}
		return
	}
	switch e.kernel {
	case ofELU:
		asm.ELUAVX2(v)
	case ofConcatELU:
		asm.ConcatELUAVX2(v)
	case ofELUGradient:
		asm.ELUGradientAVX2(v)
	case ofConcatELUGradient:
		asm.ConcatELUGradientAVX2(v)
	case ofConcatELUGradientAdd:
		asm.ConcatELUGradientAddAVX2(v)
	case ofGate:
		asm.GateAVX2(v)
	default:
		asm.GateGradientAVX2(v)
	}
}
