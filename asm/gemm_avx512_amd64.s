//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "gemm_amd64.h"

// GemmAVX512: tiles of up to 6 rows and 64 or 48 columns; of up to 12 rows and 32 or 16,
// since it takes eight sums to hide the latency of a multiply-add and rows of few columns
// have few.
//
//	Z0-Z23  sums, one to four a row     Z24-Z27  columns of b     Z28  a, broadcast
//	Z24     0, and K1, once the sums are done
//	AX      where strips have more than six rows: a of row 4, then of row 8
//
// The other registers: gemm_amd64.h.

// One row of 16 to 64 columns: its sums from From, to C, with 0 for what is not greater
// (a comparison that NaN passes: not less or equal, unordered), plus C, and C fetched.

#define LOAD1(c0)             VMOVUPS (R13), c0
#define LOAD2(c0, c1)         LOAD1(c0); VMOVUPS 64(R13), c1
#define LOAD3(c0, c1, c2)     LOAD2(c0, c1); VMOVUPS 128(R13), c2
#define LOAD4(c0, c1, c2, c3) LOAD3(c0, c1, c2); VMOVUPS 192(R13), c3

#define STORE1(c0)             VMOVUPS c0, (DX)
#define STORE2(c0, c1)         STORE1(c0); VMOVUPS c1, 64(DX)
#define STORE3(c0, c1, c2)     STORE2(c0, c1); VMOVUPS c2, 128(DX)
#define STORE4(c0, c1, c2, c3) STORE3(c0, c1, c2); VMOVUPS c3, 192(DX)

#define ZERO VPXORQ Z24, Z24, Z24
#define RELU1(c0)             VCMPPS $0x16, Z24, c0, K1; VMOVAPS.Z c0, K1, c0
#define RELU2(c0, c1)         RELU1(c0); RELU1(c1)
#define RELU3(c0, c1, c2)     RELU2(c0, c1); RELU1(c2)
#define RELU4(c0, c1, c2, c3) RELU2(c0, c1); RELU2(c2, c3)

#define PLUSC1(c0)             VADDPS (CX), c0, c0
#define PLUSC2(c0, c1)         PLUSC1(c0); VADDPS 64(CX), c1, c1
#define PLUSC3(c0, c1, c2)     PLUSC2(c0, c1); VADDPS 128(CX), c2, c2
#define PLUSC4(c0, c1, c2, c3) PLUSC3(c0, c1, c2); VADDPS 192(CX), c3, c3

#define FETCH1(c0)             PREFETCHT0 (AX)
#define FETCH2(c0, c1)         FETCH1(c0); PREFETCHT0 64(AX)
#define FETCH3(c0, c1, c2)     FETCH2(c0, c1); PREFETCHT0 128(AX)
#define FETCH4(c0, c1, c2, c3) FETCH3(c0, c1, c2); PREFETCHT0 192(AX)

// To the next row.
#define NEXTFROM  ADDQ AX, R13
#define NEXTC     ADDQ AX, DX
#define NEXTADDED ADDQ AX, CX
#define NEXTFETCH ADDQ CX, AX
#define NEXTNONE

// y = fma(a, b, y) for one row
#define B1 VMOVUPS (BX), Z24
#define B2 B1; VMOVUPS 64(BX), Z25
#define B3 B2; VMOVUPS 128(BX), Z26
#define B4 B3; VMOVUPS 192(BX), Z27
#define ROW1(a, c0)             VFMADD231PS.BCST a, Z24, c0
#define ROW2(a, c0, c1)         VBROADCASTSS a, Z28; VFMADD231PS Z24, Z28, c0; VFMADD231PS Z25, Z28, c1
#define ROW3(a, c0, c1, c2)     ROW2(a, c0, c1); VFMADD231PS Z26, Z28, c2
#define ROW4(a, c0, c1, c2, c3) ROW3(a, c0, c1, c2); VFMADD231PS Z27, Z28, c3

// f of the sums of each row. next goes to the next row.

#define ROWS64x1(f, next) f(Z0, Z1, Z2, Z3); next
#define ROWS64x2(f, next) ROWS64x1(f, next); f(Z4, Z5, Z6, Z7); next
#define ROWS64x3(f, next) ROWS64x2(f, next); f(Z8, Z9, Z10, Z11); next
#define ROWS64x4(f, next) ROWS64x3(f, next); f(Z12, Z13, Z14, Z15); next
#define ROWS64x5(f, next) ROWS64x4(f, next); f(Z16, Z17, Z18, Z19); next
#define ROWS64x6(f, next) ROWS64x5(f, next); f(Z20, Z21, Z22, Z23); next

