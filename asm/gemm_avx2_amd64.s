//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "gemm_amd64.h"

// GemmAVX2: tiles of up to 6 rows and 16 columns; of up to 3 rows and 32, since
// it takes eight sums to hide the latency of a multiply-add.
//
//	Y0-Y11  sums, two a row      Y12, Y13  16 columns of b    Y14  a, broadcast
//	Y0-Y11  sums, four a row     Y12  8 columns of b          Y13-Y15  a, broadcast
//	Y12     0, and Y13, Y14, once the sums are done
//	R9      where rows have four sums: bytes from block to block of b
//	R13     in the loop over inputs: bytes of FETCHED inputs of b
//	block-8(SP)  blocks of this strip done
//	c-16(SP), from-24(SP)  C and From of this strip
//
// The other registers: gemm_amd64.h. A strip goes over all blocks of columns before
// the next begins, so that its a is read from the first-level cache and each row of C
// is visited once, while b, of which all strips need all, comes from the second
// level.

#define LOADROW(c0, c1) \
	VMOVUPS (R13), c0   \
	VMOVUPS 32(R13), c1 \
	ADDQ    AX, R13
#define LOAD1 LOADROW(Y0, Y1)
#define LOAD2 LOAD1; LOADROW(Y2, Y3)
#define LOAD3 LOAD2; LOADROW(Y4, Y5)
#define LOAD4 LOAD3; LOADROW(Y6, Y7)
#define LOAD5 LOAD4; LOADROW(Y8, Y9)
#define LOAD6 LOAD5; LOADROW(Y10, Y11)

#define STOREROW(c0, c1) \
	VMOVUPS c0, (DX)   \
	VMOVUPS c1, 32(DX) \
	ADDQ    AX, DX
#define STORE1 STOREROW(Y0, Y1)
#define STORE2 STORE1; STOREROW(Y2, Y3)
#define STORE3 STORE2; STOREROW(Y4, Y5)
#define STORE4 STORE3; STOREROW(Y6, Y7)
#define STORE5 STORE4; STOREROW(Y8, Y9)
#define STORE6 STORE5; STOREROW(Y10, Y11)

// A comparison that NaN passes: not less or equal, unordered.
#define RELUROW(c0, c1) \
	VCMPPS $0x16, Y12, c0, Y13 \
	VCMPPS $0x16, Y12, c1, Y14 \
	VANDPS Y13, c0, c0         \
	VANDPS Y14, c1, c1
#define RELU1 VXORPS Y12, Y12, Y12; RELUROW(Y0, Y1)
#define RELU2 RELU1; RELUROW(Y2, Y3)
#define RELU3 RELU2; RELUROW(Y4, Y5)
#define RELU4 RELU3; RELUROW(Y6, Y7)
#define RELU5 RELU4; RELUROW(Y8, Y9)
#define RELU6 RELU5; RELUROW(Y10, Y11)

#define PLUSCROW(c0, c1) \
	VADDPS (CX), c0, c0   \
	VADDPS 32(CX), c1, c1 \
	ADDQ   AX, CX
#define PLUSC1 PLUSCROW(Y0, Y1)
#define PLUSC2 PLUSC1; PLUSCROW(Y2, Y3)
#define PLUSC3 PLUSC2; PLUSCROW(Y4, Y5)
#define PLUSC4 PLUSC3; PLUSCROW(Y6, Y7)
#define PLUSC5 PLUSC4; PLUSCROW(Y8, Y9)
#define PLUSC6 PLUSC5; PLUSCROW(Y10, Y11)

#define FETCHROW PREFETCHT0 (AX); ADDQ CX, AX
#define FETCHC1 FETCHROW
#define FETCHC2 FETCHC1; FETCHROW
#define FETCHC3 FETCHC2; FETCHROW
#define FETCHC4 FETCHC3; FETCHROW
#define FETCHC5 FETCHC4; FETCHROW
#define FETCHC6 FETCHC5; FETCHROW

// b of FETCHED inputs on is fetched, which is about 150 cycles ahead, enough for the
// third-level cache of a busy CPU. In panels that reaches from the end of one into
// the next. The CPU does not foresee every fourth line.
#define FETCHED 24
#define LOADB \
	PREFETCHT0 (BX)(R13*1) \
	VMOVUPS    (BX), Y12   \
	VMOVUPS    32(BX), Y13

// y = fma(a, b, y) for one row and 16 columns
#define ROW(a, c0, c1) \
	VBROADCASTSS a, Y14       \
	VFMADD231PS  Y12, Y14, c0 \
	VFMADD231PS  Y13, Y14, c1
