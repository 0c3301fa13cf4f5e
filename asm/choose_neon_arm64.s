//go:build !purego

#include "textflag.h"
#include "neon.h"

// func SumBlocksFromNEON(sums, x *float32, blocks int, least float32) int
//
//	V0-V3 lanes   V4-V7 x and what is admitted   V16-V19 comparisons, then numbers
//	V20 least   V24-V27 numbers of elements, negative
//	R0 sums   R1 x   R2 blocks left   R3 groups left of a block
TEXT ·SumBlocksFromNEON(SB), NOSPLIT, $0-40
	MOVD  sums+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  blocks+16(FP), R2
	FMOVS least+24(FP), F20
	VDUP  V20.S[0], V20.S4
	VEOR  V24.B16, V24.B16, V24.B16
	VEOR  V25.B16, V25.B16, V25.B16
	VEOR  V26.B16, V26.B16, V26.B16
	VEOR  V27.B16, V27.B16, V27.B16
	CBZ   R2, done

block: // for b := range blocks
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	MOVD $16, R3

loop: // for i := range 256 { if x[i] >= least { lanes[i%16] += x[i]; n++ } }
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	EACH4C(FCMGE_S4, 20, 4, 16)
	EACH4(AND_B16, 16, 4, 4)
	EACH4(FADD_S4, 4, 0, 0)
	EACH4(ADD_S4, 16, 24, 24)
	ADD   $64, R1
	SUBS  $1, R3
	BNE   loop

	// sums[b] = sumTree(lanes)
	FADD_S4(2, 0, 0)
	FADD_S4(3, 1, 1)
	FADD_S4(1, 0, 0)
	VEXT   $8, V0.B16, V0.B16, V1.B16
	FADD_S4(1, 0, 0)
	VMOV   V0.S[1], V1.S[0]
	FADDS  F1, F0, F0
	FMOVS  F0, (R0)
	ADD    $4, R0
	SUBS   $1, R2
	BNE    block

done:
	ADD_S4(25, 24, 24)
	ADD_S4(27, 26, 26)
	ADD_S4(26, 24, 24)
	VADDV V24.S4, V24
	VMOV  V24.S[0], R4
	NEGW  R4, R4
	MOVWU R4, R4
	MOVD  R4, ret+32(FP)
	RET

// 1, 2, 4 … 128, twice: a byte's bit in a mask.
DATA bitOfByte<>+0(SB)/8, $0x8040201008040201
DATA bitOfByte<>+8(SB)/8, $0x8040201008040201
GLOBL bitOfByte<>(SB), RODATA|NOPTR, $16

// MASK16: the 16 elements from byte at on as 16 bytes of 0 or their bit, in V(d);
// V4-V7, V16-V19 are overwritten.
#define MASK16(at, d) \
	FLDPQ at(R1), (F4, F5); \
	FLDPQ (at+32)(R1), (F6, F7); \
	EACH4C(FCMGE_S4, 20, 4, 16); \
	FCMGT_S4(4, 21, 4); \
	FCMGT_S4(5, 21, 5); \
	FCMGT_S4(6, 21, 6); \
	FCMGT_S4(7, 21, 7); \
	EACH4(AND_B16, 16, 4, 4); \
	VUZP1 V5.H8, V4.H8, V4.H8; \
	VUZP1 V7.H8, V6.H8, V6.H8; \
	VUZP1 V6.B16, V4.B16, V4.B16; \
	AND_B16(22, 4, d)

// func MaskBetweenNEON(mask *uint64, x *float32, words int, least, most float32)
//
//	V20 least   V21 most   V22 a byte's bit   V0-V3 bits of 16 elements each
//	R0 mask   R1 x   R2 words left
TEXT ·MaskBetweenNEON(SB), NOSPLIT, $0-32
	MOVD  mask+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  words+16(FP), R2
	FMOVS least+24(FP), F20
	VDUP  V20.S[0], V20.S4
	FMOVS most+28(FP), F21
	VDUP  V21.S[0], V21.S4
	MOVD  $bitOfByte<>(SB), R3
	FMOVQ (R3), F22
	CBZ   R2, done

loop: // for w := range words { bit i = least <= x[i] && x[i] < most }
	MASK16(0, 0)
	MASK16(64, 1)
	MASK16(128, 2)
	MASK16(192, 3)
	VADDP V1.B16, V0.B16, V0.B16
	VADDP V3.B16, V2.B16, V2.B16
	VADDP V2.B16, V0.B16, V0.B16
	VADDP V0.B16, V0.B16, V0.B16
	VMOV  V0.D[0], R4
	MOVD  R4, (R0)
	ADD   $8, R0
	ADD   $256, R1
	SUBS  $1, R2
	BNE   loop

done:
	RET

// MAX16: 16 columns from byte at on, maxima in V(a) to V(a+3); V16-V23 are overwritten.
#define MAX16(at, a) \
	FLDPQ at(R1), (F16, F17); \
	FLDPQ (at+32)(R1), (F18, F19); \
	EACH4(FCMGT_S4, a, 16, 20); \
	EACH4(BIT_B16, 20, 16, a)

// func MaxColumnsNEON(dst, x *float32, rows, stride int)
//
//	V0-V15 maxima   R0 dst   R1 x   R2 rows left   R3 bytes from row to row
TEXT ·MaxColumnsNEON(SB), NOSPLIT, $0-32
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

loop: // for i := range rows { for j := range 64 { if v := x[i*stride+j]; v > dst[j] { dst[j] = v } } }
	MAX16(0, 0)
	MAX16(64, 4)
	MAX16(128, 8)
	MAX16(192, 12)
	ADD  R3, R1
	SUBS $1, R2
	BNE  loop

done:
	STORE16(0, 0, 0)
	STORE16(64, 0, 4)
	STORE16(128, 0, 8)
	STORE16(192, 0, 12)
	RET
