//go:build !purego

#include "textflag.h"

// Eight blocks in the order of lanes of 64 bits: what UNPCKL takes of each 128 bits
// are the first four, what UNPCKH takes the others.
DATA dropLanes<>+0(SB)/8, $0
DATA dropLanes<>+8(SB)/8, $4
DATA dropLanes<>+16(SB)/8, $1
DATA dropLanes<>+24(SB)/8, $5
DATA dropLanes<>+32(SB)/8, $2
DATA dropLanes<>+40(SB)/8, $6
DATA dropLanes<>+48(SB)/8, $3
DATA dropLanes<>+56(SB)/8, $7
GLOBL dropLanes<>(SB), RODATA|NOPTR, $64

// START: the counters of eight blocks, and those of the next eight to R8 and R9.
#define START(c0, c1, c2, c3) \
	VPBROADCASTD R8, c0;     \
	VPADDD       Z31, c0, c0; \
	VPBROADCASTD R9, c1;     \
	VPBROADCASTD 8(SI), c2;  \
	VPBROADCASTD 12(SI), c3; \
	LEAL         1(R9), R12; \
	ADDL         $8, R8;     \
	CMPL         R8, R10;    \
	CMOVLEQ      R12, R9;    \
	CMOVLEQ      R11, R8

// ROUND: (c0, c1, c2, c3) become (hi(c2·M1)^c1^k0, lo(c2·M1), hi(c0·M0)^c3^k1, lo(c0·M0)),
// which b, c, d and a hold then.
#define ROUND(a, b, c, d, t, u) \
	VPMULUDQ   Z16, a, a;        \
	VPMULUDQ   Z17, c, c;        \
	VPSRLQ     $32, a, t;        \
	VPSRLQ     $32, c, u;        \
	VPTERNLOGD $0x96, u, Z18, b; \
	VPTERNLOGD $0x96, t, Z19, d

#define ROUND4(a0, b0, c0, d0, a1, b1, c1, d1, a2, b2, c2, d2, a3, b3, c3, d3) \
	ROUND(a0, b0, c0, d0, Z20, Z21); \
	ROUND(a1, b1, c1, d1, Z22, Z23); \
	ROUND(a2, b2, c2, d2, Z24, Z25); \
	ROUND(a3, b3, c3, d3, Z26, Z27)

#define ROUND_A ROUND4(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
#define ROUND_B ROUND4(Z1, Z2, Z3, Z0, Z5, Z6, Z7, Z4, Z9, Z10, Z11, Z8, Z13, Z14, Z15, Z12)
#define ROUND_C ROUND4(Z2, Z3, Z0, Z1, Z6, Z7, Z4, Z5, Z10, Z11, Z8, Z9, Z14, Z15, Z12, Z13)
#define ROUND_D ROUND4(Z3, Z0, Z1, Z2, Z7, Z4, Z5, Z6, Z11, Z8, Z9, Z10, Z15, Z12, Z13, Z14)

#define NEXT_KEY \
	VPADDD Z28, Z18, Z18; \
	VPADDD Z29, Z19, Z19

// BEGIN: the constants, and the counters of the first eight blocks. R10 is the number of
// blocks of a row, in eights.
#define BEGIN \
	MOVL         0(SI), R11;             \
	MOVL         4(SI), R9;              \
	MOVL         R11, R8;                \
	LEAL         (R11)(R10*8), R10;      \
	MOVL         $0xD2511F53, AX;        \
	VPBROADCASTD AX, Z16;                \
	MOVL         $0xCD9E8D57, AX;        \
	VPBROADCASTD AX, Z17;                \
	MOVL         $0x9E3779B9, AX;        \
	VPBROADCASTD AX, Z28;                \
	MOVL         $0xBB67AE85, AX;        \
	VPBROADCASTD AX, Z29;                \
	MOVL         $0xAAAA, AX;            \
	KMOVW        AX, K1;                 \
	VMOVDQU64    dropLanes<>(SB), Z31

// DRAW: the words of 32 blocks, four times eight, to Z2 Z3 Z0 Z1, Z6 Z7 Z4 Z5 and so on.
#define DRAW \
	VPBROADCASTD 0(DX), Z18;   \
	VPBROADCASTD 4(DX), Z19;   \
	START(Z0, Z1, Z2, Z3);     \
	START(Z4, Z5, Z6, Z7);     \
	START(Z8, Z9, Z10, Z11);   \
	START(Z12, Z13, Z14, Z15); \
	ROUND_A;                   \
	NEXT_KEY;                  \
	ROUND_B;                   \
	NEXT_KEY;                  \
	ROUND_C;                   \
	NEXT_KEY;                  \
	ROUND_D;                   \
	NEXT_KEY;                  \
	ROUND_A;                   \
	NEXT_KEY;                  \
	ROUND_B;                   \
	NEXT_KEY;                  \
	ROUND_C;                   \
	NEXT_KEY;                  \
	ROUND_D;                   \
	NEXT_KEY;                  \
	ROUND_A;                   \
	NEXT_KEY;                  \
	ROUND_B

// MERGE: the words of eight blocks in b0, b1, b2, b3 side by side: all of four blocks in b1,
// of the others in b3.
#define MERGE(b0, b1, b2, b3) \
	VMOVSLDUP   b1, K1, b0; \
	VMOVSLDUP   b3, K1, b2; \
	VPUNPCKLQDQ b2, b0, b1; \
	VPUNPCKHQDQ b2, b0, b3

