//go:build !purego

#include "textflag.h"

// DI dst, SI x, CX what is left. Y0 x, Y1-Y3 temporaries (e in Y2), Y4 and Y5 the
// 16 lanes of the sum, Y6 scale, Y7 m, Y8 a magic number; Y9-Y15 constants.

#define LOG2E  Y15
#define NLN2HI Y14
#define NLN2LO Y13
#define EXPC3  Y12
#define EXPC2  Y11
#define EXPC1  Y10
#define EXPC0  Y9

#include "exp_avx2_amd64.h"

// The exp32 of this file needs no more than EXP_NEGATIVE: m is the largest x.
// LOAD_EXP loads the constants.
#define LOAD_EXP \
	VMOVUPS K_LOG2E, LOG2E; \
	VMOVUPS K_NLN2HI, NLN2HI; \
	VMOVUPS K_NLN2LO, NLN2LO; \
	VMOVUPS K_C3, EXPC3; \
	VMOVUPS K_C2, EXPC2; \
	VMOVUPS K_C1, EXPC1; \
	VMOVUPS K_C0, EXPC0; \
	VMOVUPS K_MAGIC159, Y8

// TAIL_MASK: y = the first CX lanes of 8; CX may be less than 0 or more than 8.
#define TAIL_MASK(y) \
	XORL    R9, R9; \
	TESTQ   CX, CX; \
	CMOVQGT CX, R9; \
	MOVL    $8, R10; \
	CMPQ    R9, R10; \
	CMOVQGT R10, R9; \
	LEAQ    ·tailMask+32(SB), AX; \
	SHLQ    $2, R9; \
	SUBQ    R9, AX; \
	VMOVUPS (AX), y

// EXP_SHIFT: Y2 = exp32(float32(Y0*scale) - m).
#define EXP_SHIFT \
	VMULPS Y6, Y0, Y0; \
	VSUBPS Y7, Y0, Y0; \
	EXP_NEGATIVE(Y0, Y1, Y2, Y3, Y8)

// func ExpShiftAVX2(lanes *[16]float32, dst, x []float32, scale, m float32)
TEXT ·ExpShiftAVX2(SB), NOSPLIT, $0-64
	MOVQ         lanes+0(FP), BX
	MOVQ         dst_base+8(FP), DI
	MOVQ         x_base+32(FP), SI
	MOVQ         x_len+40(FP), CX
	VBROADCASTSS scale+56(FP), Y6
	VBROADCASTSS m+60(FP), Y7
	VMOVUPS      (BX), Y4
	VMOVUPS      32(BX), Y5
	LOAD_EXP
	SUBQ $16, CX
	JLT  tail

loop: // for each 16: dst[i] = exp32(float32(x[i]*scale) - m); lanes[i%16] += dst[i]
	VMOVUPS (SI), Y0
	EXP_SHIFT
	VMOVUPS Y2, (DI)
	VADDPS  Y2, Y4, Y4
	VMOVUPS 32(SI), Y0
	EXP_SHIFT
	VMOVUPS Y2, 32(DI)
	VADDPS  Y2, Y5, Y5
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop

tail: // the last len(x)%16; a lane is never -0, so adding +0 changes nothing
	ADDQ $16, CX
	JE   done
	TAIL_MASK(Y1)
	VMASKMOVPS (SI), Y1, Y0
	EXP_SHIFT
	TAIL_MASK(Y1)
	VMASKMOVPS Y2, Y1, (DI)
	VANDPS     Y1, Y2, Y2
	VADDPS     Y2, Y4, Y4
	SUBQ       $8, CX
	JLE        done
	TAIL_MASK(Y1)
	VMASKMOVPS 32(SI), Y1, Y0
	EXP_SHIFT
	TAIL_MASK(Y1)
	VMASKMOVPS Y2, Y1, 32(DI)
	VANDPS     Y1, Y2, Y2
	VADDPS     Y2, Y5, Y5

done:
	VMOVUPS Y4, (BX)
	VMOVUPS Y5, 32(BX)
	VZEROUPPER
	RET

// func ExpBlocksAVX2(dst, sums, x []float32, scale, m float32)
//
// BX sums, DX blocks left; the lanes are added as a tree at the end of a block.
TEXT ·ExpBlocksAVX2(SB), NOSPLIT, $0-80
	MOVQ         dst_base+0(FP), DI
	MOVQ         sums_base+24(FP), BX
	MOVQ         sums_len+32(FP), DX
	MOVQ         x_base+48(FP), SI
	VBROADCASTSS scale+72(FP), Y6
	VBROADCASTSS m+76(FP), Y7
	LOAD_EXP
	TESTQ DX, DX
	JE    done

block: // for b := range sums
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	MOVL   $16, CX

