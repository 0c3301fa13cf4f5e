//go:build !purego

#include "textflag.h"
#include "neon.h"
#include "neon_math.h"
#include "neon_gates.h"

// GRADIENTS: those of a row.
//	delta = fma(dh*o, fma(-t, t, 1), dc)
//	z_o = (dh*t)*slope(o)
//	dc = delta*f; z_f = (delta*prev)*slope(f)
//	z_i = (delta*g)*slope(i); z_g = (delta*i)*fma(-g, g, 1)
#define GRADIENTS(SLOPE)                                  \
	LOAD16(0, 3, 0)                                       \
	TANH16(0)                                             \
	LOAD16(0, 2, 4)          /* dh */                     \
	LOAD16(192, 0, 8)        /* o */                      \
	LOAD4X(ONE, 9, 16)                                    \
	LOAD16(0, 1, 24)                                      \
	EACH4(FMLS_S4, 0, 0, 16)                              \
	EACH4(FMUL_S4, 4, 8, 20)                              \
	EACH4(FMLA_S4, 16, 20, 24) /* delta */                \
	EACH4(FMUL_S4, 4, 0, 20)                              \
	SLOPE(8, 16, 12)                                      \
	LOAD16(64, 0, 4)         /* f */                      \
	LOAD16(0, 4, 8)          /* prev */                   \
	EACH4(FMUL_S4, 16, 20, 20)                            \
	STORE16(192, 0, 20)      /* z_o */                    \
	EACH4(FMUL_S4, 24, 4, 0)                              \
	EACH4(FMUL_S4, 24, 8, 8)                              \
	SLOPE(4, 16, 12)                                      \
	STORE16(0, 1, 0)         /* dc */                     \
	LOAD16(0, 0, 4)          /* i */                      \
	LOAD16(128, 0, 12)       /* g */                      \
	EACH4(FMUL_S4, 16, 8, 8)                              \
	STORE16(64, 0, 8)        /* z_f */                    \
	LOAD4X(ONE, 9, 20)                                    \
	EACH4(FMUL_S4, 24, 12, 0)                             \
	EACH4(FMUL_S4, 24, 4, 8)                              \
	SLOPE(4, 16, 24)                                      \
	EACH4(FMLS_S4, 12, 12, 20)                            \
	EACH4(FMUL_S4, 16, 0, 0)                              \
	EACH4(FMUL_S4, 20, 8, 8)                              \
	STORE16(0, 0, 0)         /* z_i */                    \
	STORE16(128, 0, 8)       /* z_g */

// LSTMGradientsNEON:
//
//	V0-V3 t = tanh(c), then products   V4-V15 operands, see below
//	V16-V27 neon_math.h, then products; δ stays in V24-V27   V28-V31 neon_math.h
//	R0 z   R1 dc   R2 dh   R3 c   R4 prev   R5 rows left
//	R6, R7, R8, R10 bytes from row to row of dc, dh, c, prev   R9 constants   R14 hard

// func LSTMGradientsNEON(z, dc, dh, c, prev, hard *float32, rows, dcRow, dhRow, cRow, prevRow int)
TEXT ·LSTMGradientsNEON(SB), NOSPLIT, $0-88
	MOVD z+0(FP), R0
	MOVD dc+8(FP), R1
	MOVD dh+16(FP), R2
	MOVD c+24(FP), R3
	MOVD prev+32(FP), R4
	MOVD hard+40(FP), R14
	MOVD rows+48(FP), R5
	MOVD dcRow+56(FP), R6
	MOVD dhRow+64(FP), R7
	MOVD cRow+72(FP), R8
	MOVD prevRow+80(FP), R10
	LSL  $2, R6
	LSL  $2, R7
	LSL  $2, R8
	LSL  $2, R10
	MATH_INIT
	CBZ  R5, done

row: // for b := range rows
	CBNZ R14, hard
	GRADIENTS(LOGISTIC_SLOPE16)
	B    next

hard:
	GRADIENTS(HARD_SLOPE16)

next:
	ADD  $256, R0
	ADD  R6, R1
	ADD  R7, R2
	ADD  R8, R3
	ADD  R10, R4
	SUBS $1, R5
	BNE  row

done:
	RET
