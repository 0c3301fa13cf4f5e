//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon.h"

// GemmNEON: tiles of 1 to 5 rows and 16 columns, or of 1 to 3 rows and 32, to
// have enough independent sums. Five rows rather than six leave registers for
// four inputs of a at once, so that a needs no packing.
//
//	V0-V19 sums, four a row   V20-V23, V28-V31 columns of b   V24-V28 values of a
//	(32 columns: V0-V23 sums, eight a row; V24-V28 columns of b, V29-V31 values of a)
//	V24 0, then V24-V31 C, once the sums are done, and R2 C of the next row to add
//	R0  t                     R1  a of this strip          R2  a
//	R4-R7 1 to 4 rows of a, in bytes                       R9  bytes from input to input of a
//	R25 4 if a's inputs are adjacent, else more than there can be
//	R8  bytes from 16 columns of b to the next
//	R10 b                     R17 b of this strip          R11 bytes from input to input of b
//	R24 the 16 columns of b after those at R10
//	R12 inputs left in this segment    R13 inputs left after it    R21 inputs of a segment
//	R22 bytes that end a segment
//	R14 strips left           R26 bytes of a strip of a    R23 columns left, in 16
//	R15 C of the next row to store     R19 its row in bytes
//	R16 From of the next row to load   R20 its row in bytes   R3 scratch
//
// Loads come in groups, before the multiply-adds that take them: a core that
// issues in order then waits once an input.

#define LOADROW(c0, c1, c2, c3) \
	FLDPQ (R16), (c0, c1)   \
	FLDPQ 32(R16), (c2, c3) \
	ADD   R20, R16
#define LOAD1 LOADROW(F0, F1, F2, F3)
#define LOAD2 LOAD1; LOADROW(F4, F5, F6, F7)
#define LOAD3 LOAD2; LOADROW(F8, F9, F10, F11)
#define LOAD4 LOAD3; LOADROW(F12, F13, F14, F15)
#define LOAD5 LOAD4; LOADROW(F16, F17, F18, F19)

#define STOREROW(c0, c1, c2, c3) \
	FSTPQ (c0, c1), (R15)   \
	FSTPQ (c2, c3), 32(R15) \
	ADD   R19, R15
#define STORE1 STOREROW(F0, F1, F2, F3)
#define STORE2 STORE1; STOREROW(F4, F5, F6, F7)
#define STORE3 STORE2; STOREROW(F8, F9, F10, F11)
#define STORE4 STORE3; STOREROW(F12, F13, F14, F15)
#define STORE5 STORE4; STOREROW(F16, F17, F18, F19)

// What becomes of finished sums; FMAX keeps NaN and takes +0 for the larger zero.
#define ZERO24 VEOR V24.B16, V24.B16, V24.B16
#define RELU1 ZERO24; EACH4C(FMAX_S4, 24, 0, 0)
#define RELU2 RELU1; EACH4C(FMAX_S4, 24, 4, 4)
#define RELU3 RELU2; EACH4C(FMAX_S4, 24, 8, 8)
#define RELU4 RELU3; EACH4C(FMAX_S4, 24, 12, 12)
#define RELU5 RELU4; EACH4C(FMAX_S4, 24, 16, 16)

#define PLUSCROW(y) \
	LOAD16(0, 2, 24)        \
	ADD R19, R2             \
	EACH4(FADD_S4, 24, y, y)
#define PLUSC1 PLUSCROW(0)
#define PLUSC2 PLUSC1; PLUSCROW(4)
#define PLUSC3 PLUSC2; PLUSCROW(8)
#define PLUSC4 PLUSC3; PLUSCROW(12)
#define PLUSC5 PLUSC4; PLUSCROW(16)

// Four inputs of a row of a, or one.
#define FOUR1 LDUR_Q(0, 2, 24)
#define FOUR2 FOUR1; LDRX_Q(4, 2, 25)
#define FOUR3 FOUR2; LDRX_Q(5, 2, 26)
#define FOUR4 FOUR3; LDRX_Q(6, 2, 27)
#define FOUR5 FOUR4; LDRX_Q(7, 2, 28)

#define ONE1 LDUR_S(0, 2, 24)
#define ONE2 ONE1; LDRX_S(4, 2, 25)
#define ONE3 ONE2; LDRX_S(5, 2, 26)
#define ONE4 ONE3; LDRX_S(6, 2, 27)
#define ONE5 ONE4; LDRX_S(7, 2, 28)

#define LOADB(b)              \
	LDUR_Q(0, 10, b)          \
	LDUR_Q(16, 10, (b)+1)     \
	LDUR_Q(32, 10, (b)+2)     \
	LDUR_Q(48, 10, (b)+3)     \
	ADD R11, R10

