//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func adam(w, m, v, g []float32, s *AdamStep) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		adamGeneric(w, m, v, g, s)
		return
	}
	raceRead(g)
	raceWrite(w)
	raceWrite(m)
	raceWrite(v)
	rest1, rest2 := 1-s.Beta1, 1-s.Beta2
	for len(w) > 0 {
		n := min(len(w), asmChunk/4) // four streams, and a division each
		if isa == cpu.AVX512 {
			asm.AdamAVX512(w[:n], m[:n], v[:n], g[:n], s.GradScale, s.Beta1, rest1, s.Beta2, rest2, s.LR, s.Epsilon)
		} else {
			asm.AdamAVX2(w[:n], m[:n], v[:n], g[:n], s.GradScale, s.Beta1, rest1, s.Beta2, rest2, s.LR, s.Epsilon)
		}
		w, m, v, g = w[n:], m[n:], v[n:], g[n:]
	}
}
