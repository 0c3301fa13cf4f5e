//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func add(dst, a, x []float32) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		addGeneric(dst, a, x)
		return
	}
	raceRead(a)
	raceRead(x)
	raceWrite(dst)
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		if isa == cpu.AVX512 {
			asm.AddAVX512(dst[:n], a[:n], x[:n])
		} else {
			asm.AddAVX2(dst[:n], a[:n], x[:n])
		}
		dst, a, x = dst[n:], a[n:], x[n:]
	}
}

func scale(dst []float32, a float32) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		scaleGeneric(dst, a)
		return
	}
	raceWrite(dst)
	for len(dst) > 0 {
		n := min(len(dst), asmChunk)
		if isa == cpu.AVX512 {
			asm.ScaleAVX512(dst[:n], a)
		} else {
			asm.ScaleAVX2(dst[:n], a)
		}
		dst = dst[n:]
	}
}

func addScaled(dst, x []float32, a float32) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		addScaledGeneric(dst, x, a)
		return
	}
	raceRead(x)
	raceWrite(dst)
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		if isa == cpu.AVX512 {
			asm.AddScaledAVX512(dst[:n], x[:n], a)
		} else {
			asm.AddScaledAVX2(dst[:n], x[:n], a)
		}
		dst, x = dst[n:], x[n:]
	}
}

func addRows(dst []float32, m Matrix, p int) {
	isa := cpu.Active()
	if isa == cpu.Generic || m.Rows == 0 {
		addRowsGeneric(dst, m, p)
		return
	}
	if len(dst) < PanelWidth {
		for i := range m.Rows {
			add(dst, dst, m.Data[p*m.Panel+i*m.Row:][:len(dst)])
		}
		return
	}
	raceReadMatrix(Matrix{Data: m.Data[p*m.Panel:], Rows: m.Rows, Cols: PanelWidth, Row: m.Row, Panel: m.Panel})
	raceWrite(dst)
	for i := 0; i < m.Rows; i += asmChunk / PanelWidth {
		x, n := &m.Data[p*m.Panel+i*m.Row], min(asmChunk/PanelWidth, m.Rows-i)
		if isa == cpu.AVX512 {
			asm.AddRowsAVX512(&dst[0], x, n, m.Row)
		} else {
			asm.AddRowsAVX2(&dst[0], x, n, m.Row)
		}
	}
}
