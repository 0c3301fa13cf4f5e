//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func keepMask16(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint16) {
	if cpu.Active() != cpu.NEON {
		keepMask16Generic(dst, words, counter, key, least)
		return
	}
	for len(dst) > 0 {
		n := min(len(dst), max(neonChunk/64/words, 1)*words) // 64 values a word
		asm.KeepMask16NEON(&dst[0], n, words, &counter, &key, least)
		dst = dst[n:]
		counter[1] += uint32(n / words)
	}
}

func keepMask32(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint32) {
	if cpu.Active() != cpu.NEON {
		keepMask32Generic(dst, words, counter, key, least)
		return
	}
	for len(dst) > 0 {
		n := min(len(dst), max(neonChunk/64/words, 1)*words) // 64 values a word
		asm.KeepMask32NEON(&dst[0], n, words, &counter, &key, least)
		dst = dst[n:]
		counter[1] += uint32(n / words)
	}
}

func drop(dst, x []float32, kept []uint64, width int, scale float32) {
	first := 0
	if groups := width / neonGroup; cpu.Active() == cpu.NEON && groups > 0 {
		raceRead(x)
		raceWrite(dst)
		first = groups * neonGroup
		words, most := maskWords(width), max(neonChunk/width, 1)
		for r := 0; r < len(x)/width; r += most {
			rows := min(len(x)/width-r, most)
			asm.DropNEON(&dst[r*width], &x[r*width], &kept[r*words], rows, groups, width, words, scale)
		}
	}
	if first < width {
		dropGeneric(dst, x, kept, width, first, scale)
	}
}
