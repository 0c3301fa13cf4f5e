//go:build !purego

#include "textflag.h"

// DI lanes, SI x, CX elements left. Y0 and Y1 the 16 lanes, Y2-Y5 x, Y8 and Y9
// the lanes of the tail.

// TAIL_MASK: y = the first CX lanes of 8; CX may be less than 0 or more than 8.
#define TAIL_MASK(y) \
	XORL    DX, DX; \
	TESTQ   CX, CX; \
	CMOVQGT CX, DX; \
	MOVL    $8, BX; \
	CMPQ    DX, BX; \
	CMOVQGT BX, DX; \
	LEAQ    ·tailMask+32(SB), AX; \
	SHLQ    $2, DX; \
	SUBQ    DX, AX; \
	VMOVUPS (AX), y

// func SumAVX2(lanes *[16]float32, x []float32)
TEXT ·SumAVX2(SB), NOSPLIT, $0-32
	MOVQ    lanes+0(FP), DI
	MOVQ    x_base+8(FP), SI
	MOVQ    x_len+16(FP), CX
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	SUBQ    $32, CX
	JLT     rest

loop: // for each 32: lanes[i%16] += x[i]
	VMOVUPS (SI), Y2
	VMOVUPS 32(SI), Y3
	VMOVUPS 64(SI), Y4
	VMOVUPS 96(SI), Y5
	VADDPS  Y2, Y0, Y0
	VADDPS  Y3, Y1, Y1
	VADDPS  Y4, Y0, Y0
	VADDPS  Y5, Y1, Y1
	ADDQ    $128, SI
	SUBQ    $32, CX
	JGE     loop

rest:
	ADDQ    $16, CX
	JLT     tail
	VMOVUPS (SI), Y2
	VMOVUPS 32(SI), Y3
	VADDPS  Y2, Y0, Y0
	VADDPS  Y3, Y1, Y1
	ADDQ    $64, SI
	SUBQ    $16, CX

tail: // the last len(x)%16; a lane is never -0, so adding +0 changes nothing
	ADDQ $16, CX
	JE   done
	TAIL_MASK(Y8)
	SUBQ $8, CX
	TAIL_MASK(Y9)
	VMASKMOVPS (SI), Y8, Y2
	VMASKMOVPS 32(SI), Y9, Y3
	VADDPS     Y2, Y0, Y0
	VADDPS     Y3, Y1, Y1

done:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET

// func SumSquaresAVX2(lanes *[16]float32, x []float32)
TEXT ·SumSquaresAVX2(SB), NOSPLIT, $0-32
	MOVQ    lanes+0(FP), DI
	MOVQ    x_base+8(FP), SI
	MOVQ    x_len+16(FP), CX
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	SUBQ    $32, CX
	JLT     rest

loop: // for each 32: lanes[i%16] += x[i]*x[i]
	VMOVUPS (SI), Y2
	VMOVUPS 32(SI), Y3
	VMOVUPS 64(SI), Y4
	VMOVUPS 96(SI), Y5
	VMULPS  Y2, Y2, Y2
	VMULPS  Y3, Y3, Y3
	VMULPS  Y4, Y4, Y4
	VMULPS  Y5, Y5, Y5
	VADDPS  Y2, Y0, Y0
	VADDPS  Y3, Y1, Y1
	VADDPS  Y4, Y0, Y0
	VADDPS  Y5, Y1, Y1
	ADDQ    $128, SI
	SUBQ    $32, CX
	JGE     loop

rest:
	ADDQ    $16, CX
	JLT     tail
	VMOVUPS (SI), Y2
	VMOVUPS 32(SI), Y3
	VMULPS  Y2, Y2, Y2
	VMULPS  Y3, Y3, Y3
	VADDPS  Y2, Y0, Y0
	VADDPS  Y3, Y1, Y1
	ADDQ    $64, SI
	SUBQ    $16, CX

tail: // the last len(x)%16; a lane is never -0, so adding +0 changes nothing
	ADDQ $16, CX
	JE   done
	TAIL_MASK(Y8)
	SUBQ $8, CX
	TAIL_MASK(Y9)
	VMASKMOVPS (SI), Y8, Y2
	VMASKMOVPS 32(SI), Y9, Y3
	VMULPS     Y2, Y2, Y2
	VMULPS     Y3, Y3, Y3
	VADDPS     Y2, Y0, Y0
	VADDPS     Y3, Y1, Y1

done:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET

// func MaxAVX2(x []float32) float32
//
// Y0 and Y1 maxima, Y2-Y5 x, Y6 -Inf, Y7 marks of NaN. A comparison of two
// vectors finds the NaNs of both.
TEXT ·MaxAVX2(SB), NOSPLIT, $0-28
	MOVQ         x_base+0(FP), SI
	MOVQ         x_len+8(FP), CX
	MOVL         $0xff800000, AX
	VMOVD        AX, X6
	VPBROADCASTD X6, Y6
	VMOVAPS      Y6, Y0
	VMOVAPS      Y6, Y1
	VXORPS       Y7, Y7, Y7
	SUBQ         $32, CX
	JLT          rest

