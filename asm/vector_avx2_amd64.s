//go:build !purego

#include "textflag.h"

// DI dst, SI x, DX a, CX elements left. Y0-Y3 values, Y4 the factor, Y5 the lanes of
// the tail.

// TAIL_MASK: y = the first CX lanes, CX < 8.
#define TAIL_MASK(y) \
	LEAQ    ·tailMask+32(SB), AX; \
	SHLQ    $2, CX; \
	SUBQ    CX, AX; \
	VMOVUPS (AX), y

// func AddAVX2(dst, a, x []float32)
TEXT ·AddAVX2(SB), NOSPLIT, $0-72
	MOVQ dst_base+0(FP), DI
	MOVQ a_base+24(FP), DX
	MOVQ x_base+48(FP), SI
	MOVQ x_len+56(FP), CX
	SUBQ $32, CX
	JLT  rest

loop: // for each 32: dst[i] = a[i] + x[i]
	VMOVUPS (DX), Y0
	VMOVUPS 32(DX), Y1
	VMOVUPS 64(DX), Y2
	VMOVUPS 96(DX), Y3
	VADDPS  (SI), Y0, Y0
	VADDPS  32(SI), Y1, Y1
	VADDPS  64(SI), Y2, Y2
	VADDPS  96(SI), Y3, Y3
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
	VMOVUPS (DX), Y0
	VADDPS  (SI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DX
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop8

tail: // the last len(x)%8
	ADDQ $8, CX
	JE   done
	TAIL_MASK(Y5)
	VMASKMOVPS (DX), Y5, Y0
	VMASKMOVPS (SI), Y5, Y1
	VADDPS     Y1, Y0, Y0
	VMASKMOVPS Y0, Y5, (DI)

done:
	VZEROUPPER
	RET

// func ScaleAVX2(dst []float32, a float32)
TEXT ·ScaleAVX2(SB), NOSPLIT, $0-28
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	VBROADCASTSS a+24(FP), Y4
	SUBQ         $32, CX
	JLT          rest

loop: // for each 32: dst[i] *= a
	VMULPS  (DI), Y4, Y0
	VMULPS  32(DI), Y4, Y1
	VMULPS  64(DI), Y4, Y2
	VMULPS  96(DI), Y4, Y3
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	ADDQ    $128, DI
	SUBQ    $32, CX
	JGE     loop

rest:
	ADDQ $24, CX
	JLT  tail

loop8: // for each 8 that remain
	VMULPS  (DI), Y4, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop8

tail: // the last len(dst)%8
	ADDQ $8, CX
	JE   done
	TAIL_MASK(Y5)
	VMASKMOVPS (DI), Y5, Y0
	VMULPS     Y4, Y0, Y0
	VMASKMOVPS Y0, Y5, (DI)

done:
	VZEROUPPER
	RET

// func AddScaledAVX2(dst, x []float32, a float32)
TEXT ·AddScaledAVX2(SB), NOSPLIT, $0-52
	MOVQ         dst_base+0(FP), DI
	MOVQ         x_base+24(FP), SI
	MOVQ         x_len+32(FP), CX
	VBROADCASTSS a+48(FP), Y4
	SUBQ         $32, CX
	JLT          rest

loop: // for each 32: dst[i] += float32(a*x[i])
	VMULPS  (SI), Y4, Y0
	VMULPS  32(SI), Y4, Y1
	VMULPS  64(SI), Y4, Y2
	VMULPS  96(SI), Y4, Y3
	VADDPS  (DI), Y0, Y0
	VADDPS  32(DI), Y1, Y1
	VADDPS  64(DI), Y2, Y2
	VADDPS  96(DI), Y3, Y3
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	ADDQ    $128, SI
	ADDQ    $128, DI
	SUBQ    $32, CX
	JGE     loop

rest:
	ADDQ $24, CX
	JLT  tail

loop8: // for each 8 that remain
	VMULPS  (SI), Y4, Y0
	VADDPS  (DI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop8

tail: // the last len(x)%8
	ADDQ $8, CX
	JE   done
	TAIL_MASK(Y5)
	VMASKMOVPS (SI), Y5, Y0
	VMASKMOVPS (DI), Y5, Y1
	VMULPS     Y4, Y0, Y0
	VADDPS     Y1, Y0, Y0
	VMASKMOVPS Y0, Y5, (DI)

done:
	VZEROUPPER
	RET

// func AddRowsAVX2(dst, x *float32, rows, stride int)
//
// Y0-Y7 dst, R8 stride in bytes, CX rows left.
TEXT ·AddRowsAVX2(SB), NOSPLIT, $0-32
	MOVQ    dst+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    rows+16(FP), CX
	MOVQ    stride+24(FP), R8
	SHLQ    $2, R8
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

loop: // for each row's 64: dst[j] += x[j]
	VADDPS (SI), Y0, Y0
	VADDPS 32(SI), Y1, Y1
	VADDPS 64(SI), Y2, Y2
	VADDPS 96(SI), Y3, Y3
	VADDPS 128(SI), Y4, Y4
	VADDPS 160(SI), Y5, Y5
	VADDPS 192(SI), Y6, Y6
	VADDPS 224(SI), Y7, Y7
	ADDQ   R8, SI
	DECQ   CX
	JNE    loop

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
