//go:build !purego

#include "textflag.h"
#include "gates_avx2_amd64.h"

// The ends of GRU steps and their backward passes, for 16 units of each of several
// sequences. Y0 Y1 r, Y2 Y3 z, Y4 Y5 n in the forward passes; R13 as in
// gates_avx2_amd64.h. Rows of panels lie 256 bytes apart.

// SIGMAS: the activated r and z of a row, left in memory too.
#define SIGMAS(hard, end) \
	VMOVUPS (SI), Y0; \
	VMOVUPS 32(SI), Y1; \
	VMOVUPS (BX), Y2; \
	VMOVUPS 32(BX), Y3; \
	TESTQ   R13, R13; \
	JNE     hard; \
	SIGMA(SIGMOID, Y0, Y1); \
	SIGMA(SIGMOID, Y2, Y3); \
	JMP     end; \
hard: \
	SIGMA(HARD, Y0, Y1); \
	SIGMA(HARD, Y2, Y3); \
end: \
	VMOVUPS Y0, (SI); \
	VMOVUPS Y1, 32(SI); \
	VMOVUPS Y2, (BX); \
	VMOVUPS Y3, 32(BX)

// BLEND: h = fma(z, prev-n, n), at bytes on.
#define BLEND(z, n, at) \
	VMOVUPS     at(R8), Y8; \
	VSUBPS      n, Y8, Y8; \
	VFMADD213PS n, Y8, z; \
	VMOVUPS     z, at(DI)

// func GRUGatesAVX2(h, r, z, n, m, prev, hard *float32, rows, hRow, prevRow int)
//
// DI h, SI r, BX z, DX n, AX m, R8 prev, CX rows left, R9 R10 strides in bytes.
TEXT ·GRUGatesAVX2(SB), NOSPLIT, $0-80
	MOVQ h+0(FP), DI
	MOVQ r+8(FP), SI
	MOVQ z+16(FP), BX
	MOVQ n+24(FP), DX
	MOVQ m+32(FP), AX
	MOVQ prev+40(FP), R8
	MOVQ hard+48(FP), R13
	MOVQ rows+56(FP), CX
	MOVQ hRow+64(FP), R9
	MOVQ prevRow+72(FP), R10
	SHLQ $2, R9
	SHLQ $2, R10

row: // for b := range rows { r, z = sigma(r), sigma(z); n = tanh(fma(r, m, n)); h = fma(z, prev-n, n) }
	SIGMAS(hard, candidate)
	VMOVUPS     (DX), Y4
	VMOVUPS     32(DX), Y5
	VFMADD231PS (AX), Y0, Y4
	VFMADD231PS 32(AX), Y1, Y5
	TANHS(Y4, Y5)
	VMOVUPS     Y4, (DX)
	VMOVUPS     Y5, 32(DX)
	BLEND(Y2, Y4, 0)
	BLEND(Y3, Y5, 32)
	ADDQ        $256, SI
	ADDQ        $256, BX
	ADDQ        $256, DX
	ADDQ        $256, AX
	ADDQ        R9, DI
	ADDQ        R10, R8
	DECQ        CX
	JNE         row
	VZEROUPPER
	RET

// func GRUResetAVX2(rh, r, z, prev, hard *float32, rows, rhRow, prevRow int)
//
// DI rh, SI r, BX z, R8 prev, CX rows left, R9 R10 strides in bytes.
TEXT ·GRUResetAVX2(SB), NOSPLIT, $0-64
	MOVQ rh+0(FP), DI
	MOVQ r+8(FP), SI
	MOVQ z+16(FP), BX
	MOVQ prev+24(FP), R8
	MOVQ hard+32(FP), R13
	MOVQ rows+40(FP), CX
	MOVQ rhRow+48(FP), R9
	MOVQ prevRow+56(FP), R10
	SHLQ $2, R9
	SHLQ $2, R10

row: // for b := range rows { r, z = sigma(r), sigma(z); rh = r*prev }
	SIGMAS(hard, product)
	VMULPS  (R8), Y0, Y0
	VMULPS  32(R8), Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ    $256, SI
	ADDQ    $256, BX
	ADDQ    R9, DI
	ADDQ    R10, R8
	DECQ    CX
	JNE     row
	VZEROUPPER
	RET

