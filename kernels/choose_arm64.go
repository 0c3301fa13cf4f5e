//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func sumBlocksFrom(sums, x []float32, least float32) (n int) {
	if cpu.Active() != cpu.NEON {
		return sumBlocksFromGeneric(sums, x, least)
	}
	raceRead(x)
	raceWrite(sums)
	for len(sums) > 0 {
		b := min(len(sums), neonChunk/ExpBlock)
		n += asm.SumBlocksFromNEON(&sums[0], &x[0], b, least)
		sums, x = sums[b:], x[b*ExpBlock:]
	}
	return n
}

func maskBetween(mask []uint64, x []float32, least, most float32) {
	if cpu.Active() != cpu.NEON {
		maskBetweenGeneric(mask, x, least, most)
		return
	}
	raceRead(x)
	for len(mask) > 0 {
		w := min(len(mask), neonChunk/64)
		asm.MaskBetweenNEON(&mask[0], &x[0], w, least, most)
		mask, x = mask[w:], x[64*w:]
	}
}

func maxColumns(dst, x []float32, rows, stride int) {
	if cpu.Active() != cpu.NEON {
		maxColumnsGeneric(dst, x, rows, stride)
		return
	}
	raceReadMatrix(Matrix{Data: x, Rows: rows, Cols: len(dst), Row: stride, Panel: PanelWidth})
	raceWrite(dst)
	for i := 0; i < rows; i += neonChunk / 64 {
		asm.MaxColumnsNEON(&dst[0], &x[i*stride], min(rows-i, neonChunk/64), stride)
	}
}
