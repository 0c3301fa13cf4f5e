package kernels

// KeepMask16 draws bits, each of which is 1 with probability 1 - least/2¹⁶. dst is rows of the
// given number of words. Bit i of word w of row r is decided by half-word i%8 of the block of
// Philox-4×32-10 with the key and the counter
//
//	(counter[0] + 8·w + i/8, counter[1] + r, counter[2], counter[3])    modulo 2³²
//
// and is 1 if that half-word, an integer of 16 bits, is at least least; half-words 2k and
// 2k+1 are the lower and the upper half of word k of the block. A bit depends on nothing but
// its place and the key. KeepMask16 panics unless words is at least 1 and divides len(dst).
//
// Salmon, Moraes, Dror and Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, 2011.
func KeepMask16(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint16) {
	if words < 1 || len(dst)%words != 0 {
		panic("kernels: KeepMask16: dst is not rows of words")
	}
	keepMask16(dst, words, counter, key, least)
}

// KeepMask32 draws bits as KeepMask16 does, each of which is 1 with probability 1 -
// least/2³². Bit i of word w of row r is decided by word i%4 of the block with the counter
//
//	(counter[0] + 16·w + i/4, counter[1] + r, counter[2], counter[3])    modulo 2³²
func KeepMask32(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint32) {
	if words < 1 || len(dst)%words != 0 {
		panic("kernels: KeepMask32: dst is not rows of words")
	}
	keepMask32(dst, words, counter, key, least)
}

// Drop sets dst to the values of x that are kept, multiplied by scale, and to +0 elsewhere,
// also where x is infinite or NaN:
//
//	dst[r·width+j] = x[r·width+j]·scale if bit j of row r is 1, and otherwise 0
//
// A row of kept is ⌈width/64⌉ words, bit j being bit j%64 of word j/64; bits from width on
// mean nothing. dst may be x. Drop panics unless width is at least 1, x and dst are as long
// as each other and rows of width values, and kept is as many rows.
func Drop(dst, x []float32, kept []uint64, width int, scale float32) {
	if width < 1 || len(dst) != len(x) || len(x)%width != 0 || len(kept) != len(x)/width*maskWords(width) {
		panic("kernels: Drop: dst, x and kept are not rows of width values")
	}
	drop(dst, x, kept, width, scale)
}

// maskWords returns the number of words that have a bit for each of n values.
func maskWords(n int) int { return (n + 63) / 64 }