// func GRUUpdateAVX2(h, z, n, prev *float32, rows, hRow, prevRow int)
//
// DI h, BX z, DX n, R8 prev, CX rows left, R9 R10 strides in bytes.
TEXT ·GRUUpdateAVX2(SB), NOSPLIT, $0-56
	MOVQ h+0(FP), DI
	MOVQ z+8(FP), BX
	MOVQ n+16(FP), DX
	MOVQ prev+24(FP), R8
	MOVQ rows+32(FP), CX
	MOVQ hRow+40(FP), R9
	MOVQ prevRow+48(FP), R10
	SHLQ $2, R9
	SHLQ $2, R10

row: // for b := range rows { n = tanh(n); h = fma(z, prev-n, n) }
	VMOVUPS (BX), Y2
	VMOVUPS 32(BX), Y3
	VMOVUPS (DX), Y4
	VMOVUPS 32(DX), Y5
	TANHS(Y4, Y5)
	VMOVUPS Y4, (DX)
	VMOVUPS Y5, 32(DX)
	BLEND(Y2, Y4, 0)
	BLEND(Y3, Y5, 32)
	ADDQ    $256, BX
	ADDQ    $256, DX
	ADDQ    R9, DI
	ADDQ    R10, R8
	DECQ    CX
	JNE     row
	VZEROUPPER
	RET

// UPDATE: 8 units, at being 0 or 32: Y0 z, Y1 n, Y2 dh, Y5 delta, Y12 ones, the
// others temporaries.
//	z = (dh*(prev-n))*slope(z)
//	n = delta = (dh*(1-z))*fma(-n, n, 1)
//	carry = dh*z
#define UPDATE(at, SLOPE) \
	VMOVUPS      at(BX), Y0; \
	VMOVUPS      at(DX), Y1; \
	VMOVUPS      at(SI), Y2; \
	VMOVUPS      at(R8), Y4; \
	VSUBPS       Y1, Y4, Y4; \
	VMULPS       Y4, Y2, Y4; \
	SLOPE(Y0, Y6, Y7); \
	VMULPS       Y6, Y4, Y4; \
	VMOVUPS      Y4, at(BX); \
	VSUBPS       Y0, Y12, Y5; \
	VMULPS       Y5, Y2, Y5; \
	VMOVAPS      Y1, Y6; \
	VFNMADD213PS Y12, Y1, Y6; \
	VMULPS       Y6, Y5, Y5; \
	VMOVUPS      Y5, at(DX); \
	VMULPS       Y0, Y2, Y6; \
	VMOVUPS      Y6, at(DI)

// RESET: r = (delta*m)*slope(r); m = delta*r.
#define RESET(at, SLOPE) \
	VMOVUPS at(R14), Y3; \
	VMULPS  at(AX), Y5, Y7; \
	SLOPE(Y3, Y8, Y9); \
	VMULPS  Y8, Y7, Y7; \
	VMOVUPS Y7, at(R14); \
	VMULPS  Y3, Y5, Y8; \
	VMOVUPS Y8, at(AX)

// func GRUGradientsAVX2(r, z, n, m, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)
//
// R14 r, BX z, DX n, AX m, SI dh, DI carry, R8 prev, CX rows left, R9-R11 strides in bytes.
TEXT ·GRUGradientsAVX2(SB), NOSPLIT, $0-96
	MOVQ    r+0(FP), R14
	MOVQ    z+8(FP), BX
	MOVQ    n+16(FP), DX
	MOVQ    m+24(FP), AX
	MOVQ    dh+32(FP), SI
	MOVQ    carry+40(FP), DI
	MOVQ    prev+48(FP), R8
	MOVQ    hard+56(FP), R13
	MOVQ    rows+64(FP), CX
	MOVQ    dhRow+72(FP), R9
	MOVQ    carryRow+80(FP), R10
	MOVQ    prevRow+88(FP), R11
	SHLQ    $2, R9
	SHLQ    $2, R10
	SHLQ    $2, R11
	VMOVUPS K_ONE, Y12

