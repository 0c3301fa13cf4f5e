//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "gemm_amd64.h"

// GemmAVX512: tiles of up to 6 rows and 64 columns.
//
//	Z0-Z23  sums, four a row     Z24-Z27  64 columns of b     Z28  a, broadcast
//	Z24     0, and K1-K4, once the sums are done
//
// The other registers: gemm_amd64.h.

#define LOADROW(c0, c1, c2, c3) \
	VMOVUPS (R13), c0    \
	VMOVUPS 64(R13), c1  \
	VMOVUPS 128(R13), c2 \
	VMOVUPS 192(R13), c3 \
	ADDQ    AX, R13
#define LOAD1 LOADROW(Z0, Z1, Z2, Z3)
#define LOAD2 LOAD1; LOADROW(Z4, Z5, Z6, Z7)
#define LOAD3 LOAD2; LOADROW(Z8, Z9, Z10, Z11)
#define LOAD4 LOAD3; LOADROW(Z12, Z13, Z14, Z15)
#define LOAD5 LOAD4; LOADROW(Z16, Z17, Z18, Z19)
#define LOAD6 LOAD5; LOADROW(Z20, Z21, Z22, Z23)

#define STOREROW(c0, c1, c2, c3) \
	VMOVUPS c0, (DX)    \
	VMOVUPS c1, 64(DX)  \
	VMOVUPS c2, 128(DX) \
	VMOVUPS c3, 192(DX) \
	ADDQ    AX, DX
#define STORE1 STOREROW(Z0, Z1, Z2, Z3)
#define STORE2 STORE1; STOREROW(Z4, Z5, Z6, Z7)
#define STORE3 STORE2; STOREROW(Z8, Z9, Z10, Z11)
#define STORE4 STORE3; STOREROW(Z12, Z13, Z14, Z15)
#define STORE5 STORE4; STOREROW(Z16, Z17, Z18, Z19)
#define STORE6 STORE5; STOREROW(Z20, Z21, Z22, Z23)

// A comparison that NaN passes: not less or equal, unordered.
#define RELUROW(c0, c1, c2, c3) \
	VCMPPS    $0x16, Z24, c0, K1 \
	VCMPPS    $0x16, Z24, c1, K2 \
	VCMPPS    $0x16, Z24, c2, K3 \
	VCMPPS    $0x16, Z24, c3, K4 \
	VMOVAPS.Z c0, K1, c0         \
	VMOVAPS.Z c1, K2, c1         \
	VMOVAPS.Z c2, K3, c2         \
	VMOVAPS.Z c3, K4, c3
#define RELU1 VPXORQ Z24, Z24, Z24; RELUROW(Z0, Z1, Z2, Z3)
#define RELU2 RELU1; RELUROW(Z4, Z5, Z6, Z7)
#define RELU3 RELU2; RELUROW(Z8, Z9, Z10, Z11)
#define RELU4 RELU3; RELUROW(Z12, Z13, Z14, Z15)
#define RELU5 RELU4; RELUROW(Z16, Z17, Z18, Z19)
#define RELU6 RELU5; RELUROW(Z20, Z21, Z22, Z23)

#define PLUSCROW(c0, c1, c2, c3) \
	VADDPS (CX), c0, c0    \
	VADDPS 64(CX), c1, c1  \
	VADDPS 128(CX), c2, c2 \
	VADDPS 192(CX), c3, c3 \
	ADDQ   AX, CX
#define PLUSC1 PLUSCROW(Z0, Z1, Z2, Z3)
#define PLUSC2 PLUSC1; PLUSCROW(Z4, Z5, Z6, Z7)
#define PLUSC3 PLUSC2; PLUSCROW(Z8, Z9, Z10, Z11)
#define PLUSC4 PLUSC3; PLUSCROW(Z12, Z13, Z14, Z15)
#define PLUSC5 PLUSC4; PLUSCROW(Z16, Z17, Z18, Z19)
#define PLUSC6 PLUSC5; PLUSCROW(Z20, Z21, Z22, Z23)

