//go:build !purego

package asm

// The exponential family, defined by the scalar functions of
// kernels/unary_generic.go: exp32, tanh32, sigmoid32 and log32. dst is as long
// as x and may be x.

// ExpAVX2 does for i := range x { dst[i] = exp32(x[i]) }.
//
//go:noescape
func ExpAVX2(dst, x []float32)

// ExpAVX512 does for i := range x { dst[i] = exp32(x[i]) }.
//
//go:noescape
func ExpAVX512(dst, x []float32)

// TanhAVX2 does for i := range x { dst[i] = tanh32(x[i]) }.
//
//go:noescape
func TanhAVX2(dst, x []float32)

// TanhAVX512 does for i := range x { dst[i] = tanh32(x[i]) }.
//
//go:noescape
func TanhAVX512(dst, x []float32)

// SigmoidAVX2 does for i := range x { dst[i] = sigmoid32(x[i]) }.
//
//go:noescape
func SigmoidAVX2(dst, x []float32)

// SigmoidAVX512 does for i := range x { dst[i] = sigmoid32(x[i]) }.
//
//go:noescape
func SigmoidAVX512(dst, x []float32)

// LogAVX2 does for i := range x { dst[i] = log32(x[i]) }.
//
//go:noescape
func LogAVX2(dst, x []float32)

// LogAVX512 does for i := range x { dst[i] = log32(x[i]) }.
//
//go:noescape
func LogAVX512(dst, x []float32)

// Sums over 16 lanes. x begins at a multiple of 16 of the vector that is summed,
// so that its element i belongs to lane i%16. No lane is -0.

// SumAVX2 does for i := range x { lanes[i%16] += x[i] }.
//
//go:noescape
func SumAVX2(lanes *[16]float32, x []float32)

// SumAVX512 does for i := range x { lanes[i%16] += x[i] }.
//
//go:noescape
func SumAVX512(lanes *[16]float32, x []float32)

// SumSquaresAVX2 does for i := range x { lanes[i%16] += float32(x[i] * x[i]) }.
//
//go:noescape
func SumSquaresAVX2(lanes *[16]float32, x []float32)

// SumSquaresAVX512 does for i := range x { lanes[i%16] += float32(x[i] * x[i]) }.
//
//go:noescape
func SumSquaresAVX512(lanes *[16]float32, x []float32)

// MaxAVX2 does m = -Inf; for i := range x { m = max(m, x[i]) }: NaN if any
// element is.
//
//go:noescape
func MaxAVX2(x []float32) float32

// MaxAVX512 does m = -Inf; for i := range x { m = max(m, x[i]) }: NaN if any
// element is.
//
//go:noescape
func MaxAVX512(x []float32) float32

// ArgMaxAVX2 does at = -1; for i := range x { if x[i] == x[i] && (at < 0 ||
// x[i] > x[at]) { at = i } }.
//
//go:noescape
func ArgMaxAVX2(x []float32) int

// ArgMaxAVX512 does at = -1; for i := range x { if x[i] == x[i] && (at < 0 ||
// x[i] > x[at]) { at = i } }.
//
//go:noescape
func ArgMaxAVX512(x []float32) int

// Softmax. exp32 is that of kernels/unary_generic.go and the lanes are as above.
// No argument of exp32 is above 0.

// ExpShiftAVX2 does for i := range x { dst[i] = exp32(float32(x[i]*scale) - m);
// lanes[i%16] += dst[i] }. dst may be x.
//
//go:noescape
func ExpShiftAVX2(lanes *[16]float32, dst, x []float32, scale, m float32)

// ExpShiftAVX512 does for i := range x { dst[i] = exp32(float32(x[i]*scale) - m);
// lanes[i%16] += dst[i] }. dst may be x.
//
//go:noescape
func ExpShiftAVX512(lanes *[16]float32, dst, x []float32, scale, m float32)

// ExpBlocksAVX2 does ExpShift on len(sums) blocks of 256 elements, with lanes
// that start at 0, and stores the sum of the lanes, added as a tree, in sums[b].
//
//go:noescape
func ExpBlocksAVX2(dst, sums, x []float32, scale, m float32)

// ExpBlocksAVX512 does ExpShift on len(sums) blocks of 256 elements, with lanes
// that start at 0, and stores the sum of the lanes, added as a tree, in sums[b].
//
//go:noescape
func ExpBlocksAVX512(dst, sums, x []float32, scale, m float32)

// The routines named Panels work on panels of 64 elements, stride apart.

// MaxPanelsAVX2 returns the Max of the panels.
//
//go:noescape
func MaxPanelsAVX2(x *float32, panels, stride int) float32

// MaxPanelsAVX512 returns the Max of the panels.
//
//go:noescape
func MaxPanelsAVX512(x *float32, panels, stride int) float32

// ExpPanelsAVX2 does ExpShift with scale 1 on the panels, in place.
//
//go:noescape
func ExpPanelsAVX2(lanes *[16]float32, x *float32, panels, stride int, m float32)

// ExpPanelsAVX512 does ExpShift with scale 1 on the panels, in place.
//
//go:noescape
func ExpPanelsAVX512(lanes *[16]float32, x *float32, panels, stride int, m float32)

// ScalePanelsAVX2 multiplies the panels by a.
//
//go:noescape
func ScalePanelsAVX2(x *float32, panels, stride int, a float32)

// ScalePanelsAVX512 multiplies the panels by a.
//
//go:noescape
func ScalePanelsAVX512(x *float32, panels, stride int, a float32)

