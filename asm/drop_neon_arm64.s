//go:build !purego

#include "textflag.h"
#include "neon.h"

DATA dropTable<>+0(SB)/8, $0xD2511F53D2511F53 // M0
DATA dropTable<>+8(SB)/8, $0xD2511F53D2511F53
DATA dropTable<>+16(SB)/8, $0xCD9E8D57CD9E8D57 // M1
DATA dropTable<>+24(SB)/8, $0xCD9E8D57CD9E8D57
DATA dropTable<>+32(SB)/8, $0x9E3779B99E3779B9 // what k0 grows by
DATA dropTable<>+40(SB)/8, $0x9E3779B99E3779B9
DATA dropTable<>+48(SB)/8, $0xBB67AE85BB67AE85 // what k1 grows by
DATA dropTable<>+56(SB)/8, $0xBB67AE85BB67AE85
DATA dropTable<>+64(SB)/8, $0x0000000100000000 // blocks of lanes
DATA dropTable<>+72(SB)/8, $0x0000000300000002
DATA dropTable<>+80(SB)/8, $0x0002000100020001 // bits of the half-words of each word of a block
DATA dropTable<>+88(SB)/8, $0x0002000100020001
DATA dropTable<>+96(SB)/8, $0x0008000400080004
DATA dropTable<>+104(SB)/8, $0x0008000400080004
DATA dropTable<>+112(SB)/8, $0x0020001000200010
DATA dropTable<>+120(SB)/8, $0x0020001000200010
DATA dropTable<>+128(SB)/8, $0x0080004000800040
DATA dropTable<>+136(SB)/8, $0x0080004000800040
DATA dropTable<>+144(SB)/8, $0x0000000200000001 // bits of 16 values
DATA dropTable<>+152(SB)/8, $0x0000000800000004
DATA dropTable<>+160(SB)/8, $0x0000002000000010
DATA dropTable<>+168(SB)/8, $0x0000008000000040
DATA dropTable<>+176(SB)/8, $0x0000020000000100
DATA dropTable<>+184(SB)/8, $0x0000080000000400
DATA dropTable<>+192(SB)/8, $0x0000200000001000
DATA dropTable<>+200(SB)/8, $0x0000800000004000
DATA dropTable<>+208(SB)/8, $0x0000001000000001 // bits of the words of two blocks
DATA dropTable<>+216(SB)/8, $0x0000001000000001
DATA dropTable<>+224(SB)/8, $0x0000002000000002
DATA dropTable<>+232(SB)/8, $0x0000002000000002
DATA dropTable<>+240(SB)/8, $0x0000004000000004
DATA dropTable<>+248(SB)/8, $0x0000004000000004
DATA dropTable<>+256(SB)/8, $0x0000008000000008
DATA dropTable<>+264(SB)/8, $0x0000008000000008
GLOBL dropTable<>(SB), RODATA|NOPTR, $272

// ROUND: (c0, c1, c2, c3) become (hi(c2·M1)^c1^k0, lo(c2·M1), hi(c0·M0)^c3^k1, lo(c0·M0)),
// which b, c, d and a hold then; V(t) to V(t+3) are overwritten.
#define ROUND(a, b, c, d, t) \
	EOR_B16(22, b, b);           \
	EOR_B16(23, d, d);           \
	UMULL_S2(16, a, t);          \
	UMULL2_S4(16, a, (t)+1);     \
	UMULL_S2(17, c, (t)+2);      \
	UMULL2_S4(17, c, (t)+3);     \
	UZP1_S4((t)+1, t, a);        \
	UZP2_S4((t)+1, t, t);        \
	UZP1_S4((t)+3, (t)+2, c);    \
	UZP2_S4((t)+3, (t)+2, (t)+2); \
	EOR_B16((t)+2, b, b);        \
	EOR_B16(t, d, d)

#define ROUND_A ROUND(0, 1, 2, 3, 8); ROUND(4, 5, 6, 7, 12)
#define ROUND_B ROUND(1, 2, 3, 0, 8); ROUND(5, 6, 7, 4, 12)
#define ROUND_C ROUND(2, 3, 0, 1, 8); ROUND(6, 7, 4, 5, 12)
#define ROUND_D ROUND(3, 0, 1, 2, 8); ROUND(7, 4, 5, 6, 12)

