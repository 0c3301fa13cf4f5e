//go:build !purego

#include "textflag.h"
#include "neon.h"

// LogNEON:
//
//	V0-V3 x   V4-V7 x', f   V8-V11 e   V12-V15 y and conditions   V16-V27 scratch
//	V28 logC8, logLn2Lo, logLn2Hi, 0.5
//	R0 dst   R1 x   R2 elements left   R9 constants

#define X 0
#define F 4
#define E 8
#define Y 12
#define P 16
#define Q 20
#define Z 24

// Bytes from R9, the middle of ·neonLog: constants_arm64.s has the values.
#define MIN_NORMAL -112
#define TWO23      -96
#define MINUS23    -80
#define SQRT_HALF  -64
#define MANTISSA   -48
#define ONE        -32
#define MAX_FLOAT  -16
#define MINUS_INF  0
#define C0         16

// One step of p = fma(p, f, logCi), from register group to register group.
#define HORNER(i, from, to) LOAD4X(C0+16*i, 9, to); EACH4(FMLA_S4, from, F, to)

// func LogNEON(dst, x *float32, n int)
TEXT ·LogNEON(SB), NOSPLIT, $0-24
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  n+16(FP), R2
	MOVD  $·neonLog+128(SB), R9
	LDUR_Q(-128, 9, 28)
	CBZ   R2, done

loop: // for i := range n { dst[i] = log32(x[i]) }
	LOAD16(0, 1, X)
	ADD $64, R1

	// if x < minNormal { x' = x * 2²³; e = -23 } else { x' = x; e = 0 }
	LDUR_Q(MIN_NORMAL, 9, 29)
	LDUR_Q(TWO23, 9, 30)
	LDUR_Q(MINUS23, 9, 31)
	FCMGT_S4(X, 29, Y)
	FCMGT_S4(X+1, 29, Y+1)
	FCMGT_S4(X+2, 29, Y+2)
	FCMGT_S4(X+3, 29, Y+3)
	EACH4C(FMUL_S4, 30, X, F)
	EACH4C(AND_B16, 31, Y, E)
	LDUR_Q(SQRT_HALF, 9, 29)
	LDUR_Q(MANTISSA, 9, 30)
	LDUR_Q(ONE, 9, 31)
	EACH4(BIF_B16, Y, X, F)

	// b = bits(x') - sqrtHalfBits; e += b >> 23; f = float(b&mantissa + sqrtHalfBits) - 1
	EACH4C(SUB_S4, 29, F, F)
	EACH4S(SSHR_S4, 23, F, P)
	EACH4C(AND_B16, 30, F, F)
	EACH4(ADD_S4, P, E, E)
	EACH4C(ADD_S4, 29, F, F)
	EACH2(SCVTF_S4, E, E)
	EACH4C(FSUB_S4, 31, F, F)

	LOAD4X(C0+16*7, 9, P)
	EACH4(FMUL_S4, F, F, Z)
	EACH4E(FMLAE_S4, 28, 0, F, P) // p = fma(logC8, f, logC7)
	HORNER(6, P, Q)
	HORNER(5, Q, P)
	HORNER(4, P, Q)
	HORNER(3, Q, P)
	HORNER(2, P, Q)
	HORNER(1, Q, P)
	HORNER(0, P, Q)
	EACH4(FMUL_S4, Z, F, Y)       // y = (f * z) * p
	EACH4(FMUL_S4, Q, Y, Y)
	EACH4E(FMLAE_S4, 28, 1, E, Y) // y = fma(e, logLn2Lo, y)
	EACH4E(FMLSE_S4, 28, 3, Z, Y) // y = fma(-0.5, z, y)
	EACH4(FADD_S4, Y, F, Y)       // y = f + y
	EACH4E(FMLAE_S4, 28, 2, E, Y) // y = fma(e, logLn2Hi, y)

	// if x == 0 { y = -Inf }; if x < 0 { y = NaN }; if !(x <= MaxFloat32) { y = x }
	LDUR_Q(MINUS_INF, 9, 29)
	LDUR_Q(MAX_FLOAT, 9, 30)
	VEOR V31.B16, V31.B16, V31.B16
	EACH2(FCMEQZ_S4, X, P)
	FCMGT_S4(X, 31, Q)
	FCMGT_S4(X+1, 31, Q+1)
	FCMGT_S4(X+2, 31, Q+2)
	FCMGT_S4(X+3, 31, Q+3)
	FCMGE_S4(X, 30, Z)
	FCMGE_S4(X+1, 30, Z+1)
	FCMGE_S4(X+2, 30, Z+2)
	FCMGE_S4(X+3, 30, Z+3)
	BIT_B16(P, 29, Y)
	BIT_B16(P+1, 29, Y+1)
	BIT_B16(P+2, 29, Y+2)
	BIT_B16(P+3, 29, Y+3)
	EACH4(ORR_B16, Q, Y, Y)
	EACH4(BIF_B16, Z, X, Y)
	STORE16(0, 0, Y)
	ADD  $64, R0
	SUBS $16, R2
	BNE  loop

done:
	RET
