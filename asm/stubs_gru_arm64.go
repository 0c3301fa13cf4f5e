//go:build !purego

package asm

// GRU. The reset gate r and the update gate z of 64 units lie in two neighbouring
// panels of rz, the candidate n in one panel of a matrix of its own. sigma and
// slope are as hard says: see LSTMStepNEON.

// GRUStepNEON does, for u := range groups and for j := range 64, with rz of stride
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
func GRUStepNEON(dst, rz, rzBias, n, nBias, nRecurrentBias, x, h, prev, scratch, hard *float32, in, hidden, groups, rzStride, nStride int)

// GRUResetStepNEON computes r and z of GRUStepNEON with the matrix w and the biases in
// bias, and does
//
//	rh[64*u+j] = float32(sigma(r) * prev[64*u+j])
//	z[64*u+j] = sigma(z)
//
//go:noescape
func GRUResetStepNEON(rh, z, w, bias, x, h, prev, hard *float32, in, hidden, groups, stride int)

// GRUCandidateStepNEON does, for u := range panels and for j := range 64,
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
func GRUCandidateStepNEON(dst, z, w, bias, x, rh, prev *float32, in, hidden, panels, stride int)

// GRUGatesNEON ends a step for 16 units of each of rows sequences, at least 1: row b
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
func GRUGatesNEON(h, r, z, n, m, prev, hard *float32, rows, hRow, prevRow int)

// GRUResetNEON does, for rows laid out as in GRUGatesNEON,
//
//	r, z = sigma(r), sigma(z)
//	rh = float32(r * prev)
//
//go:noescape
func GRUResetNEON(rh, r, z, prev, hard *float32, rows, rhRow, prevRow int)

// GRUUpdateNEON does, for rows laid out as in GRUGatesNEON,
//
//	n = tanh32(n)
//	h = fma32(z, prev-n, n)
//
// h may be prev.
//
//go:noescape
func GRUUpdateNEON(h, z, n, prev *float32, rows, hRow, prevRow int)

// GRUGradientsNEON is the backward pass of GRUGatesNEON from the gradients dh. With
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
func GRUGradientsNEON(r, z, n, m, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)

// GRUUpdateGradientsNEON does what GRUGradientsNEON does to z, n and carry.
//
//go:noescape
func GRUUpdateGradientsNEON(z, n, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)

// GRUResetGradientsNEON is the backward pass of r in GRUResetNEON, with the values from
// before:
//
//	r = float32(drh*prev) * slope(r)
//	carry = fma32(drh, r, carry)
//
//go:noescape
func GRUResetGradientsNEON(r, carry, drh, prev, hard *float32, rows, carryRow, drhRow, prevRow int)