#define NEXT_KEY \
	ADD_S4(18, 22, 22); \
	ADD_S4(19, 23, 23)

// BEGIN: the constants, and the counters of the first eight blocks. R2 is the number of blocks
// of a row, in eights; R6 points to the bits of words, which go to V28-V31.
#define BEGIN \
	VLD1  (R6), [V28.B16, V29.B16, V30.B16, V31.B16];  \
	MOVD  $dropTable<>(SB), R6;                        \
	VLD1.P 64(R6), [V16.B16, V17.B16, V18.B16, V19.B16]; \
	VLD1  (R6), [V20.B16];                             \
	LDPW  (R4), (R5, R6);                              \
	VDUP  R5, V24.S4;                                  \
	VDUP  R6, V25.S4;                                  \
	LDPW  8(R3), (R5, R6);                             \
	VDUP  R5, V26.S4;                                  \
	VDUP  R6, V27.S4;                                  \
	LDPW  (R3), (R8, R6);                              \
	MOVWU R8, R5;                                      \
	ADDW  R2<<3, R8, R7

// DRAW: the words of twice four blocks to V2 V3 V0 V1 and V6 V7 V4 V5, and the counters of the
// next eight blocks.
#define DRAW \
	VDUP R5, V0.S4;        \
	ADDW $4, R5, R9;       \
	VDUP R9, V4.S4;        \
	ADD_S4(20, 0, 0);      \
	ADD_S4(20, 4, 4);      \
	VDUP R6, V1.S4;        \
	MOV_B16(1, 5);         \
	MOV_B16(26, 2);        \
	MOV_B16(26, 6);        \
	MOV_B16(27, 3);        \
	MOV_B16(27, 7);        \
	MOV_B16(24, 22);       \
	MOV_B16(25, 23);       \
	ADDW $8, R5;           \
	ADDW $1, R6, R9;       \
	CMPW R7, R5;           \
	CSEL EQ, R9, R6, R6;   \
	CSEL EQ, R8, R5, R5;   \
	ROUND_A;               \
	NEXT_KEY;              \
	ROUND_B;               \
	NEXT_KEY;              \
	ROUND_C;               \
	NEXT_KEY;              \
	ROUND_D;               \
	NEXT_KEY;              \
	ROUND_A;               \
	NEXT_KEY;              \
	ROUND_B;               \
	NEXT_KEY;              \
	ROUND_C;               \
	NEXT_KEY;              \
	ROUND_D;               \
	NEXT_KEY;              \
	ROUND_A;               \
	NEXT_KEY;              \
	ROUND_B

// BITS: the bits of the words of four blocks in V(b0), by comparisons with least.
#define BITS(compare, b0, b1, b2, b3) \
	compare(21, b0, b0);  \
	compare(21, b1, b1);  \
	compare(21, b2, b2);  \
	compare(21, b3, b3);  \
	AND_B16(28, b0, b0);  \
	AND_B16(29, b1, b1);  \
	AND_B16(30, b2, b2);  \
	AND_B16(31, b3, b3);  \
	ORR_B16(b1, b0, b0);  \
	ORR_B16(b3, b2, b2);  \
	ORR_B16(b2, b0, b0)

// func KeepMask16NEON(dst *uint64, n, words int, counter *[4]uint32, key *[2]uint32, least uint16)
//
//	V0-V3, V4-V7 the words of four blocks each   V8-V15 products   V16 V17 M0 M1
//	V18 V19 what k0 and k1 grow by   V20 blocks of lanes, V21 least
//	V22 V23 k0 k1   V24 V25 k0 k1 of the first round   V26 V27 c2 c3   V28-V31 bits of words
//	R0 dst   R1 eights of blocks left   R3 counter   R4 key   R5 R6 c0 c1 of the eight at hand
//	R7 c0 behind the last block of a row   R8 c0 of the first
TEXT ·KeepMask16NEON(SB), NOSPLIT, $0-42
	MOVD  dst+0(FP), R0
	MOVD  n+8(FP), R1
	MOVD  words+16(FP), R2
	MOVD  counter+24(FP), R3
	MOVD  key+32(FP), R4
	MOVHU least+40(FP), R5
	VDUP  R5, V21.H8
	MOVD  $dropTable<>+80(SB), R6
	BEGIN

