//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func adam(w, m, v, g []float32, s *AdamStep) {
	if cpu.Active() == cpu.NEON {
		raceRead(g)
		raceWrite(w)
		raceWrite(m)
		raceWrite(v)
		c := [7]float32{s.LR, s.Beta1, s.Beta2, 1 - s.Beta1, 1 - s.Beta2, s.GradScale, s.Epsilon}
		for len(w) >= neonGroup {
			n := min(len(w)&^(neonGroup-1), neonChunk)
			asm.AdamNEON(&w[0], &m[0], &v[0], &g[0], n, &c)
			w, m, v, g = w[n:], m[n:], v[n:], g[n:]
		}
	}
	adamGeneric(w, m, v, g, s)
}
