//go:build !purego

#include "textflag.h"
#include "neon.h"

// func AdamNEON(w, m, v, grad *float32, n int, s *[7]float32)
//
//	V0-V3 g'   V4-V7 m   V8-V11 v   V12-V15 w   V16-V23 products
//	V24 lr, β1, β2, 1-β1   V25 1-β2, gradient scale   V26 ε in all lanes
//	R0 w   R1 m   R2 v   R3 grad   R4 elements left   R5 s
TEXT ·AdamNEON(SB), NOSPLIT, $0-48
	MOVD  w+0(FP), R0
	MOVD  m+8(FP), R1
	MOVD  v+16(FP), R2
	MOVD  grad+24(FP), R3
	MOVD  n+32(FP), R4
	MOVD  s+40(FP), R5
	FMOVQ (R5), F24
	FMOVD 16(R5), F25
	FMOVS 24(R5), F26
	VDUP  V26.S[0], V26.S4
	CBZ   R4, done

loop: // for i := range n
	FLDPQ (R3), (F0, F1)
	FLDPQ 32(R3), (F2, F3)
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	FLDPQ (R2), (F8, F9)
	FLDPQ 32(R2), (F10, F11)
	FLDPQ (R0), (F12, F13)
	FLDPQ 32(R0), (F14, F15)
	EACH4E(FMULE_S4, 25, 1, 0, 0)  // d = g[i] * scale
	EACH4E(FMULE_S4, 24, 3, 0, 16) // m[i] = fma(β1, m[i], (1-β1)*d)
	EACH4E(FMULE_S4, 25, 0, 0, 20) // v[i] = fma(β2, v[i], ((1-β2)*d)*d)
	EACH4E(FMLAE_S4, 24, 1, 4, 16)
	EACH4(FMUL_S4, 0, 20, 20)
	EACH4E(FMLAE_S4, 24, 2, 8, 20)
	FSTPQ (F16, F17), (R1)
	FSTPQ (F18, F19), 32(R1)
	EACH2(FSQRT_S4, 20, 4)         // w[i] -= (lr*m[i]) / (√v[i] + ε)
	EACH4E(FMULE_S4, 24, 0, 16, 16)
	FSTPQ (F20, F21), (R2)
	FSTPQ (F22, F23), 32(R2)
	EACH4C(FADD_S4, 26, 4, 4)
	EACH4(FDIV_S4, 4, 16, 16)
	EACH4(FSUB_S4, 16, 12, 12)
	FSTPQ (F12, F13), (R0)
	FSTPQ (F14, F15), 32(R0)
	ADD   $64, R0
	ADD   $64, R1
	ADD   $64, R2
	ADD   $64, R3
	SUBS  $16, R4
	BNE   loop

done:
	RET
