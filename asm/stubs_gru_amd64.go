//go:build !purego

package asm

// GRU. The reset gate r and the update gate z of 64 units lie in two neighbouring
// panels of rz, the candidate n in one panel of a matrix of its own. sigma and
// slope are as hard says: see LSTMStepAVX2.

// GRUStepAVX2 does, for u := range groups and for j := range 64, with rz of stride
// rzStride from panel to panel and n of stride nStride,
//
//	a, m := nBias[64*u+j], nRecurrentBias[64*u+j]
//	for k := range in { a = fma32(n[u*nStride+64*k+j], x[k], a) }
//	for k := range hidden { m = fma32(n[u*nStride+64*(in+k)+j], h[k], m) }
//	r, z := rzBias[128*u+j], rzBias[128*u+64+j]
//	for k := range in { r = fma32(rz[2*u*rzStride+64*k+j], x[k], r) }
//	for k := range hidden { r = fma32(rz[2*u*rzStride+64*(in+k)+j], h[k], r) }
//	z the same with panel 2*u+1
//	c := tanh32(fma32(sigma(r), m, a))
//	dst[64*u+j] = fma32(sigma(z), prev[64*u+j]-c, c)
//
// scratch has room for 128 values. hidden and groups are at least 1.
//
//go:noescape
func GRUStepAVX2(dst, rz, rzBias, n, nBias, nRecurrentBias, x, h, prev, scratch, hard *float32, in, hidden, groups, rzStride, nStride int)

// GRUStepAVX512 does as GRUStepAVX2.
//
//go:noescape
func GRUStepAVX512(dst, rz, rzBias, n, nBias, nRecurrentBias, x, h, prev, scratch, hard *float32, in, hidden, groups, rzStride, nStride int)

// GRUResetStepAVX2 computes r and z of GRUStepAVX2 with the matrix w and the biases in
// bias, and does
//
//	rh[64*u+j] = float32(sigma(r) * prev[64*u+j])
//	z[64*u+j] = sigma(z)
//
//go:noescape
func GRUResetStepAVX2(rh, z, w, bias, x, h, prev, hard *float32, in, hidden, groups, stride int)

// GRUResetStepAVX512 does as GRUResetStepAVX2.
//
//go:noescape
func GRUResetStepAVX512(rh, z, w, bias, x, h, prev, hard *float32, in, hidden, groups, stride int)

// GRUCandidateStepAVX2 does, for u := range panels and for j := range 64,
//
//	c := bias[64*u+j]
//	for k := range in { c = fma32(w[u*stride+64*k+j], x[k], c) }
//	for k := range hidden { c = fma32(w[u*stride+64*(in+k)+j], rh[k], c) }
//	c = tanh32(c)
//	dst[64*u+j] = fma32(z[64*u+j], prev[64*u+j]-c, c)
//
// hidden and panels are at least 1.
//
//go:noescape
func GRUCandidateStepAVX2(dst, z, w, bias, x, rh, prev *float32, in, hidden, panels, stride int)

// GRUCandidateStepAVX512 does as GRUCandidateStepAVX2.
//
//go:noescape
func GRUCandidateStepAVX512(dst, z, w, bias, x, rh, prev *float32, in, hidden, panels, stride int)

// GRUGatesAVX2 ends a step for 16 units of each of rows sequences, at least 1: row b
// of r, z, n and m begins 64*b values on, of h hRow*b and of prev prevRow*b. It
// does
//
//	r, z = sigma(r), sigma(z)
//	n = tanh32(fma32(r, m, n))
//	h = fma32(z, prev-n, n)
//
// h may be prev.
//
//go:noescape
func GRUGatesAVX2(h, r, z, n, m, prev, hard *float32, rows, hRow, prevRow int)

// GRUGatesAVX512 does as GRUGatesAVX2.
//
//go:noescape
func GRUGatesAVX512(h, r, z, n, m, prev, hard *float32, rows, hRow, prevRow int)

// GRUResetAVX2 does, for rows laid out as in GRUGatesAVX2,
//
//	r, z = sigma(r), sigma(z)
//	rh = float32(r * prev)
//
//go:noescape
func GRUResetAVX2(rh, r, z, prev, hard *float32, rows, rhRow, prevRow int)

// GRUResetAVX512 does as GRUResetAVX2.
//
//go:noescape
func GRUResetAVX512(rh, r, z, prev, hard *float32, rows, rhRow, prevRow int)

// GRUUpdateAVX2 does, for rows laid out as in GRUGatesAVX2,
//
//	n = tanh32(n)
//	h = fma32(z, prev-n, n)
//
// h may be prev.
//
//go:noescape
func GRUUpdateAVX2(h, z, n, prev *float32, rows, hRow, prevRow int)

// GRUUpdateAVX512 does as GRUUpdateAVX2.
//
//go:noescape
func GRUUpdateAVX512(h, z, n, prev *float32, rows, hRow, prevRow int)

// GRUGradientsAVX2 is the backward pass of GRUGatesAVX2 from the gradients dh. With
// every sum and product rounded and the values from before,
//
//	delta := (dh * (1 - z)) * fma32(-n, n, 1)
//	z = (dh * (prev - n)) * slope(z)
//	r, m = (delta*m)*slope(r), delta*r
//	n, carry = delta, dh*z
//
// carry may be dh.
//
//go:noescape
func GRUGradientsAVX2(r, z, n, m, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)

// GRUGradientsAVX512 does as GRUGradientsAVX2.
//
//go:noescape
func GRUGradientsAVX512(r, z, n, m, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)

// GRUUpdateGradientsAVX2 does what GRUGradientsAVX2 does to z, n and carry.
//
//go:noescape
func GRUUpdateGradientsAVX2(z, n, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)

// GRUUpdateGradientsAVX512 does as GRUUpdateGradientsAVX2.
//
//go:noescape
func GRUUpdateGradientsAVX512(z, n, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)

// GRUResetGradientsAVX2 is the backward pass of r in GRUResetAVX2, with the values from
// before:
//
//	r = float32(drh*prev) * slope(r)
//	carry = fma32(drh, r, carry)
//
//go:noescape
func GRUResetGradientsAVX2(r, carry, drh, prev, hard *float32, rows, carryRow, drhRow, prevRow int)

// GRUResetGradientsAVX512 does as GRUResetGradientsAVX2.
//
//go:noescape
func GRUResetGradientsAVX512(r, carry, drh, prev, hard *float32, rows, carryRow, drhRow, prevRow int)
