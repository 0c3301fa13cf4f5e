//go:build !purego

#include "textflag.h"
#include "neon.h"
#include "neon_gemv.h"
#include "neon_math.h"
#include "neon_gates.h"

// The steps keep, apart from what neon_gemv.h, neon_math.h and neon_gates.h say:
//
//	V0-V15 chains of a panel
//	R4 x   R5 h   R6 in   R11 hidden   R7 w   R8 x or h   R10 inputs left

// XCHAIN and HCHAIN: y = fma(w[p], x[p] or h[p], y) over all inputs of that kind.
#define XCHAIN(four, rest, one, end) \
	MOVD R4, R8                      \
	MOVD R6, R10                     \
	GEMV_CHAIN(four, rest, one, end)

#define HCHAIN(four, rest, one, end) \
	MOVD R5, R8                      \
	MOVD R11, R10                    \
	GEMV_CHAIN(four, rest, one, end)

// CANDIDATE: x = fma(r, m, a) from r in x, a at R15, m at R16, at bytes on.
#define CANDIDATE(x, at)      \
	LOAD16(at, 15, T)         \
	LOAD16(at, 16, Q)         \
	EACH4(FMLA_S4, Q, x, T)   \
	EACH2(MOV_B16, T, x)

// BLEND: dst = fma(z, prev-n, n) from z in x, n at R15, prev at R1, dst at R0.
#define BLEND(x, at)          \
	LOAD16(at, 15, T)         \
	LOAD16(at, 1, Q)          \
	EACH4(FSUB_S4, T, Q, Q)   \
	EACH4(FMLA_S4, Q, x, T)   \
	STORE16(at, 0, T)

// func GRUStepNEON(dst, rz, rzBias, n, nBias, nRecurrentBias, x, h, prev, scratch, hard *float32, in, hidden, groups, rzStride, nStride int)
//
//	R0 dst   R1 prev   R2 rz of this panel   R3 n of this group
//	R21 rzBias   R22 nBias   R23 nRecurrentBias   R15 scratch: a or n   R16 m
//	R12 groups left   R13, R20 bytes from panel to panel of rz, n
TEXT ·GRUStepNEON(SB), NOSPLIT, $0-128
	MOVD dst+0(FP), R0
	MOVD rz+8(FP), R2
	MOVD rzBias+16(FP), R21
	MOVD n+24(FP), R3
	MOVD nBias+32(FP), R22
	MOVD nRecurrentBias+40(FP), R23
	MOVD x+48(FP), R4
	MOVD h+56(FP), R5
	MOVD prev+64(FP), R1
	MOVD scratch+72(FP), R15
	MOVD hard+80(FP), R14
	MOVD in+88(FP), R6
	MOVD hidden+96(FP), R11
	MOVD groups+104(FP), R12
	MOVD rzStride+112(FP), R13
	MOVD nStride+120(FP), R20
	LSL  $2, R13
	LSL  $2, R20
	ADD  $256, R15, R16
	MATH_INIT

group: // for u := range groups
	// a := nBias[64*u+j]; for p := range in { a = fma(n[u*nStride+64*p+j], x[p], a) }
	LOAD64(22)
	MOVD R3, R7
	XCHAIN(afour, arest, aone, aend)
	STORE64(15)

	// m := nRecurrentBias[64*u+j]; for p := range hidden { m = fma(n[u*nStride+64*(in+p)+j], h[p], m) }
	LOAD64(23)
	HCHAIN(mfour, mrest, mone, mend)
	STORE64(16)

	// r := rzBias[128*u+j]; for p := range in, hidden { r = fma(rz[2*u*rzStride+64*p+j], x[p] or h[p], r) }
	LOAD64(21)
	ADD  $256, R21
	MOVD R2, R7
	XCHAIN(rxfour, rxrest, rxone, rxend)
	HCHAIN(rhfour, rhrest, rhone, rhend)
	ADD  R13, R2

	// n := tanh(fma(sigma(r), m, a))
	SIGMA64(rhard, candidate)
	CANDIDATE(0, 0)
	CANDIDATE(4, 64)
	CANDIDATE(8, 128)
	CANDIDATE(12, 192)
	TANH64
	STORE64(15)

	// z := rzBias[128*u+64+j]; for p := range in, hidden { z = fma(rz[(2*u+1)*rzStride+64*p+j], x[p] or h[p], z) }
	LOAD64(21)
	ADD  $256, R21
	MOVD R2, R7
	XCHAIN(zxfour, zxrest, zxone, zxend)
	HCHAIN(zhfour, zhrest, zhone, zhend)
	ADD  R13, R2

	// dst[64*u+j] = fma(sigma(z), prev[64*u+j]-n, n)
	SIGMA64(zhard, blend)
	BLEND(0, 0)
	BLEND(4, 64)
	BLEND(8, 128)
	BLEND(12, 192)
	ADD  R20, R3
	ADD  $256, R22
	ADD  $256, R23
	ADD  $256, R0
	ADD  $256, R1
	SUBS $1, R12
	BNE  group
	RET

