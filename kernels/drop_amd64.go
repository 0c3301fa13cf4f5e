//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func keepMask16(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint16) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		keepMask16Generic(dst, words, counter, key, least)
		return
	}
	for len(dst) > 0 {
		n := min(len(dst), max(asmChunk/64/words, 1)*words) // 64 values a word
		if isa == cpu.AVX512 {
			asm.KeepMask16AVX512(&dst[0], n, words, &counter, &key, least)
		} else {
			asm.KeepMask16AVX2(&dst[0], n, words, &counter, &key, least)
		}
		dst = dst[n:]
		counter[1] += uint32(n / words)
	}
}

func keepMask32(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint32) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		keepMask32Generic(dst, words, counter, key, least)
		return
	}
	for len(dst) > 0 {
		n := min(len(dst), max(asmChunk/64/words, 1)*words) // 64 values a word
		if isa == cpu.AVX512 {
			asm.KeepMask32AVX512(&dst[0], n, words, &counter, &key, least)
		} else {
			asm.KeepMask32AVX2(&dst[0], n, words, &counter, &key, least)
		}
		dst = dst[n:]
		counter[1] += uint32(n / words)
	}
}

func drop(dst, x []float32, kept []uint64, width int, scale float32) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		dropGeneric(dst, x, kept, width, 0, scale)
		return
	}
	raceRead(x)
	raceWrite(dst)
	for len(x) > 0 {
		rows := min(len(x)/width, max(asmChunk/width, 1))
		if isa == cpu.AVX512 {
			asm.DropAVX512(&dst[0], &x[0], &kept[0], rows, width, scale)
		} else {
			asm.DropAVX2(&dst[0], &x[0], &kept[0], rows, width, scale)
		}
		dst, x, kept = dst[rows*width:], x[rows*width:], kept[rows*maskWords(width):]
	}
}
