//go:build !purego

#include "textflag.h"

// DI w, SI m, DX v, BX g, CX elements left. Y0 g, Y1 m, Y2 v, Y3 w, Y4 a
// temporary; Y8 scale, Y9 beta1, Y10 rest1, Y11 beta2, Y12 rest2, Y13 rate,
// Y14 epsilon; Y7 the lanes of the tail.

// ADAM: one step on Y0-Y3.
//	d := float32(g * scale)
//	m = fma32(beta1, m, float32(rest1*d))
//	v = fma32(beta2, v, float32(float32(rest2*d)*d))
//	w -= float32(rate*m) / (sqrt32(v) + epsilon)
#define ADAM \
	VMULPS      Y8, Y0, Y0; \
	VMULPS      Y10, Y0, Y4; \
	VFMADD213PS Y4, Y9, Y1; \
	VMULPS      Y12, Y0, Y4; \
	VMULPS      Y0, Y4, Y4; \
	VFMADD213PS Y4, Y11, Y2; \
	VSQRTPS     Y2, Y4; \
	VADDPS      Y14, Y4, Y4; \
	VMULPS      Y13, Y1, Y0; \
	VDIVPS      Y4, Y0, Y0; \
	VSUBPS      Y0, Y3, Y3

// func AdamAVX2(w, m, v, g []float32, scale, beta1, rest1, beta2, rest2, rate, epsilon float32)
TEXT ·AdamAVX2(SB), NOSPLIT, $0-124
	MOVQ         w_base+0(FP), DI
	MOVQ         w_len+8(FP), CX
	MOVQ         m_base+24(FP), SI
	MOVQ         v_base+48(FP), DX
	MOVQ         g_base+72(FP), BX
	VBROADCASTSS scale+96(FP), Y8
	VBROADCASTSS beta1+100(FP), Y9
	VBROADCASTSS rest1+104(FP), Y10
	VBROADCASTSS beta2+108(FP), Y11
	VBROADCASTSS rest2+112(FP), Y12
	VBROADCASTSS rate+116(FP), Y13
	VBROADCASTSS epsilon+120(FP), Y14
	SUBQ         $8, CX
	JLT          tail

loop: // for each 8
	VMOVUPS (BX), Y0
	VMOVUPS (SI), Y1
	VMOVUPS (DX), Y2
	VMOVUPS (DI), Y3
	ADAM
	VMOVUPS Y1, (SI)
	VMOVUPS Y2, (DX)
	VMOVUPS Y3, (DI)
	ADDQ    $32, BX
	ADDQ    $32, SI
	ADDQ    $32, DX
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop

tail: // the last len(w)%8
	ADDQ       $8, CX
	JE         done
	LEAQ       ·tailMask+32(SB), AX
	SHLQ       $2, CX
	SUBQ       CX, AX
	VMOVUPS    (AX), Y7
	VMASKMOVPS (BX), Y7, Y0
	VMASKMOVPS (SI), Y7, Y1
	VMASKMOVPS (DX), Y7, Y2
	VMASKMOVPS (DI), Y7, Y3
	ADAM
	VMASKMOVPS Y1, Y7, (SI)
	VMASKMOVPS Y2, Y7, (DX)
	VMASKMOVPS Y3, Y7, (DI)

done:
	VZEROUPPER
	RET
