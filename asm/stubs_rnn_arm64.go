//go:build !purego

package asm

// RNN.

// RNNStepNEON does, for u := range panels and for j := range 64,
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
func RNNStepNEON(dst, w, bias, x, h *float32, in, hidden, panels, stride, relu int)

// RNNGatesNEON does z = act(z); h = z for 16 units of each of rows sequences, at least
// 1, whose rows lie 64 values apart in z and hRow in h.
//
//go:noescape
func RNNGatesNEON(h, z *float32, rows, hRow, relu int)

// RNNGradientsNEON is the backward pass of RNNGatesNEON, for rows laid out alike: z =
// float32(dh * fma32(-z, z, 1)) if relu is 0, else 0 where z <= 0 and dh elsewhere.
//
//go:noescape
func RNNGradientsNEON(z, dh *float32, rows, dhRow, relu int)
