//go:build !purego

#include "textflag.h"

// GemvAVX512: one panel at a time.
//
//	Z0-Z3  sums                     Z8  x, broadcast
//	DI  dst     DX  bias, or 0      SI  x        CX  inputs left
//	BX  w of this panel             R11 w of this input
//	R8  k       R9  panels left     R10 bytes from panel to panel of w

// func GemvAVX512(dst, w, x, bias *float32, k, panels, stride int)
TEXT ·GemvAVX512(SB), NOSPLIT, $0-56
	MOVQ  dst+0(FP), DI
	MOVQ  w+8(FP), BX
	MOVQ  bias+24(FP), DX
	MOVQ  k+32(FP), R8
	MOVQ  panels+40(FP), R9
	MOVQ  stride+48(FP), R10
	SHLQ  $2, R10
	TESTQ R9, R9
	JZ    return

panel: // for q := range panels
	VPXORQ  Z0, Z0, Z0
	VPXORQ  Z1, Z1, Z1
	VPXORQ  Z2, Z2, Z2
	VPXORQ  Z3, Z3, Z3
	TESTQ   DX, DX
	JZ      sums
	VMOVUPS 0(DX), Z0 // y := bias[64*q+j]
	VMOVUPS 64(DX), Z1
	VMOVUPS 128(DX), Z2
	VMOVUPS 192(DX), Z3
	ADDQ    $256, DX

sums:
	MOVQ  x+16(FP), SI
	MOVQ  BX, R11
	MOVQ  R8, CX
	TESTQ CX, CX
	JZ    done

input: // for p := range k { y = fma(w[q*stride+64*p+j], x[p], y) }
	VBROADCASTSS (SI), Z8
	VFMADD231PS  0(R11), Z8, Z0
	VFMADD231PS  64(R11), Z8, Z1
	VFMADD231PS  128(R11), Z8, Z2
	VFMADD231PS  192(R11), Z8, Z3
	ADDQ         $4, SI
	ADDQ         $256, R11
	DECQ         CX
	JNZ          input

done:
	VMOVUPS Z0, 0(DI) // dst[64*q+j] = y
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	ADDQ    $256, DI
	ADDQ    R10, BX
	DECQ    R9
	JNZ     panel

return:
	VZEROUPPER
	RET

// Gemv32AVX512: half a panel.
//
//	Z0, Z1  sums                    Z8  x, broadcast
//	DI  dst     DX  bias, or 0      SI  x     BX  w of this input     CX  inputs left

// func Gemv32AVX512(dst, w, x, bias *float32, k int)
TEXT ·Gemv32AVX512(SB), NOSPLIT, $0-40
	MOVQ    dst+0(FP), DI
	MOVQ    w+8(FP), BX
	MOVQ    x+16(FP), SI
	MOVQ    bias+24(FP), DX
	MOVQ    k+32(FP), CX
	VPXORQ  Z0, Z0, Z0
	VPXORQ  Z1, Z1, Z1
	TESTQ   DX, DX
	JZ      sums
	VMOVUPS 0(DX), Z0 // y := bias[j]
	VMOVUPS 64(DX), Z1

sums:
	TESTQ CX, CX
	JZ    done

input: // for p := range k { y = fma(w[64*p+j], x[p], y) }
	VBROADCASTSS (SI), Z8
	VFMADD231PS  0(BX), Z8, Z0
	VFMADD231PS  64(BX), Z8, Z1
	ADDQ         $4, SI
	ADDQ         $256, BX
	DECQ         CX
	JNZ          input

done:
	VMOVUPS Z0, 0(DI) // dst[j] = y
	VMOVUPS Z1, 64(DI)
	VZEROUPPER
	RET