#define STEP1 LOADB; ROW((SI), Y0, Y1)
#define STEP2 STEP1; ROW((SI)(R8*1), Y2, Y3)
#define STEP3 STEP2; ROW((SI)(R8*2), Y4, Y5)
#define STEP4 STEP3; ROW((SI)(R9*1), Y6, Y7)
#define STEP5 STEP4; ROW((SI)(R8*4), Y8, Y9)
#define STEP6 STEP5; ROW((SI)(AX*1), Y10, Y11)

// The same for two blocks of columns.

#define WIDELOADROW(c0, c1, c2, c3) \
	VMOVUPS (R13), c0   \
	VMOVUPS 32(R13), c1 \
	VMOVUPS 64(R13), c2 \
	VMOVUPS 96(R13), c3 \
	ADDQ    AX, R13
#define WIDELOAD1 WIDELOADROW(Y0, Y1, Y2, Y3)
#define WIDELOAD2 WIDELOAD1; WIDELOADROW(Y4, Y5, Y6, Y7)
#define WIDELOAD3 WIDELOAD2; WIDELOADROW(Y8, Y9, Y10, Y11)

#define WIDESTOREROW(c0, c1, c2, c3) \
	VMOVUPS c0, (DX)   \
	VMOVUPS c1, 32(DX) \
	VMOVUPS c2, 64(DX) \
	VMOVUPS c3, 96(DX) \
	ADDQ    AX, DX
#define WIDESTORE1 WIDESTOREROW(Y0, Y1, Y2, Y3)
#define WIDESTORE2 WIDESTORE1; WIDESTOREROW(Y4, Y5, Y6, Y7)
#define WIDESTORE3 WIDESTORE2; WIDESTOREROW(Y8, Y9, Y10, Y11)

#define WIDERELUROW(c0, c1, c2, c3) RELUROW(c0, c1); RELUROW(c2, c3)
#define WIDERELU1 VXORPS Y12, Y12, Y12; WIDERELUROW(Y0, Y1, Y2, Y3)
#define WIDERELU2 WIDERELU1; WIDERELUROW(Y4, Y5, Y6, Y7)
#define WIDERELU3 WIDERELU2; WIDERELUROW(Y8, Y9, Y10, Y11)

#define WIDEPLUSCROW(c0, c1, c2, c3) \
	VADDPS (CX), c0, c0   \
	VADDPS 32(CX), c1, c1 \
	VADDPS 64(CX), c2, c2 \
	VADDPS 96(CX), c3, c3 \
	ADDQ   AX, CX
#define WIDEPLUSC1 WIDEPLUSCROW(Y0, Y1, Y2, Y3)
#define WIDEPLUSC2 WIDEPLUSC1; WIDEPLUSCROW(Y4, Y5, Y6, Y7)
#define WIDEPLUSC3 WIDEPLUSC2; WIDEPLUSCROW(Y8, Y9, Y10, Y11)

#define WIDEA1 VBROADCASTSS (SI), Y13
#define WIDEA2 WIDEA1; VBROADCASTSS (SI)(R8*1), Y14
#define WIDEA3 WIDEA2; VBROADCASTSS (SI)(R8*2), Y15

#define FETCHB \
	PREFETCHT0 (BX)(R13*1)    \
	LEAQ       (BX)(R9*1), AX \
	PREFETCHT0 (AX)(R13*1)

// y = fma(a, b, y) for 8 columns and one to three rows
#define COLS1(b, c0)         VMOVUPS b, Y12; VFMADD231PS Y12, Y13, c0
#define COLS2(b, c0, c1)     COLS1(b, c0); VFMADD231PS Y12, Y14, c1
#define COLS3(b, c0, c1, c2) COLS2(b, c0, c1); VFMADD231PS Y12, Y15, c2

#define WIDESTEP1 FETCHB; WIDEA1; \
	COLS1((BX), Y0); \
	COLS1(32(BX), Y1); \
	COLS1((BX)(R9*1), Y2); \
	COLS1(32(BX)(R9*1), Y3)
#define WIDESTEP2 FETCHB; WIDEA2; \
	COLS2((BX), Y0, Y4); \
	COLS2(32(BX), Y1, Y5); \
	COLS2((BX)(R9*1), Y2, Y6); \
	COLS2(32(BX)(R9*1), Y3, Y7)
#define WIDESTEP3 FETCHB; WIDEA3; \
	COLS3((BX), Y0, Y4, Y8); \
	COLS3(32(BX), Y1, Y5, Y9); \
	COLS3((BX)(R9*1), Y2, Y6, Y10); \
	COLS3(32(BX)(R9*1), Y3, Y7, Y11)

// R15 = Tile.C + 256 + 64*block
#define LASTC \
	MOVQ block-8(SP), R15 \
	ADDQ $4, R15          \
	SHLQ $6, R15          \
	ADDQ Tile_C(DI), R15

