//go:build !purego

#include "textflag.h"

// func ReLUGradientAVX2(dst, dy, y []float32)
//
//	DI dst, DX dy, SI y, CX elements left. Y0-Y3 y, then lanes to keep, then dy; Y4 0;
//	Y5 the lanes of the tail.
TEXT ·ReLUGradientAVX2(SB), NOSPLIT, $0-72
	MOVQ   dst_base+0(FP), DI
	MOVQ   dy_base+24(FP), DX
	MOVQ   y_base+48(FP), SI
	MOVQ   y_len+56(FP), CX
	VXORPS Y4, Y4, Y4
	SUBQ   $32, CX
	JLT    rest

loop: // for each 32: dst[i] = dy[i], or 0 if y[i] <= 0; NaN passes: not less or equal, unordered
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS 64(SI), Y2
	VMOVUPS 96(SI), Y3
	VCMPPS  $0x16, Y4, Y0, Y0
	VCMPPS  $0x16, Y4, Y1, Y1
	VCMPPS  $0x16, Y4, Y2, Y2
	VCMPPS  $0x16, Y4, Y3, Y3
	VANDPS  (DX), Y0, Y0
	VANDPS  32(DX), Y1, Y1
	VANDPS  64(DX), Y2, Y2
	VANDPS  96(DX), Y3, Y3
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	ADDQ    $128, SI
	ADDQ    $128, DX
	ADDQ    $128, DI
	SUBQ    $32, CX
	JGE     loop

rest:
	ADDQ $24, CX
	JLT  tail

loop8: // for each 8 that remain
	VMOVUPS (SI), Y0
	VCMPPS  $0x16, Y4, Y0, Y0
	VANDPS  (DX), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DX
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop8

tail: // the last len(y)%8
	ADDQ       $8, CX
	JE         done
	LEAQ       ·tailMask+32(SB), AX
	SHLQ       $2, CX
	SUBQ       CX, AX
	VMOVUPS    (AX), Y5
	VMASKMOVPS (SI), Y5, Y0
	VMASKMOVPS (DX), Y5, Y1
	VCMPPS     $0x16, Y4, Y0, Y0
	VANDPS     Y0, Y1, Y1
	VMASKMOVPS Y1, Y5, (DI)

done:
	VZEROUPPER
	RET
