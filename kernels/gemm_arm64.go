//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

const (
	tileRows = 5 // see asm/gemm_neon_arm64.s

	// blockDepth keeps 16 columns of a panel in the first-level cache of small
	// cores too: one cache line an input, all of them in a quarter of the sets.
	blockDepth = 128 // a multiple of PanelWidth
	deepBlock  = 256 // the same where rows of dst clash

	// callWork bounds the multiply-adds of one call, which cannot be preempted.
	callWork = 1 << 18
)

// tile runs one call of the tile kernel.
func tile(_ cpu.ISA, t *asm.Tile) { asm.GemmNEON(t) }

// packPanel copies rows of 64 columns, row apart in src, as blocks of 16
// columns: their rows dstRow apart, the blocks dstBlock.
func packPanel(dst, src []float32, rows, row, dstRow, dstBlock int) {
	asm.PackNEON(&dst[0], &src[0], rows, row, dstRow, dstBlock)
}
