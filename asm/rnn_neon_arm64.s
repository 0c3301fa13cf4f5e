//go:build !purego

#include "textflag.h"
#include "neon.h"
#include "neon_gemv.h"
#include "neon_math.h"
#include "neon_gates.h"

// RNNStepNEON:
//
//	V0-V15 sums   V16-V31 neon_gemv.h, neon_math.h
//	R0 dst   R1 bias   R2 w of the next panel   R4 x   R5 h   R6 in   R11 hidden
//	R12 panels left   R13 bytes from panel to panel   R14 relu
//	R7 w     R8 x or h   R9 constants   R10 inputs left

// func RNNStepNEON(dst, w, bias, x, h *float32, in, hidden, panels, stride, relu int)
TEXT ·RNNStepNEON(SB), NOSPLIT, $0-80
	MOVD dst+0(FP), R0
	MOVD w+8(FP), R2
	MOVD bias+16(FP), R1
	MOVD x+24(FP), R4
	MOVD h+32(FP), R5
	MOVD in+40(FP), R6
	MOVD hidden+48(FP), R11
	MOVD panels+56(FP), R12
	MOVD stride+64(FP), R13
	MOVD relu+72(FP), R14
	LSL  $2, R13
	MATH_INIT

panel: // for u := range panels
	// y := bias[64*u+j]; for p := range in, hidden { y = fma(w[u*stride+64*p+j], x[p] or h[p], y) }
	LOAD64(1)
	ADD  $256, R1
	MOVD R2, R7
	ADD  R13, R2
	MOVD R4, R8
	MOVD R6, R10
	GEMV_CHAIN(xfour, xrest, xone, xend)
	MOVD R5, R8
	MOVD R11, R10
	GEMV_CHAIN(hfour, hrest, hone, hend)

	// dst[64*u+j] = act(y)
	CBNZ R14, rectify
	TANH64
	B    store

rectify:
	RELU16(0, 16)
	RELU16(4, 20)
	RELU16(8, 16)
	RELU16(12, 20)

store:
	STORE64(0)
	ADD  $256, R0
	SUBS $1, R12
	BNE  panel
	RET

// func RNNGatesNEON(h, z *float32, rows, hRow, relu int)
//
// R0 h, R1 z, R2 rows left, R3 bytes from row to row of h, R14 relu.
TEXT ·RNNGatesNEON(SB), NOSPLIT, $0-40
	MOVD h+0(FP), R0
	MOVD z+8(FP), R1
	MOVD rows+16(FP), R2
	MOVD hRow+24(FP), R3
	MOVD relu+32(FP), R14
	LSL  $2, R3
	MATH_INIT

row: // for b := range rows { z = act(z); h = z }
	LOAD16(0, 1, 0)
	CBNZ R14, rectify
	TANH16(0)
	B    store

rectify:
	RELU16(0, 16)

store:
	STORE16(0, 1, 0)
	STORE16(0, 0, 0)
	ADD  $256, R1
	ADD  R3, R0
	SUBS $1, R2
	BNE  row
	RET

// func RNNGradientsNEON(z, dh *float32, rows, dhRow, relu int)
//
// R0 z, R1 dh, R2 rows left, R3 bytes from row to row of dh, R14 relu.
TEXT ·RNNGradientsNEON(SB), NOSPLIT, $0-40
	MOVD z+0(FP), R0
	MOVD dh+8(FP), R1
	MOVD rows+16(FP), R2
	MOVD dhRow+24(FP), R3
	MOVD relu+32(FP), R14
	LSL  $2, R3
	MATH_INIT

row: // for b := range rows { z = dh*fma(-z, z, 1), or dh and 0 where z <= 0 }
	LOAD16(0, 0, 0)
	LOAD16(0, 1, 4)
	CBNZ R14, rectify
	LOAD4X(ONE, 9, 8)
	EACH4(FMLS_S4, 0, 0, 8)
	EACH4(FMUL_S4, 8, 4, 4)
	B    store

rectify:
	EACH2(FCMLEZ_S4, 0, 8)
	EACH4(BIC_B16, 8, 4, 4)

store:
	STORE16(0, 0, 4)
	ADD  $256, R0
	ADD  R3, R1
	SUBS $1, R2
	BNE  row
	RET
