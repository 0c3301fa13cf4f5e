// The exponential family on AVX2 and FMA: macros on 8 lanes. Every register is
// an argument. Constants are memory operands, apart from those that the
// including file defines as registers and loads: a Zen core can load two
// operands a cycle, which is less than these macros ask for.
//
// The operations and their order are those of kernels/unary_generic.go.

#include "exp_amd64.h"

#ifndef LOG2E
#define LOG2E K_LOG2E
#endif
#ifndef NLN2HI
#define NLN2HI K_NLN2HI
#endif
#ifndef NLN2LO
#define NLN2LO K_NLN2LO
#endif
#ifndef EXPC3
#define EXPC3 K_C3
#endif
#ifndef EXPC2
#define EXPC2 K_C2
#endif
#ifndef EXPC1
#define EXPC1 K_C1
#endif
#ifndef EXPC0
#define EXPC0 K_C0
#endif
#ifndef ONE
#define ONE K_ONE
#endif

// EXP_REDUCE: n, p = expReduced(x), n as the integer in the low bits of the
// float magic + n; x and t are overwritten.
#define EXP_REDUCE(x, n, p, t, magic) \
	VMOVUPS     LOG2E, n; \
	VFMADD213PS magic, x, n; \
	VSUBPS      magic, n, t; \
	VFMADD231PS NLN2HI, t, x; \
	VFMADD231PS NLN2LO, t, x; \
	VMOVUPS     K_C4, p; \
	VFMADD213PS EXPC3, x, p; \
	VMULPS      x, x, t; \
	VFMADD213PS EXPC2, x, p; \
	VFMADD213PS EXPC1, x, p; \
	VFMADD213PS EXPC0, x, p; \
	VFMADD213PS x, t, p

// EXP: p = exp32(x); x, n and t are overwritten. The constant comes first in
// VMINPS and VMAXPS (second in this syntax), so that a NaN in x is returned.
// magic is K_MAGIC254 or a register that holds it: with n+254 in the low bits,
// halving gives the first factor's biased exponent and the rest the second's.
#define EXP(x, n, p, t, magic) \
	VMOVUPS K_EXPMAX, n; \
	VMINPS  x, n, x; \
	VMOVUPS K_EXPMIN, n; \
	VMAXPS  x, n, x; \
	EXP_REDUCE(x, n, p, t, magic); \
	VADDPS ONE, p, p; \
	VPSRLD $1, n, t; \
	VPSUBD t, n, n; \
	VPSLLD $23, t, t; \
	VPSLLD $23, n, n; \
	VMULPS t, p, p; \
	VMULPS n, p, p

// EXP_NEGATIVE: p = exp32(x) where x is not above 0, so that the factors of
// exp32 can be 2^(n+32) and 2^-32; x, n and t are overwritten. magic is
// K_MAGIC159 or a register that holds it.
#define EXP_NEGATIVE(x, n, p, t, magic) \
	VMOVUPS K_EXPMIN, n; \
	VMAXPS  x, n, x; \
	EXP_REDUCE(x, n, p, t, magic); \
	VADDPS ONE, p, p; \
	VPSLLD $23, n, n; \
	VMULPS n, p, p; \
	VMULPS K_2M32, p, p

// SIGMOID: x = sigmoid32(x); a, n, p and t are overwritten. magic is as in
// EXP_NEGATIVE.
#define SIGMOID(x, a, n, p, t, magic) \
	VORPS K_SIGN, x, a; \
	EXP_NEGATIVE(a, n, p, t, magic); \
	VMOVUPS   ONE, n; \
	VADDPS    n, p, t; \
	VBLENDVPS x, p, n, n; \
	VDIVPS    t, n, x

// EXPM1_NEGATIVE: p = expm1Negative(x); x, n and t are overwritten. magic is
// K_MAGIC127 or a register that holds it.
#define EXPM1_NEGATIVE(x, n, p, t, magic) \
	VMOVUPS K_EXPM1MIN, n; \
	VMAXPS  x, n, x; \
	EXP_REDUCE(x, n, p, t, magic); \
	VPSLLD      $23, n, n; \
	VSUBPS      ONE, n, t; \
	VFMADD213PS t, n, p

// TANH: x = tanh32(x); a, n, p and t are overwritten. magic is as in
// EXPM1_NEGATIVE. The sign of -m/(2+m) is replaced by that of x, so m is not
// negated.
#define TANH(x, a, n, p, t, magic) \
	VORPS   K_SIGN, x, a; \
	VADDPS  a, a, a; \
	EXPM1_NEGATIVE(a, n, p, t, magic); \
	VADDPS  K_TWO, p, t; \
	VDIVPS  t, p, p; \
	VMOVUPS K_SIGN, t; \
	VANDNPS p, t, p; \
	VANDPS  t, x, x; \
	VORPS   p, x, x
