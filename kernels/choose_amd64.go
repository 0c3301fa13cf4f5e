//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func sumBlocksFrom(sums, x []float32, least float32) (n int) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		return sumBlocksFromGeneric(sums, x, least)
	}
	raceRead(x)
	raceWrite(sums)
	for len(sums) > 0 {
		b := min(len(sums), asmChunk/ExpBlock)
		if isa == cpu.AVX512 {
			n += asm.SumBlocksFromAVX512(sums[:b], x[:b*ExpBlock], least)
		} else {
			n += asm.SumBlocksFromAVX2(sums[:b], x[:b*ExpBlock], least)
		}
		sums, x = sums[b:], x[b*ExpBlock:]
	}
	return n
}

func maskBetween(mask []uint64, x []float32, least, most float32) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		maskBetweenGeneric(mask, x, least, most)
		return
	}
	raceRead(x)
	for len(mask) > 0 {
		w := min(len(mask), asmChunk/64)
		if isa == cpu.AVX512 {
			asm.MaskBetweenAVX512(mask[:w], x[:64*w], least, most)
		} else {
			asm.MaskBetweenAVX2(mask[:w], x[:64*w], least, most)
		}
		mask, x = mask[w:], x[64*w:]
	}
}

func maxColumns(dst, x []float32, rows, stride int) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		maxColumnsGeneric(dst, x, rows, stride)
		return
	}
	raceReadMatrix(Matrix{Data: x, Rows: rows, Cols: len(dst), Row: stride, Panel: PanelWidth})
	raceWrite(dst)
	for i := 0; i < rows; i += asmChunk / 64 {
		n := min(rows-i, asmChunk/64)
		if isa == cpu.AVX512 {
			asm.MaxColumnsAVX512(&dst[0], &x[i*stride], n, stride)
		} else {
			asm.MaxColumnsAVX2(&dst[0], &x[i*stride], n, stride)
		}
	}
}
