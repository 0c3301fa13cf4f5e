//go:build !purego

package asm

// Choosing among symbols: sums, masks and maxima over what a comparison admits.

// SumBlocksFromNEON sums the elements that are at least least in so many blocks of 256,
// each as sum16, and returns their number:
//
//	for b := range blocks {
//		for i, v := range x[256*b : 256*b+256] {
//			if v >= least {
//				lanes[i%16] += v
//				n++
//			}
//		}
//		sums[b] = sumTree(&lanes)
//	}
//
//go:noescape
func SumBlocksFromNEON(sums, x *float32, blocks int, least float32) int

// MaskBetweenNEON does, for 64 elements a word,
//
//	for i, v := range x[:64*words] {
//		mask[i/64] bit i%64 = least <= v && v < most
//	}
//
//go:noescape
func MaskBetweenNEON(mask *uint64, x *float32, words int, least, most float32)

// MaxColumnsNEON takes the maxima of 64 columns, passing over NaN:
//
//	for i := range rows {
//		for j := range 64 {
//			if v := x[i*stride+j]; v > dst[j] {
//				dst[j] = v
//			}
//		}
//	}
//
//go:noescape
func MaxColumnsNEON(dst, x *float32, rows, stride int)
