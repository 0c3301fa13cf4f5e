//go:build !purego

#include "textflag.h"

// func PackNEON(dst, src *float32, rows, row, dstRow, dstBlock int)
//
//	V0-V15 a row   R0-R3 dst of the four blocks   R4 src   R5 rows left
//	R6 bytes from row to row of src   R7 of dst   R8 bytes from block to block
TEXT ·PackNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R4
	MOVD rows+16(FP), R5
	MOVD row+24(FP), R6
	MOVD dstRow+32(FP), R7
	MOVD dstBlock+40(FP), R8
	LSL  $2, R6
	LSL  $2, R7
	LSL  $2, R8
	ADD  R8, R0, R1
	ADD  R8, R1, R2
	ADD  R8, R2, R3
	CBZ  R5, done

loop: // for p := range rows { for j := range 64 { dst[j/16*dstBlock+p*dstRow+j%16] = src[p*row+j] } }
	FLDPQ (R4), (F0, F1)
	FLDPQ 32(R4), (F2, F3)
	FLDPQ 64(R4), (F4, F5)
	FLDPQ 96(R4), (F6, F7)
	FLDPQ 128(R4), (F8, F9)
	FLDPQ 160(R4), (F10, F11)
	FLDPQ 192(R4), (F12, F13)
	FLDPQ 224(R4), (F14, F15)
	ADD   R6, R4
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	ADD   R7, R0
	FSTPQ (F4, F5), (R1)
	FSTPQ (F6, F7), 32(R1)
	ADD   R7, R1
	FSTPQ (F8, F9), (R2)
	FSTPQ (F10, F11), 32(R2)
	ADD   R7, R2
	FSTPQ (F12, F13), (R3)
	FSTPQ (F14, F15), 32(R3)
	ADD   R7, R3
	SUBS  $1, R5
	BNE   loop

done:
	RET
