//go:build !purego

package asm

// Vectors are taken 16 elements at a time: where n is a number of elements it
// must be a multiple of 16, 0 included. groups counts runs of 16 elements.

// GemmNEON performs t, see Tile.
//
//go:noescape
func GemmNEON(t *Tile)

// PackNEON copies 64 columns of a row-major matrix to blocks of 16 columns:
//
//	for p := range rows {
//		for j := range 64 {
//			dst[j/16*dstBlock+p*dstRow+j%16] = src[p*row+j]
//		}
//	}
//
//go:noescape
func PackNEON(dst, src *float32, rows, row, dstRow, dstBlock int)

// GemvNEON multiplies panels of 64 columns by a vector:
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
func GemvNEON(dst, w, x, bias *float32, k, panels, stride int)

// LSTMStepNEON performs one step for the 16 units of each panel:
//
//	for u := range panels {
//		for j := range 64 {
//			z[j] = bias[64*u+j]
//			for p := range in {
//				z[j] = fma(w[u*stride+64*p+j], x[p], z[j])
//			}
//			for p := range hidden {
//				z[j] = fma(w[u*stride+64*(in+p)+j], h[p], z[j])
//			}
//		}
//		for l := range 16 {
//			i, f := sigma(z[l]), sigma(z[16+l])
//			g, o := tanh32(z[32+l]), sigma(z[48+l])
//			c[16*u+l] = fma(f, c[16*u+l], float32(i*g))
//			dst[16*u+l] = float32(o * tanh32(c[16*u+l]))
//		}
//	}
//
// sigma(x) is sigmoid32(x) if hard is nil; else hard points to scale, offset, top
// and slope, and sigma(x) is clamp(fma(scale, x, offset), 0, top)/top. slope(y) is
// fma(-y, y, y) or, for a hard form, that constant, and 0 where y <= 0 or y >= 1.
//
//go:noescape
func LSTMStepNEON(dst, c, w, bias, x, h, hard *float32, in, hidden, panels, stride int)

// LSTMGatesNEON ends a step for 16 units of several sequences:
//
//	for b := range rows {
//		for l := range 16 {
//			z := z[64*b:]
//			z[l], z[16+l] = sigma(z[l]), sigma(z[16+l])
//			z[32+l], z[48+l] = tanh32(z[32+l]), sigma(z[48+l])
//			cell := fma(z[16+l], prev[b*prevRow+l], float32(z[l]*z[32+l]))
//			c[b*cRow+l] = cell
//			h[b*hRow+l] = float32(z[48+l] * tanh32(cell))
//		}
//	}
//
// c may be prev.
//
//go:noescape
func LSTMGatesNEON(h, c, z, prev, hard *float32, rows, hRow, cRow, prevRow int)

// LSTMGradientsNEON is the backward pass of LSTMGatesNEON:
//
//	for b := range rows {
//		for l := range 16 {
//			z := z[64*b:]
//			i, f, g, o := z[l], z[16+l], z[32+l], z[48+l]
//			d, t := dh[b*dhRow+l], tanh32(c[b*cRow+l])
//			delta := fma(float32(d*o), fma(-t, t, 1), dc[b*dcRow+l])
//			z[l] = float32(delta*g) * slope(i)
//			z[16+l] = float32(delta*prev[b*prevRow+l]) * slope(f)
//			z[32+l] = float32(delta*i) * fma(-g, g, 1)
//			z[48+l] = float32(d*t) * slope(o)
//			dc[b*dcRow+l] = float32(delta * f)
//		}
//	}
//
//go:noescape
func LSTMGradientsNEON(z, dc, dh, c, prev, hard *float32, rows, dcRow, dhRow, cRow, prevRow int)

// ExpNEON does for i := range n { dst[i] = exp32(x[i]) }. dst may be x.
//
//go:noescape
func ExpNEON(dst, x *float32, n int)

// TanhNEON does for i := range n { dst[i] = tanh32(x[i]) }. dst may be x.
//
//go:noescape
func TanhNEON(dst, x *float32, n int)

