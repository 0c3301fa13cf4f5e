//go:build !purego

#include "textflag.h"

// DI lanes, SI x, CX elements left. Z0 the 16 lanes, Z1-Z4 x, K1 the lanes of
// the tail.

// TAIL_MASK: k = the first CX lanes, CX < 16.
#define TAIL_MASK(k) \
	MOVL  $1, AX; \
	SHLL  CX, AX; \
	DECL  AX; \
	KMOVW AX, k

// func SumAVX512(lanes *[16]float32, x []float32)
TEXT ·SumAVX512(SB), NOSPLIT, $0-32
	MOVQ    lanes+0(FP), DI
	MOVQ    x_base+8(FP), SI
	MOVQ    x_len+16(FP), CX
	VMOVUPS (DI), Z0
	SUBQ    $64, CX
	JLT     rest

loop: // for each 64: lanes[i%16] += x[i]
	VMOVUPS (SI), Z1
	VMOVUPS 64(SI), Z2
	VMOVUPS 128(SI), Z3
	VMOVUPS 192(SI), Z4
	VADDPS  Z1, Z0, Z0
	VADDPS  Z2, Z0, Z0
	VADDPS  Z3, Z0, Z0
	VADDPS  Z4, Z0, Z0
	ADDQ    $256, SI
	SUBQ    $64, CX
	JGE     loop

rest:
	ADDQ $48, CX
	JLT  tail

loop16: // for each 16 that remain
	VMOVUPS (SI), Z1
	VADDPS  Z1, Z0, Z0
	ADDQ    $64, SI
	SUBQ    $16, CX
	JGE     loop16

tail: // the last len(x)%16; a lane is never -0, so adding +0 changes nothing
	ADDQ $16, CX
	JE   done
	TAIL_MASK(K1)
	VMOVUPS.Z (SI), K1, Z1
	VADDPS    Z1, Z0, Z0

done:
	VMOVUPS Z0, (DI)
	VZEROUPPER
	RET

// func SumSquaresAVX512(lanes *[16]float32, x []float32)
TEXT ·SumSquaresAVX512(SB), NOSPLIT, $0-32
	MOVQ    lanes+0(FP), DI
	MOVQ    x_base+8(FP), SI
	MOVQ    x_len+16(FP), CX
	VMOVUPS (DI), Z0
	SUBQ    $64, CX
	JLT     rest

loop: // for each 64: lanes[i%16] += x[i]*x[i]
	VMOVUPS (SI), Z1
	VMOVUPS 64(SI), Z2
	VMOVUPS 128(SI), Z3
	VMOVUPS 192(SI), Z4
	VMULPS  Z1, Z1, Z1
	VMULPS  Z2, Z2, Z2
	VMULPS  Z3, Z3, Z3
	VMULPS  Z4, Z4, Z4
	VADDPS  Z1, Z0, Z0
	VADDPS  Z2, Z0, Z0
	VADDPS  Z3, Z0, Z0
	VADDPS  Z4, Z0, Z0
	ADDQ    $256, SI
	SUBQ    $64, CX
	JGE     loop

rest:
	ADDQ $48, CX
	JLT  tail

loop16: // for each 16 that remain
	VMOVUPS (SI), Z1
	VMULPS  Z1, Z1, Z1
	VADDPS  Z1, Z0, Z0
	ADDQ    $64, SI
	SUBQ    $16, CX
	JGE     loop16

tail: // the last len(x)%16; a lane is never -0, so adding +0 changes nothing
	ADDQ $16, CX
	JE   done
	TAIL_MASK(K1)
	VMOVUPS.Z (SI), K1, Z1
	VMULPS    Z1, Z1, Z1
	VADDPS    Z1, Z0, Z0

done:
	VMOVUPS Z0, (DI)
	VZEROUPPER
	RET

// func MaxAVX512(x []float32) float32
//
// Z0 and Z5 maxima, Z1-Z4 x, Z6 -Inf, K2 and K3 marks of NaN. A comparison of
// two vectors finds the NaNs of both.
TEXT ·MaxAVX512(SB), NOSPLIT, $0-28
	MOVQ         x_base+0(FP), SI
	MOVQ         x_len+8(FP), CX
	MOVL         $0xff800000, AX
	VPBROADCASTD AX, Z6
	VMOVAPS      Z6, Z0
	VMOVAPS      Z6, Z5
	KXORW        K2, K2, K2
	SUBQ         $64, CX
	JLT          rest

loop: // for each 64: m = max(m, x[i])
	VMOVUPS (SI), Z1
	VMOVUPS 64(SI), Z2
	VMOVUPS 128(SI), Z3
	VMOVUPS 192(SI), Z4
	VCMPPS  $3, Z1, Z2, K3
	KORW    K3, K2, K2
	VCMPPS  $3, Z3, Z4, K3
	KORW    K3, K2, K2
	VMAXPS  Z1, Z0, Z0
	VMAXPS  Z2, Z5, Z5
	VMAXPS  Z3, Z0, Z0
	VMAXPS  Z4, Z5, Z5
	ADDQ    $256, SI
	SUBQ    $64, CX
	JGE     loop

