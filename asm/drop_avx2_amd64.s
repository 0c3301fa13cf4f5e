//go:build !purego

#include "textflag.h"

// Eight times what it multiplies or adds: M0, M1, and what k0 and k1 grow by.
#define EIGHT(at, v) \
	DATA dropTable<>+(at)(SB)/8, $((v)|(v)<<32);    \
	DATA dropTable<>+(at+8)(SB)/8, $((v)|(v)<<32);  \
	DATA dropTable<>+(at+16)(SB)/8, $((v)|(v)<<32); \
	DATA dropTable<>+(at+24)(SB)/8, $((v)|(v)<<32)
EIGHT(0, 0xD2511F53)
EIGHT(32, 0xCD9E8D57)
EIGHT(64, 0x9E3779B9)
EIGHT(96, 0xBB67AE85)

// The blocks of lanes of 64 bits, then the bits of eight values.
DATA dropTable<>+128(SB)/8, $0
DATA dropTable<>+136(SB)/8, $1
DATA dropTable<>+144(SB)/8, $2
DATA dropTable<>+152(SB)/8, $3
DATA dropTable<>+160(SB)/8, $4
DATA dropTable<>+168(SB)/8, $5
DATA dropTable<>+176(SB)/8, $6
DATA dropTable<>+184(SB)/8, $7
DATA dropTable<>+192(SB)/8, $0x0000000200000001
DATA dropTable<>+200(SB)/8, $0x0000000800000004
DATA dropTable<>+208(SB)/8, $0x0000002000000010
DATA dropTable<>+216(SB)/8, $0x0000008000000040
GLOBL dropTable<>(SB), RODATA|NOPTR, $224

// ROUND: (c0, c1, c2, c3) become (hi(c2·M1)^c1^k0, lo(c2·M1), hi(c0·M0)^c3^k1, lo(c0·M0)),
// which b, c, d and a hold then.
#define ROUND(a, b, c, d, t, u) \
	VPXOR    Y14, b, b; \
	VPXOR    Y15, d, d; \
	VPMULUDQ Y12, a, a; \
	VPMULUDQ Y13, c, c; \
	VPSRLQ   $32, a, t; \
	VPSRLQ   $32, c, u; \
	VPXOR    u, b, b;   \
	VPXOR    t, d, d

#define ROUND_A ROUND(Y0, Y1, Y2, Y3, Y8, Y9); ROUND(Y4, Y5, Y6, Y7, Y10, Y11)
#define ROUND_B ROUND(Y1, Y2, Y3, Y0, Y8, Y9); ROUND(Y5, Y6, Y7, Y4, Y10, Y11)
#define ROUND_C ROUND(Y2, Y3, Y0, Y1, Y8, Y9); ROUND(Y6, Y7, Y4, Y5, Y10, Y11)
#define ROUND_D ROUND(Y3, Y0, Y1, Y2, Y8, Y9); ROUND(Y7, Y4, Y5, Y6, Y10, Y11)

#define NEXT_KEY \
	VPADDD dropTable<>+64(SB), Y14, Y14; \
	VPADDD dropTable<>+96(SB), Y15, Y15

// BEGIN: the counters of the first eight blocks. R10 is the number of blocks of a row, in
// eights.
#define BEGIN \
	MOVL 0(SI), R11;        \
	MOVL 4(SI), R9;         \
	MOVL R11, R8;           \
	LEAL (R11)(R10*8), R10

