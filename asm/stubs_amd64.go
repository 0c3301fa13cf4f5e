//go:build !purego

package asm

// GemmAVX512 performs t, see Tile.
//
//go:noescape
func GemmAVX512(t *Tile)

// GemmAVX2 performs t, see Tile.
//
//go:noescape
func GemmAVX2(t *Tile)

// GemvAVX512 multiplies panels of 64 columns by a vector:
//
//	for q := range panels {
//		for j := range 64 {
//			y := float32(0)
//			if bias != nil {
//				y = bias[64*q+j]
//			}
//			for p := range k {
//				y = fma(w[q*stride+64*p+j], x[p], y)
//			}
//			dst[64*q+j] = y
//		}
//	}
//
//go:noescape
func GemvAVX512(dst, w, x, bias *float32, k, panels, stride int)

// GemvAVX2 equals GemvAVX512.
//
//go:noescape
func GemvAVX2(dst, w, x, bias *float32, k, panels, stride int)

// Gemv32AVX512 multiplies half a panel by a vector:
//
//	for j := range 32 {
//		y := float32(0)
//		if bias != nil {
//			y = bias[j]
//		}
//		for p := range k {
//			y = fma(w[64*p+j], x[p], y)
//		}
//		dst[j] = y
//	}
//
//go:noescape
func Gemv32AVX512(dst, w, x, bias *float32, k int)

// Gemv32AVX2 equals Gemv32AVX512.
//
//go:noescape
func Gemv32AVX2(dst, w, x, bias *float32, k int)

// PeakFMAAVX512 performs n times 24 multiply-adds of 16 lanes and nothing
// else: 768·n floating-point operations at the highest rate that this core
// has. The factors are the 32 values from p on.
//
//go:noescape
func PeakFMAAVX512(n int, p *float32)

// PeakFMAAVX2 performs n times 24 multiply-adds of 8 lanes and nothing else:
// 384·n floating-point operations. The factors are the 16 values from p on.
//
//go:noescape
func PeakFMAAVX2(n int, p *float32)

// ReadAVX512 loads the n values from p on and nothing else; n is a multiple of
// 256.
//
//go:noescape
func ReadAVX512(p *float32, n int)

// ReadAVX2 loads the n values from p on and nothing else; n is a multiple of
// 256.
//
//go:noescape
func ReadAVX2(p *float32, n int)

// PackAVX2 copies 64 columns of a row-major matrix to blocks of 16 columns:
//
//	for p := range rows {
//		for j := range 64 {
//			dst[j/16*dstBlock+p*dstRow+j%16] = src[p*row+j]
//		}
//	}
//
//go:noescape
func PackAVX2(dst, src *float32, rows, row, dstRow, dstBlock int)
