// The exponential family on AVX-512: macros on 16 lanes.
//
//	Z16-Z30  constants, loaded once by LOAD_EXP
//	Z0-Z15   free for the caller and for the macros' arguments
//
// The operations and their order are those of kernels/unary_generic.go.

#include "exp_amd64.h"

#define LOG2E    Z16
#define NLN2HI   Z17
#define NLN2LO   Z18
#define EXPC4    Z19
#define EXPC3    Z20
#define EXPC2    Z21
#define EXPC1    Z22
#define EXPC0    Z23
#define ONE      Z24
#define TWO      Z25
#define SIGN     Z26
#define EXPMAX   Z27
#define EXPMIN   Z28
#define EXPM1MIN Z29
#define MAGIC    Z30

#define LOAD_EXP \
	VBROADCASTSS K_LOG2E, LOG2E; \
	VBROADCASTSS K_NLN2HI, NLN2HI; \
	VBROADCASTSS K_NLN2LO, NLN2LO; \
	VBROADCASTSS K_C4, EXPC4; \
	VBROADCASTSS K_C3, EXPC3; \
	VBROADCASTSS K_C2, EXPC2; \
	VBROADCASTSS K_C1, EXPC1; \
	VBROADCASTSS K_C0, EXPC0; \
	VBROADCASTSS K_ONE, ONE; \
	VBROADCASTSS K_TWO, TWO; \
	VBROADCASTSS K_SIGN, SIGN; \
	VBROADCASTSS K_EXPMAX, EXPMAX; \
	VBROADCASTSS K_EXPMIN, EXPMIN; \
	VBROADCASTSS K_EXPM1MIN, EXPM1MIN; \
	VBROADCASTSS K_MAGIC, MAGIC

// EXP_REDUCE: n, p = expReduced(x), n as a float; x and t are overwritten.
#define EXP_REDUCE(x, n, p, t) \
	VMOVAPS     MAGIC, n; \
	VFMADD231PS LOG2E, x, n; \
	VSUBPS      MAGIC, n, n; \
	VFMADD231PS NLN2HI, n, x; \
	VFMADD231PS NLN2LO, n, x; \
	VMOVAPS     EXPC4, p; \
	VFMADD213PS EXPC3, x, p; \
	VMULPS      x, x, t; \
	VFMADD213PS EXPC2, x, p; \
	VFMADD213PS EXPC1, x, p; \
	VFMADD213PS EXPC0, x, p; \
	VFMADD213PS x, t, p

// EXP: p = exp32(x); x, n and t are overwritten. The constant comes first in
// VMINPS and VMAXPS (second in this syntax), so that a NaN in x is returned. The
// scale instruction rounds once, as the two factors of the definition do.
#define EXP(x, n, p, t) \
	VMINPS x, EXPMAX, x; \
	EXP_NEGATIVE(x, n, p, t)

// EXP_NEGATIVE: p = exp32(x) where x is not above 0.
#define EXP_NEGATIVE(x, n, p, t) \
	VMAXPS x, EXPMIN, x; \
	EXP_REDUCE(x, n, p, t); \
	VADDPS    ONE, p, p; \
	VSCALEFPS n, p, p

// SIGMOID: x = sigmoid32(x); a, n, p, t and k are overwritten.
#define SIGMOID(x, a, n, p, t, k) \
	VORPS    SIGN, x, a; \
	VPMOVD2M x, k; \
	EXP_NEGATIVE(a, n, p, t); \
	VADDPS    ONE, p, t; \
	VBLENDMPS p, ONE, k, x; \
	VDIVPS    t, x, x

// EXPM1_NEGATIVE: p = expm1Negative(x); x, n and t are overwritten.
#define EXPM1_NEGATIVE(x, n, p, t) \
	VMAXPS x, EXPM1MIN, x; \
	EXP_REDUCE(x, n, p, t); \
	VSCALEFPS   n, ONE, n; \
	VSUBPS      ONE, n, t; \
	VFMADD213PS t, n, p

// TANH: x = tanh32(x); a, n, p and t are overwritten. The sign of -m/(2+m) is
// replaced by that of x, so m is not negated.
#define TANH(x, a, n, p, t) \
	VORPS  SIGN, x, a; \
	VADDPS a, a, a; \
	EXPM1_NEGATIVE(a, n, p, t); \
	VADDPS     TWO, p, t; \
	VDIVPS     t, p, p; \
	VPTERNLOGD $0xd8, SIGN, x, p; \
	VMOVAPS    p, x