#define ROWS48x1(f, next) f(Z0, Z1, Z2); next
#define ROWS48x2(f, next) ROWS48x1(f, next); f(Z3, Z4, Z5); next
#define ROWS48x3(f, next) ROWS48x2(f, next); f(Z6, Z7, Z8); next
#define ROWS48x4(f, next) ROWS48x3(f, next); f(Z9, Z10, Z11); next
#define ROWS48x5(f, next) ROWS48x4(f, next); f(Z12, Z13, Z14); next
#define ROWS48x6(f, next) ROWS48x5(f, next); f(Z15, Z16, Z17); next

#define ROWS32x1(f, next) f(Z0, Z1); next
#define ROWS32x2(f, next) ROWS32x1(f, next); f(Z2, Z3); next
#define ROWS32x3(f, next) ROWS32x2(f, next); f(Z4, Z5); next
#define ROWS32x4(f, next) ROWS32x3(f, next); f(Z6, Z7); next
#define ROWS32x5(f, next) ROWS32x4(f, next); f(Z8, Z9); next
#define ROWS32x6(f, next) ROWS32x5(f, next); f(Z10, Z11); next
#define ROWS32x7(f, next) ROWS32x6(f, next); f(Z12, Z13); next
#define ROWS32x8(f, next) ROWS32x7(f, next); f(Z14, Z15); next
#define ROWS32x9(f, next) ROWS32x8(f, next); f(Z16, Z17); next
#define ROWS32x10(f, next) ROWS32x9(f, next); f(Z18, Z19); next
#define ROWS32x11(f, next) ROWS32x10(f, next); f(Z20, Z21); next
#define ROWS32x12(f, next) ROWS32x11(f, next); f(Z22, Z23); next

#define ROWS16x1(f, next) f(Z0); next
#define ROWS16x2(f, next) ROWS16x1(f, next); f(Z1); next
#define ROWS16x3(f, next) ROWS16x2(f, next); f(Z2); next
#define ROWS16x4(f, next) ROWS16x3(f, next); f(Z3); next
#define ROWS16x5(f, next) ROWS16x4(f, next); f(Z4); next
#define ROWS16x6(f, next) ROWS16x5(f, next); f(Z5); next
#define ROWS16x7(f, next) ROWS16x6(f, next); f(Z6); next
#define ROWS16x8(f, next) ROWS16x7(f, next); f(Z7); next
#define ROWS16x9(f, next) ROWS16x8(f, next); f(Z8); next
#define ROWS16x10(f, next) ROWS16x9(f, next); f(Z9); next
#define ROWS16x11(f, next) ROWS16x10(f, next); f(Z10); next
#define ROWS16x12(f, next) ROWS16x11(f, next); f(Z11); next

// One input of a strip.

#define STEP64x1 B4; ROW4((SI), Z0, Z1, Z2, Z3)
#define STEP64x2 STEP64x1; ROW4((SI)(R8*1), Z4, Z5, Z6, Z7)
#define STEP64x3 STEP64x2; ROW4((SI)(R8*2), Z8, Z9, Z10, Z11)
#define STEP64x4 STEP64x3; ROW4((SI)(R9*1), Z12, Z13, Z14, Z15)
#define STEP64x5 STEP64x4; ROW4((SI)(R8*4), Z16, Z17, Z18, Z19)
#define STEP64x6 STEP64x5; ROW4((SI)(AX*1), Z20, Z21, Z22, Z23)

#define STEP48x1 B3; ROW3((SI), Z0, Z1, Z2)
#define STEP48x2 STEP48x1; ROW3((SI)(R8*1), Z3, Z4, Z5)
#define STEP48x3 STEP48x2; ROW3((SI)(R8*2), Z6, Z7, Z8)
#define STEP48x4 STEP48x3; ROW3((SI)(R9*1), Z9, Z10, Z11)
#define STEP48x5 STEP48x4; ROW3((SI)(R8*4), Z12, Z13, Z14)
#define STEP48x6 STEP48x5; ROW3((SI)(AX*1), Z15, Z16, Z17)

