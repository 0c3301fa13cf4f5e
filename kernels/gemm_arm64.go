//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

const (
	tileRows = 5 // see asm/gemm_neon_arm64.s

	// callWork bounds the multiply-adds of one call, which cannot be preempted.
	callWork = 1 << 18
)

// blockDepth returns the inputs of a block, a multiple of PanelWidth: 16 columns of a
// panel, one cache line an input and all of them in a quarter of the sets, fit that
// quarter of the first-level cache. (32 KiB: 128 inputs.)
func blockDepth(_ cpu.ISA, c cpu.CacheSizes) int {
	return max(1, min(c.L1/256, 1024)/PanelWidth) * PanelWidth
}

// stripRows returns the most rows of a strip of so many blocks of columns; see asm.Tile.
func stripRows(_ cpu.ISA, _ int) int { return tileRows }

// tile runs one call of the tile kernel.
func tile(_ cpu.ISA, t *asm.Tile) { asm.GemmNEON(t) }

// packPanel copies rows of 64 columns, row apart in src, as blocks of 16
// columns: their rows dstRow apart, the blocks dstBlock.
func packPanel(dst, src []float32, rows, row, dstRow, dstBlock int) {
	asm.PackNEON(&dst[0], &src[0], rows, row, dstRow, dstBlock)
}
