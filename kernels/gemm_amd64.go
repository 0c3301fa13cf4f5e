//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

const (
	// tileRows is the most rows of a strip of 64 columns. No strip is of more values.
	tileRows = 6

	// callWork bounds the multiply-adds of one call, which cannot be preempted,
	// to about 20 µs.
	callWork = 1 << 20
)

// blockDepth returns the inputs of a block, a multiple of PanelWidth. Strips go over
// the panel's part of b one after the other, 256 bytes an input, which fills at most
// a quarter of the second-level cache; two strips of a, 48 bytes an input, leave a
// quarter of the first. (32 KiB and 512 KiB: 512 inputs.)
func blockDepth(_ cpu.ISA, c cpu.CacheSizes) int {
	return max(1, min(c.L1/64, c.L2/1024, 1024)/PanelWidth) * PanelWidth
}

// stripRows returns the most rows of a strip of so many blocks of columns; see asm.Tile.
func stripRows(isa cpu.ISA, blocks int) int {
	if isa != cpu.AVX512 {
		return tileRows
	}
	return [...]int{12, 12, tileRows, tileRows}[blocks-1]
}

// tile runs one call of the tile kernel.
func tile(isa cpu.ISA, t *asm.Tile) {
	if isa == cpu.AVX512 {
		asm.GemmAVX512(t)
	} else {
		asm.GemmAVX2(t)
	}
}

// packPanel copies rows of 64 columns, row apart in src, as blocks of 16
// columns: their rows dstRow apart, the blocks dstBlock.
func packPanel(dst, src []float32, rows, row, dstRow, dstBlock int) {
	asm.PackAVX2(&dst[0], &src[0], rows, row, dstRow, dstBlock)
}
