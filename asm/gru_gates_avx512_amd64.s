//go:build !purego

#include "textflag.h"
#include "gates_avx512_amd64.h"

// The ends of GRU steps and their backward passes, for 16 units of each of several
// sequences. Z0 r, Z1 z, Z2 n in the forward passes; R13 as in gates_avx512_amd64.h.
// Rows of panels lie 256 bytes apart.

// SIGMAS: the activated r and z of a row, left in memory too.
#define SIGMAS(hard, end) \
	VMOVUPS (SI), Z0; \
	VMOVUPS (BX), Z1; \
	TESTQ   R13, R13; \
	JNE     hard; \
	SIGMA(SIGMOID, Z0); \
	SIGMA(SIGMOID, Z1); \
	JMP     end; \
hard: \
	SIGMA(HARD, Z0); \
	SIGMA(HARD, Z1); \
end: \
	VMOVUPS Z0, (SI); \
	VMOVUPS Z1, (BX)

// BLEND: h = fma(z, prev-n, n).
#define BLEND \
	VMOVUPS     (R8), Z8; \
	VSUBPS      Z2, Z8, Z8; \
	VFMADD213PS Z2, Z8, Z1; \
	VMOVUPS     Z1, (DI)

// func GRUGatesAVX512(h, r, z, n, m, prev, hard *float32, rows, hRow, prevRow int)
//
// DI h, SI r, BX z, DX n, AX m, R8 prev, CX rows left, R9 R10 strides in bytes.
TEXT ·GRUGatesAVX512(SB), NOSPLIT, $0-80
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
	LOAD_EXP

row: // for b := range rows { r, z = sigma(r), sigma(z); n = tanh(fma(r, m, n)); h = fma(z, prev-n, n) }
	SIGMAS(hard, candidate)
	VMOVUPS     (DX), Z2
	VFMADD231PS (AX), Z0, Z2
	TANH(Z2, Z4, Z5, Z6, Z7)
	VMOVUPS     Z2, (DX)
	BLEND
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

// func GRUResetAVX512(rh, r, z, prev, hard *float32, rows, rhRow, prevRow int)
//
// DI rh, SI r, BX z, R8 prev, CX rows left, R9 R10 strides in bytes.
TEXT ·GRUResetAVX512(SB), NOSPLIT, $0-64
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
	LOAD_EXP

row: // for b := range rows { r, z = sigma(r), sigma(z); rh = r*prev }
	SIGMAS(hard, product)
	VMULPS  (R8), Z0, Z0
	VMOVUPS Z0, (DI)
	ADDQ    $256, SI
	ADDQ    $256, BX
	ADDQ    R9, DI
	ADDQ    R10, R8
	DECQ    CX
	JNE     row
	VZEROUPPER
	RET

// func GRUUpdateAVX512(h, z, n, prev *float32, rows, hRow, prevRow int)
//
// DI h, BX z, DX n, R8 prev, CX rows left, R9 R10 strides in bytes.
TEXT ·GRUUpdateAVX512(SB), NOSPLIT, $0-56
	MOVQ h+0(FP), DI
	MOVQ z+8(FP), BX
	MOVQ n+16(FP), DX
	MOVQ prev+24(FP), R8
	MOVQ rows+32(FP), CX
	MOVQ hRow+40(FP), R9
	MOVQ prevRow+48(FP), R10
	SHLQ $2, R9
	SHLQ $2, R10
	LOAD_EXP

row: // for b := range rows { n = tanh(n); h = fma(z, prev-n, n) }
	VMOVUPS (BX), Z1
	VMOVUPS (DX), Z2
	TANH(Z2, Z4, Z5, Z6, Z7)
	VMOVUPS Z2, (DX)
	BLEND
	ADDQ    $256, BX
	ADDQ    $256, DX
	ADDQ    R9, DI
	ADDQ    R10, R8
	DECQ    CX
	JNE     row
	VZEROUPPER
	RET

// UPDATE: Z0 z, Z1 n, Z2 dh, Z5 delta, the others temporaries.
//	z = (dh*(prev-n))*slope(z)
//	n = delta = (dh*(1-z))*fma(-n, n, 1)
//	carry = dh*z
#define UPDATE(SLOPE) \
	VMOVUPS      (BX), Z0; \
	VMOVUPS      (DX), Z1; \
	VMOVUPS      (SI), Z2; \
	VMOVUPS      (R8), Z4; \
	VSUBPS       Z1, Z4, Z4; \
	VMULPS       Z4, Z2, Z4; \
	SLOPE(Z0, Z6); \
	VMULPS       Z6, Z4, Z4; \
	VMOVUPS      Z4, (BX); \
	VSUBPS       Z0, ONE, Z5; \
	VMULPS       Z5, Z2, Z5; \
	VMOVAPS      Z1, Z6; \
	VFNMADD213PS ONE, Z1, Z6; \
	VMULPS       Z6, Z5, Z5; \
	VMOVUPS      Z5, (DX); \
	VMULPS       Z0, Z2, Z6; \
	VMOVUPS      Z6, (DI)