loop: // for each 32: m = max(m, x[i])
	VMOVUPS (SI), Y2
	VMOVUPS 32(SI), Y3
	VMOVUPS 64(SI), Y4
	VMOVUPS 96(SI), Y5
	VMAXPS  Y2, Y0, Y0
	VMAXPS  Y3, Y1, Y1
	VCMPPS  $3, Y2, Y3, Y2
	VORPS   Y2, Y7, Y7
	VMAXPS  Y4, Y0, Y0
	VMAXPS  Y5, Y1, Y1
	VCMPPS  $3, Y4, Y5, Y4
	VORPS   Y4, Y7, Y7
	ADDQ    $128, SI
	SUBQ    $32, CX
	JGE     loop

rest:
	ADDQ $24, CX
	JLT  tail

loop8: // for each 8 that remain
	VMOVUPS (SI), Y2
	VMAXPS  Y2, Y0, Y0
	VCMPPS  $3, Y2, Y2, Y2
	VORPS   Y2, Y7, Y7
	ADDQ    $32, SI
	SUBQ    $8, CX
	JGE     loop8

tail: // the last len(x)%8, -Inf in the other lanes
	ADDQ $8, CX
	JE   fold
	TAIL_MASK(Y8)
	VMASKMOVPS (SI), Y8, Y2
	VBLENDVPS  Y8, Y2, Y6, Y2
	VMAXPS     Y2, Y0, Y0
	VCMPPS     $3, Y2, Y2, Y2
	VORPS      Y2, Y7, Y7

fold:
	VMAXPS       Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VMAXPS       X1, X0, X0
	VMOVHLPS     X0, X0, X1
	VMAXPS       X1, X0, X0
	VMOVSHDUP    X0, X1
	VMAXSS       X1, X0, X0
	VTESTPS      Y7, Y7
	JE           done
	MOVL         $0x7fc00000, AX
	VMOVD        AX, X0

done:
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// func ArgMaxAVX2(x []float32) int
//
// Y0 and Y1 maxima, Y2-Y5 x, then Y0 the maximum in every lane. VMAXPS returns
// its second source, here the maximum so far, if an element is NaN.
TEXT ·ArgMaxAVX2(SB), NOSPLIT, $0-32
	MOVQ         x_base+0(FP), SI
	MOVQ         x_len+8(FP), CX
	MOVQ         SI, R8
	MOVQ         CX, R9
	MOVL         $0xff800000, AX
	VMOVD        AX, X6
	VPBROADCASTD X6, Y6
	VMOVAPS      Y6, Y0
	VMOVAPS      Y6, Y1
	SUBQ         $32, CX
	JLT          rest

loop: // for each 32: if x[i] > m { m = x[i] }
	VMOVUPS (SI), Y2
	VMOVUPS 32(SI), Y3
	VMOVUPS 64(SI), Y4
	VMOVUPS 96(SI), Y5
	VMAXPS  Y0, Y2, Y0
	VMAXPS  Y1, Y3, Y1
	VMAXPS  Y0, Y4, Y0
	VMAXPS  Y1, Y5, Y1
	ADDQ    $128, SI
	SUBQ    $32, CX
	JGE     loop

rest:
	ADDQ $24, CX
	JLT  tail

loop8: // for each 8 that remain
	VMOVUPS (SI), Y2
	VMAXPS  Y0, Y2, Y0
	ADDQ    $32, SI
	SUBQ    $8, CX
	JGE     loop8

tail: // the last len(x)%8, -Inf in the other lanes
	ADDQ $8, CX
	JE   fold
	TAIL_MASK(Y8)
	VMASKMOVPS (SI), Y8, Y2
	VBLENDVPS  Y8, Y2, Y6, Y2
	VMAXPS     Y0, Y2, Y0

fold:
	VMAXPS       Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VMAXPS       X1, X0, X0
	VMOVHLPS     X0, X0, X1
	VMAXPS       X1, X0, X0
	VMOVSHDUP    X0, X1
	VMAXSS       X1, X0, X0
	VBROADCASTSS X0, Y0
	MOVQ         R8, SI
	MOVQ         R9, CX
	SUBQ         $32, CX
	JLT          find

find32: // for each 32: does x[i] == m?
	VCMPPS  $0, (SI), Y0, Y2
	VCMPPS  $0, 32(SI), Y0, Y3
	VCMPPS  $0, 64(SI), Y0, Y4
	VCMPPS  $0, 96(SI), Y0, Y5
	VORPS   Y3, Y2, Y2
	VORPS   Y5, Y4, Y4
	VORPS   Y4, Y2, Y2
	VTESTPS Y2, Y2
	JNE     find
	ADDQ    $128, SI
	SUBQ    $32, CX
	JGE     find32

find: // within the 32 that hold it, or the last len(x)%32
	ADDQ $24, CX
	JLT  findtail

find8: // for each 8: the lowest i with x[i] == m
	VCMPPS    $0, (SI), Y0, Y2
	VMOVMSKPS Y2, AX
	TESTL     AX, AX
	JNE       found
	ADDQ      $32, SI
	SUBQ      $8, CX
	JGE       find8

findtail:
	ADDQ $8, CX
	JE   none
	TAIL_MASK(Y8)
	VMASKMOVPS (SI), Y8, Y2
	VCMPPS     $0, Y2, Y0, Y2
	VANDPS     Y8, Y2, Y2
	VMOVMSKPS  Y2, AX
	TESTL      AX, AX
	JNE        found

none:
	MOVQ $-1, ret+24(FP)
	VZEROUPPER
	RET

found:
	BSFL AX, AX
	SUBQ R8, SI
	SHRQ $2, SI
	ADDQ SI, AX
	MOVQ AX, ret+24(FP)
	VZEROUPPER
	RET