loop: // for at := range n; the bits of lower and of upper halves are added, then bytes of blocks
	DRAW
	BITS(CMHS_H8, 2, 3, 0, 1)
	BITS(CMHS_H8, 6, 7, 4, 5)
	VADDP V6.H8, V2.H8, V0.H8
	UZP1_B16(0, 0, 0)
	FMOVD F0, (R0)
	ADD   $8, R0
	SUBS  $1, R1
	BNE   loop
	RET

// func KeepMask32NEON(dst *uint64, n, words int, counter *[4]uint32, key *[2]uint32, least uint32)
//
//	As above: a word is two eights of blocks.
TEXT ·KeepMask32NEON(SB), NOSPLIT, $0-44
	MOVD  dst+0(FP), R0
	MOVD  n+8(FP), R1
	MOVD  words+16(FP), R2
	MOVD  counter+24(FP), R3
	MOVD  key+32(FP), R4
	MOVWU least+40(FP), R5
	VDUP  R5, V21.S4
	LSL   $1, R1
	LSL   $1, R2
	MOVD  $dropTable<>+208(SB), R6
	BEGIN

loop: // for half of dst[at], at := range n; the bits of two blocks are added to a byte
	DRAW
	BITS(CMHS_S4, 2, 3, 0, 1)
	BITS(CMHS_S4, 6, 7, 4, 5)
	VADDP V6.S4, V2.S4, V0.S4
	UZP1_B16(0, 0, 0)
	UZP1_B16(0, 0, 0)
	FMOVS F0, (R0)
	ADD   $4, R0
	SUBS  $1, R1
	BNE   loop
	RET

// func DropNEON(dst, x *float32, kept *uint64, rows, groups, width, words int, scale float32)
//
//	V0-V3 x and products   V4-V7 lanes to keep   V16 scale   V17 kept   V20-V23 bits of 16 values
//	R0 dst   R1 x   R2 kept   R3 rows left   R4 groups   R5 R6 bytes from what is kept
//	of a row to the next   R7 groups left of the row   R8 kept at hand
TEXT ·DropNEON(SB), NOSPLIT, $0-60
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  kept+16(FP), R2
	MOVD  rows+24(FP), R3
	MOVD  groups+32(FP), R4
	MOVD  width+40(FP), R5
	MOVD  words+48(FP), R6
	FMOVS scale+56(FP), F16
	VDUP  V16.S[0], V16.S4
	SUB   R4<<4, R5
	LSL   $2, R5
	LSL   $3, R6
	MOVD  $dropTable<>+144(SB), R7
	VLD1  (R7), [V20.B16, V21.B16, V22.B16, V23.B16]

row: // for r := range rows
	MOVD R2, R8
	MOVD R4, R7

loop: // for each 16: dst[j] = x[j] * scale, or 0
	MOVHU.P 2(R8), R9
	VDUP    R9, V17.S4
	FLDPQ   (R1), (F0, F1)
	FLDPQ   32(R1), (F2, F3)
	ADD     $64, R1
	EACH4C(FMUL_S4, 16, 0, 0)
	CMTST_S4(17, 20, 4)
	CMTST_S4(17, 21, 5)
	CMTST_S4(17, 22, 6)
	CMTST_S4(17, 23, 7)
	EACH4(AND_B16, 4, 0, 0)
	FSTPQ   (F0, F1), (R0)
	FSTPQ   (F2, F3), 32(R0)
	ADD     $64, R0
	SUBS    $1, R7
	BNE     loop
	ADD     R5, R0
	ADD     R5, R1
	ADD     R6, R2
	SUBS    $1, R3
	BNE     row
	RET
