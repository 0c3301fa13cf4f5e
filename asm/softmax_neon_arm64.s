//go:build !purego

#include "textflag.h"
#include "neon.h"
#include "neon_math.h"

// func ExpShiftNEON(dst, x *float32, groups, blocks, stride int, scale, m float32, lanes *[16]float32)
//
//	V0-V3 elements   V4 scale   V5 m   V8-V11 lanes   V16-V31 neon_math.h
//	R0 dst   R1 x   R3 groups left   R4 groups of a block   R5 blocks left
//	R6 bytes from the end of a block to the next   R7 lanes   R9 constants
TEXT ·ExpShiftNEON(SB), NOSPLIT, $0-56
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  groups+16(FP), R4
	MOVD  blocks+24(FP), R5
	MOVD  stride+32(FP), R6
	FMOVS scale+40(FP), F4
	FMOVS m+44(FP), F5
	MOVD  lanes+48(FP), R7
	VDUP  V4.S[0], V4.S4
	VDUP  V5.S[0], V5.S4
	MATH_INIT
	CBZ   R4, done
	CBZ   R5, done
	SUB   R4<<4, R6
	LSL   $2, R6
	LOAD16(0, 7, 8)

block: // for b := range blocks
	MOVD R4, R3

loop: // for i := range groups*16 { e = exp32(float32(x[i]*scale) - m); dst[i] = e; lanes[i%16] += e }
	LOAD16(0, 1, 0)
	ADD  $64, R1
	EACH4C(FMUL_S4, 4, 0, 0)
	EACH4C(FSUB_S4, 5, 0, 0)
	EXP16(0)
	STORE16(0, 0, 0)
	EACH4(FADD_S4, 0, 8, 8)
	ADD  $64, R0
	SUBS $1, R3
	BNE  loop
	ADD  R6, R0
	ADD  R6, R1
	SUBS $1, R5
	BNE  block
	STORE16(0, 7, 8)

done:
	RET