#define STEP32x1 B2; ROW2((SI), Z0, Z1)
#define STEP32x2 STEP32x1; ROW2((SI)(R8*1), Z2, Z3)
#define STEP32x3 STEP32x2; ROW2((SI)(R8*2), Z4, Z5)
#define STEP32x4 STEP32x3; ROW2((SI)(R9*1), Z6, Z7)
#define STEP32x5 STEP32x4; ROW2((SI)(R8*4), Z8, Z9)
#define STEP32x6 STEP32x5; LEAQ (SI)(R8*4), AX; ROW2((AX)(R8*1), Z10, Z11)
#define STEP32x7 STEP32x6; ROW2((AX)(R8*2), Z12, Z13)
#define STEP32x8 STEP32x7; ROW2((AX)(R9*1), Z14, Z15)
#define STEP32x9 STEP32x8; ROW2((AX)(R8*4), Z16, Z17)
#define STEP32x10 STEP32x9; LEAQ (AX)(R8*4), AX; ROW2((AX)(R8*1), Z18, Z19)
#define STEP32x11 STEP32x10; ROW2((AX)(R8*2), Z20, Z21)
#define STEP32x12 STEP32x11; ROW2((AX)(R9*1), Z22, Z23)

#define STEP16x1 B1; ROW1((SI), Z0)
#define STEP16x2 STEP16x1; ROW1((SI)(R8*1), Z1)
#define STEP16x3 STEP16x2; ROW1((SI)(R8*2), Z2)
#define STEP16x4 STEP16x3; ROW1((SI)(R9*1), Z3)
#define STEP16x5 STEP16x4; ROW1((SI)(R8*4), Z4)
#define STEP16x6 STEP16x5; LEAQ (SI)(R8*4), AX; ROW1((AX)(R8*1), Z5)
#define STEP16x7 STEP16x6; ROW1((AX)(R8*2), Z6)
#define STEP16x8 STEP16x7; ROW1((AX)(R9*1), Z7)
#define STEP16x9 STEP16x8; ROW1((AX)(R8*4), Z8)
#define STEP16x10 STEP16x9; LEAQ (AX)(R8*4), AX; ROW1((AX)(R8*1), Z9)
#define STEP16x11 STEP16x10; ROW1((AX)(R8*2), Z10)
#define STEP16x12 STEP16x11; ROW1((AX)(R9*1), Z11)

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

#define STRIPS(strip, segment, inputs, rest, input, skip, done, store, rows, ROWS, LOAD, STEP, RELU, PLUSC, STORE, FETCHA, FETCH) \
	TILES(strip, segment, inputs, rest, input, skip, done, store, rows, LASTC, START, ROWS(LOAD, NEXTFROM), STEP, ZERO; ROWS(RELU, NEXTNONE), ROWS(PLUSC, NEXTADDED), ROWS(STORE, NEXTC), FETCHA, ROWS(FETCH, NEXTFETCH), NEXT)

// func GemmAVX512(t *Tile)
TEXT ·GemmAVX512(SB), NOSPLIT, $0-8
	BEGIN
	MOVQ Tile_C(DI), DX
	MOVQ Tile_From(DI), R13
	MOVQ Tile_A(DI), R14
	MOVQ Tile_Strips(DI), R12
	MOVQ Tile_Rows(DI), AX
	MOVQ Tile_Blocks(DI), CX
	CMPQ CX, $3
	JLT  few
	JEQ  blocks3

	CMPQ AX, $5
	JGT  strip6
	JEQ  strip5
	CMPQ AX, $3
	JGT  strip4
	JEQ  strip3
	CMPQ AX, $2
	JEQ  strip2
	JMP  strip1

blocks3:
	JMP gemm48<>(SB)

few:
	CMPQ CX, $2
	JEQ  blocks2
	JMP  gemm16<>(SB)

blocks2:
	JMP gemm32<>(SB)

	STRIPS(strip1, segment1, inputs1, rest1, input1, skip1, done1, store1, 1, ROWS64x1, LOAD4, STEP64x1, RELU4, PLUSC4, STORE4, FETCHA1, FETCH4)
	STRIPS(strip2, segment2, inputs2, rest2, input2, skip2, done2, store2, 2, ROWS64x2, LOAD4, STEP64x2, RELU4, PLUSC4, STORE4, FETCHA2, FETCH4)
	STRIPS(strip3, segment3, inputs3, rest3, input3, skip3, done3, store3, 3, ROWS64x3, LOAD4, STEP64x3, RELU4, PLUSC4, STORE4, FETCHA3, FETCH4)
	STRIPS(strip4, segment4, inputs4, rest4, input4, skip4, done4, store4, 4, ROWS64x4, LOAD4, STEP64x4, RELU4, PLUSC4, STORE4, FETCHA4, FETCH4)
	STRIPS(strip5, segment5, inputs5, rest5, input5, skip5, done5, store5, 5, ROWS64x5, LOAD4, STEP64x5, RELU4, PLUSC4, STORE4, FETCHA5, FETCH4)
	STRIPS(strip6, segment6, inputs6, rest6, input6, skip6, done6, store6, 6, ROWS64x6, LOAD4, STEP64x6, RELU4, PLUSC4, STORE4, FETCHA6, FETCH4)