// y = fma(a[i], b, y) for a row of 16 columns
#define ROW(a, i, b, y)         \
	FMLAE_S4(a, i, b, y)        \
	FMLAE_S4(a, i, (b)+1, y+1)  \
	FMLAE_S4(a, i, (b)+2, y+2)  \
	FMLAE_S4(a, i, (b)+3, y+3)

#define ROWS1(i, b) ROW(24, i, b, 0)
#define ROWS2(i, b) ROWS1(i, b); ROW(25, i, b, 4)
#define ROWS3(i, b) ROWS2(i, b); ROW(26, i, b, 8)
#define ROWS4(i, b) ROWS3(i, b); ROW(27, i, b, 12)
#define ROWS5(i, b) ROWS4(i, b); ROW(28, i, b, 16)

#define STEP1(i) LOADB(20); ROWS1(i, 20)
#define STEP2(i) LOADB(20); ROWS2(i, 20)
#define STEP3(i) LOADB(20); ROWS3(i, 20)
#define STEP4(i) LOADB(20); ROWS4(i, 20)
#define STEP5(i) LOADB(20); ROWS5(i, 20)

// Two inputs; up to four rows leave V28-V31 for a second set of columns.
#define PAIR1(i, j) LOADB(20); LOADB(28); ROWS1(i, 20); ROWS1(j, 28)
#define PAIR2(i, j) LOADB(20); LOADB(28); ROWS2(i, 20); ROWS2(j, 28)
#define PAIR3(i, j) LOADB(20); LOADB(28); ROWS3(i, 20); ROWS3(j, 28)
#define PAIR4(i, j) LOADB(20); LOADB(28); ROWS4(i, 20); ROWS4(j, 28)
#define PAIR5(i, j) STEP5(i); STEP5(j)

// Tiles of 32 columns.

#define WIDELOADROW(c0, c1, c2, c3, c4, c5, c6, c7) \
	FLDPQ 64(R16), (c4, c5) \
	FLDPQ 96(R16), (c6, c7) \
	LOADROW(c0, c1, c2, c3)
#define WIDELOAD1 WIDELOADROW(F0, F1, F2, F3, F4, F5, F6, F7)
#define WIDELOAD2 WIDELOAD1; WIDELOADROW(F8, F9, F10, F11, F12, F13, F14, F15)
#define WIDELOAD3 WIDELOAD2; WIDELOADROW(F16, F17, F18, F19, F20, F21, F22, F23)

#define WIDESTOREROW(c0, c1, c2, c3, c4, c5, c6, c7) \
	FSTPQ (c4, c5), 64(R15) \
	FSTPQ (c6, c7), 96(R15) \
	STOREROW(c0, c1, c2, c3)
#define WIDESTORE1 WIDESTOREROW(F0, F1, F2, F3, F4, F5, F6, F7)
#define WIDESTORE2 WIDESTORE1; WIDESTOREROW(F8, F9, F10, F11, F12, F13, F14, F15)
#define WIDESTORE3 WIDESTORE2; WIDESTOREROW(F16, F17, F18, F19, F20, F21, F22, F23)

#define WIDERELU1 RELU2
#define WIDERELU2 RELU4
#define WIDERELU3 RELU5; EACH4C(FMAX_S4, 24, 20, 20)

#define WIDEPLUSCROW(y) LOAD16(64, 2, 28); PLUSCROW(y); EACH4(FADD_S4, 28, y+4, y+4)
#define WIDEPLUSC1 WIDEPLUSCROW(0)
#define WIDEPLUSC2 WIDEPLUSC1; WIDEPLUSCROW(8)
#define WIDEPLUSC3 WIDEPLUSC2; WIDEPLUSCROW(16)

#define WIDEFOUR1 LDUR_Q(0, 2, 29)
#define WIDEFOUR2 WIDEFOUR1; LDRX_Q(4, 2, 30)
#define WIDEFOUR3 WIDEFOUR2; LDRX_Q(5, 2, 31)

#define WIDEONE1 LDUR_S(0, 2, 29)
#define WIDEONE2 WIDEONE1; LDRX_S(4, 2, 30)
#define WIDEONE3 WIDEONE2; LDRX_S(5, 2, 31)

// y = fma(a[i], b, y) for four columns and one to three rows
#define COLS1(i, b, y) FMLAE_S4(29, i, b, y)
#define COLS2(i, b, y) COLS1(i, b, y); FMLAE_S4(30, i, b, y+8)
#define COLS3(i, b, y) COLS2(i, b, y); FMLAE_S4(31, i, b, y+16)

