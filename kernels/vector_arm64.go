//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func add(dst, a, x []float32) {
	if cpu.Active() == cpu.NEON {
		raceRead(a)
		raceRead(x)
		raceWrite(dst)
		for len(x) >= neonGroup {
			n := min(len(x)&^(neonGroup-1), neonChunk)
			asm.AddNEON(&dst[0], &a[0], &x[0], n)
			dst, a, x = dst[n:], a[n:], x[n:]
		}
	}
	addGeneric(dst, a, x)
}

func scale(dst []float32, a float32) {
	if cpu.Active() == cpu.NEON {
		raceWrite(dst)
		for len(dst) >= neonGroup {
			groups := min(len(dst), neonChunk) / neonGroup
			asm.ScaleNEON(&dst[0], groups, 1, 0, a)
			dst = dst[groups*neonGroup:]
		}
	}
	scaleGeneric(dst, a)
}

func addScaled(dst, x []float32, a float32) {
	if cpu.Active() == cpu.NEON {
		raceRead(x)
		raceWrite(dst)
		for len(x) >= neonGroup {
			n := min(len(x)&^(neonGroup-1), neonChunk)
			asm.AddScaledNEON(&dst[0], &x[0], n, a)
			dst, x = dst[n:], x[n:]
		}
	}
	addScaledGeneric(dst, x, a)
}

func addRows(dst []float32, m Matrix, p int) {
	if cpu.Active() != cpu.NEON {
		addRowsGeneric(dst, m, p)
		return
	}
	if len(dst) < PanelWidth {
		for i := range m.Rows {
			add(dst, dst, m.Data[p*m.Panel+i*m.Row:][:len(dst)])
		}
		return
	}
	if m.Rows == 0 {
		return
	}
	raceReadMatrix(Matrix{Data: m.Data[p*m.Panel:], Rows: m.Rows, Cols: PanelWidth, Row: m.Row, Panel: m.Panel})
	raceWrite(dst)
	const chunk = neonChunk / PanelWidth
	for i := 0; i < m.Rows; i += chunk {
		asm.AddRowsNEON(&dst[0], &m.Data[p*m.Panel+i*m.Row], min(chunk, m.Rows-i), m.Row)
	}
}
