//go:build !purego

#include "textflag.h"
#include "neon.h"
#include "neon_math.h"
#include "neon_gates.h"

// ROW: the cells of a row; the activated gates stay in memory.
//	c = fma(f, prev, i*g); h = o*tanh(c)
#define ROW(SIG)             \
	LOAD64(2)                \
	SIG(0)                   \
	STORE16(0, 2, 0)         \
	TANH16(8)                \
	STORE16(128, 2, 8)       \
	EACH4(FMUL_S4, 0, 8, 8)  \
	SIG(4)                   \
	STORE16(64, 2, 4)        \
	LOAD16(0, 3, 0)          \
	EACH4(FMLA_S4, 0, 4, 8)  \
	STORE16(0, 1, 8)         \
	SIG(12)                  \
	STORE16(192, 2, 12)      \
	TANH16(8)                \
	EACH4(FMUL_S4, 12, 8, 8) \
	STORE16(0, 0, 8)

// LSTMGatesNEON:
//
//	i V0-V3, f V4-V7, g V8-V11, o V12-V15   V16-V31 neon_math.h
//	R0 h   R1 c   R2 z   R3 prev   R4 rows left
//	R5, R6, R7 bytes from row to row of h, c, prev   R9 constants   R14 hard

// func LSTMGatesNEON(h, c, z, prev, hard *float32, rows, hRow, cRow, prevRow int)
TEXT ·LSTMGatesNEON(SB), NOSPLIT, $0-72
	MOVD h+0(FP), R0
	MOVD c+8(FP), R1
	MOVD z+16(FP), R2
	MOVD prev+24(FP), R3
	MOVD hard+32(FP), R14
	MOVD rows+40(FP), R4
	MOVD hRow+48(FP), R5
	MOVD cRow+56(FP), R6
	MOVD prevRow+64(FP), R7
	LSL  $2, R5
	LSL  $2, R6
	LSL  $2, R7
	MATH_INIT
	CBZ  R4, done

row: // for b := range rows
	CBNZ R14, hard
	ROW(SIGMOID16)
	B    next

hard:
	ROW(HARD16)

next:
	ADD  $256, R2
	ADD  R5, R0
	ADD  R6, R1
	ADD  R7, R3
	SUBS $1, R4
	BNE  row

done:
	RET
