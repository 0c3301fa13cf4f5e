//go:build !purego

package kernels

import (
	"math"

	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func sum(x []float32) float32 {
	if cpu.Active() != cpu.NEON {
		return sumGeneric(x)
	}
	raceRead(x)
	var s [lanes]float32
	for len(x) >= neonGroup {
		n := min(len(x)&^(neonGroup-1), neonChunk)
		asm.SumNEON(&s, &x[0], n)
		x = x[n:]
	}
	for i, v := range x {
		s[i] += v
	}
	return sumTree(&s)
}

func sumSquares(x []float32) float32 {
	if cpu.Active() != cpu.NEON {
		return sumSquaresGeneric(x)
	}
	raceRead(x)
	var s [lanes]float32
	for len(x) >= neonGroup {
		n := min(len(x)&^(neonGroup-1), neonChunk)
		asm.SumSquaresNEON(&s, &x[0], n)
		x = x[n:]
	}
	for i, v := range x {
		s[i] += float32(v * v)
	}
	return sumTree(&s)
}

func vmax(x []float32) float32 {
	if cpu.Active() != cpu.NEON {
		return maxGeneric(x)
	}
	raceRead(x)
	m := float32(math.Inf(-1))
	for len(x) >= neonGroup {
		groups := min(len(x), neonChunk) / neonGroup
		m = asm.MaxNEON(&x[0], groups, 1, 0, m)
		x = x[groups*neonGroup:]
	}
	for _, v := range x {
		m = maxOf(m, v)
	}
	return m
}

// maxOf returns the larger of m and v, NaN if either is.
func maxOf(m, v float32) float32 {
	if v > m || v != v {
		return v
	}
	return m
}

// argMax finds the largest number, then where it comes first.
func argMax(x []float32) int {
	if cpu.Active() != cpu.NEON {
		return argMaxGeneric(x)
	}
	raceRead(x)
	whole := len(x) &^ (neonGroup - 1)
	m := float32(math.Inf(-1))
	for at := 0; at < whole; at += neonChunk {
		if v := asm.MaxNumberNEON(&x[at], min(neonChunk, whole-at)); v > m {
			m = v
		}
	}
	for _, v := range x[whole:] {
		if v > m {
			m = v
		}
	}
	for at := 0; at < whole; at += neonChunk {
		if i := asm.IndexNEON(&x[at], min(neonChunk, whole-at), m); i >= 0 {
			return at + i
		}
	}
	for i, v := range x[whole:] {
		if v == m {
			return whole + i
		}
	}
	return -1 // all are NaN
}