// TIMES: x = x*prev, prev at R1, at bytes on.
#define TIMES(x, at)     \
	LOAD16(at, 1, T)     \
	EACH4(FMUL_S4, T, x, x)

// func GRUResetStepNEON(rh, z, w, bias, x, h, prev, hard *float32, in, hidden, groups, stride int)
//
//	R0 rh   R15 z   R1 prev   R2 w of this panel   R3 bias
//	R12 groups left   R13 bytes from panel to panel
TEXT ·GRUResetStepNEON(SB), NOSPLIT, $0-96
	MOVD rh+0(FP), R0
	MOVD z+8(FP), R15
	MOVD w+16(FP), R2
	MOVD bias+24(FP), R3
	MOVD x+32(FP), R4
	MOVD h+40(FP), R5
	MOVD prev+48(FP), R1
	MOVD hard+56(FP), R14
	MOVD in+64(FP), R6
	MOVD hidden+72(FP), R11
	MOVD groups+80(FP), R12
	MOVD stride+88(FP), R13
	LSL  $2, R13
	MATH_INIT

group: // for u := range groups
	// r := bias[128*u+j]; for p := range in, hidden { r = fma(w[2*u*stride+64*p+j], x[p] or h[p], r) }
	LOAD64(3)
	ADD  $256, R3
	MOVD R2, R7
	XCHAIN(rxfour, rxrest, rxone, rxend)
	HCHAIN(rhfour, rhrest, rhone, rhend)
	ADD  R13, R2

	// rh[64*u+j] = sigma(r)*prev[64*u+j]
	SIGMA64(rhard, product)
	TIMES(0, 0)
	TIMES(4, 64)
	TIMES(8, 128)
	TIMES(12, 192)
	STORE64(0)

	// z[64*u+j] = sigma(z), the chain of panel 2*u+1
	LOAD64(3)
	ADD  $256, R3
	MOVD R2, R7
	XCHAIN(zxfour, zxrest, zxone, zxend)
	HCHAIN(zhfour, zhrest, zhone, zhend)
	ADD  R13, R2
	SIGMA64(zhard, store)
	STORE64(15)
	ADD  $256, R0
	ADD  $256, R1
	ADD  $256, R15
	SUBS $1, R12
	BNE  group
	RET

// TO_BLEND: dst = fma(z, prev-n, n) from n in x, z at R15, prev at R1, dst at R0.
#define TO_BLEND(x, at)       \
	LOAD16(at, 15, T)         \
	LOAD16(at, 1, Q)          \
	EACH4(FSUB_S4, x, Q, Q)   \
	EACH4(FMLA_S4, Q, T, x)   \
	STORE16(at, 0, x)

// func GRUCandidateStepNEON(dst, z, w, bias, x, rh, prev *float32, in, hidden, panels, stride int)
//
//	R0 dst   R15 z   R1 prev   R2 w of this panel   R3 bias   R5 rh
//	R12 panels left   R13 bytes from panel to panel
TEXT ·GRUCandidateStepNEON(SB), NOSPLIT, $0-88
	MOVD dst+0(FP), R0
	MOVD z+8(FP), R15
	MOVD w+16(FP), R2
	MOVD bias+24(FP), R3
	MOVD x+32(FP), R4
	MOVD rh+40(FP), R5
	MOVD prev+48(FP), R1
	MOVD in+56(FP), R6
	MOVD hidden+64(FP), R11
	MOVD panels+72(FP), R12
	MOVD stride+80(FP), R13
	LSL  $2, R13
	MATH_INIT

panel: // for u := range panels
	// n := bias[64*u+j]; for p := range in, hidden { n = fma(w[u*stride+64*p+j], x[p] or rh[p], n) }
	LOAD64(3)
	ADD  $256, R3
	MOVD R2, R7
	XCHAIN(xfour, xrest, xone, xend)
	HCHAIN(hfour, hrest, hone, hend)
	ADD  R13, R2

	// n = tanh(n); dst[64*u+j] = fma(z[64*u+j], prev[64*u+j]-n, n)
	TANH64
	TO_BLEND(0, 0)
	TO_BLEND(4, 64)
	TO_BLEND(8, 128)
	TO_BLEND(12, 192)
	ADD  $256, R0
	ADD  $256, R1
	ADD  $256, R15
	SUBS $1, R12
	BNE  panel
	RET
