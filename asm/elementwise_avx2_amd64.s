//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Element-wise routines on Vectors, 8 values at a time. Y0-Y4 values and temporaries,
// Y5 a magic number, Y6 the lanes of a tail, Y7 the sign bit or 0, Y8-Y15 constants.

#define LOG2E  Y15
#define NLN2HI Y14
#define NLN2LO Y13
#define EXPC3  Y12
#define EXPC2  Y11
#define EXPC1  Y10
#define EXPC0  Y9
#define ONE    Y8

#include "exp_avx2_amd64.h"

// LOAD_EXP loads the constants.
#define LOAD_EXP(magic) \
	VMOVUPS K_LOG2E, LOG2E; \
	VMOVUPS K_NLN2HI, NLN2HI; \
	VMOVUPS K_NLN2LO, NLN2LO; \
	VMOVUPS K_C3, EXPC3; \
	VMOVUPS K_C2, EXPC2; \
	VMOVUPS K_C1, EXPC1; \
	VMOVUPS K_C0, EXPC0; \
	VMOVUPS K_ONE, ONE; \
	VMOVUPS K_SIGN, Y7; \
	VMOVUPS magic, Y5

#define LANES 8

#define TAIL_MASK \
	LEAQ    ·tailMask+32(SB), AX; \
	SHLQ    $2, CX; \
	SUBQ    CX, AX; \
	VMOVUPS (AX), Y6

#define LOAD(p, at, y)       VMOVUPS (p)(at*1), y
#define STORE(y, p, at)      VMOVUPS y, (p)(at*1)
#define LOAD_TAIL(p, at, y)  VMASKMOVPS (p)(at*1), Y6, y
#define STORE_TAIL(y, p, at) VMASKMOVPS y, Y6, (p)(at*1)

#include "vectors_amd64.h"

// dst = elu32(a). Where the sign is clear that is a, +0 and NaN included.
#define ELU(load, store) \
	load(SI, AX, Y0); \
	VORPS     Y7, Y0, Y1; \
	EXPM1_NEGATIVE(Y1, Y2, Y3, Y4, Y5); \
	VBLENDVPS Y0, Y3, Y0, Y0; \
	store(Y0, DI, AX)

// func ELUAVX2(v *Vectors)
TEXT ·ELUAVX2(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_EXP(K_MAGIC127)
	EACH(ELU)
	VZEROUPPER
	RET

// dst, dst2 = elu32(a), elu32(-a): |a| and e^-|a| - 1, in the order that the sign says.
#define CONCAT_ELU(load, store) \
	load(SI, AX, Y0); \
	VORPS     Y7, Y0, Y1; \
	EXPM1_NEGATIVE(Y1, Y2, Y3, Y4, Y5); \
	VANDNPS   Y0, Y7, Y1; \
	VBLENDVPS Y0, Y3, Y1, Y2; \
	VBLENDVPS Y0, Y1, Y3, Y3; \
	store(Y2, DI, AX); \
	store(Y3, DI, BX)

// func ConcatELUAVX2(v *Vectors)
TEXT ·ConcatELUAVX2(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_EXP(K_MAGIC127)
	EACH(CONCAT_ELU)
	VZEROUPPER
	RET

// SLOPE: y = eluSlope32(y) as min(y, 0) + 1; Y7 is 0. Zero comes first in VMINPS
// (second in this syntax), so that a NaN in y is returned.
#define SLOPE(y) \
	VMINPS y, Y7, y; \
	VADDPS ONE, y, y

#define LOAD_SLOPE \
	VXORPS  Y7, Y7, Y7; \
	VMOVUPS K_ONE, ONE

// dst = a * eluSlope32(b)
#define ELU_GRADIENT(load, store) \
	load(DX, AX, Y1); \
	load(SI, AX, Y0); \
	SLOPE(Y1); \
	VMULPS Y1, Y0, Y0; \
	store(Y0, DI, AX)

// func ELUGradientAVX2(v *Vectors)
TEXT ·ELUGradientAVX2(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_SLOPE
	EACH(ELU_GRADIENT)
	VZEROUPPER
	RET

// Y0 = a*eluSlope32(b) - a2*eluSlope32(b2)
#define CONCAT_ELU_DIFFERENCE(load) \
	load(DX, AX, Y1); \
	load(DX, BX, Y3); \
	load(SI, AX, Y0); \
	load(SI, BX, Y2); \
	SLOPE(Y1); \
	SLOPE(Y3); \
	VMULPS Y1, Y0, Y0; \
	VMULPS Y3, Y2, Y2; \
	VSUBPS Y2, Y0, Y0

#define CONCAT_ELU_GRADIENT(load, store) \
	CONCAT_ELU_DIFFERENCE(load); \
	store(Y0, DI, AX)

// func ConcatELUGradientAVX2(v *Vectors)
TEXT ·ConcatELUGradientAVX2(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_SLOPE
	EACH(CONCAT_ELU_GRADIENT)
	VZEROUPPER
	RET

#define CONCAT_ELU_GRADIENT_ADD(load, store) \
	CONCAT_ELU_DIFFERENCE(load); \
	load(DI, AX, Y1); \
	VADDPS Y0, Y1, Y0; \
	store(Y0, DI, AX)

// func ConcatELUGradientAddAVX2(v *Vectors)
TEXT ·ConcatELUGradientAddAVX2(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_SLOPE
	EACH(CONCAT_ELU_GRADIENT_ADD)
	VZEROUPPER
	RET

// dst = fma32(b, sigmoid32(b2), a)
#define GATE(load, store) \
	load(DX, BX, Y0); \
	SIGMOID(Y0, Y1, Y2, Y3, Y4, Y5); \
	load(SI, AX, Y1); \
	load(DX, AX, Y2); \
	VFMADD231PS Y0, Y2, Y1; \
	store(Y1, DI, AX)

// func GateAVX2(v *Vectors)
TEXT ·GateAVX2(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_EXP(K_MAGIC159)
	EACH(GATE)
	VZEROUPPER
	RET

// s := sigmoid32(b2); dst, dst2 = float32(a*s), float32(a*b) * fma32(-s, s, s)
#define GATE_GRADIENT(load, store) \
	load(DX, BX, Y0); \
	SIGMOID(Y0, Y1, Y2, Y3, Y4, Y5); \
	load(SI, AX, Y1); \
	load(DX, AX, Y2); \
	VMULPS       Y0, Y1, Y3; \
	VMULPS       Y2, Y1, Y2; \
	VMOVAPS      Y0, Y4; \
	VFNMADD213PS Y0, Y0, Y4; \
	VMULPS       Y4, Y2, Y2; \
	store(Y3, DI, AX); \
	store(Y2, DI, BX)

// func GateGradientAVX2(v *Vectors)
TEXT ·GateGradientAVX2(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_EXP(K_MAGIC159)
	EACH(GATE_GRADIENT)
	VZEROUPPER
	RET
