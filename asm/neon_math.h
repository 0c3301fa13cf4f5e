// neon_math.h: exp, tanh, sigmoid and log of 16 lanes, operation by operation
// the definitions of package kernels (unary_generic.go). Include after neon.h.
//
// A value is the number of the first of four consecutive registers below V16.
// V16-V27 are scratch, four each for T, Q and R; V28-V31 hold constants, see
// MATH_INIT. Additive constants come from the table at R9: loading them costs
// no arithmetic unit, copying a register would.
//
// Multiples of four independent operations follow one another, which hides most
// of the latency of cores that issue in order.

#define T 16
#define Q 20
#define R 24

// Byte offsets in ·neonExp; constants_arm64.s has the values.
#define EXP_K     0
#define EXP_MAX   16
#define EXP_MIN   32
#define EXPM1_MIN 48
#define MAGIC     64
#define ONE       80
#define TWO       96
#define EXP_C0    112
#define EXP_C1    128
#define EXP_C2    144
#define EXP_C3    160

// V28 = log2e, ln2Hi, ln2Lo, expC4; V29 = magic; V30 = 1. V31 is for signs.
#define MATH_INIT            \
	MOVD  $·neonExp(SB), R9  \
	FMOVQ EXP_K(R9), F28     \
	FMOVQ MAGIC(R9), F29     \
	FMOVQ ONE(R9), F30

// V31 = the signs of x, one bit an element, from bit 31 downwards.
#define PACK_SIGNS(x)     \
	MOV_B16(x, 31)        \
	SRI_S4(1, (x)+1, 31)  \
	SRI_S4(2, (x)+2, 31)  \
	SRI_S4(3, (x)+3, 31)

#define SIGN4(x) SIGN_S4(x); SIGN_S4((x)+1); SIGN_S4((x)+2); SIGN_S4((x)+3)

// x = p, T = t = magic + n with e^x = 2^n·(1+p): expReduced. A NaN stays one
// in p, whatever n becomes.
#define EXP_REDUCED(x)                                   \
	LOAD4X(MAGIC, 9, T)                                  \
	EACH4E(FMLAE_S4, 28, 0, x, T)     /* t = fma(x, log2e, magic) */ \
	LOAD4X(EXP_C3, 9, R)                                 \
	EACH4C(FSUB_S4, 29, T, Q)         /* f = t - magic */ \
	EACH4E(FMLSE_S4, 28, 1, Q, x)     /* r = fma(f, -ln2Hi, x) */ \
	EACH4E(FMLSE_S4, 28, 2, Q, x)     /* r = fma(f, -ln2Lo, r) */ \
	LOAD4X(EXP_C2, 9, Q)                                 \
	EACH4E(FMLAE_S4, 28, 3, x, R)     /* q = fma(expC4, r, expC3) */ \
	EACH4(FMLA_S4, R, x, Q)           /* q = fma(q, r, expC2) */ \
	LOAD4X(EXP_C1, 9, R)                                 \
	EACH4(FMLA_S4, Q, x, R)           /* q = fma(q, r, expC1) */ \
	LOAD4X(EXP_C0, 9, Q)                                 \
	EACH4(FMLA_S4, R, x, Q)           /* q = fma(q, r, expC0) */ \
	EACH4(FMUL_S4, x, x, R)           /* r2 = r * r */   \
	EACH4(FMLA_S4, R, Q, x)           /* p = fma(q, r2, r) */

// x = (1+p)·2^h·2^(n-h) with h = n>>1. The magic's own bits leave at the top of
// the shift by 23, halved or not.
#define EXP_SCALE(x)                                     \
	EACH4S(USHR_S4, 1, T, Q)                             \
	EACH4S(SHL_S4, 23, T, T)                             \
	EACH4C(FADD_S4, 30, x, x)         /* 1 + p */        \
	EACH4S(SHL_S4, 23, Q, Q)          /* h<<23 */        \
	EACH4(SUB_S4, Q, T, T)            /* (n-h)<<23 */    \
	EACH4C(ADD_S4, 30, Q, Q)          /* pow2(h) */      \
	EACH4C(ADD_S4, 30, T, T)          /* pow2(n-h) */    \
	EACH4(FMUL_S4, Q, x, x)                              \
	EACH4(FMUL_S4, T, x, x)

