//go:build !purego

#include "textflag.h"

// DI dst, SI x, DX a, CX elements left. Z0-Z3 values, Z4 the factor, K1 the lanes of
// the tail.

// TAIL_MASK: k = the first CX lanes, CX < 16.
#define TAIL_MASK(k) \
	MOVL  $1, AX; \
	SHLL  CX, AX; \
	DECL  AX; \
	KMOVW AX, k

// func AddAVX512(dst, a, x []float32)
TEXT ·AddAVX512(SB), NOSPLIT, $0-72
	MOVQ dst_base+0(FP), DI
	MOVQ a_base+24(FP), DX
	MOVQ x_base+48(FP), SI
	MOVQ x_len+56(FP), CX
	SUBQ $64, CX
	JLT  rest

loop: // for each 64: dst[i] = a[i] + x[i]
	VMOVUPS (DX), Z0
	VMOVUPS 64(DX), Z1
	VMOVUPS 128(DX), Z2
	VMOVUPS 192(DX), Z3
	VADDPS  (SI), Z0, Z0
	VADDPS  64(SI), Z1, Z1
	VADDPS  128(SI), Z2, Z2
	VADDPS  192(SI), Z3, Z3
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	ADDQ    $256, SI
	ADDQ    $256, DX
	ADDQ    $256, DI
	SUBQ    $64, CX
	JGE     loop

rest:
	ADDQ $48, CX
	JLT  tail

loop16: // for each 16 that remain
	VMOVUPS (DX), Z0
	VADDPS  (SI), Z0, Z0
	VMOVUPS Z0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DX
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop16

tail: // the last len(x)%16
	ADDQ $16, CX
	JE   done
	TAIL_MASK(K1)
	VMOVUPS.Z (DX), K1, Z0
	VMOVUPS.Z (SI), K1, Z1
	VADDPS    Z1, Z0, Z0
	VMOVUPS   Z0, K1, (DI)

done:
	VZEROUPPER
	RET

// func ScaleAVX512(dst []float32, a float32)
TEXT ·ScaleAVX512(SB), NOSPLIT, $0-28
	MOVQ         dst_base+0(FP), DI
	MOVQ         dst_len+8(FP), CX
	VBROADCASTSS a+24(FP), Z4
	SUBQ         $64, CX
	JLT          rest

loop: // for each 64: dst[i] *= a
	VMULPS  (DI), Z4, Z0
	VMULPS  64(DI), Z4, Z1
	VMULPS  128(DI), Z4, Z2
	VMULPS  192(DI), Z4, Z3
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	ADDQ    $256, DI
	SUBQ    $64, CX
	JGE     loop

rest:
	ADDQ $48, CX
	JLT  tail

loop16: // for each 16 that remain
	VMULPS  (DI), Z4, Z0
	VMOVUPS Z0, (DI)
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop16

tail: // the last len(dst)%16
	ADDQ $16, CX
	JE   done
	TAIL_MASK(K1)
	VMOVUPS.Z (DI), K1, Z0
	VMULPS    Z4, Z0, Z0
	VMOVUPS   Z0, K1, (DI)

done:
	VZEROUPPER
	RET

// func AddScaledAVX512(dst, x []float32, a float32)
TEXT ·AddScaledAVX512(SB), NOSPLIT, $0-52
	MOVQ         dst_base+0(FP), DI
	MOVQ         x_base+24(FP), SI
	MOVQ         x_len+32(FP), CX
	VBROADCASTSS a+48(FP), Z4
	SUBQ         $64, CX
	JLT          rest

loop: // for each 64: dst[i] += float32(a*x[i])
	VMULPS  (SI), Z4, Z0
	VMULPS  64(SI), Z4, Z1
	VMULPS  128(SI), Z4, Z2
	VMULPS  192(SI), Z4, Z3
	VADDPS  (DI), Z0, Z0
	VADDPS  64(DI), Z1, Z1
	VADDPS  128(DI), Z2, Z2
	VADDPS  192(DI), Z3, Z3
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	ADDQ    $256, SI
	ADDQ    $256, DI
	SUBQ    $64, CX
	JGE     loop

rest:
	ADDQ $48, CX
	JLT  tail

loop16: // for each 16 that remain
	VMULPS  (SI), Z4, Z0
	VADDPS  (DI), Z0, Z0
	VMOVUPS Z0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop16

tail: // the last len(x)%16
	ADDQ $16, CX
	JE   done
	TAIL_MASK(K1)
	VMOVUPS.Z (SI), K1, Z0
	VMOVUPS.Z (DI), K1, Z1
	VMULPS    Z4, Z0, Z0
	VADDPS    Z1, Z0, Z0
	VMOVUPS   Z0, K1, (DI)

done:
	VZEROUPPER
	RET

// func AddRowsAVX512(dst, x *float32, rows, stride int)
//
// Z0-Z3 dst, R8 stride in bytes, CX rows left.
TEXT ·AddRowsAVX512(SB), NOSPLIT, $0-32
	MOVQ    dst+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    rows+16(FP), CX
	MOVQ    stride+24(FP), R8
	SHLQ    $2, R8
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1
	VMOVUPS 128(DI), Z2
	VMOVUPS 192(DI), Z3
	TESTQ   CX, CX
	JE      done

loop: // for each row's 64: dst[j] += x[j]
	VADDPS (SI), Z0, Z0
	VADDPS 64(SI), Z1, Z1
	VADDPS 128(SI), Z2, Z2
	VADDPS 192(SI), Z3, Z3
	ADDQ   R8, SI
	DECQ   CX
	JNE    loop

done:
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	VZEROUPPER
	RET