// gemm48 goes on from where GemmAVX512 has read the tile.
TEXT gemm48<>(SB), NOSPLIT, $0-8
	CMPQ AX, $5
	JGT  strip6
	JEQ  strip5
	CMPQ AX, $3
	JGT  strip4
	JEQ  strip3
	CMPQ AX, $2
	JEQ  strip2

	STRIPS(strip1, segment1, inputs1, rest1, input1, skip1, done1, store1, 1, ROWS48x1, LOAD3, STEP48x1, RELU3, PLUSC3, STORE3, FETCHA1, FETCH3)
	STRIPS(strip2, segment2, inputs2, rest2, input2, skip2, done2, store2, 2, ROWS48x2, LOAD3, STEP48x2, RELU3, PLUSC3, STORE3, FETCHA2, FETCH3)
	STRIPS(strip3, segment3, inputs3, rest3, input3, skip3, done3, store3, 3, ROWS48x3, LOAD3, STEP48x3, RELU3, PLUSC3, STORE3, FETCHA3, FETCH3)
	STRIPS(strip4, segment4, inputs4, rest4, input4, skip4, done4, store4, 4, ROWS48x4, LOAD3, STEP48x4, RELU3, PLUSC3, STORE3, FETCHA4, FETCH3)
	STRIPS(strip5, segment5, inputs5, rest5, input5, skip5, done5, store5, 5, ROWS48x5, LOAD3, STEP48x5, RELU3, PLUSC3, STORE3, FETCHA5, FETCH3)
	STRIPS(strip6, segment6, inputs6, rest6, input6, skip6, done6, store6, 6, ROWS48x6, LOAD3, STEP48x6, RELU3, PLUSC3, STORE3, FETCHA6, FETCH3)

// gemm32 goes on from where GemmAVX512 has read the tile.
TEXT gemm32<>(SB), NOSPLIT, $0-8
	CMPQ AX, $6
	JGT  over6
	JEQ  strip6
	CMPQ AX, $3
	JGT  over3
	JEQ  strip3
	CMPQ AX, $2
	JEQ  strip2
	JMP  strip1

over3:
	CMPQ AX, $5
	JEQ  strip5
	JMP  strip4

over6:
	CMPQ AX, $9
	JGT  over9
	JEQ  strip9
	CMPQ AX, $8
	JEQ  strip8
	JMP  strip7

over9:
	CMPQ AX, $11
	JGT  strip12
	JEQ  strip11
	JMP  strip10

	STRIPS(strip1, segment1, inputs1, rest1, input1, skip1, done1, store1, 1, ROWS32x1, LOAD2, STEP32x1, RELU2, PLUSC2, STORE2, FETCHA1, FETCH2)
	STRIPS(strip2, segment2, inputs2, rest2, input2, skip2, done2, store2, 2, ROWS32x2, LOAD2, STEP32x2, RELU2, PLUSC2, STORE2, FETCHA2, FETCH2)
	STRIPS(strip3, segment3, inputs3, rest3, input3, skip3, done3, store3, 3, ROWS32x3, LOAD2, STEP32x3, RELU2, PLUSC2, STORE2, FETCHA3, FETCH2)
	STRIPS(strip4, segment4, inputs4, rest4, input4, skip4, done4, store4, 4, ROWS32x4, LOAD2, STEP32x4, RELU2, PLUSC2, STORE2, FETCHA4, FETCH2)
	STRIPS(strip5, segment5, inputs5, rest5, input5, skip5, done5, store5, 5, ROWS32x5, LOAD2, STEP32x5, RELU2, PLUSC2, STORE2, FETCHA5, FETCH2)
	STRIPS(strip6, segment6, inputs6, rest6, input6, skip6, done6, store6, 6, ROWS32x6, LOAD2, STEP32x6, RELU2, PLUSC2, STORE2, FETCHA6, FETCH2)
	STRIPS(strip7, segment7, inputs7, rest7, input7, skip7, done7, store7, 7, ROWS32x7, LOAD2, STEP32x7, RELU2, PLUSC2, STORE2, FETCHA7, FETCH2)
	STRIPS(strip8, segment8, inputs8, rest8, input8, skip8, done8, store8, 8, ROWS32x8, LOAD2, STEP32x8, RELU2, PLUSC2, STORE2, FETCHA8, FETCH2)
	STRIPS(strip9, segment9, inputs9, rest9, input9, skip9, done9, store9, 9, ROWS32x9, LOAD2, STEP32x9, RELU2, PLUSC2, STORE2, FETCHA9, FETCH2)
	STRIPS(strip10, segment10, inputs10, rest10, input10, skip10, done10, store10, 10, ROWS32x10, LOAD2, STEP32x10, RELU2, PLUSC2, STORE2, FETCHA10, FETCH2)
	STRIPS(strip11, segment11, inputs11, rest11, input11, skip11, done11, store11, 11, ROWS32x11, LOAD2, STEP32x11, RELU2, PLUSC2, STORE2, FETCHA11, FETCH2)
	STRIPS(strip12, segment12, inputs12, rest12, input12, skip12, done12, store12, 12, ROWS32x12, LOAD2, STEP32x12, RELU2, PLUSC2, STORE2, FETCHA12, FETCH2)

