//go:build !purego

#include "textflag.h"

// DI w, SI m, DX v, BX g, CX elements left. Z0 g, Z1 m, Z2 v, Z3 w, Z4 a
// temporary; Z8 scale, Z9 beta1, Z10 rest1, Z11 beta2, Z12 rest2, Z13 rate,
// Z14 epsilon; K1 the lanes of the tail.

// ADAM: one step on Z0-Z3.
//	d := float32(g * scale)
//	m = fma32(beta1, m, float32(rest1*d))
//	v = fma32(beta2, v, float32(float32(rest2*d)*d))
//	w -= float32(rate*m) / (sqrt32(v) + epsilon)
#define ADAM \
	VMULPS      Z8, Z0, Z0; \
	VMULPS      Z10, Z0, Z4; \
	VFMADD213PS Z4, Z9, Z1; \
	VMULPS      Z12, Z0, Z4; \
	VMULPS      Z0, Z4, Z4; \
	VFMADD213PS Z4, Z11, Z2; \
	VSQRTPS     Z2, Z4; \
	VADDPS      Z14, Z4, Z4; \
	VMULPS      Z13, Z1, Z0; \
	VDIVPS      Z4, Z0, Z0; \
	VSUBPS      Z0, Z3, Z3

// func AdamAVX512(w, m, v, g []float32, scale, beta1, rest1, beta2, rest2, rate, epsilon float32)
TEXT ·AdamAVX512(SB), NOSPLIT, $0-124
	MOVQ         w_base+0(FP), DI
	MOVQ         w_len+8(FP), CX
	MOVQ         m_base+24(FP), SI
	MOVQ         v_base+48(FP), DX
	MOVQ         g_base+72(FP), BX
	VBROADCASTSS scale+96(FP), Z8
	VBROADCASTSS beta1+100(FP), Z9
	VBROADCASTSS rest1+104(FP), Z10
	VBROADCASTSS beta2+108(FP), Z11
	VBROADCASTSS rest2+112(FP), Z12
	VBROADCASTSS rate+116(FP), Z13
	VBROADCASTSS epsilon+120(FP), Z14
	SUBQ         $16, CX
	JLT          tail

loop: // for each 16
	VMOVUPS (BX), Z0
	VMOVUPS (SI), Z1
	VMOVUPS (DX), Z2
	VMOVUPS (DI), Z3
	ADAM
	VMOVUPS Z1, (SI)
	VMOVUPS Z2, (DX)
	VMOVUPS Z3, (DI)
	ADDQ    $64, BX
	ADDQ    $64, SI
	ADDQ    $64, DX
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop

tail: // the last len(w)%16
	ADDQ      $16, CX
	JE        done
	MOVL      $1, AX
	SHLL      CX, AX
	DECL      AX
	KMOVW     AX, K1
	VMOVUPS.Z (BX), K1, Z0
	VMOVUPS.Z (SI), K1, Z1
	VMOVUPS.Z (DX), K1, Z2
	VMOVUPS.Z (DI), K1, Z3
	ADAM
	VMOVUPS   Z1, K1, (SI)
	VMOVUPS   Z2, K1, (DX)
	VMOVUPS   Z3, K1, (DI)

done:
	VZEROUPPER
	RET