// RESET: r = (delta*m)*slope(r); m = delta*r.
#define RESET(SLOPE) \
	VMOVUPS (R14), Z3; \
	VMULPS  (AX), Z5, Z7; \
	SLOPE(Z3, Z8); \
	VMULPS  Z8, Z7, Z7; \
	VMOVUPS Z7, (R14); \
	VMULPS  Z3, Z5, Z8; \
	VMOVUPS Z8, (AX)

// func GRUGradientsAVX512(r, z, n, m, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)
//
// R14 r, BX z, DX n, AX m, SI dh, DI carry, R8 prev, CX rows left, R9-R11 strides in bytes.
TEXT ·GRUGradientsAVX512(SB), NOSPLIT, $0-96
	MOVQ         r+0(FP), R14
	MOVQ         z+8(FP), BX
	MOVQ         n+16(FP), DX
	MOVQ         m+24(FP), AX
	MOVQ         dh+32(FP), SI
	MOVQ         carry+40(FP), DI
	MOVQ         prev+48(FP), R8
	MOVQ         hard+56(FP), R13
	MOVQ         rows+64(FP), CX
	MOVQ         dhRow+72(FP), R9
	MOVQ         carryRow+80(FP), R10
	MOVQ         prevRow+88(FP), R11
	SHLQ         $2, R9
	SHLQ         $2, R10
	SHLQ         $2, R11
	VBROADCASTSS K_ONE, ONE

row: // for b := range rows
	TESTQ R13, R13
	JNE   hard
	UPDATE(LOGISTIC_SLOPE)
	RESET(LOGISTIC_SLOPE)
	JMP   next

hard:
	UPDATE(HARD_SLOPE)
	RESET(HARD_SLOPE)

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

// func GRUUpdateGradientsAVX512(z, n, dh, carry, prev, hard *float32, rows, dhRow, carryRow, prevRow int)
//
// BX z, DX n, SI dh, DI carry, R8 prev, CX rows left, R9-R11 strides in bytes.
TEXT ·GRUUpdateGradientsAVX512(SB), NOSPLIT, $0-80
	MOVQ         z+0(FP), BX
	MOVQ         n+8(FP), DX
	MOVQ         dh+16(FP), SI
	MOVQ         carry+24(FP), DI
	MOVQ         prev+32(FP), R8
	MOVQ         hard+40(FP), R13
	MOVQ         rows+48(FP), CX
	MOVQ         dhRow+56(FP), R9
	MOVQ         carryRow+64(FP), R10
	MOVQ         prevRow+72(FP), R11
	SHLQ         $2, R9
	SHLQ         $2, R10
	SHLQ         $2, R11
	VBROADCASTSS K_ONE, ONE

row: // for b := range rows
	TESTQ R13, R13
	JNE   hard
	UPDATE(LOGISTIC_SLOPE)
	JMP   next

hard:
	UPDATE(HARD_SLOPE)

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
#define TO_RESET(SLOPE) \
	VMOVUPS     (BX), Z0; \
	VMOVUPS     (SI), Z1; \
	VMULPS      (R8), Z1, Z2; \
	SLOPE(Z0, Z3); \
	VMULPS      Z3, Z2, Z2; \
	VMOVUPS     Z2, (BX); \
	VFMADD213PS (DI), Z1, Z0; \
	VMOVUPS     Z0, (DI)

// func GRUResetGradientsAVX512(r, carry, drh, prev, hard *float32, rows, carryRow, drhRow, prevRow int)
//
// BX r, DI carry, SI drh, R8 prev, CX rows left, R9-R11 strides in bytes.
TEXT ·GRUResetGradientsAVX512(SB), NOSPLIT, $0-72
	MOVQ         r+0(FP), BX
	MOVQ         carry+8(FP), DI
	MOVQ         drh+16(FP), SI
	MOVQ         prev+24(FP), R8
	MOVQ         hard+32(FP), R13
	MOVQ         rows+40(FP), CX
	MOVQ         carryRow+48(FP), R9
	MOVQ         drhRow+56(FP), R10
	MOVQ         prevRow+64(FP), R11
	SHLQ         $2, R9
	SHLQ         $2, R10
	SHLQ         $2, R11
	VBROADCASTSS K_ONE, ONE

row: // for b := range rows
	TESTQ R13, R13
	JNE   hard
	TO_RESET(LOGISTIC_SLOPE)
	JMP   next

hard:
	TO_RESET(HARD_SLOPE)

next:
	ADDQ $256, BX
	ADDQ R9, DI
	ADDQ R10, SI
	ADDQ R11, R8
	DECQ CX
	JNE  row
	VZEROUPPER
	RET
