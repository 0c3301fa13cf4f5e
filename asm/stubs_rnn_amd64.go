//go:build !purego

package asm

// RNN.

// RNNStepAVX2 does, for u := range panels and for j := range 64,
//
//	y := bias[64*u+j]
//	for k := range in { y = fma32(w[u*stride+64*k+j], x[k], y) }
//	for k := range hidden { y = fma32(w[u*stride+64*(in+k)+j], h[k], y) }
//	dst[64*u+j] = act(y)
//
// act is tanh32 if relu is 0, else 0 where y <= 0 and y elsewhere. hidden and
// panels are at least 1.
//
//go:noescape
func RNNStepAVX2(dst, w, bias, x, h *float32, in, hidden, panels, stride, relu int)

// RNNStepAVX512 does as RNNStepAVX2.
//
//go:noescape
func RNNStepAVX512(dst, w, bias, x, h *float32, in, hidden, panels, stride, relu int)

// RNNGatesAVX2 does z = act(z); h = z for 16 units of each of rows sequences, at least
// 1, whose rows lie 64 values apart in z and hRow in h.
//
//go:noescape
func RNNGatesAVX2(h, z *float32, rows, hRow, relu int)

// RNNGatesAVX512 does as RNNGatesAVX2.
//
//go:noescape
func RNNGatesAVX512(h, z *float32, rows, hRow, relu int)

// RNNGradientsAVX2 is the backward pass of RNNGatesAVX2, for rows laid out alike: z =
// float32(dh * fma32(-z, z, 1)) if relu is 0, else 0 where z <= 0 and dh elsewhere.
//
//go:noescape
func RNNGradientsAVX2(z, dh *float32, rows, dhRow, relu int)

// RNNGradientsAVX512 does as RNNGradientsAVX2.
//
//go:noescape
func RNNGradientsAVX512(z, dh *float32, rows, dhRow, relu int)
