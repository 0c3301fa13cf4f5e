package kernels

import (
	"math"

	"github.com/autoreg/autoreg/internal/philox"
)

// dropMaskGeneric defines DropMask.
func dropMaskGeneric(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint16) {
	for at := range dst {
		c := counter
		c[0] += uint32(at%words) * 8
		c[1] += uint32(at / words)
		dst[at] = 0
		for i := 0; i < 64; i += 8 {
			var kept uint64
			for k, word := range philox.Block(c, key) {
				// The borrow of half - least is whether half is below it.
				low := (word&0xffff - uint32(least)) >> 31
				high := (word>>16 - uint32(least)) >> 31
				kept |= uint64(low^1|(high^1)<<1) << (2 * k)
			}
			dst[at] |= kept << i
			c[0]++
		}
	}
}

// dropGeneric defines Drop, for columns from first on.
func dropGeneric(dst, x []float32, kept []uint64, width, first int, scale float32) {
	words := maskWords(width)
	for r := range len(x) / width {
		to, from, bits := dst[r*width:][:width], x[r*width:][:width], kept[r*words:][:words]
		for j := first; j < width; j++ {
			// No branch: a processor cannot foresee it. -1 has all bits, and +0 has none.
			bit := uint32(bits[j/64] >> (j % 64) & 1)
			to[j] = math.Float32frombits(math.Float32bits(float32(from[j]*scale)) & -bit)
		}
	}
}