// SigmoidNEON does for i := range n { dst[i] = sigmoid32(x[i]) }. dst may be x.
//
//go:noescape
func SigmoidNEON(dst, x *float32, n int)

// LogNEON does for i := range n { dst[i] = log32(x[i]) }. dst may be x.
//
//go:noescape
func LogNEON(dst, x *float32, n int)

// ExpShiftNEON exponentiates blocks that lie stride apart:
//
//	for b := range blocks {
//		for i := range 16 * groups {
//			e := exp32(float32(x[b*stride+i]*scale) - m)
//			dst[b*stride+i] = e
//			lanes[i%16] += e
//		}
//	}
//
// dst may be x.
//
//go:noescape
func ExpShiftNEON(dst, x *float32, groups, blocks, stride int, scale, m float32, lanes *[16]float32)

// SumNEON does for i := range n { lanes[i%16] += x[i] }.
//
//go:noescape
func SumNEON(lanes *[16]float32, x *float32, n int)

// SumSquaresNEON does for i := range n { lanes[i%16] += float32(x[i] * x[i]) }.
//
//go:noescape
func SumSquaresNEON(lanes *[16]float32, x *float32, n int)

// MaxNEON returns the largest of m and blocks that lie stride apart, NaN if
// there is one among them:
//
//	for b := range blocks {
//		for i := range 16 * groups {
//			m = max(m, x[b*stride+i])
//		}
//	}
//
//go:noescape
func MaxNEON(x *float32, groups, blocks, stride int, m float32) float32

// MaxNumberNEON passes over NaN: m := -Inf; for i := range n { if x[i] > m { m = x[i] } }.
//
//go:noescape
func MaxNumberNEON(x *float32, n int) float32

// IndexNEON does for i := range n { if x[i] == v { return i } }; return -1.
//
//go:noescape
func IndexNEON(x *float32, n int, v float32) int

// AddNEON does for i := range n { dst[i] = a[i] + x[i] }.
//
//go:noescape
func AddNEON(dst, a, x *float32, n int)

// AddScaledNEON does for i := range n { dst[i] += float32(a * x[i]) }.
//
//go:noescape
func AddScaledNEON(dst, x *float32, n int, a float32)

// AddRowsNEON adds rows of 64 elements that lie stride apart:
//
//	for i := range rows {
//		for j := range 64 {
//			dst[j] += x[i*stride+j]
//		}
//	}
//
//go:noescape
func AddRowsNEON(dst, x *float32, rows, stride int)

// ScaleNEON multiplies blocks that lie stride apart:
//
//	for b := range blocks {
//		for i := range 16 * groups {
//			dst[b*stride+i] *= a
//		}
//	}
//
//go:noescape
func ScaleNEON(dst *float32, groups, blocks, stride int, a float32)

// ReLUGradientNEON does for i := range n { dst[i] = dy[i]; if y[i] <= 0 { dst[i] = 0 } }.
//
//go:noescape
func ReLUGradientNEON(dst, dy, y *float32, n int)

// AdamNEON updates n parameters with s = lr, β1, β2, 1-β1, 1-β2, gradient
// scale, ε:
//
//	for i := range n {
//		d := float32(grad[i] * s[5])
//		m[i] = fma(s[1], m[i], float32(s[3]*d))
//		v[i] = fma(s[2], v[i], float32(float32(s[4]*d)*d))
//		w[i] -= float32(s[0]*m[i]) / (sqrt32(v[i]) + s[6])
//	}
//
//go:noescape
func AdamNEON(w, m, v, grad *float32, n int, s *[7]float32)

// PeakFMANEON performs n times 24 multiply-adds of 4 lanes and nothing else:
// 192·n floating-point operations at the highest rate that this core has. The
// factors are the 8 values from p on.
//
//go:noescape
func PeakFMANEON(n int, p *float32)

// ReadNEON loads the n values from p on and nothing else; n is a multiple of
// 256.
//
//go:noescape
func ReadNEON(p *float32, n int)