rest:
	ADDQ $48, CX
	JLT  tail

loop16: // for each 16 that remain
	VMOVUPS (SI), Z1
	VCMPPS  $3, Z1, Z1, K3
	KORW    K3, K2, K2
	VMAXPS  Z1, Z0, Z0
	ADDQ    $64, SI
	SUBQ    $16, CX
	JGE     loop16

tail: // the last len(x)%16, -Inf in the other lanes
	ADDQ $16, CX
	JE   fold
	TAIL_MASK(K1)
	VMOVUPS (SI), K1, Z6
	VCMPPS  $3, Z6, Z6, K3
	KORW    K3, K2, K2
	VMAXPS  Z6, Z0, Z0

fold:
	VMAXPS        Z5, Z0, Z0
	VEXTRACTF64X4 $1, Z0, Y1
	VMAXPS        Y1, Y0, Y0
	VEXTRACTF128  $1, Y0, X1
	VMAXPS        X1, X0, X0
	VMOVHLPS      X0, X0, X1
	VMAXPS        X1, X0, X0
	VMOVSHDUP     X0, X1
	VMAXSS        X1, X0, X0
	KTESTW        K2, K2
	JE            done
	MOVL          $0x7fc00000, AX
	VMOVD         AX, X0

done:
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// func ArgMaxAVX512(x []float32) int
//
// Z0 and Z5 maxima, Z1-Z4 x, then Z0 the maximum in every lane. VMAXPS returns
// its second source, here the maximum so far, if an element is NaN.
TEXT ·ArgMaxAVX512(SB), NOSPLIT, $0-32
	MOVQ         x_base+0(FP), SI
	MOVQ         x_len+8(FP), CX
	MOVQ         SI, R8
	MOVQ         CX, R9
	MOVL         $0xff800000, AX
	VPBROADCASTD AX, Z6
	VMOVAPS      Z6, Z0
	VMOVAPS      Z6, Z5
	SUBQ         $64, CX
	JLT          rest

loop: // for each 64: if x[i] > m { m = x[i] }
	VMOVUPS (SI), Z1
	VMOVUPS 64(SI), Z2
	VMOVUPS 128(SI), Z3
	VMOVUPS 192(SI), Z4
	VMAXPS  Z0, Z1, Z0
	VMAXPS  Z5, Z2, Z5
	VMAXPS  Z0, Z3, Z0
	VMAXPS  Z5, Z4, Z5
	ADDQ    $256, SI
	SUBQ    $64, CX
	JGE     loop

rest:
	ADDQ $48, CX
	JLT  tail

loop16: // for each 16 that remain
	VMOVUPS (SI), Z1
	VMAXPS  Z0, Z1, Z0
	ADDQ    $64, SI
	SUBQ    $16, CX
	JGE     loop16

tail: // the last len(x)%16, -Inf in the other lanes
	ADDQ $16, CX
	JE   fold
	TAIL_MASK(K1)
	VMOVUPS (SI), K1, Z6
	VMAXPS  Z0, Z6, Z0

fold:
	VMAXPS        Z5, Z0, Z0
	VEXTRACTF64X4 $1, Z0, Y1
	VMAXPS        Y1, Y0, Y0
	VEXTRACTF128  $1, Y0, X1
	VMAXPS        X1, X0, X0
	VMOVHLPS      X0, X0, X1
	VMAXPS        X1, X0, X0
	VMOVSHDUP     X0, X1
	VMAXSS        X1, X0, X0
	VBROADCASTSS  X0, Z0
	MOVQ          R8, SI
	MOVQ          R9, CX
	SUBQ          $64, CX
	JLT           find

find64: // for each 64: does x[i] == m?
	VCMPPS   $0, (SI), Z0, K1
	VCMPPS   $0, 64(SI), Z0, K2
	VCMPPS   $0, 128(SI), Z0, K3
	VCMPPS   $0, 192(SI), Z0, K4
	KORW     K1, K2, K5
	KORW     K3, K4, K6
	KORTESTW K5, K6
	JNE      find
	ADDQ     $256, SI
	SUBQ     $64, CX
	JGE      find64

find: // within the 64 that hold it, or the last len(x)%64
	ADDQ $48, CX
	JLT  findtail

find16: // for each 16: the lowest i with x[i] == m
	VCMPPS $0, (SI), Z0, K1
	KMOVW  K1, AX
	TESTL  AX, AX
	JNE    found
	ADDQ   $64, SI
	SUBQ   $16, CX
	JGE    find16

findtail:
	ADDQ $16, CX
	JE   none
	TAIL_MASK(K1)
	VMOVUPS.Z (SI), K1, Z1
	VCMPPS    $0, Z1, Z0, K1, K2
	KMOVW     K2, AX
	TESTL     AX, AX
	JNE       found

none:
	MOVQ $-1, ret+24(FP)
	VZEROUPPER
	RET

found:
	TZCNTL AX, AX
	SUBQ   R8, SI
	SHRQ   $2, SI
	ADDQ   SI, AX
	MOVQ   AX, ret+24(FP)
	VZEROUPPER
	RET
