//go:build !purego

#include "textflag.h"

// Comparisons have least on the left, least <= x, and are false for NaN.

// func SumBlocksFromAVX512(sums, x []float32, least float32) int
//
// BX sums, DX blocks left, SI x, CX groups left of a block. Z0-Z3 x, Z4 the 16 lanes,
// Z6 least, Z7 and Z8 numbers of elements, Z9 ones, K1-K4 what is admitted.
TEXT ·SumBlocksFromAVX512(SB), NOSPLIT, $0-64
	MOVQ         sums_base+0(FP), BX
	MOVQ         sums_len+8(FP), DX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSS least+48(FP), Z6
	VPXORD       Z7, Z7, Z7
	VPXORD       Z8, Z8, Z8
	MOVL         $1, AX
	VPBROADCASTD AX, Z9
	TESTQ        DX, DX
	JE           done

block: // for b := range sums
	VPXORD Z4, Z4, Z4
	MOVL   $4, CX

loop: // for each 64 of the 256: if x[i] >= least { lanes[i%16] += x[i]; n++ }
	VMOVUPS (SI), Z0
	VMOVUPS 64(SI), Z1
	VMOVUPS 128(SI), Z2
	VMOVUPS 192(SI), Z3
	VCMPPS  $2, Z0, Z6, K1
	VCMPPS  $2, Z1, Z6, K2
	VCMPPS  $2, Z2, Z6, K3
	VCMPPS  $2, Z3, Z6, K4
	VADDPS  Z0, Z4, K1, Z4
	VADDPS  Z1, Z4, K2, Z4
	VADDPS  Z2, Z4, K3, Z4
	VADDPS  Z3, Z4, K4, Z4
	VPADDD  Z9, Z7, K1, Z7
	VPADDD  Z9, Z8, K2, Z8
	VPADDD  Z9, Z7, K3, Z7
	VPADDD  Z9, Z8, K4, Z8
	ADDQ    $256, SI
	DECL    CX
	JNE     loop

	// sums[b] = sumTree(lanes)
	VEXTRACTF64X4 $1, Z4, Y1
	VADDPS        Y1, Y4, Y4
	VEXTRACTF128  $1, Y4, X1
	VADDPS        X1, X4, X4
	VMOVHLPS      X4, X4, X1
	VADDPS        X1, X4, X4
	VMOVSHDUP     X4, X1
	VADDSS        X1, X4, X4
	VMOVSS        X4, (BX)
	ADDQ          $4, BX
	DECQ          DX
	JNE           block

done:
	VPADDD        Z8, Z7, Z7
	VEXTRACTI64X4 $1, Z7, Y1
	VPADDD        Y1, Y7, Y7
	VEXTRACTI128  $1, Y7, X1
	VPADDD        X1, X7, X7
	VPSHUFD       $0x4E, X7, X1
	VPADDD        X1, X7, X7
	VPSHUFD       $0xB1, X7, X1
	VPADDD        X1, X7, X7
	VMOVD         X7, AX
	MOVQ          AX, ret+56(FP)
	VZEROUPPER
	RET

// func MaskBetweenAVX512(mask []uint64, x []float32, least, most float32)
//
// DI mask, CX words left, SI x. Z0 least, Z1 most, Z2-Z5 x, K1-K4 the comparisons.
TEXT ·MaskBetweenAVX512(SB), NOSPLIT, $0-56
	MOVQ         mask_base+0(FP), DI
	MOVQ         mask_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSS least+48(FP), Z0
	VBROADCASTSS most+52(FP), Z1
	TESTQ        CX, CX
	JE           done

loop: // for w := range mask { bit i = least <= x[i] && x[i] < most }
	VMOVUPS   (SI), Z2
	VMOVUPS   64(SI), Z3
	VMOVUPS   128(SI), Z4
	VMOVUPS   192(SI), Z5
	VCMPPS    $2, Z2, Z0, K1
	VCMPPS    $2, Z3, Z0, K2
	VCMPPS    $2, Z4, Z0, K3
	VCMPPS    $2, Z5, Z0, K4
	VCMPPS    $1, Z1, Z2, K1, K1
	VCMPPS    $1, Z1, Z3, K2, K2
	VCMPPS    $1, Z1, Z4, K3, K3
	VCMPPS    $1, Z1, Z5, K4, K4
	KUNPCKWD  K1, K2, K1
	KUNPCKWD  K3, K4, K3
	KUNPCKDQ  K1, K3, K1
	KMOVQ     K1, (DI)
	ADDQ      $8, DI
	ADDQ      $256, SI
	DECQ      CX
	JNE       loop

done:
	VZEROUPPER
	RET

// func MaxColumnsAVX512(dst, x *float32, rows, stride int)
//
// DI dst, SI x, CX rows left, DX bytes from row to row. Z0-Z3 maxima, Z4-Z7 x. VMAXPS
// returns its second source, here the maximum so far, if an element is NaN.
TEXT ·MaxColumnsAVX512(SB), NOSPLIT, $0-32
	MOVQ    dst+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    rows+16(FP), CX
	MOVQ    stride+24(FP), DX
	SHLQ    $2, DX
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1
	VMOVUPS 128(DI), Z2
	VMOVUPS 192(DI), Z3
	TESTQ   CX, CX
	JE      done

loop: // for i := range rows { for j := range 64 { if v := x[i*stride+j]; v > dst[j] { dst[j] = v } } }
	VMOVUPS (SI), Z4
	VMOVUPS 64(SI), Z5
	VMOVUPS 128(SI), Z6
	VMOVUPS 192(SI), Z7
	VMAXPS  Z0, Z4, Z0
	VMAXPS  Z1, Z5, Z1
	VMAXPS  Z2, Z6, Z2
	VMAXPS  Z3, Z7, Z3
	ADDQ    DX, SI
	DECQ    CX
	JNE     loop

done:
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	VZEROUPPER
	RET
