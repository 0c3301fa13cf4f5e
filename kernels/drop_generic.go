package kernels

import (
	"math"
	"math/bits"

	"github.com/autoreg/autoreg/internal/philox"
)

// keepMask16Generic defines KeepMask16.
func keepMask16Generic(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint16) {
	limit, c2, c3 := uint32(least), counter[2], counter[3]
	for at := range dst {
		c0, c1 := counter[0]+uint32(at%words)*8, counter[1]+uint32(at/words)
		var kept uint64
		for i := range 8 {
			b := philox.Block([4]uint32{c0 + uint32(i), c1, c2, c3}, key)
			var of uint64
			for k, word := range b {
				// The borrow of half - limit is whether half is below it.
				low := (word&0xffff - limit) >> 31
				high := (word>>16 - limit) >> 31
				of |= uint64(low^1|(high^1)<<1) << (2 * k)
			}
			kept |= of << (8 * i)
		}
		dst[at] = kept
	}
}

// keepMask32Generic defines KeepMask32.
func keepMask32Generic(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint32) {
	for at := range dst {
		c0, c1 := counter[0]+uint32(at%words)*16, counter[1]+uint32(at/words)
		var kept uint64
		for i := range 16 {
			b := philox.Block([4]uint32{c0 + uint32(i), c1, counter[2], counter[3]}, key)
			for k, word := range b {
				_, below := bits.Sub32(word, least, 0)
				kept |= uint64(below^1) << (4*i + k)
			}
		}
		dst[at] = kept
	}
}

// dropGeneric defines Drop, for columns from first on.
func dropGeneric(dst, x []float32, kept []uint64, width, first int, scale float32) {
	words := maskWords(width)
	for r := range len(x) / width {
		to, from, row := dst[r*width:][:width], x[r*width:][:width], kept[r*words:][:words]
		for j := first; j < width; j++ {
			// No branch: a processor cannot foresee it. -1 has all bits, and +0 has none.
			bit := uint32(row[j/64] >> (j % 64) & 1)
			to[j] = math.Float32frombits(math.Float32bits(float32(from[j]*scale)) & -bit)
		}
	}
}