row: // for b := range rows
	TESTQ R13, R13
	JNE   hard
	UPDATE(0, LOGISTIC_SLOPE)
	RESET(0, LOGISTIC_SLOPE)
	UPDATE(32, LOGISTIC_SLOPE)
	RESET(32, LOGISTIC_SLOPE)
	JMP   next

hard:
	UPDATE(0, HARD_SLOPE)
	RESET(0, HARD_SLOPE)
	UPDATE(32, HARD_SLOPE)
	RESET(32, HARD_SLOPE)

next:
	ADDQ $256, R14
	ADDQ $256, BX
	ADDQ $256, DX
	ADDQ $256, AX
	ADDQ R9, SI
	ADDQ R10, DI
	ADDQ R11, R8
	DECQ CX
	JNE  row
	VZEROUPPER
	RET

// func GRUUpdateGradientsAVX2(z, n, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)
//
// BX z, DX n, SI dh, DI carry, R8 prev, CX rows left, R9-R11 strides in bytes.
TEXT ·GRUUpdateGradientsAVX2(SB), NOSPLIT, $0-80
	MOVQ    z+0(FP), BX
	MOVQ    n+8(FP), DX
	MOVQ    dh+16(FP), SI
	MOVQ    carry+24(FP), DI
	MOVQ    prev+32(FP), R8
	MOVQ    hard+40(FP), R13
	MOVQ    rows+48(FP), CX
	MOVQ    dhRow+56(FP), R9
	MOVQ    carryRow+64(FP), R10
	MOVQ    prevRow+72(FP), R11
	SHLQ    $2, R9
	SHLQ    $2, R10
	SHLQ    $2, R11
	VMOVUPS K_ONE, Y12

row: // for b := range rows
	TESTQ R13, R13
	JNE   hard
	UPDATE(0, LOGISTIC_SLOPE)
	UPDATE(32, LOGISTIC_SLOPE)
	JMP   next

hard:
	UPDATE(0, HARD_SLOPE)
	UPDATE(32, HARD_SLOPE)

next:
	ADDQ $256, BX
	ADDQ $256, DX
	ADDQ R9, SI
	ADDQ R10, DI
	ADDQ R11, R8
	DECQ CX
	JNE  row
	VZEROUPPER
	RET

// TO_RESET: r = (drh*prev)*slope(r); carry = fma(drh, r, carry).
#define TO_RESET(at, SLOPE) \
	VMOVUPS     at(BX), Y0; \
	VMOVUPS     at(SI), Y1; \
	VMULPS      at(R8), Y1, Y2; \
	SLOPE(Y0, Y3, Y4); \
	VMULPS      Y3, Y2, Y2; \
	VMOVUPS     Y2, at(BX); \
	VFMADD213PS at(DI), Y1, Y0; \
	VMOVUPS     Y0, at(DI)

// func GRUResetGradientsAVX2(r, carry, drh, prev, hard *float32, rows, carryRow, drhRow, prevRow int)
//
// BX r, DI carry, SI drh, R8 prev, CX rows left, R9-R11 strides in bytes.
TEXT ·GRUResetGradientsAVX2(SB), NOSPLIT, $0-72
	MOVQ r+0(FP), BX
	MOVQ carry+8(FP), DI
	MOVQ drh+16(FP), SI
	MOVQ prev+24(FP), R8
	MOVQ hard+32(FP), R13
	MOVQ rows+40(FP), CX
	MOVQ carryRow+48(FP), R9
	MOVQ drhRow+56(FP), R10
	MOVQ prevRow+64(FP), R11
	SHLQ $2, R9
	SHLQ $2, R10
	SHLQ $2, R11

row: // for b := range rows
	TESTQ R13, R13
	JNE   hard
	TO_RESET(0, LOGISTIC_SLOPE)
	TO_RESET(32, LOGISTIC_SLOPE)
	JMP   next

hard:
	TO_RESET(0, HARD_SLOPE)
	TO_RESET(32, HARD_SLOPE)

next:
	ADDQ $256, BX
	ADDQ R9, DI
	ADDQ R10, SI
	ADDQ R11, R8
	DECQ CX
	JNE  row
	VZEROUPPER
	RET