#define FETCHROW \
	PREFETCHT0 (AX)    \
	PREFETCHT0 64(AX)  \
	PREFETCHT0 128(AX) \
	PREFETCHT0 192(AX) \
	ADDQ       CX, AX
#define FETCHC1 FETCHROW
#define FETCHC2 FETCHC1; FETCHROW
#define FETCHC3 FETCHC2; FETCHROW
#define FETCHC4 FETCHC3; FETCHROW
#define FETCHC5 FETCHC4; FETCHROW
#define FETCHC6 FETCHC5; FETCHROW

#define LOADB \
	VMOVUPS (BX), Z24    \
	VMOVUPS 64(BX), Z25  \
	VMOVUPS 128(BX), Z26 \
	VMOVUPS 192(BX), Z27

// y = fma(a, b, y) for one row
#define ROW(a, c0, c1, c2, c3) \
	VBROADCASTSS a, Z28       \
	VFMADD231PS  Z24, Z28, c0 \
	VFMADD231PS  Z25, Z28, c1 \
	VFMADD231PS  Z26, Z28, c2 \
	VFMADD231PS  Z27, Z28, c3
#define STEP1 LOADB; ROW((SI), Z0, Z1, Z2, Z3)
#define STEP2 STEP1; ROW((SI)(R8*1), Z4, Z5, Z6, Z7)
#define STEP3 STEP2; ROW((SI)(R8*2), Z8, Z9, Z10, Z11)
#define STEP4 STEP3; ROW((SI)(R9*1), Z12, Z13, Z14, Z15)
#define STEP5 STEP4; ROW((SI)(R8*4), Z16, Z17, Z18, Z19)
#define STEP6 STEP5; ROW((SI)(AX*1), Z20, Z21, Z22, Z23)

#define START MOVQ Tile_B(DI), BX
// C of the next 64 columns is not fetched: convolutions have none there, and products
// gain nothing measurable.
#define LASTC MOVQ AX, R15
#define NEXT(strip, rows) \
	IMUL3Q $rows, R8, AX \
	ADDQ   AX, R14       \
	DECQ   R12           \
	JNZ    strip         \
	VZEROUPPER           \
	RET

// func GemmAVX512(t *Tile)
TEXT ·GemmAVX512(SB), NOSPLIT, $0-8
	BEGIN
	MOVQ Tile_C(DI), DX
	MOVQ Tile_From(DI), R13
	MOVQ Tile_A(DI), R14
	MOVQ Tile_Strips(DI), R12
	MOVQ Tile_Rows(DI), AX
	CMPQ AX, $5
	JGT  strip6
	JEQ  strip5
	CMPQ AX, $3
	JGT  strip4
	JEQ  strip3
	CMPQ AX, $2
	JEQ  strip2

	TILES(strip1, segment1, inputs1, rest1, input1, skip1, done1, store1, 1, LASTC, START, LOAD1, STEP1, RELU1, PLUSC1, STORE1, FETCHA1, FETCHC1, NEXT)
	TILES(strip2, segment2, inputs2, rest2, input2, skip2, done2, store2, 2, LASTC, START, LOAD2, STEP2, RELU2, PLUSC2, STORE2, FETCHA2, FETCHC2, NEXT)
	TILES(strip3, segment3, inputs3, rest3, input3, skip3, done3, store3, 3, LASTC, START, LOAD3, STEP3, RELU3, PLUSC3, STORE3, FETCHA3, FETCHC3, NEXT)
	TILES(strip4, segment4, inputs4, rest4, input4, skip4, done4, store4, 4, LASTC, START, LOAD4, STEP4, RELU4, PLUSC4, STORE4, FETCHA4, FETCHC4, NEXT)
	TILES(strip5, segment5, inputs5, rest5, input5, skip5, done5, store5, 5, LASTC, START, LOAD5, STEP5, RELU5, PLUSC5, STORE5, FETCHA5, FETCHC5, NEXT)
	TILES(strip6, segment6, inputs6, rest6, input6, skip6, done6, store6, 6, LASTC, START, LOAD6, STEP6, RELU6, PLUSC6, STORE6, FETCHA6, FETCHC6, NEXT)
