//go:build !purego

#include "textflag.h"

// func ReLUGradientAVX512(dst, dy, y []float32)
//
//	DI dst, DX dy, SI y, CX elements left. Z0-Z3 y, then dy; Z4 0; K1-K4 lanes to keep,
//	K5 those of the tail.
TEXT ·ReLUGradientAVX512(SB), NOSPLIT, $0-72
	MOVQ   dst_base+0(FP), DI
	MOVQ   dy_base+24(FP), DX
	MOVQ   y_base+48(FP), SI
	MOVQ   y_len+56(FP), CX
	VPXORQ Z4, Z4, Z4
	SUBQ   $64, CX
	JLT    rest

loop: // for each 64: dst[i] = dy[i], or 0 if y[i] <= 0; NaN passes: not less or equal, unordered
	VMOVUPS   (SI), Z0
	VMOVUPS   64(SI), Z1
	VMOVUPS   128(SI), Z2
	VMOVUPS   192(SI), Z3
	VCMPPS    $0x16, Z4, Z0, K1
	VCMPPS    $0x16, Z4, Z1, K2
	VCMPPS    $0x16, Z4, Z2, K3
	VCMPPS    $0x16, Z4, Z3, K4
	VMOVUPS.Z (DX), K1, Z0
	VMOVUPS.Z 64(DX), K2, Z1
	VMOVUPS.Z 128(DX), K3, Z2
	VMOVUPS.Z 192(DX), K4, Z3
	VMOVUPS   Z0, (DI)
	VMOVUPS   Z1, 64(DI)
	VMOVUPS   Z2, 128(DI)
	VMOVUPS   Z3, 192(DI)
	ADDQ      $256, SI
	ADDQ      $256, DX
	ADDQ      $256, DI
	SUBQ      $64, CX
	JGE       loop

rest:
	ADDQ $48, CX
	JLT  tail

loop16: // for each 16 that remain
	VMOVUPS   (SI), Z0
	VCMPPS    $0x16, Z4, Z0, K1
	VMOVUPS.Z (DX), K1, Z0
	VMOVUPS   Z0, (DI)
	ADDQ      $64, SI
	ADDQ      $64, DX
	ADDQ      $64, DI
	SUBQ      $16, CX
	JGE       loop16

tail: // the last len(y)%16
	ADDQ      $16, CX
	JE        done
	MOVL      $1, AX
	SHLL      CX, AX
	DECL      AX
	KMOVW     AX, K5
	VMOVUPS.Z (SI), K5, Z0
	VCMPPS    $0x16, Z4, Z0, K5, K1
	VMOVUPS.Z (DX), K1, Z0
	VMOVUPS   Z0, K5, (DI)

done:
	VZEROUPPER
	RET
