//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func sum(x []float32) float32 {
	isa := cpu.Active()
	if isa == cpu.Generic {
		return sumGeneric(x)
	}
	raceRead(x)
	var s [lanes]float32
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		if isa == cpu.AVX512 {
			asm.SumAVX512(&s, x[:n])
		} else {
			asm.SumAVX2(&s, x[:n])
		}
		x = x[n:]
	}
	return sumTree(&s)
}

func sumSquares(x []float32) float32 {
	isa := cpu.Active()
	if isa == cpu.Generic {
		return sumSquaresGeneric(x)
	}
	raceRead(x)
	var s [lanes]float32
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		if isa == cpu.AVX512 {
			asm.SumSquaresAVX512(&s, x[:n])
		} else {
			asm.SumSquaresAVX2(&s, x[:n])
		}
		x = x[n:]
	}
	return sumTree(&s)
}

func vmax(x []float32) float32 {
	isa := cpu.Active()
	if isa == cpu.Generic {
		return maxGeneric(x)
	}
	raceRead(x)
	m := maxGeneric(nil)
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		var v float32
		if isa == cpu.AVX512 {
			v = asm.MaxAVX512(x[:n])
		} else {
			v = asm.MaxAVX2(x[:n])
		}
		if v != v {
			return v
		}
		m = max(m, v)
		x = x[n:]
	}
	return m
}

func argMax(x []float32) int {
	isa := cpu.Active()
	if isa == cpu.Generic {
		return argMaxGeneric(x)
	}
	raceRead(x)
	best := -1
	for at := 0; at < len(x); at += asmChunk {
		part := x[at:min(at+asmChunk, len(x))]
		var i int
		if isa == cpu.AVX512 {
			i = asm.ArgMaxAVX512(part)
		} else {
			i = asm.ArgMaxAVX2(part)
		}
		if i >= 0 && (best < 0 || part[i] > x[best]) {
			best = at + i
		}
	}
	return best
}
