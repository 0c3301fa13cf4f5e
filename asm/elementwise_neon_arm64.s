//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon.h"
#include "neon_math.h"
#include "neon_gates.h"

// Element-wise routines on Vectors, 16 values at a time.
//
//	R0 dst  R1 a  R2 b      R3 R4 R5 the same in the second parts of the vectors
//	R6 R7 R8 bytes from the end of a vector of dst, a and b to the next
//	R10 Cols   R11 values left   R12 vectors left   R9 constants
//	V0-V15 values, V16-V31 as in neon_math.h

#define BEGIN(v) \
	MOVD v, R11                     \
	MOVD Vectors_Dst(R11), R0       \
	MOVD Vectors_A(R11), R1         \
	MOVD Vectors_B(R11), R2         \
	MOVD Vectors_Half(R11), R12     \
	ADD  R12<<2, R0, R3             \
	ADD  R12<<2, R1, R4             \
	ADD  R12<<2, R2, R5             \
	MOVD Vectors_DstStride(R11), R6 \
	MOVD Vectors_AStride(R11), R7   \
	MOVD Vectors_BStride(R11), R8   \
	MOVD Vectors_Cols(R11), R10     \
	MOVD Vectors_N(R11), R12        \
	SUB  R10, R6                    \
	SUB  R10, R7                    \
	SUB  R10, R8                    \
	LSL  $2, R6                     \
	LSL  $2, R7                     \
	LSL  $2, R8                     \
	MATH_INIT

// EACH does body, a line of Go on the values at hand, for all of them.
#define EACH(body) \
vector:            \
	MOVD R10, R11  \
loop:              \
	body           \
	ADD  $64, R0   \
	ADD  $64, R1   \
	ADD  $64, R2   \
	ADD  $64, R3   \
	ADD  $64, R4   \
	ADD  $64, R5   \
	SUBS $16, R11  \
	BNE  loop      \
	ADD  R6, R0    \
	ADD  R7, R1    \
	ADD  R8, R2    \
	ADD  R6, R3    \
	ADD  R7, R4    \
	ADD  R8, R5    \
	SUBS $1, R12   \
	BNE  vector

// Q = e^-|x| - 1 and T the lanes of x with a set sign; t is overwritten.
#define ELU_PARTS(x, t)      \
	EACH2(MOV_B16, x, t)     \
	SIGN4(t)                 \
	EXPM1_NEGATIVE16(t)      \
	EACH2(CMLTZ_S4, x, T)

// dst = elu32(a). Where the sign is clear that is a, +0 and NaN included.
#define ELU                  \
	LOAD16(0, 1, 0)          \
	ELU_PARTS(0, 4)          \
	EACH4(BIT_B16, T, Q, 0)  \
	STORE16(0, 0, 0)

// func ELUNEON(v *Vectors)
TEXT ·ELUNEON(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	EACH(ELU)
	RET

// dst, dst2 = elu32(a), elu32(-a): |a| and e^-|a| - 1, in the order that the sign says.
#define CONCAT_ELU           \
	LOAD16(0, 1, 0)          \
	ELU_PARTS(0, 4)          \
	EACH2(FABS_S4, 0, 0)     \
	EACH2(MOV_B16, 0, 4)     \
	EACH4(BIT_B16, T, Q, 0)  \
	EACH4(BIF_B16, T, Q, 4)  \
	STORE16(0, 0, 0)         \
	STORE16(0, 3, 4)

// func ConcatELUNEON(v *Vectors)
TEXT ·ConcatELUNEON(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	EACH(CONCAT_ELU)
	RET

// y = eluSlope32(y) as min(y, 0) + 1, V31 being 0. FMIN lets NaN through.
#define SLOPE16(y)            \
	EACH4C(FMIN_S4, 31, y, y) \
	EACH4C(FADD_S4, 30, y, y)

// dst = a * eluSlope32(b)
#define ELU_GRADIENT         \
	LOAD16(0, 2, 4)          \
	LOAD16(0, 1, 0)          \
	SLOPE16(4)               \
	EACH4(FMUL_S4, 4, 0, 0)  \
	STORE16(0, 0, 0)

// func ELUGradientNEON(v *Vectors)
TEXT ·ELUGradientNEON(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	VEOR V31.B16, V31.B16, V31.B16
	EACH(ELU_GRADIENT)
	RET

// V0-V3 = a*eluSlope32(b) - a2*eluSlope32(b2)
#define CONCAT_ELU_DIFFERENCE \
	LOAD16(0, 2, 4)           \
	LOAD16(0, 5, 12)          \
	LOAD16(0, 1, 0)           \
	LOAD16(0, 4, 8)           \
	SLOPE16(4)                \
	SLOPE16(12)               \
	EACH4(FMUL_S4, 4, 0, 0)   \
	EACH4(FMUL_S4, 12, 8, 8)  \
	EACH4(FSUB_S4, 8, 0, 0)

#define CONCAT_ELU_GRADIENT   \
	CONCAT_ELU_DIFFERENCE     \
	STORE16(0, 0, 0)

// func ConcatELUGradientNEON(v *Vectors)
TEXT ·ConcatELUGradientNEON(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	VEOR V31.B16, V31.B16, V31.B16
	EACH(CONCAT_ELU_GRADIENT)
	RET

#define CONCAT_ELU_GRADIENT_ADD \
	LOAD16(0, 0, T)             \
	CONCAT_ELU_DIFFERENCE       \
	EACH4(FADD_S4, 0, T, 0)     \
	STORE16(0, 0, 0)

// func ConcatELUGradientAddNEON(v *Vectors)
TEXT ·ConcatELUGradientAddNEON(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	VEOR V31.B16, V31.B16, V31.B16
	EACH(CONCAT_ELU_GRADIENT_ADD)
	RET

// dst = fma32(b, sigmoid32(b2), a)
#define GATE                  \
	LOAD16(0, 5, 0)           \
	SIGMOID16(0)              \
	LOAD16(0, 1, 8)           \
	LOAD16(0, 2, 4)           \
	EACH4(FMLA_S4, 0, 4, 8)   \
	STORE16(0, 0, 8)

// func GateNEON(v *Vectors)
TEXT ·GateNEON(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	EACH(GATE)
	RET

// s := sigmoid32(b2); dst, dst2 = float32(a*s), float32(a*b) * fma32(-s, s, s)
#define GATE_GRADIENT         \
	LOAD16(0, 5, 0)           \
	SIGMOID16(0)              \
	LOAD16(0, 1, 4)           \
	LOAD16(0, 2, 8)           \
	LOGISTIC_SLOPE16(0, T, Q) \
	EACH4(FMUL_S4, 4, 0, 0)   \
	EACH4(FMUL_S4, 8, 4, 4)   \
	EACH4(FMUL_S4, T, 4, 4)   \
	STORE16(0, 0, 0)          \
	STORE16(0, 3, 4)

// func GateGradientNEON(v *Vectors)
TEXT ·GateGradientNEON(SB), NOSPLIT, $0-8
	BEGIN(v+0(FP))
	EACH(GATE_GRADIENT)
	RET
