//go:build !purego

#include "textflag.h"
#include "neon.h"
#include "neon_math.h"

// ExpNEON, TanhNEON and SigmoidNEON:
//
//	V0-V3 16 elements   V16-V31 neon_math.h
//	R0 dst   R1 x   R2 elements left   R9 constants

// func ExpNEON(dst, x *float32, n int)
TEXT ·ExpNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	MATH_INIT
	CBZ  R2, done

loop: // for i := range n { dst[i] = exp32(x[i]) }
	LOAD16(0, 1, 0)
	ADD  $64, R1
	EXP16(0)
	STORE16(0, 0, 0)
	ADD  $64, R0
	SUBS $16, R2
	BNE  loop

done:
	RET

// func TanhNEON(dst, x *float32, n int)
TEXT ·TanhNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	MATH_INIT
	CBZ  R2, done

loop: // for i := range n { dst[i] = tanh32(x[i]) }
	LOAD16(0, 1, 0)
	ADD  $64, R1
	TANH16(0)
	STORE16(0, 0, 0)
	ADD  $64, R0
	SUBS $16, R2
	BNE  loop

done:
	RET

// func SigmoidNEON(dst, x *float32, n int)
TEXT ·SigmoidNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	MATH_INIT
	CBZ  R2, done

loop: // for i := range n { dst[i] = sigmoid32(x[i]) }
	LOAD16(0, 1, 0)
	ADD  $64, R1
	SIGMOID16(0)
	STORE16(0, 0, 0)
	ADD  $64, R0
	SUBS $16, R2
	BNE  loop

done:
	RET
