//go:build !purego

#include "textflag.h"
#include "neon.h"
#include "neon_math.h"
#include "neon_gates.h"

// The ends of GRU steps and their backward passes, for 16 units of each of several
// sequences. Rows of panels lie 256 bytes apart. R9 constants, R14 as in
// neon_gates.h.

// SIGMAS: V0-V3 r at R1 and V4-V7 z at R2, activated, left in memory too.
#define SIGMAS(hard, end) \
	LOAD16(0, 1, 0)       \
	LOAD16(0, 2, 4)       \
	CBNZ R14, hard        \
	SIGMOID16(0)          \
	SIGMOID16(4)          \
	B    end              \
hard:                     \
	HARD16(0)             \
	HARD16(4)             \
end:                      \
	STORE16(0, 1, 0)      \
	STORE16(0, 2, 4)

// BLEND: h = fma(z, prev-n, n), z in V4-V7, n in V8-V11, prev at R5, h at R0.
#define BLEND                 \
	LOAD16(0, 5, 12)          \
	EACH4(FSUB_S4, 8, 12, 12) \
	EACH4(FMLA_S4, 12, 4, 8)  \
	STORE16(0, 0, 8)

// func GRUGatesNEON(h, r, z, n, m, prev, hard *float32, rows, hRow, prevRow int)
//
// R0 h, R1 r, R2 z, R3 n, R4 m, R5 prev, R6 rows left, R7 R8 strides in bytes.
TEXT ·GRUGatesNEON(SB), NOSPLIT, $0-80
	MOVD h+0(FP), R0
	MOVD r+8(FP), R1
	MOVD z+16(FP), R2
	MOVD n+24(FP), R3
	MOVD m+32(FP), R4
	MOVD prev+40(FP), R5
	MOVD hard+48(FP), R14
	MOVD rows+56(FP), R6
	MOVD hRow+64(FP), R7
	MOVD prevRow+72(FP), R8
	LSL  $2, R7
	LSL  $2, R8
	MATH_INIT

row: // for b := range rows { r, z = sigma(r), sigma(z); n = tanh(fma(r, m, n)); h = fma(z, prev-n, n) }
	SIGMAS(hard, candidate)
	LOAD16(0, 3, 8)
	LOAD16(0, 4, 12)
	EACH4(FMLA_S4, 12, 0, 8)
	TANH16(8)
	STORE16(0, 3, 8)
	BLEND
	ADD  $256, R1
	ADD  $256, R2
	ADD  $256, R3
	ADD  $256, R4
	ADD  R7, R0
	ADD  R8, R5
	SUBS $1, R6
	BNE  row
	RET

// func GRUResetNEON(rh, r, z, prev, hard *float32, rows, rhRow, prevRow int)
//
// R0 rh, R1 r, R2 z, R5 prev, R6 rows left, R7 R8 strides in bytes.
TEXT ·GRUResetNEON(SB), NOSPLIT, $0-64
	MOVD rh+0(FP), R0
	MOVD r+8(FP), R1
	MOVD z+16(FP), R2
	MOVD prev+24(FP), R5
	MOVD hard+32(FP), R14
	MOVD rows+40(FP), R6
	MOVD rhRow+48(FP), R7
	MOVD prevRow+56(FP), R8
	LSL  $2, R7
	LSL  $2, R8
	MATH_INIT

row: // for b := range rows { r, z = sigma(r), sigma(z); rh = r*prev }
	SIGMAS(hard, product)
	LOAD16(0, 5, 8)
	EACH4(FMUL_S4, 8, 0, 0)
	STORE16(0, 0, 0)
	ADD  $256, R1
	ADD  $256, R2
	ADD  R7, R0
	ADD  R8, R5
	SUBS $1, R6
	BNE  row
	RET

// func GRUUpdateNEON(h, z, n, prev *float32, rows, hRow, prevRow int)
//
// R0 h, R2 z, R3 n, R5 prev, R6 rows left, R7 R8 strides in bytes.
TEXT ·GRUUpdateNEON(SB), NOSPLIT, $0-56
	MOVD h+0(FP), R0
	MOVD z+8(FP), R2
	MOVD n+16(FP), R3
	MOVD prev+24(FP), R5
	MOVD rows+32(FP), R6
	MOVD hRow+40(FP), R7
	MOVD prevRow+48(FP), R8
	LSL  $2, R7
	LSL  $2, R8
	MATH_INIT

row: // for b := range rows { n = tanh(n); h = fma(z, prev-n, n) }
	LOAD16(0, 2, 4)
	LOAD16(0, 3, 8)
	TANH16(8)
	STORE16(0, 3, 8)
	BLEND
	ADD  $256, R2
	ADD  $256, R3
	ADD  R7, R0
	ADD  R8, R5
	SUBS $1, R6
	BNE  row
	RET

// UPDATE: z at R1, n at R2, dh at R4, carry at R5, prev at R6; V16-V19 = delta.
//	z = (dh*(prev-n))*slope(z)
//	n = delta = (dh*(1-z))*fma(-n, n, 1)
//	carry = dh*z
#define UPDATE(SLOPE)          \
	LOAD16(0, 1, 0)            \
	LOAD16(0, 2, 4)            \
	LOAD16(0, 4, 8)            \
	LOAD16(0, 6, 12)           \
	EACH4(FSUB_S4, 4, 12, 12)  \
	EACH4(FMUL_S4, 12, 8, 12)  \
	SLOPE(0, 16, 20)           \
	EACH4(FMUL_S4, 16, 12, 12) \
	STORE16(0, 1, 12)          \
	FSUB_S4(0, 30, 16)         \
	FSUB_S4(1, 30, 17)         \
	FSUB_S4(2, 30, 18)         \
	FSUB_S4(3, 30, 19)         \
	EACH4(FMUL_S4, 16, 8, 16)  \
	LOAD4X(ONE, 9, 20)         \
	EACH4(FMLS_S4, 4, 4, 20)   \
	EACH4(FMUL_S4, 20, 16, 16) \
	STORE16(0, 2, 16)          \
	EACH4(FMUL_S4, 0, 8, 20)   \
	STORE16(0, 5, 20)