loop: // for each 16 of the 256: dst[i] = exp32(float32(x[i]*scale) - m); lanes[i%16] += dst[i]
	VMOVUPS (SI), Y0
	EXP_SHIFT
	VMOVUPS Y2, (DI)
	VADDPS  Y2, Y4, Y4
	VMOVUPS 32(SI), Y0
	EXP_SHIFT
	VMOVUPS Y2, 32(DI)
	VADDPS  Y2, Y5, Y5
	ADDQ    $64, SI
	ADDQ    $64, DI
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
	VZEROUPPER
	RET

// func MaxPanelsAVX2(x *float32, panels, stride int) float32
//
// R8 stride in bytes, CX panels left; Y0 and Y1 maxima, Y2-Y5 x, Y7 marks NaN.
TEXT ·MaxPanelsAVX2(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), SI
	MOVQ         panels+8(FP), CX
	MOVQ         stride+16(FP), R8
	SHLQ         $2, R8
	LEAQ         (R8)(R8*2), R9
	ADDQ         R8, R9
	MOVL         $0xff800000, AX
	VMOVD        AX, X0
	VPBROADCASTD X0, Y0
	VMOVAPS      Y0, Y1
	VXORPS       Y7, Y7, Y7
	TESTQ        CX, CX
	JE           fold

#define MAX32(at) \
	VMOVUPS    at+0(SI), Y2; \
	VMOVUPS    at+32(SI), Y3; \
	VMOVUPS    at+64(SI), Y4; \
	VMOVUPS    at+96(SI), Y5; \
	PREFETCHT0 at+0(SI)(R9*1); \
	PREFETCHT0 at+64(SI)(R9*1); \
	VMAXPS     Y2, Y0, Y0; \
	VMAXPS     Y3, Y1, Y1; \
	VCMPPS     $3, Y2, Y3, Y2; \
	VORPS      Y2, Y7, Y7; \
	VMAXPS     Y4, Y0, Y0; \
	VMAXPS     Y5, Y1, Y1; \
	VCMPPS     $3, Y4, Y5, Y4; \
	VORPS      Y4, Y7, Y7

loop: // for each panel's 64: m = max(m, x[i])
	MAX32(0)
	MAX32(128)
	ADDQ R8, SI
	DECQ CX
	JNE  loop

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

// func ExpPanelsAVX2(lanes *[16]float32, x *float32, panels, stride int, m float32)
TEXT ·ExpPanelsAVX2(SB), NOSPLIT, $0-36
	MOVQ         lanes+0(FP), BX
	MOVQ         x+8(FP), SI
	MOVQ         panels+16(FP), DX
	MOVQ         stride+24(FP), R8
	SHLQ         $2, R8
	LEAQ         -256(R8), R9
	VBROADCASTSS m+32(FP), Y7
	VMOVUPS      (BX), Y4
	VMOVUPS      32(BX), Y5
	LOAD_EXP
	TESTQ DX, DX
	JE    done

panel: // for each panel
	MOVL $4, CX

loop: // for each 16 of its 64: x[i] = exp32(x[i] - m); lanes[i%16] += x[i]
	VMOVUPS    (SI), Y0
	PREFETCHT0 (SI)(R8*2)
	VSUBPS     Y7, Y0, Y0
	EXP_NEGATIVE(Y0, Y1, Y2, Y3, Y8)
	VMOVUPS Y2, (SI)
	VADDPS  Y2, Y4, Y4
	VMOVUPS 32(SI), Y0
	VSUBPS  Y7, Y0, Y0
	EXP_NEGATIVE(Y0, Y1, Y2, Y3, Y8)
	VMOVUPS Y2, 32(SI)
	VADDPS  Y2, Y5, Y5
	ADDQ    $64, SI
	DECL    CX
	JNE     loop
	ADDQ    R9, SI
	DECQ    DX
	JNE     panel

done:
	VMOVUPS Y4, (BX)
	VMOVUPS Y5, 32(BX)
	VZEROUPPER
	RET

// func ScalePanelsAVX2(x *float32, panels, stride int, a float32)
TEXT ·ScalePanelsAVX2(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), SI
	MOVQ         panels+8(FP), DX
	MOVQ         stride+16(FP), R8
	VBROADCASTSS a+24(FP), Y8
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
	VMULPS     (SI), Y8, Y0
	VMULPS     32(SI), Y8, Y1
	VMULPS     64(SI), Y8, Y2
	VMULPS     96(SI), Y8, Y3
	VMULPS     128(SI), Y8, Y4
	VMULPS     160(SI), Y8, Y5
	VMULPS     192(SI), Y8, Y6
	VMULPS     224(SI), Y8, Y7
	VMOVUPS    Y0, (SI)
	VMOVUPS    Y1, 32(SI)
	VMOVUPS    Y2, 64(SI)
	VMOVUPS    Y3, 96(SI)
	VMOVUPS    Y4, 128(SI)
	VMOVUPS    Y5, 160(SI)
	VMOVUPS    Y6, 192(SI)
	VMOVUPS    Y7, 224(SI)
	ADDQ       R8, SI
	DECQ       DX
	JNE        panel

done:
	VZEROUPPER
	RET