// gemm16 goes on from where GemmAVX512 has read the tile.
TEXT gemm16<>(SB), NOSPLIT, $0-8
	CMPQ AX, $6
	JGT  over6
	JEQ  strip6
	CMPQ AX, $3
	JGT  over3
	JEQ  strip3
	CMPQ AX, $2
	JEQ  strip2
	JMP  strip1

over3:
	CMPQ AX, $5
	JEQ  strip5
	JMP  strip4

over6:
	CMPQ AX, $9
	JGT  over9
	JEQ  strip9
	CMPQ AX, $8
	JEQ  strip8
	JMP  strip7

over9:
	CMPQ AX, $11
	JGT  strip12
	JEQ  strip11
	JMP  strip10

	STRIPS(strip1, segment1, inputs1, rest1, input1, skip1, done1, store1, 1, ROWS16x1, LOAD1, STEP16x1, RELU1, PLUSC1, STORE1, FETCHA1, FETCH1)
	STRIPS(strip2, segment2, inputs2, rest2, input2, skip2, done2, store2, 2, ROWS16x2, LOAD1, STEP16x2, RELU1, PLUSC1, STORE1, FETCHA2, FETCH1)
	STRIPS(strip3, segment3, inputs3, rest3, input3, skip3, done3, store3, 3, ROWS16x3, LOAD1, STEP16x3, RELU1, PLUSC1, STORE1, FETCHA3, FETCH1)
	STRIPS(strip4, segment4, inputs4, rest4, input4, skip4, done4, store4, 4, ROWS16x4, LOAD1, STEP16x4, RELU1, PLUSC1, STORE1, FETCHA4, FETCH1)
	STRIPS(strip5, segment5, inputs5, rest5, input5, skip5, done5, store5, 5, ROWS16x5, LOAD1, STEP16x5, RELU1, PLUSC1, STORE1, FETCHA5, FETCH1)
	STRIPS(strip6, segment6, inputs6, rest6, input6, skip6, done6, store6, 6, ROWS16x6, LOAD1, STEP16x6, RELU1, PLUSC1, STORE1, FETCHA6, FETCH1)
	STRIPS(strip7, segment7, inputs7, rest7, input7, skip7, done7, store7, 7, ROWS16x7, LOAD1, STEP16x7, RELU1, PLUSC1, STORE1, FETCHA7, FETCH1)
	STRIPS(strip8, segment8, inputs8, rest8, input8, skip8, done8, store8, 8, ROWS16x8, LOAD1, STEP16x8, RELU1, PLUSC1, STORE1, FETCHA8, FETCH1)
	STRIPS(strip9, segment9, inputs9, rest9, input9, skip9, done9, store9, 9, ROWS16x9, LOAD1, STEP16x9, RELU1, PLUSC1, STORE1, FETCHA9, FETCH1)
	STRIPS(strip10, segment10, inputs10, rest10, input10, skip10, done10, store10, 10, ROWS16x10, LOAD1, STEP16x10, RELU1, PLUSC1, STORE1, FETCHA10, FETCH1)
	STRIPS(strip11, segment11, inputs11, rest11, input11, skip11, done11, store11, 11, ROWS16x11, LOAD1, STEP16x11, RELU1, PLUSC1, STORE1, FETCHA11, FETCH1)
	STRIPS(strip12, segment12, inputs12, rest12, input12, skip12, done12, store12, 12, ROWS16x12, LOAD1, STEP16x12, RELU1, PLUSC1, STORE1, FETCHA12, FETCH1)
