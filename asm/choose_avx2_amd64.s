//go:build !purego

#include "textflag.h"

// Comparisons have least on the left, least <= x, and are false for NaN.

// func SumBlocksFromAVX2(sums, x []float32, least float32) int
//
// BX sums, DX blocks left, SI x, CX groups left of a block. Y0-Y3 x and what is
// admitted, Y4 and Y5 the 16 lanes, Y6 least, Y7 and Y8 numbers of elements, negative.
TEXT ·SumBlocksFromAVX2(SB), NOSPLIT, $0-64
	MOVQ         sums_base+0(FP), BX
	MOVQ         sums_len+8(FP), DX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSS least+48(FP), Y6
	VPXOR        Y7, Y7, Y7
	VPXOR        Y8, Y8, Y8
	TESTQ        DX, DX
	JE           done

block: // for b := range sums
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	MOVL   $8, CX

loop: // for each 32 of the 256: if x[i] >= least { lanes[i%16] += x[i]; n++ }
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VCMPPS  $2, Y0, Y6, Y2
	VCMPPS  $2, Y1, Y6, Y3
	VANDPS  Y0, Y2, Y0
	VANDPS  Y1, Y3, Y1
	VADDPS  Y0, Y4, Y4
	VADDPS  Y1, Y5, Y5
	VPADDD  Y2, Y7, Y7
	VPADDD  Y3, Y8, Y8
	VMOVUPS 64(SI), Y0
	VMOVUPS 96(SI), Y1
	VCMPPS  $2, Y0, Y6, Y2
	VCMPPS  $2, Y1, Y6, Y3
	VANDPS  Y0, Y2, Y0
	VANDPS  Y1, Y3, Y1
	VADDPS  Y0, Y4, Y4
	VADDPS  Y1, Y5, Y5
	VPADDD  Y2, Y7, Y7
	VPADDD  Y3, Y8, Y8
	ADDQ    $128, SI
	DECL    CX
	JNE     loop

	// sums[b] = sumTree(lanes)
	VADDPS       Y5, Y4, Y4
	VEXTRACTF128 $1, Y4, X1
	VADDPS       X1, X4, X4
	VMOVHLPS     X4, X4, X1
	VADDPS       X1, X4, X4
	VMOVSHDUP    X4, X1
	VADDSS       X1, X4, X4
	VMOVSS       X4, (BX)
	ADDQ         $4, BX
	DECQ         DX
	JNE          block

done:
	VPADDD       Y8, Y7, Y7
	VEXTRACTI128 $1, Y7, X1
	VPADDD       X1, X7, X7
	VPSHUFD      $0x4E, X7, X1
	VPADDD       X1, X7, X7
	VPSHUFD      $0xB1, X7, X1
	VPADDD       X1, X7, X7
	VMOVD        X7, AX
	NEGL         AX
	MOVQ         AX, ret+56(FP)
	VZEROUPPER
	RET

// BITS8: the next 8 elements, as bits from at on in AX; Y2 and Y3 are overwritten.
#define BITS8(at) \
	VMOVUPS   (at*4)(SI), Y2; \
	VCMPPS    $2, Y2, Y0, Y3; \
	VCMPPS    $1, Y1, Y2, Y2; \
	VANDPS    Y2, Y3, Y3; \
	VMOVMSKPS Y3, DX; \
	SHLQ      $at, DX; \
	ORQ       DX, AX

// func MaskBetweenAVX2(mask []uint64, x []float32, least, most float32)
//
// DI mask, CX words left, SI x, AX the word. Y0 least, Y1 most.
TEXT ·MaskBetweenAVX2(SB), NOSPLIT, $0-56
	MOVQ         mask_base+0(FP), DI
	MOVQ         mask_len+8(FP), CX
	MOVQ         x_base+24(FP), SI
	VBROADCASTSS least+48(FP), Y0
	VBROADCASTSS most+52(FP), Y1
	TESTQ        CX, CX
	JE           done

loop: // for w := range mask
	XORL AX, AX
	BITS8(0)
	BITS8(8)
	BITS8(16)
	BITS8(24)
	BITS8(32)
	BITS8(40)
	BITS8(48)
	BITS8(56)
	MOVQ AX, (DI)
	ADDQ $8, DI
	ADDQ $256, SI
	DECQ CX
	JNE  loop

done:
	VZEROUPPER
	RET

// MAX16: 16 columns from byte at on; Y8 and Y9 are overwritten. VMAXPS returns its
// second source, here the maximum so far, if an element is NaN.
#define MAX16(at, a, b) \
	VMOVUPS at(SI), Y8; \
	VMOVUPS (at+32)(SI), Y9; \
	VMAXPS  a, Y8, a; \
	VMAXPS  b, Y9, b

// func MaxColumnsAVX2(dst, x *float32, rows, stride int)
//
// DI dst, SI x, CX rows left, DX bytes from row to row. Y0-Y7 maxima.
TEXT ·MaxColumnsAVX2(SB), NOSPLIT, $0-32
	MOVQ    dst+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    rows+16(FP), CX
	MOVQ    stride+24(FP), DX
	SHLQ    $2, DX
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3
	VMOVUPS 128(DI), Y4
	VMOVUPS 160(DI), Y5
	VMOVUPS 192(DI), Y6
	VMOVUPS 224(DI), Y7
	TESTQ   CX, CX
	JE      done

loop: // for i := range rows { for j := range 64 { if v := x[i*stride+j]; v > dst[j] { dst[j] = v } } }
	MAX16(0, Y0, Y1)
	MAX16(64, Y2, Y3)
	MAX16(128, Y4, Y5)
	MAX16(192, Y6, Y7)
	ADDQ DX, SI
	DECQ CX
	JNE  loop

done:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VMOVUPS Y4, 128(DI)
	VMOVUPS Y5, 160(DI)
	VMOVUPS Y6, 192(DI)
	VMOVUPS Y7, 224(DI)
	VZEROUPPER
	RET