// x = e^x: exp32. FMIN and FMAX let NaN through.
#define EXP16(x)                \
	LDUR_Q(EXP_MAX, 9, R)        \
	LDUR_Q(EXP_MIN, 9, (R)+1)    \
	EACH4C(FMIN_S4, R, x, x)    \
	EACH4C(FMAX_S4, (R)+1, x, x) \
	EXP_REDUCED(x)              \
	EXP_SCALE(x)

// x = 1/(1 + e^-x): sigmoid32. -|x| needs no upper limit.
#define SIGMOID16(x)                                     \
	PACK_SIGNS(x)                                        \
	LDUR_Q(EXP_MIN, 9, R)                                 \
	SIGN4(x)                          /* -|x| */         \
	EACH4C(FMAX_S4, R, x, x)                             \
	EXP_REDUCED(x)                                       \
	EXP_SCALE(x)                      /* e */            \
	CMLTZ_S4(31, T)                                      \
	SHL_S4(1, 31, (T)+1)                                 \
	SHL_S4(2, 31, (T)+2)                                 \
	SHL_S4(3, 31, (T)+3)                                 \
	CMLTZ_S4((T)+1, (T)+1)                               \
	CMLTZ_S4((T)+2, (T)+2)                               \
	CMLTZ_S4((T)+3, (T)+3)                               \
	EACH4C(FADD_S4, 30, x, Q)         /* 1 + e */        \
	BSL_B16(30, x, T)                 /* num = x < 0 ? e : 1 */ \
	BSL_B16(30, (x)+1, (T)+1)                            \
	BSL_B16(30, (x)+2, (T)+2)                            \
	BSL_B16(30, (x)+3, (T)+3)                            \
	EACH4(FDIV_S4, Q, T, x)           /* num / (1 + e) */

// Q = e^x - 1 where x is not above 0: expm1Negative. x is overwritten.
#define EXPM1_NEGATIVE16(x)                              \
	LDUR_Q(EXPM1_MIN, 9, R)                              \
	EACH4C(FMAX_S4, R, x, x)                             \
	EXP_REDUCED(x)                                       \
	EACH4S(SHL_S4, 23, T, T)                             \
	EACH4C(ADD_S4, 30, T, T)          /* t = pow2(n) */  \
	EACH4C(FSUB_S4, 30, T, Q)         /* t - 1 */        \
	EACH4(FMLA_S4, x, T, Q)           /* fma(t, p, t-1) */

// x = tanh(x): tanh32. The sign of -m/(2+m) does not matter.
#define TANH16(x)                                        \
	PACK_SIGNS(x)                                        \
	EACH4(FADD_S4, x, x, x)                              \
	SIGN4(x)                          /* -2·|x| */       \
	EXPM1_NEGATIVE16(x)               /* m */            \
	LOAD4X(TWO, 9, R)                                    \
	USHR_S4(31, 31, T)                                   \
	USHR_S4(30, 31, (T)+1)                               \
	USHR_S4(29, 31, (T)+2)                               \
	USHR_S4(28, 31, (T)+3)                               \
	EACH4(FADD_S4, Q, R, R)           /* 2 + m */        \
	EACH4(FDIV_S4, R, Q, x)                              \
	SLI_S4(31, T, x)                  /* the sign of x */ \
	SLI_S4(31, (T)+1, (x)+1)                             \
	SLI_S4(31, (T)+2, (x)+2)                             \
	SLI_S4(31, (T)+3, (x)+3)
