//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "exp_avx512_amd64.h"

// Element-wise routines on Vectors, 16 values at a time. Z0-Z6 values and temporaries,
// K1 signs, K2 the lanes of a tail, Z16-Z30 constants of exp_avx512_amd64.h.

#define LANES 16

#define TAIL_MASK \
	MOVL  $1, AX; \
	SHLL  CX, AX; \
	DECL  AX; \
	KMOVW AX, K2

#define LOAD(p, at, z)       VMOVUPS (p)(at*1), z
#define STORE(z, p, at)      VMOVUPS z, (p)(at*1)
#define LOAD_TAIL(p, at, z)  VMOVUPS.Z (p)(at*1), K2, z
#define STORE_TAIL(z, p, at) VMOVUPS z, K2, (p)(at*1)

#include "vectors_amd64.h"

// dst = elu32(a). Where the sign is clear that is a, +0 and NaN included.
#define ELU(load, store) \
	load(SI, AX, Z0); \
	VORPS    SIGN, Z0, Z1; \
	VPMOVD2M Z0, K1; \
	EXPM1_NEGATIVE(Z1, Z2, Z3, Z4); \
	VMOVAPS  Z3, K1, Z0; \
	store(Z0, DI, AX)

// func ELUAVX512(v *Vectors)
TEXT ·ELUAVX512(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_EXP
	EACH(ELU)
	VZEROUPPER
	RET

// dst, dst2 = elu32(a), elu32(-a): |a| and e^-|a| - 1, in the order that the sign says.
#define CONCAT_ELU(load, store) \
	load(SI, AX, Z0); \
	VORPS     SIGN, Z0, Z1; \
	VPMOVD2M  Z0, K1; \
	VANDNPS   Z0, SIGN, Z0; \
	EXPM1_NEGATIVE(Z1, Z2, Z3, Z4); \
	VBLENDMPS Z3, Z0, K1, Z1; \
	VBLENDMPS Z0, Z3, K1, Z2; \
	store(Z1, DI, AX); \
	store(Z2, DI, BX)

// func ConcatELUAVX512(v *Vectors)
TEXT ·ConcatELUAVX512(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_EXP
	EACH(CONCAT_ELU)
	VZEROUPPER
	RET

// SLOPE: y = eluSlope32(y) as min(y, 0) + 1; Z5 is 0, Z6 is 1. Zero comes first in
// VMINPS (second in this syntax), so that a NaN in y is returned.
#define SLOPE(y) \
	VMINPS y, Z5, y; \
	VADDPS Z6, y, y

#define LOAD_SLOPE \
	VPXORQ       Z5, Z5, Z5; \
	VBROADCASTSS K_ONE, Z6

// dst = a * eluSlope32(b)
#define ELU_GRADIENT(load, store) \
	load(DX, AX, Z1); \
	load(SI, AX, Z0); \
	SLOPE(Z1); \
	VMULPS Z1, Z0, Z0; \
	store(Z0, DI, AX)

// func ELUGradientAVX512(v *Vectors)
TEXT ·ELUGradientAVX512(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_SLOPE
	EACH(ELU_GRADIENT)
	VZEROUPPER
	RET

// Z0 = a*eluSlope32(b) - a2*eluSlope32(b2)
#define CONCAT_ELU_DIFFERENCE(load) \
	load(DX, AX, Z1); \
	load(DX, BX, Z3); \
	load(SI, AX, Z0); \
	load(SI, BX, Z2); \
	SLOPE(Z1); \
	SLOPE(Z3); \
	VMULPS Z1, Z0, Z0; \
	VMULPS Z3, Z2, Z2; \
	VSUBPS Z2, Z0, Z0

#define CONCAT_ELU_GRADIENT(load, store) \
	CONCAT_ELU_DIFFERENCE(load); \
	store(Z0, DI, AX)

// func ConcatELUGradientAVX512(v *Vectors)
TEXT ·ConcatELUGradientAVX512(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_SLOPE
	EACH(CONCAT_ELU_GRADIENT)
	VZEROUPPER
	RET

#define CONCAT_ELU_GRADIENT_ADD(load, store) \
	CONCAT_ELU_DIFFERENCE(load); \
	load(DI, AX, Z1); \
	VADDPS Z0, Z1, Z0; \
	store(Z0, DI, AX)

// func ConcatELUGradientAddAVX512(v *Vectors)
TEXT ·ConcatELUGradientAddAVX512(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_SLOPE
	EACH(CONCAT_ELU_GRADIENT_ADD)
	VZEROUPPER
	RET

// dst = fma32(b, sigmoid32(b2), a)
#define GATE(load, store) \
	load(DX, BX, Z0); \
	SIGMOID(Z0, Z1, Z2, Z3, Z4, K1); \
	load(SI, AX, Z1); \
	load(DX, AX, Z2); \
	VFMADD231PS Z0, Z2, Z1; \
	store(Z1, DI, AX)

// func GateAVX512(v *Vectors)
TEXT ·GateAVX512(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_EXP
	EACH(GATE)
	VZEROUPPER
	RET

// s := sigmoid32(b2); dst, dst2 = float32(a*s), float32(a*b) * fma32(-s, s, s)
#define GATE_GRADIENT(load, store) \
	load(DX, BX, Z0); \
	SIGMOID(Z0, Z1, Z2, Z3, Z4, K1); \
	load(SI, AX, Z1); \
	load(DX, AX, Z2); \
	VMULPS       Z0, Z1, Z3; \
	VMULPS       Z2, Z1, Z2; \
	VMOVAPS      Z0, Z4; \
	VFNMADD213PS Z0, Z0, Z4; \
	VMULPS       Z4, Z2, Z2; \
	store(Z3, DI, AX); \
	store(Z2, DI, BX)

// func GateGradientAVX512(v *Vectors)
TEXT ·GateGradientAVX512(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	LOAD_EXP
	EACH(GATE_GRADIENT)
	VZEROUPPER
	RET