// AddAVX2 does for i := range x { dst[i] = a[i] + x[i] }.
//
//go:noescape
func AddAVX2(dst, a, x []float32)

// AddAVX512 does for i := range x { dst[i] = a[i] + x[i] }.
//
//go:noescape
func AddAVX512(dst, a, x []float32)

// ScaleAVX2 does for i := range dst { dst[i] *= a }.
//
//go:noescape
func ScaleAVX2(dst []float32, a float32)

// ScaleAVX512 does for i := range dst { dst[i] *= a }.
//
//go:noescape
func ScaleAVX512(dst []float32, a float32)

// AddScaledAVX2 does for i := range x { dst[i] += float32(a * x[i]) }.
//
//go:noescape
func AddScaledAVX2(dst, x []float32, a float32)

// AddScaledAVX512 does for i := range x { dst[i] += float32(a * x[i]) }.
//
//go:noescape
func AddScaledAVX512(dst, x []float32, a float32)

// AddRowsAVX2 does for i := range rows { for j := range 64 { dst[j] +=
// x[i*stride+j] } }.
//
//go:noescape
func AddRowsAVX2(dst, x *float32, rows, stride int)

// AddRowsAVX512 does for i := range rows { for j := range 64 { dst[j] +=
// x[i*stride+j] } }.
//
//go:noescape
func AddRowsAVX512(dst, x *float32, rows, stride int)

// AdamAVX2 does, for i := range w:
//
//	d := float32(g[i] * scale)
//	m[i] = fma32(beta1, m[i], float32(rest1*d))
//	v[i] = fma32(beta2, v[i], float32(float32(rest2*d)*d))
//	w[i] -= float32(rate*m[i]) / (sqrt32(v[i]) + epsilon)
//
//go:noescape
func AdamAVX2(w, m, v, g []float32, scale, beta1, rest1, beta2, rest2, rate, epsilon float32)

// AdamAVX512 does as AdamAVX2.
//
//go:noescape
func AdamAVX512(w, m, v, g []float32, scale, beta1, rest1, beta2, rest2, rate, epsilon float32)

// LSTM. Gates lie in panels: 64 columns for 16 units, i, f, g, o by 16 each; a
// unit's cell is
//
//	i, f, g, o = sigma(i), sigma(f), tanh32(g), sigma(o)
//	c = fma32(f, c, float32(i*g))
//	h = float32(o * tanh32(c))
//
// sigma(x) is sigmoid32(x) if hard is nil; else hard points to scale, offset, top
// and slope, and sigma(x) is clamp(fma32(scale, x, offset), 0, top)/top. slope(y)
// is fma32(-y, y, y) or, for a hard form, that constant, and 0 where y <= 0 or
// y >= 1.

// LSTMStepAVX2 does, for u := range panels and for j := range 64,
//
//	z[j] = bias[64*u+j]
//	for k := range in { z[j] = fma32(w[u*stride+64*k+j], x[k], z[j]) }
//	for k := range hidden { z[j] = fma32(w[u*stride+64*(in+k)+j], h[k], z[j]) }
//
// and then the cells of units 16*u to 16*u+15 in c, with h in dst. hidden and
// panels are at least 1.
//
//go:noescape
func LSTMStepAVX2(dst, c, w, bias, x, h, hard *float32, in, hidden, panels, stride int)

// LSTMStepAVX512 does as LSTMStepAVX2.
//
//go:noescape
func LSTMStepAVX512(dst, c, w, bias, x, h, hard *float32, in, hidden, panels, stride int)

// LSTMGatesAVX2 does the cells of one panel for rows sequences, at least 1: row
// b of z begins at z[64*b], of h at h[b*hRow] and so on. It leaves the activated
// gates in z, c from prev in c, and h. prev may be c.
//
//go:noescape
func LSTMGatesAVX2(h, c, z, prev, hard *float32, rows, hRow, cRow, prevRow int)

// LSTMGatesAVX512 does as LSTMGatesAVX2.
//
//go:noescape
func LSTMGatesAVX512(h, c, z, prev, hard *float32, rows, hRow, cRow, prevRow int)

// LSTMGradientsAVX2 does, for 16 units of each of rows sequences, at least 1,
// laid out as in LSTMGatesAVX2, with t = tanh32(c) and every product rounded:
//
//	delta := fma32(dh*o, fma32(-t, t, 1), dc)
//	i, f = (delta*g)*slope(i), (delta*prev)*slope(f)
//	g, o = (delta*i)*fma32(-g, g, 1), (dh*t)*slope(o)
//	dc = delta*f
//
// from the activated gates in z, which it overwrites with their gradients.
//
//go:noescape
func LSTMGradientsAVX2(z, dc, dh, c, prev, hard *float32, rows, dcRow, dhRow, cRow, prevRow int)

// LSTMGradientsAVX512 does as LSTMGradientsAVX2.
//
//go:noescape
func LSTMGradientsAVX512(z, dc, dh, c, prev, hard *float32, rows, dcRow, dhRow, cRow, prevRow int)

// ReLUGradientAVX2 does for i := range y { dst[i] = dy[i]; if y[i] <= 0 { dst[i] = 0 } }.
//
//go:noescape
func ReLUGradientAVX2(dst, dy, y []float32)

// ReLUGradientAVX512 does for i := range y { dst[i] = dy[i]; if y[i] <= 0 { dst[i] = 0 } }.
//
//go:noescape
func ReLUGradientAVX512(dst, dy, y []float32)