// DRAW: the words of twice four blocks to Y2 Y3 Y0 Y1 and Y6 Y7 Y4 Y5, and the counters of
// the next eight blocks.
#define DRAW \
	VMOVD        R8, X4;                     \
	VPBROADCASTD X4, Y4;                     \
	VPADDD       dropTable<>+128(SB), Y4, Y0; \
	VPADDD       dropTable<>+160(SB), Y4, Y4; \
	VMOVD        R9, X1;                     \
	VPBROADCASTD X1, Y1;                     \
	VMOVDQA      Y1, Y5;                     \
	VPBROADCASTD 8(SI), Y2;                  \
	VMOVDQA      Y2, Y6;                     \
	VPBROADCASTD 12(SI), Y3;                 \
	VMOVDQA      Y3, Y7;                     \
	VMOVDQU      dropTable<>+0(SB), Y12;     \
	VMOVDQU      dropTable<>+32(SB), Y13;    \
	VPBROADCASTD 0(DX), Y14;                 \
	VPBROADCASTD 4(DX), Y15;                 \
	LEAL         1(R9), R12;                 \
	ADDL         $8, R8;                     \
	CMPL         R8, R10;                    \
	CMOVLEQ      R12, R9;                    \
	CMOVLEQ      R11, R8;                    \
	ROUND_A;                                 \
	NEXT_KEY;                                \
	ROUND_B;                                 \
	NEXT_KEY;                                \
	ROUND_C;                                 \
	NEXT_KEY;                                \
	ROUND_D;                                 \
	NEXT_KEY;                                \
	ROUND_A;                                 \
	NEXT_KEY;                                \
	ROUND_B;                                 \
	NEXT_KEY;                                \
	ROUND_C;                                 \
	NEXT_KEY;                                \
	ROUND_D;                                 \
	NEXT_KEY;                                \
	ROUND_A;                                 \
	NEXT_KEY;                                \
	ROUND_B

// MERGE: the words of four blocks in b0, b1, b2, b3 side by side: all of blocks 0 and 2 in
// b1, of the others in b3; b0 and b2 are overwritten.
#define MERGE(b0, b1, b2, b3) \
	VPSLLQ      $32, b1, b1;       \
	VPSLLQ      $32, b3, b3;       \
	VPBLENDD    $0xAA, b1, b0, b0; \
	VPBLENDD    $0xAA, b3, b2, b2; \
	VPUNPCKLQDQ b2, b0, b1;        \
	VPUNPCKHQDQ b2, b0, b3

// FINISH16: half of dst[at] from the words of four blocks, with least in Y12.
#define FINISH16(b0, b1, b2, b3, at) \
	MERGE(b0, b1, b2, b3);   \
	VPMAXUW   Y12, b1, b0;   \
	VPMAXUW   Y12, b3, b2;   \
	VPCMPEQW  b0, b1, b1;    \
	VPCMPEQW  b2, b3, b3;    \
	VPACKSSWB b3, b1, b1;    \
	VPMOVMSKB b1, AX;        \
	MOVL      AX, at(DI)

// COMPARE32: which words of four blocks are at least Y12, to half-words of b1: those of blocks
// 0 and 1, then of 2 and 3.
#define COMPARE32(b0, b1, b2, b3) \
	MERGE(b0, b1, b2, b3);   \
	VPMAXUD   Y12, b1, b0;   \
	VPMAXUD   Y12, b3, b2;   \
	VPCMPEQD  b0, b1, b1;    \
	VPCMPEQD  b2, b3, b3;    \
	VPACKSSDW b3, b1, b1

// func KeepMask16AVX2(dst *uint64, n, words int, counter *[4]uint32, key *[2]uint32, least uint16)
//
//	Y0-Y3, Y4-Y7 the words of four blocks each, in lanes of 64 bits of which the upper
//	halves mean nothing   Y8-Y11 hi   Y12 Y13 M0 M1, then least   Y14 Y15 k0 k1
//	DI dst   CX eights of blocks left   SI counter   DX key   R8 R9 c0 c1 of the eight at hand
//	R10 c0 behind the last block of a row   R11 c0 of the first
TEXT ·KeepMask16AVX2(SB), NOSPLIT, $0-42
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ words+16(FP), R10
	MOVQ counter+24(FP), SI
	MOVQ key+32(FP), DX
	BEGIN

loop: // for at := range n
	DRAW
	VPBROADCASTW least+40(FP), Y12
	FINISH16(Y2, Y3, Y0, Y1, 0)
	FINISH16(Y6, Y7, Y4, Y5, 4)
	ADDQ         $8, DI
	DECQ         CX
	JNE          loop
	VZEROUPPER
	RET

