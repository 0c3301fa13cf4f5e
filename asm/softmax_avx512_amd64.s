//go:build !purego

#include "textflag.h"
#include "exp_avx512_amd64.h"

// DI dst, SI x, CX what is left. Z0 x and then e, Z1-Z3 temporaries, Z4 the 16
// lanes of the sum, Z5 scale, Z6 m; Z16-Z30 constants.

// EXP_SHIFT needs no more than EXP_NEGATIVE: m is the largest x*scale.
// Z2 = exp32(float32(Z0*scale) - m).
#define EXP_SHIFT \
	VMULPS Z5, Z0, Z0; \
	VSUBPS Z6, Z0, Z0; \
	EXP_NEGATIVE(Z0, Z1, Z2, Z3)

// func ExpShiftAVX512(lanes *[16]float32, dst, x []float32, scale, m float32)
TEXT ·ExpShiftAVX512(SB), NOSPLIT, $0-64
	MOVQ         lanes+0(FP), BX
	MOVQ         dst_base+8(FP), DI
	MOVQ         x_base+32(FP), SI
	MOVQ         x_len+40(FP), CX
	VBROADCASTSS scale+56(FP), Z5
	VBROADCASTSS m+60(FP), Z6
	VMOVUPS      (BX), Z4
	LOAD_EXP
	SUBQ $16, CX
	JLT  tail

loop: // for each 16: dst[i] = exp32(float32(x[i]*scale) - m); lanes[i%16] += dst[i]
	VMOVUPS (SI), Z0
	EXP_SHIFT
	VMOVUPS Z2, (DI)
	VADDPS  Z2, Z4, Z4
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop

tail: // the last len(x)%16
	ADDQ      $16, CX
	JE        done
	MOVL      $1, AX
	SHLL      CX, AX
	DECL      AX
	KMOVW     AX, K1
	VMOVUPS.Z (SI), K1, Z0
	EXP_SHIFT
	VMOVUPS Z2, K1, (DI)
	VADDPS  Z2, Z4, K1, Z4

done:
	VMOVUPS Z4, (BX)
	VZEROUPPER
	RET

// func ExpBlocksAVX512(dst, sums, x []float32, scale, m float32)
//
// BX sums, DX blocks left; the lanes are added as a tree at the end of a block.
TEXT ·ExpBlocksAVX512(SB), NOSPLIT, $0-80
	MOVQ         dst_base+0(FP), DI
	MOVQ         sums_base+24(FP), BX
	MOVQ         sums_len+32(FP), DX
	MOVQ         x_base+48(FP), SI
	VBROADCASTSS scale+72(FP), Z5
	VBROADCASTSS m+76(FP), Z6
	LOAD_EXP
	TESTQ DX, DX
	JE    done

block: // for b := range sums
	VPXORD Z4, Z4, Z4
	MOVL   $16, CX

loop: // for each 16 of the 256: dst[i] = exp32(float32(x[i]*scale) - m); lanes[i%16] += dst[i]
	VMOVUPS (SI), Z0
	EXP_SHIFT
	VMOVUPS Z2, (DI)
	VADDPS  Z2, Z4, Z4
	ADDQ    $64, SI
	ADDQ    $64, DI
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
	VZEROUPPER
	RET

// func MaxPanelsAVX512(x *float32, panels, stride int) float32
//
// R8 stride in bytes, CX panels left; Z0 and Z5 maxima, Z1-Z4 x, K2 marks NaN.
TEXT ·MaxPanelsAVX512(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), SI
	MOVQ         panels+8(FP), CX
	MOVQ         stride+16(FP), R8
	SHLQ         $2, R8
	LEAQ         (R8)(R8*2), R9
	ADDQ         R8, R9
	MOVL         $0xff800000, AX
	VPBROADCASTD AX, Z0
	VMOVAPS      Z0, Z5
	KXORW        K2, K2, K2
	TESTQ        CX, CX
	JE           fold

loop: // for each panel's 64: m = max(m, x[i])
	VMOVUPS    (SI), Z1
	VMOVUPS    64(SI), Z2
	VMOVUPS    128(SI), Z3
	VMOVUPS    192(SI), Z4
	PREFETCHT0 (SI)(R9*1)
	PREFETCHT0 64(SI)(R9*1)
	PREFETCHT0 128(SI)(R9*1)
	PREFETCHT0 192(SI)(R9*1)
	VCMPPS     $3, Z1, Z2, K3
	KORW       K3, K2, K2
	VCMPPS     $3, Z3, Z4, K3
	KORW       K3, K2, K2
	VMAXPS     Z1, Z0, Z0
	VMAXPS     Z2, Z5, Z5
	VMAXPS     Z3, Z0, Z0
	VMAXPS     Z4, Z5, Z5
	ADDQ       R8, SI
	DECQ       CX
	JNE        loop

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

// func ExpPanelsAVX512(lanes *[16]float32, x *float32, panels, stride int, m float32)
TEXT ·ExpPanelsAVX512(SB), NOSPLIT, $0-36
	MOVQ         lanes+0(FP), BX
	MOVQ         x+8(FP), SI
	MOVQ         panels+16(FP), DX
	MOVQ         stride+24(FP), R8
	SHLQ         $2, R8
	LEAQ         -256(R8), R9
	VBROADCASTSS m+32(FP), Z6
	VMOVUPS      (BX), Z4
	LOAD_EXP
	TESTQ DX, DX
	JE    done

panel: // for each panel
	MOVL $4, CX

loop: // for each 16 of its 64: x[i] = exp32(x[i] - m); lanes[i%16] += x[i]
	VMOVUPS    (SI), Z0
	PREFETCHT0 (SI)(R8*2)
	VSUBPS     Z6, Z0, Z0
	EXP_NEGATIVE(Z0, Z1, Z2, Z3)
	VMOVUPS Z2, (SI)
	VADDPS  Z2, Z4, Z4
	ADDQ    $64, SI
	DECL    CX
	JNE     loop
	ADDQ    R9, SI
	DECQ    DX
	JNE     panel

done:
	VMOVUPS Z4, (BX)
	VZEROUPPER
	RET

// func ScalePanelsAVX512(x *float32, panels, stride int, a float32)
TEXT ·ScalePanelsAVX512(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), SI
	MOVQ         panels+8(FP), DX
	MOVQ         stride+16(FP), R8
	VBROADCASTSS a+24(FP), Z6
	SHLQ         $2, R8
	LEAQ         (R8)(R8*2), R9
	ADDQ         R8, R9
	TESTQ        DX, DX
	JE           done

panel: // for each panel's 64: x[i] *= a
	PREFETCHT0 (SI)(R9*1)
	PREFETCHT0 64(SI)(R9*1)
	PREFETCHT0 128(SI)(R9*1)
	PREFETCHT0 192(SI)(R9*1)
	VMULPS     (SI), Z6, Z0
	VMULPS     64(SI), Z6, Z1
	VMULPS     128(SI), Z6, Z2
	VMULPS     192(SI), Z6, Z3
	VMOVUPS    Z0, (SI)
	VMOVUPS    Z1, 64(SI)
	VMOVUPS    Z2, 128(SI)
	VMOVUPS    Z3, 192(SI)
	ADDQ       R8, SI
	DECQ       DX
	JNE        panel

done:
	VZEROUPPER
	RET
