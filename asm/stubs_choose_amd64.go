//go:build !purego

package asm

// Choosing among symbols: sums, masks and maxima over what a comparison admits.

// SumBlocksFromAVX512 sums the elements that are at least least in len(sums) blocks of 256,
// each as sum16, and returns their number:
//
//	for b := range sums {
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
func SumBlocksFromAVX512(sums, x []float32, least float32) int

// MaskBetweenAVX512 does, for 64 elements a word,
//
//	for i, v := range x {
//		mask[i/64] bit i%64 = least <= v && v < most
//	}
//
//go:noescape
func MaskBetweenAVX512(mask []uint64, x []float32, least, most float32)

// MaxColumnsAVX512 takes the maxima of 64 columns, passing over NaN:
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
func MaxColumnsAVX512(dst, x *float32, rows, stride int)

// SumBlocksFromAVX2 equals SumBlocksFromAVX512.
//
//go:noescape
func SumBlocksFromAVX2(sums, x []float32, least float32) int

// MaskBetweenAVX2 equals MaskBetweenAVX512.
//
//go:noescape
func MaskBetweenAVX2(mask []uint64, x []float32, least, most float32)

// MaxColumnsAVX2 equals MaxColumnsAVX512.
//
//go:noescape
func MaxColumnsAVX2(dst, x *float32, rows, stride int)
