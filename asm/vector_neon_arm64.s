//go:build !purego

#include "textflag.h"
#include "neon.h"

// func AddNEON(dst, a, x *float32, n int)
//
//	V0-V3 a   V4-V7 x   R0 dst   R1 x   R2 elements left   R3 a
TEXT ·AddNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD a+8(FP), R3
	MOVD x+16(FP), R1
	MOVD n+24(FP), R2
	CBZ  R2, done

loop: // for i := range n { dst[i] = a[i] + x[i] }
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	FLDPQ (R3), (F0, F1)
	FLDPQ 32(R3), (F2, F3)
	ADD   $64, R1
	ADD   $64, R3
	EACH4(FADD_S4, 4, 0, 0)
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	ADD   $64, R0
	SUBS  $16, R2
	BNE   loop

done:
	RET

// func ScaleNEON(dst *float32, groups, blocks, stride int, a float32)
//
//	V0-V3 elements   V4 a   R0 dst   R3 groups left   R4 groups of a block
//	R5 blocks left   R6 bytes from the end of a block to the next
TEXT ·ScaleNEON(SB), NOSPLIT, $0-36
	MOVD  dst+0(FP), R0
	MOVD  groups+8(FP), R4
	MOVD  blocks+16(FP), R5
	MOVD  stride+24(FP), R6
	FMOVS a+32(FP), F4
	CBZ   R4, done
	CBZ   R5, done
	SUB   R4<<4, R6
	LSL   $2, R6

block: // for b := range blocks
	MOVD R4, R3

loop: // for i := range groups*16 { dst[b*stride+i] *= a }
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	EACH4E(FMULE_S4, 4, 0, 0, 0)
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	ADD   $64, R0
	SUBS  $1, R3
	BNE   loop
	ADD   R6, R0
	SUBS  $1, R5
	BNE   block

done:
	RET

// func AddScaledNEON(dst, x *float32, n int, a float32)
//
//	V0-V3 x   V4-V7 dst   V8 a   R0 dst   R1 x   R2 elements left
TEXT ·AddScaledNEON(SB), NOSPLIT, $0-28
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  n+16(FP), R2
	FMOVS a+24(FP), F8
	CBZ   R2, done

loop: // for i := range n { dst[i] += float32(a*x[i]) }
	FLDPQ (R1), (F0, F1)
	FLDPQ 32(R1), (F2, F3)
	FLDPQ (R0), (F4, F5)
	FLDPQ 32(R0), (F6, F7)
	ADD   $64, R1
	EACH4E(FMULE_S4, 8, 0, 0, 0)
	EACH4(FADD_S4, 4, 0, 0)
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	ADD   $64, R0
	SUBS  $16, R2
	BNE   loop

done:
	RET

// func AddRowsNEON(dst, x *float32, rows, stride int)
//
//	V0-V15 dst   V16-V23 x   R0 dst   R1 x   R2 rows left
//	R3 bytes from row to row
TEXT ·AddRowsNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD rows+16(FP), R2
	MOVD stride+24(FP), R3
	LSL  $2, R3
	LOAD16(0, 0, 0)
	LOAD16(64, 0, 4)
	LOAD16(128, 0, 8)
	LOAD16(192, 0, 12)
	CBZ  R2, done

row: // for i := range rows { for j := range 64 { dst[j] += x[i*stride+j] } }
	LOAD16(0, 1, 16)
	LOAD16(64, 1, 20)
	EACH4(FADD_S4, 16, 0, 0)
	LOAD16(128, 1, 16)
	EACH4(FADD_S4, 20, 4, 4)
	LOAD16(192, 1, 20)
	EACH4(FADD_S4, 16, 8, 8)
	EACH4(FADD_S4, 20, 12, 12)
	ADD  R3, R1
	SUBS $1, R2
	BNE  row

done:
	STORE16(0, 0, 0)
	STORE16(64, 0, 4)
	STORE16(128, 0, 8)
	STORE16(192, 0, 12)
	RET