// BX = B + block·BBlock
#define START \
	IMUL3Q $FETCHED, R11, R13  \
	MOVQ   Tile_BBlock(DI), BX \
	SHLQ   $2, BX              \
	IMULQ  block-8(SP), BX     \
	ADDQ   Tile_B(DI), BX

#define BLOCK(strip, rows) INCQ block-8(SP); JMP next
#define BLOCKS(strip, rows) ADDQ $2, block-8(SP); JMP next

// func GemmAVX2(t *Tile)
TEXT ·GemmAVX2(SB), NOSPLIT, $24-8
	BEGIN
	MOVQ Tile_C(DI), AX
	MOVQ AX, c-16(SP)
	MOVQ Tile_From(DI), AX
	MOVQ AX, from-24(SP)
	MOVQ Tile_A(DI), R14
	MOVQ Tile_Strips(DI), R12
	MOVQ $0, block-8(SP)

next: // for j, one block or two at a time
	MOVQ block-8(SP), AX
	MOVQ Tile_Blocks(DI), CX
	SUBQ AX, CX
	JLE  stripdone
	SHLQ $6, AX
	MOVQ c-16(SP), DX
	ADDQ AX, DX
	MOVQ from-24(SP), R13
	ADDQ AX, R13
	MOVQ Tile_Rows(DI), AX
	CMPQ AX, $5
	JGT  strip6
	JEQ  strip5
	CMPQ AX, $3
	JGT  strip4
	CMPQ CX, $1
	JEQ  narrow
	MOVQ Tile_BBlock(DI), R9
	SHLQ $2, R9
	CMPQ AX, $2
	JGT  widestrip3
	JEQ  widestrip2
	JMP  widestrip1

narrow:
	CMPQ AX, $2
	JGT  strip3
	JEQ  strip2
	JMP  strip1

stripdone:
	MOVQ  $0, block-8(SP)
	MOVQ  Tile_Rows(DI), CX
	SHLQ  $2, CX
	MOVQ  Tile_CRow(DI), AX
	IMULQ CX, AX
	ADDQ  AX, c-16(SP)
	MOVQ  Tile_FromRow(DI), AX
	IMULQ CX, AX
	ADDQ  AX, from-24(SP)
	SHRQ  $2, CX
	IMULQ R8, CX
	ADDQ  CX, R14
	DECQ  R12
	JNZ   next
	VZEROUPPER
	RET

	TILES(strip1, segment1, inputs1, rest1, input1, skip1, done1, store1, 1, LASTC, START, LOAD1, STEP1, RELU1, PLUSC1, STORE1, FETCHA1, FETCHC1, BLOCK)
	TILES(strip2, segment2, inputs2, rest2, input2, skip2, done2, store2, 2, LASTC, START, LOAD2, STEP2, RELU2, PLUSC2, STORE2, FETCHA2, FETCHC2, BLOCK)
	TILES(strip3, segment3, inputs3, rest3, input3, skip3, done3, store3, 3, LASTC, START, LOAD3, STEP3, RELU3, PLUSC3, STORE3, FETCHA3, FETCHC3, BLOCK)
	TILES(strip4, segment4, inputs4, rest4, input4, skip4, done4, store4, 4, LASTC, START, LOAD4, STEP4, RELU4, PLUSC4, STORE4, FETCHA4, FETCHC4, BLOCK)
	TILES(strip5, segment5, inputs5, rest5, input5, skip5, done5, store5, 5, LASTC, START, LOAD5, STEP5, RELU5, PLUSC5, STORE5, FETCHA5, FETCHC5, BLOCK)
	TILES(strip6, segment6, inputs6, rest6, input6, skip6, done6, store6, 6, LASTC, START, LOAD6, STEP6, RELU6, PLUSC6, STORE6, FETCHA6, FETCHC6, BLOCK)
	TILES(widestrip1, widesegment1, wideinputs1, widerest1, wideinput1, wideskip1, widedone1, widestore1, 1, LASTC, START, WIDELOAD1, WIDESTEP1, WIDERELU1, WIDEPLUSC1, WIDESTORE1, FETCHA1, FETCHC1, BLOCKS)
	TILES(widestrip2, widesegment2, wideinputs2, widerest2, wideinput2, wideskip2, widedone2, widestore2, 2, LASTC, START, WIDELOAD2, WIDESTEP2, WIDERELU2, WIDEPLUSC2, WIDESTORE2, FETCHA2, FETCHC2, BLOCKS)
	TILES(widestrip3, widesegment3, wideinputs3, widerest3, wideinput3, wideskip3, widedone3, widestore3, 3, LASTC, START, WIDELOAD3, WIDESTEP3, WIDERELU3, WIDEPLUSC3, WIDESTORE3, FETCHA3, FETCHC3, BLOCKS)
