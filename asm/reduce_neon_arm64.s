//go:build !purego

#include "textflag.h"
#include "neon.h"

// Reductions over 16 elements a turn. Lane j of sum16 is lane j%4 of register
// V(j/4).
//
//	V0-V3 lanes   V4-V15 elements   V16 best so far or value to find
//	R0 lanes   R1 x   R2 elements left

// func SumNEON(lanes *[16]float32, x *float32, n int)
TEXT ·SumNEON(SB), NOSPLIT, $0-24
	MOVD lanes+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	LOAD16(0, 0, 0)
	CBZ  R2, done

loop: // for i := range n { lanes[i%16] += x[i] }
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	EACH4(FADD_S4, 4, 0, 0)
	ADD   $64, R1
	SUBS  $16, R2
	BNE   loop

done:
	STORE16(0, 0, 0)
	RET

// func SumSquaresNEON(lanes *[16]float32, x *float32, n int)
TEXT ·SumSquaresNEON(SB), NOSPLIT, $0-24
	MOVD lanes+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	LOAD16(0, 0, 0)
	CBZ  R2, done

loop: // for i := range n { lanes[i%16] += float32(x[i] * x[i]) }
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	EACH4(FMUL_S4, 4, 4, 4)
	EACH4(FADD_S4, 4, 0, 0)
	ADD   $64, R1
	SUBS  $16, R2
	BNE   loop

done:
	STORE16(0, 0, 0)
	RET

// func MaxNEON(x *float32, groups, blocks, stride int, m float32) float32
//
// R3 groups left, R4 groups of a block, R5 blocks left, R6 bytes from the end
// of a block to the next.
TEXT ·MaxNEON(SB), NOSPLIT, $0-44
	MOVD  x+0(FP), R1
	MOVD  groups+8(FP), R4
	MOVD  blocks+16(FP), R5
	MOVD  stride+24(FP), R6
	FMOVS m+32(FP), F0
	VDUP  V0.S[0], V0.S4
	VMOV  V0.B16, V1.B16
	VMOV  V0.B16, V2.B16
	VMOV  V0.B16, V3.B16
	CBZ   R4, done
	CBZ   R5, done
	SUB   R4<<4, R6
	LSL   $2, R6

block: // for b := range blocks
	MOVD R4, R3

loop: // for i := range groups*16 { m = max(m, x[b*stride+i]) }
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	EACH4(FMAX_S4, 4, 0, 0)
	ADD   $64, R1
	SUBS  $1, R3
	BNE   loop
	ADD   R6, R1
	SUBS  $1, R5
	BNE   block

done:
	FMAX_S4(2, 0, 0)
	FMAX_S4(3, 1, 1)
	FMAX_S4(1, 0, 0)
	FMAXV_S4(0, 0)
	FMOVS F0, ret+40(FP)
	RET

// func MaxNumberNEON(x *float32, n int) float32
TEXT ·MaxNumberNEON(SB), NOSPLIT, $0-20
	MOVD  x+0(FP), R1
	MOVD  n+8(FP), R2
	MOVW  $0xff800000, R3
	VDUP  R3, V0.S4
	VMOV  V0.B16, V1.B16
	VMOV  V0.B16, V2.B16
	VMOV  V0.B16, V3.B16
	CBZ   R2, done

loop: // for i := range n { if x[i] > m { m = x[i] } }
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	FCMGT_S4(0, 4, 8)
	FCMGT_S4(1, 5, 9)
	FCMGT_S4(2, 6, 10)
	FCMGT_S4(3, 7, 11)
	EACH4(BIT_B16, 8, 4, 0)
	ADD   $64, R1
	SUBS  $16, R2
	BNE   loop

done:
	FMAX_S4(2, 0, 0)
	FMAX_S4(3, 1, 1)
	FMAX_S4(1, 0, 0)
	FMAXV_S4(0, 0)
	FMOVS F0, ret+16(FP)
	RET

// func IndexNEON(x *float32, n int, v float32) int
//
// R3 x's beginning, R4 a bit pattern that is not 0 if an element matched.
TEXT ·IndexNEON(SB), NOSPLIT, $0-32
	MOVD  x+0(FP), R1
	MOVD  n+8(FP), R2
	FMOVS v+16(FP), F16
	VDUP  V16.S[0], V16.S4
	MOVD  R1, R3
	CBZ   R2, none

loop: // for i := range n { if x[i] == v { return i } }
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	FCMEQ_S4(16, 4, 4)
	FCMEQ_S4(16, 5, 5)
	FCMEQ_S4(16, 6, 6)
	FCMEQ_S4(16, 7, 7)
	VORR  V4.B16, V5.B16, V0.B16
	VORR  V6.B16, V7.B16, V1.B16
	VORR  V0.B16, V1.B16, V0.B16
	VADDP V0.D2, V0.D2, V0.D2
	VMOV  V0.D[0], R4
	CBNZ  R4, found
	ADD   $64, R1
	SUBS  $16, R2
	BNE   loop

none:
	MOVD $-1, R0
	MOVD R0, ret+24(FP)
	RET

found: // one of the 16 elements from R1 on
	SUB   R3, R1, R0
	LSR   $2, R0

one:
	FMOVS.P 4(R1), F4
	FCMPS F4, F16
	BEQ   end
	ADD   $1, R0
	B     one

end:
	MOVD R0, ret+24(FP)
	RET