// FINISH16: dst[at] from the words of eight blocks; done behind the last.
#define FINISH16(b0, b1, b2, b3) \
	MERGE(b0, b1, b2, b3);       \
	VPCMPUW  $5, Z30, b1, K2; \
	VPCMPUW  $5, Z30, b3, K3; \
	KUNPCKDQ K2, K3, K2;      \
	KMOVQ    K2, (DI);        \
	ADDQ     $8, DI;          \
	DECQ     CX;              \
	JEQ      done

// FINISH32: the same for half of dst[at].
#define FINISH32(b0, b1, b2, b3) \
	MERGE(b0, b1, b2, b3);       \
	VPCMPUD  $5, Z30, b1, K2; \
	VPCMPUD  $5, Z30, b3, K3; \
	KUNPCKWD K2, K3, K2;      \
	KMOVD    K2, (DI);        \
	ADDQ     $4, DI;          \
	DECQ     CX;              \
	JEQ      done

// func KeepMask16AVX512(dst *uint64, n, words int, counter *[4]uint32, key *[2]uint32, least uint16)
//
//	Z0-Z3, Z4-Z7, Z8-Z11, Z12-Z15 the words of eight blocks each, in lanes of 64 bits of
//	which the upper halves mean nothing   Z16 Z17 M0 M1   Z18 Z19 k0 k1
//	Z20-Z27 hi   Z28 Z29 what k0 and k1 grow by   Z30 least   Z31 blocks of lanes
//	DI dst   CX eights of blocks left   SI counter   DX key   R8 R9 c0 c1 of the eight at hand
//	R10 c0 behind the last block of a row   R11 c0 of the first   K1 upper halves of lanes
TEXT ·KeepMask16AVX512(SB), NOSPLIT, $0-42
	MOVQ         dst+0(FP), DI
	MOVQ         n+8(FP), CX
	MOVQ         words+16(FP), R10
	MOVQ         counter+24(FP), SI
	MOVQ         key+32(FP), DX
	VPBROADCASTW least+40(FP), Z30
	BEGIN

loop: // for at := range n, four at a time
	DRAW
	FINISH16(Z2, Z3, Z0, Z1)
	FINISH16(Z6, Z7, Z4, Z5)
	FINISH16(Z10, Z11, Z8, Z9)
	FINISH16(Z14, Z15, Z12, Z13)
	JMP loop

done:
	VZEROUPPER
	RET

// func KeepMask32AVX512(dst *uint64, n, words int, counter *[4]uint32, key *[2]uint32, least uint32)
//
//	As above: a word is two eights of blocks.
TEXT ·KeepMask32AVX512(SB), NOSPLIT, $0-44
	MOVQ         dst+0(FP), DI
	MOVQ         n+8(FP), CX
	MOVQ         words+16(FP), R10
	MOVQ         counter+24(FP), SI
	MOVQ         key+32(FP), DX
	VBROADCASTSS least+40(FP), Z30
	SHLQ         $1, CX
	SHLQ         $1, R10
	BEGIN

loop: // for at := range n, two at a time
	DRAW
	FINISH32(Z2, Z3, Z0, Z1)
	FINISH32(Z6, Z7, Z4, Z5)
	FINISH32(Z10, Z11, Z8, Z9)
	FINISH32(Z14, Z15, Z12, Z13)
	JMP loop

done:
	VZEROUPPER
	RET

// func DropAVX512(dst, x *float32, kept *uint64, rows, width int, scale float32)
//
//	Z0 scale   Z1-Z4 products   K1-K4 kept   K5 the lanes of the tail
//	DI dst   SI x   DX kept   R8 rows left   R9 width   CX values left of the row
TEXT ·DropAVX512(SB), NOSPLIT, $0-44
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         kept+16(FP), DX
	MOVQ         rows+24(FP), R8
	MOVQ         width+32(FP), R9
	VBROADCASTSS scale+40(FP), Z0
	MOVQ         R9, CX
	ANDQ         $15, CX
	MOVL         $1, AX
	SHLL         CX, AX
	DECL         AX
	KMOVW        AX, K5

row: // for r := range rows
	MOVQ R9, CX
	SUBQ $64, CX
	JLT  rest

loop: // for each 64: dst[j] = x[j] * scale, or 0
	KMOVW    (DX), K1
	KMOVW    2(DX), K2
	KMOVW    4(DX), K3
	KMOVW    6(DX), K4
	VMULPS.Z (SI), Z0, K1, Z1
	VMULPS.Z 64(SI), Z0, K2, Z2
	VMULPS.Z 128(SI), Z0, K3, Z3
	VMULPS.Z 192(SI), Z0, K4, Z4
	VMOVUPS  Z1, (DI)
	VMOVUPS  Z2, 64(DI)
	VMOVUPS  Z3, 128(DI)
	VMOVUPS  Z4, 192(DI)
	ADDQ     $8, DX
	ADDQ     $256, SI
	ADDQ     $256, DI
	SUBQ     $64, CX
	JGE      loop

rest:
	ADDQ $64, CX
	JEQ  next
	MOVQ DX, BX
	ADDQ $8, DX
	SUBQ $16, CX
	JLT  tail

loop16: // for each 16 that remain
	KMOVW    (BX), K1
	VMULPS.Z (SI), Z0, K1, Z1
	VMOVUPS  Z1, (DI)
	ADDQ     $2, BX
	ADDQ     $64, SI
	ADDQ     $64, DI
	SUBQ     $16, CX
	JGE      loop16

tail: // the last width%16
	ADDQ     $16, CX
	JEQ      next
	KMOVW    (BX), K1
	KANDW    K5, K1, K1
	VMULPS.Z (SI), Z0, K1, Z1
	VMOVUPS  Z1, K5, (DI)
	LEAQ     (SI)(CX*4), SI
	LEAQ     (DI)(CX*4), DI

next:
	DECQ R8
	JNE  row
	VZEROUPPER
	RET