// RESET: r at R0, m at R3: r = (delta*m)*slope(r); m = delta*r.
#define RESET(SLOPE)          \
	LOAD16(0, 0, 0)           \
	LOAD16(0, 3, 4)           \
	EACH4(FMUL_S4, 4, 16, 8)  \
	SLOPE(0, 20, 12)          \
	EACH4(FMUL_S4, 20, 8, 8)  \
	STORE16(0, 0, 8)          \
	EACH4(FMUL_S4, 0, 16, 4)  \
	STORE16(0, 3, 4)

// func GRUGradientsNEON(r, z, n, m, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)
//
// R0 r, R1 z, R2 n, R3 m, R4 dh, R5 carry, R6 prev, R7 rows left, R8 R10 R11
// strides in bytes.
TEXT ·GRUGradientsNEON(SB), NOSPLIT, $0-96
	MOVD r+0(FP), R0
	MOVD z+8(FP), R1
	MOVD n+16(FP), R2
	MOVD m+24(FP), R3
	MOVD dh+32(FP), R4
	MOVD carry+40(FP), R5
	MOVD prev+48(FP), R6
	MOVD hard+56(FP), R14
	MOVD rows+64(FP), R7
	MOVD dhRow+72(FP), R8
	MOVD carryRow+80(FP), R10
	MOVD prevRow+88(FP), R11
	LSL  $2, R8
	LSL  $2, R10
	LSL  $2, R11
	MATH_INIT

row: // for b := range rows
	CBNZ R14, hard
	UPDATE(LOGISTIC_SLOPE16)
	RESET(LOGISTIC_SLOPE16)
	B    next

hard:
	UPDATE(HARD_SLOPE16)
	RESET(HARD_SLOPE16)

next:
	ADD  $256, R0
	ADD  $256, R1
	ADD  $256, R2
	ADD  $256, R3
	ADD  R8, R4
	ADD  R10, R5
	ADD  R11, R6
	SUBS $1, R7
	BNE  row
	RET

// func GRUUpdateGradientsNEON(z, n, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)
//
// R1 z, R2 n, R4 dh, R5 carry, R6 prev, R7 rows left, R8 R10 R11 strides in bytes.
TEXT ·GRUUpdateGradientsNEON(SB), NOSPLIT, $0-80
	MOVD z+0(FP), R1
	MOVD n+8(FP), R2
	MOVD dh+16(FP), R4
	MOVD carry+24(FP), R5
	MOVD prev+32(FP), R6
	MOVD hard+40(FP), R14
	MOVD rows+48(FP), R7
	MOVD dhRow+56(FP), R8
	MOVD carryRow+64(FP), R10
	MOVD prevRow+72(FP), R11
	LSL  $2, R8
	LSL  $2, R10
	LSL  $2, R11
	MATH_INIT

row: // for b := range rows
	CBNZ R14, hard
	UPDATE(LOGISTIC_SLOPE16)
	B    next

hard:
	UPDATE(HARD_SLOPE16)

next:
	ADD  $256, R1
	ADD  $256, R2
	ADD  R8, R4
	ADD  R10, R5
	ADD  R11, R6
	SUBS $1, R7
	BNE  row
	RET

// TO_RESET: r at R1, carry at R5, drh at R4, prev at R6:
//	r = (drh*prev)*slope(r)
//	carry = fma(drh, r, carry)
#define TO_RESET(SLOPE)       \
	LOAD16(0, 1, 0)           \
	LOAD16(0, 4, 4)           \
	LOAD16(0, 6, 8)           \
	LOAD16(0, 5, 12)          \
	EACH4(FMUL_S4, 8, 4, 8)   \
	SLOPE(0, 16, 20)          \
	EACH4(FMUL_S4, 16, 8, 8)  \
	STORE16(0, 1, 8)          \
	EACH4(FMLA_S4, 0, 4, 12)  \
	STORE16(0, 5, 12)

// func GRUResetGradientsNEON(r, carry, drh, prev, hard *float32, rows, carryRow, drhRow, prevRow int)
//
// R1 r, R5 carry, R4 drh, R6 prev, R7 rows left, R8 R10 R11 strides in bytes.
TEXT ·GRUResetGradientsNEON(SB), NOSPLIT, $0-72
	MOVD r+0(FP), R1
	MOVD carry+8(FP), R5
	MOVD drh+16(FP), R4
	MOVD prev+24(FP), R6
	MOVD hard+32(FP), R14
	MOVD rows+40(FP), R7
	MOVD carryRow+48(FP), R8
	MOVD drhRow+56(FP), R10
	MOVD prevRow+64(FP), R11
	LSL  $2, R8
	LSL  $2, R10
	LSL  $2, R11
	MATH_INIT

row: // for b := range rows
	CBNZ R14, hard
	TO_RESET(LOGISTIC_SLOPE16)
	B    next

hard:
	TO_RESET(HARD_SLOPE16)

next:
	ADD  $256, R1
	ADD  R8, R5
	ADD  R10, R4
	ADD  R11, R6
	SUBS $1, R7
	BNE  row
	RET
