package kernels

import (
	"math"
	"slices"
)

// SumBlocksFrom sums the elements of x that are at least least, and returns their number:
//
//	sums[b] = sum16 of those of block b, the ExpBlock elements from b·ExpBlock
//
// sums has one element a block, the last block being shorter. NaN elements are left out;
// a NaN as least leaves all out. A smaller least never makes a sum of x ≥ 0 smaller, as
// rounding is monotone. SumBlocksFrom panics if sums has another length.
func SumBlocksFrom(sums, x []float32, least float32) (n int) {
	if len(sums) != (len(x)+ExpBlock-1)/ExpBlock {
		panic("kernels: SumBlocksFrom: len(sums) is not the number of blocks")
	}
	whole := len(x) / ExpBlock
	n = sumBlocksFrom(sums[:whole], x[:whole*ExpBlock], least)
	if whole < len(sums) {
		var last [ExpBlock]float32
		pad(last[:], x[whole*ExpBlock:])
		n += sumBlocksFrom(sums[whole:], last[:], least)
	}
	return n
}

// MaskBetween sets bit i%64 of mask[i/64] where least ≤ x[i] < most, and clears the
// others. mask has one element for 64 of x, the last for those that remain. NaN
// elements are not between anything. MaskBetween panics if mask has another length.
func MaskBetween(mask []uint64, x []float32, least, most float32) {
	if len(mask) != (len(x)+63)/64 {
		panic("kernels: MaskBetween: len(mask) is not a 64th of len(x)")
	}
	whole := len(x) / 64
	maskBetween(mask[:whole], x[:whole*64], least, most)
	if whole < len(mask) {
		var last [64]float32
		pad(last[:], x[whole*64:])
		maskBetween(mask[whole:], last[:], least, most)
	}
}

// MaxColumns reads x as rows of len(dst), the last of which may be shorter, and sets dst
// to the largest element of each column: -Inf if it has none. NaN elements are passed
// over. It panics unless len(dst) is a multiple of 64.
func MaxColumns(dst, x []float32) {
	if len(dst)%64 != 0 {
		panic("kernels: MaxColumns: len(dst) is not a multiple of 64")
	}
	if len(dst) == 0 {
		return
	}
	for i := range dst {
		dst[i] = maxGeneric(nil)
	}
	rows := len(x) / len(dst)
	for c := 0; c < len(dst) && rows > 0; c += 64 {
		maxColumns(dst[c:c+64], x[c:], rows, len(dst))
	}
	for c, x := 0, x[rows*len(dst):]; c < len(x); c += 64 {
		var last [64]float32
		pad(last[:], x[c:min(c+64, len(x))])
		maxColumns(dst[c:c+64], last[:], 1, 64)
	}
}

// pad copies x to the beginning of dst and NaN to the rest, at most a block.
func pad(dst, x []float32) { copy(dst[copy(dst, x):], nans[:]) }

var nans = [ExpBlock]float32(slices.Repeat([]float32{float32(math.NaN())}, ExpBlock))
