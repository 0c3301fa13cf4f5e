//go:build !purego

#include "textflag.h"
#include "neon.h"
#include "neon_math.h"

// LSTMGatesNEON:
//
//	i V0-V3, f V4-V7, g V8-V11, o V12-V15   V16-V31 neon_math.h
//	R0 h   R1 c   R2 z   R3 prev   R4 rows left
//	R5, R6, R7 bytes from row to row of h, c, prev   R9 constants

// func LSTMGatesNEON(h, c, z, prev *float32, rows, hRow, cRow, prevRow int)
TEXT ·LSTMGatesNEON(SB), NOSPLIT, $0-64
	MOVD h+0(FP), R0
	MOVD c+8(FP), R1
	MOVD z+16(FP), R2
	MOVD prev+24(FP), R3
	MOVD rows+32(FP), R4
	MOVD hRow+40(FP), R5
	MOVD cRow+48(FP), R6
	MOVD prevRow+56(FP), R7
	LSL  $2, R5
	LSL  $2, R6
	LSL  $2, R7
	MATH_INIT
	CBZ  R4, done

row: // for b := range rows
	LOAD16(0, 2, 0)
	LOAD16(64, 2, 4)
	LOAD16(128, 2, 8)
	LOAD16(192, 2, 12)
	SIGMOID16(0)
	STORE16(0, 2, 0)
	TANH16(8)
	STORE16(128, 2, 8)
	EACH4(FMUL_S4, 0, 8, 8) // i*g
	SIGMOID16(4)
	STORE16(64, 2, 4)
	LOAD16(0, 3, 0)
	EACH4(FMLA_S4, 0, 4, 8) // c = fma(f, prev, i*g)
	STORE16(0, 1, 8)
	SIGMOID16(12)
	STORE16(192, 2, 12)
	TANH16(8)
	EACH4(FMUL_S4, 12, 8, 8)
	STORE16(0, 0, 8)        // h = o*tanh(c)
	ADD  $256, R2
	ADD  R5, R0
	ADD  R6, R1
	ADD  R7, R3
	SUBS $1, R4
	BNE  row

done:
	RET