#define WIDESTEP(COLS, i) \
	LOADB(24)          \
	LDUR_Q(0, 24, 28)  \
	COLS(i, 24, 0)     \
	COLS(i, 25, 1)     \
	COLS(i, 26, 2)     \
	LDUR_Q(16, 24, 24) \
	LDUR_Q(32, 24, 25) \
	LDUR_Q(48, 24, 26) \
	ADD R11, R24       \
	COLS(i, 27, 3)     \
	COLS(i, 28, 4)     \
	COLS(i, 24, 5)     \
	COLS(i, 25, 6)     \
	COLS(i, 26, 7)

#define WIDESTEP1(i) WIDESTEP(COLS1, i)
#define WIDESTEP2(i) WIDESTEP(COLS2, i)
#define WIDESTEP3(i) WIDESTEP(COLS3, i)

#define WIDEPAIR1(i, j) WIDESTEP1(i); WIDESTEP1(j)
#define WIDEPAIR2(i, j) WIDESTEP2(i); WIDESTEP2(j)
#define WIDEPAIR3(i, j) WIDESTEP3(i); WIDESTEP3(j)

// The end of a strip: if Finish != FinishNone && y <= 0 { y = 0 }, if it is
// FinishReLUAdd { y += C[…] }.
#define FINISH(store, RELU, PLUSC) \
	MOVD Tile_Finish(R0), R3   \
	CBZ  R3, store             \
	RELU                       \
	CMP  $1, R3                \
	BEQ  store                 \
	MOVD R15, R2               \
	PLUSC

// for i, Rows at a time: y := From[…]; for p := range K { PAIR or STEP }; FINISH; C[…] = y
#define TILES(strip, segment, four, rest, one, skip, done, store, LOAD, FOUR, ONE, PAIR, STEP, RELU, PLUSC, STORE, blocks) \
strip:                         \
	LOAD                       \
	MOVD Tile_K(R0), R13       \
	MOVD R1, R2                \
	MOVD R17, R10              \
	ADD  R8, R17, R24          \
segment:                       \
	CBZ  R13, done             \
	CMP  R21, R13              \
	CSEL LT, R13, R21, R12     \
	SUB  R12, R13              \
	SUBS R25, R12              \
	BLT  rest                  \
four:                          \
	FOUR                       \
	ADD  $16, R2               \
	PAIR(0, 1)                 \
	PAIR(2, 3)                 \
	SUBS $4, R12               \
	BGE  four                  \
rest:                          \
	ADDS R25, R12              \
	BEQ  skip                  \
one:                           \
	ONE                        \
	ADD  R9, R2                \
	STEP(0)                    \
	SUBS $1, R12               \
	BNE  one                   \
skip:                          \
	ADD  R22, R2               \
	B    segment               \
done:                          \
	FINISH(store, RELU, PLUSC) \
store:                         \
	STORE                      \
	ADD  R26, R1               \
	SUBS $1, R14               \
	BNE  strip                 \
	SUB  $blocks, R23          \
	B    next

// Four or five rows of a transposed: they are adjacent, the inputs are not. Two
// inputs at once, V20-V25 and V26-V31.

#define ADJACENT4(a) LDUR_Q(0, 2, a); ADD R9, R2
#define ADJACENT5(a) LDUR_S(16, 2, (a)+1); ADJACENT4(a)

#define TROWS4(a, b)   \
	ROW(a, 0, b, 0)    \
	ROW(a, 1, b, 4)    \
	ROW(a, 2, b, 8)    \
	ROW(a, 3, b, 12)
#define TROWS5(a, b) TROWS4(a, b); ROW((a)+1, 0, b, 16)

#define TRANSPOSED(strip, segment, two, rest, skip, done, store, LOAD, ADJACENT, TROWS, RELU, PLUSC, STORE) \
strip:                         \
	LOAD                       \
	MOVD Tile_K(R0), R13       \
	MOVD R1, R2                \
	MOVD R17, R10              \
segment:                       \
	CBZ  R13, done             \
	CMP  R21, R13              \
	CSEL LT, R13, R21, R12     \
	SUB  R12, R13              \
	SUBS $2, R12               \
	BLT  rest                  \
two:                           \
	ADJACENT(24)               \
	LOADB(20)                  \
	ADJACENT(30)               \
	LOADB(26)                  \
	TROWS(24, 20)              \
	TROWS(30, 26)              \
	SUBS $2, R12               \
	BGE  two                   \
rest:                          \
	ADDS $2, R12               \
	BEQ  skip                  \
	ADJACENT(24)               \
	LOADB(20)                  \
	TROWS(24, 20)              \
skip:                          \
	ADD  R22, R2               \
	B    segment               \
