//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

const (
	tileRows = 6

	// blockDepth keeps a panel's part of b, 128 KiB, in the second-level cache.
	blockDepth = 512 // a multiple of PanelWidth

	// deepBlock is the same where rows of dst clash, so that every pass over it
	// costs several percent.
	deepBlock = 1024

	// callWork bounds the multiply-adds of one call, which cannot be preempted,
	// to about 20 µs.
	callWork = 1 << 20
)

// tile runs one call of the tile kernel.
func tile(isa cpu.ISA, t *asm.Tile) {
	if isa == cpu.AVX512 && t.Blocks == 4 {
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
