//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// elementsCall is the most values of an operand that a call gets.
const elementsCall = neonChunk

// call runs v on the operands from those indices on. Values that do not fill a group
// go through buffers on the stack, a vector at a time.
func (e *elementwise) call(_ cpu.ISA, v *asm.Vectors, dst, a, b int) {
	rest := v.Cols % neonGroup
	v.Cols -= rest
	if v.Cols > 0 {
		v.Dst, v.A = &e.dst.Data[dst], &e.a.Data[a]
		if e.b != nil {
			v.B = &e.b.Data[b]
		}
		e.callNEON(v)
	}
	if rest == 0 {
		return
	}
	var ds, as, bs [2 * neonGroup]float32
	t := asm.Vectors{Dst: &ds[0], A: &as[0], B: &bs[0], Half: neonGroup, N: 1, Cols: neonGroup}
	parts := &partsOf[e.kernel]
	for i := range v.N {
		d := dst + v.Cols + i*v.DstStride
		e.copyIn(&ds, e.dst, d, parts[0], rest) // for the kernel that adds
		e.copyIn(&as, e.a, a+v.Cols+i*v.AStride, parts[1], rest)
		e.copyIn(&bs, e.b, b+v.Cols+i*v.BStride, parts[2], rest)
		e.callNEON(&t)
		for part := range parts[0] {
			copy(e.dst.Data[d+part*e.half:][:rest], ds[part*neonGroup:])
		}
	}
}

// copyIn copies n values of each part of g, from index at on.
func (e *elementwise) copyIn(to *[2 * neonGroup]float32, g *Grid, at, parts, n int) {
	for part := range parts {
		copy(to[part*neonGroup:], g.Data[at+part*e.half:][:n])
	}
}

func (e *elementwise) callNEON(v *asm.Vectors) {
	switch e.kernel {
	case ofELU:
		asm.ELUNEON(v)
	case ofConcatELU:
		asm.ConcatELUNEON(v)
	case ofELUGradient:
		asm.ELUGradientNEON(v)
	case ofConcatELUGradient:
		asm.ConcatELUGradientNEON(v)
	case ofConcatELUGradientAdd:
		asm.ConcatELUGradientAddNEON(v)
	case ofGate:
		asm.GateNEON(v)
	default:
		asm.GateGradientNEON(v)
	}
}