done:                          \
	FINISH(store, RELU, PLUSC) \
store:                         \
	STORE                      \
	ADD  R26, R1               \
	SUBS $1, R14               \
	BNE  strip                 \
	SUB  $1, R23               \
	B    next

// func GemmNEON(t *Tile)
TEXT ·GemmNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD Tile_ARow(R0), R4
	MOVD Tile_Rows(R0), R3
	LSL  $2, R4
	ADD  R4, R4, R5
	ADD  R5, R4, R6
	ADD  R5, R5, R7
	MUL  R3, R4, R26
	MOVD Tile_AStep(R0), R9
	MOVD Tile_BRow(R0), R11
	MOVD Tile_BBlock(R0), R8
	MOVD Tile_Segment(R0), R21
	MOVD Tile_ASkip(R0), R22
	MOVD Tile_CRow(R0), R19
	MOVD Tile_FromRow(R0), R20
	MOVD Tile_Blocks(R0), R23
	LSL  $2, R9
	LSL  $2, R11
	LSL  $2, R8
	LSL  $2, R22
	LSL  $2, R19
	LSL  $2, R20
	MOVD $4, R25
	CMP  $4, R9
	BEQ  next
	MOVD $(1<<62), R25

next: // for j, one block or two at a time
	CMP  $0, R23
	BLE  return
	MOVD Tile_Blocks(R0), R3
	SUB  R23, R3
	MOVD Tile_B(R0), R17
	MADD R3, R17, R8, R17 // B + block·BBlock
	MOVD Tile_C(R0), R15
	ADD  R3<<6, R15
	MOVD Tile_From(R0), R16
	ADD  R3<<6, R16
	MOVD Tile_A(R0), R1
	MOVD Tile_Strips(R0), R14
	MOVD Tile_Rows(R0), R3
	CMP  $4, R3
	BLT  few
	BGT  five
	CMP  $4, R4
	BEQ  across4
	B    strip4

five:
	CMP $4, R4
	BEQ across5
	B   strip5

few:
	CMP $1, R23
	BEQ narrow
	CMP $2, R3
	BGT wide3
	BEQ wide2
	B   wide1

narrow:
	CMP $2, R3
	BGT strip3
	BEQ strip2
	B   strip1

return:
	RET

	TILES(strip5, segment5, four5, rest5, one5, skip5, done5, store5, LOAD5, FOUR5, ONE5, PAIR5, STEP5, RELU5, PLUSC5, STORE5, 1)
	TILES(strip4, segment4, four4, rest4, one4, skip4, done4, store4, LOAD4, FOUR4, ONE4, PAIR4, STEP4, RELU4, PLUSC4, STORE4, 1)
	TILES(strip3, segment3, four3, rest3, one3, skip3, done3, store3, LOAD3, FOUR3, ONE3, PAIR3, STEP3, RELU3, PLUSC3, STORE3, 1)
	TILES(strip2, segment2, four2, rest2, one2, skip2, done2, store2, LOAD2, FOUR2, ONE2, PAIR2, STEP2, RELU2, PLUSC2, STORE2, 1)
	TILES(strip1, segment1, four1, rest1, one1, skip1, done1, store1, LOAD1, FOUR1, ONE1, PAIR1, STEP1, RELU1, PLUSC1, STORE1, 1)
	TILES(wide3, widesegment3, widefour3, widerest3, wideone3, wideskip3, widedone3, widestore3, WIDELOAD3, WIDEFOUR3, WIDEONE3, WIDEPAIR3, WIDESTEP3, WIDERELU3, WIDEPLUSC3, WIDESTORE3, 2)
	TILES(wide2, widesegment2, widefour2, widerest2, wideone2, wideskip2, widedone2, widestore2, WIDELOAD2, WIDEFOUR2, WIDEONE2, WIDEPAIR2, WIDESTEP2, WIDERELU2, WIDEPLUSC2, WIDESTORE2, 2)
	TILES(wide1, widesegment1, widefour1, widerest1, wideone1, wideskip1, widedone1, widestore1, WIDELOAD1, WIDEFOUR1, WIDEONE1, WIDEPAIR1, WIDESTEP1, WIDERELU1, WIDEPLUSC1, WIDESTORE1, 2)
	TRANSPOSED(across5, acrosssegment5, acrosstwo5, acrossrest5, acrossskip5, acrossdone5, acrossstore5, LOAD5, ADJACENT5, TROWS5, RELU5, PLUSC5, STORE5)
	TRANSPOSED(across4, acrosssegment4, acrosstwo4, acrossrest4, acrossskip4, acrossdone4, acrossstore4, LOAD4, ADJACENT4, TROWS4, RELU4, PLUSC4, STORE4)