// func KeepMask32AVX2(dst *uint64, n, words int, counter *[4]uint32, key *[2]uint32, least uint32)
//
//	As above: a word is two eights of blocks.
TEXT ·KeepMask32AVX2(SB), NOSPLIT, $0-44
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ words+16(FP), R10
	MOVQ counter+24(FP), SI
	MOVQ key+32(FP), DX
	SHLQ $1, CX
	SHLQ $1, R10
	BEGIN

loop: // for half of dst[at], at := range n
	DRAW
	VBROADCASTSS least+40(FP), Y12
	COMPARE32(Y2, Y3, Y0, Y1)
	COMPARE32(Y6, Y7, Y4, Y5)
	VPACKSSWB    Y7, Y3, Y3   // bytes of blocks 0, 1, 4, 5, 2, 3, 6, 7
	VPERMQ       $0xD8, Y3, Y3
	VPMOVMSKB    Y3, AX
	MOVL         AX, (DI)
	ADDQ         $4, DI
	DECQ         CX
	JNE          loop
	VZEROUPPER
	RET

// KEEP: dst[j] = x[j] * scale, or 0, of the eight values from byte at on; bits says which of
// the bits in Y5 are theirs.
#define KEEP(at, bits, t, u) \
	VPAND    bits, Y5, t;      \
	VPCMPEQD bits, t, t;       \
	VMULPS   at(SI), Y0, u;    \
	VANDPS   t, u, u;          \
	VMOVUPS  u, at(DI)

// func DropAVX2(dst, x *float32, kept *uint64, rows, width int, scale float32)
//
//	Y0 scale   Y1-Y4 the bits of eight values, of four times eight   Y5 kept
//	Y6-Y13 lanes to keep and products   Y14 the lanes of the tail
//	DI dst   SI x   DX kept   R8 rows left   R9 width   CX values left of the row
TEXT ·DropAVX2(SB), NOSPLIT, $0-44
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         kept+16(FP), DX
	MOVQ         rows+24(FP), R8
	MOVQ         width+32(FP), R9
	VBROADCASTSS scale+40(FP), Y0
	VMOVDQU      dropTable<>+192(SB), Y1
	VPSLLD       $8, Y1, Y2
	VPSLLD       $16, Y1, Y3
	VPSLLD       $24, Y1, Y4
	MOVQ         R9, CX
	ANDQ         $7, CX
	LEAQ         ·tailMask+32(SB), AX
	SHLQ         $2, CX
	SUBQ         CX, AX
	VMOVUPS      (AX), Y14

row: // for r := range rows
	MOVQ DX, BX
	MOVQ R9, CX
	SUBQ $32, CX
	JLT  rest

loop: // for each 32
	VPBROADCASTD (BX), Y5
	KEEP(0, Y1, Y6, Y7)
	KEEP(32, Y2, Y8, Y9)
	KEEP(64, Y3, Y10, Y11)
	KEEP(96, Y4, Y12, Y13)
	ADDQ         $4, BX
	ADDQ         $128, SI
	ADDQ         $128, DI
	SUBQ         $32, CX
	JGE          loop

rest:
	ADDQ $24, CX
	JLT  tail

loop8: // for each 8 that remain
	VPBROADCASTB (BX), Y5
	KEEP(0, Y1, Y6, Y7)
	INCQ         BX
	ADDQ         $32, SI
	ADDQ         $32, DI
	SUBQ         $8, CX
	JGE          loop8

tail: // the last width%8
	ADDQ         $8, CX
	JEQ          next
	VPBROADCASTB (BX), Y5
	VPAND        Y1, Y5, Y6
	VPCMPEQD     Y1, Y6, Y6
	VMASKMOVPS   (SI), Y14, Y7
	VMULPS       Y7, Y0, Y7
	VANDPS       Y6, Y7, Y7
	VMASKMOVPS   Y7, Y14, (DI)
	LEAQ         (SI)(CX*4), SI
	LEAQ         (DI)(CX*4), DI

next: // the words of the next row
	LEAQ 63(R9), AX
	SHRQ $6, AX
	LEAQ (DX)(AX*8), DX
	DECQ R8
	JNE  row
	VZEROUPPER
	RET
