//go:build !purego

#include "textflag.h"

// GemvAVX2: one panel at a time.
//
//	Y0-Y7  sums                     Y8  x, broadcast
//	DI  dst     DX  bias, or 0      SI  x        CX  inputs left
//	BX  w of this panel             R11 w of this input
//	R8  k       R9  panels left     R10 bytes from panel to panel of w

// func GemvAVX2(dst, w, x, bias *float32, k, panels, stride int)
TEXT ·GemvAVX2(SB), NOSPLIT, $0-56
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
	VXORPS  Y0, Y0, Y0
	VXORPS  Y1, Y1, Y1
	VXORPS  Y2, Y2, Y2
	VXORPS  Y3, Y3, Y3
	VXORPS  Y4, Y4, Y4
	VXORPS  Y5, Y5, Y5
	VXORPS  Y6, Y6, Y6
	VXORPS  Y7, Y7, Y7
	TESTQ   DX, DX
	JZ      sums
	VMOVUPS 0(DX), Y0 // y := bias[64*q+j]
	VMOVUPS 32(DX), Y1
	VMOVUPS 64(DX), Y2
	VMOVUPS 96(DX), Y3
	VMOVUPS 128(DX), Y4
	VMOVUPS 160(DX), Y5
	VMOVUPS 192(DX), Y6
	VMOVUPS 224(DX), Y7
	ADDQ    $256, DX

sums:
	MOVQ  x+16(FP), SI
	MOVQ  BX, R11
	MOVQ  R8, CX
	TESTQ CX, CX
	JZ    done

input: // for p := range k { y = fma(w[q*stride+64*p+j], x[p], y) }
	VBROADCASTSS (SI), Y8
	VFMADD231PS  0(R11), Y8, Y0
	VFMADD231PS  32(R11), Y8, Y1
	VFMADD231PS  64(R11), Y8, Y2
	VFMADD231PS  96(R11), Y8, Y3
	VFMADD231PS  128(R11), Y8, Y4
	VFMADD231PS  160(R11), Y8, Y5
	VFMADD231PS  192(R11), Y8, Y6
	VFMADD231PS  224(R11), Y8, Y7
	ADDQ         $4, SI
	ADDQ         $256, R11
	DECQ         CX
	JNZ          input

done:
	VMOVUPS Y0, 0(DI) // dst[64*q+j] = y
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VMOVUPS Y4, 128(DI)
	VMOVUPS Y5, 160(DI)
	VMOVUPS Y6, 192(DI)
	VMOVUPS Y7, 224(DI)
	ADDQ    $256, DI
	ADDQ    R10, BX
	DECQ    R9
	JNZ     panel

return:
	VZEROUPPER
	RET

// Gemv32AVX2: half a panel.
//
//	Y0-Y3  sums                     Y8  x, broadcast
//	DI  dst     DX  bias, or 0      SI  x     BX  w of this input     CX  inputs left

// func Gemv32AVX2(dst, w, x, bias *float32, k int)
TEXT ·Gemv32AVX2(SB), NOSPLIT, $0-40
	MOVQ    dst+0(FP), DI
	MOVQ    w+8(FP), BX
	MOVQ    x+16(FP), SI
	MOVQ    bias+24(FP), DX
	MOVQ    k+32(FP), CX
	VXORPS  Y0, Y0, Y0
	VXORPS  Y1, Y1, Y1
	VXORPS  Y2, Y2, Y2
	VXORPS  Y3, Y3, Y3
	TESTQ   DX, DX
	JZ      sums
	VMOVUPS 0(DX), Y0 // y := bias[j]
	VMOVUPS 32(DX), Y1
	VMOVUPS 64(DX), Y2
	VMOVUPS 96(DX), Y3

sums:
	TESTQ CX, CX
	JZ    done

input: // for p := range k { y = fma(w[64*p+j], x[p], y) }
	VBROADCASTSS (SI), Y8
	VFMADD231PS  0(BX), Y8, Y0
	VFMADD231PS  32(BX), Y8, Y1
	VFMADD231PS  64(BX), Y8, Y2
	VFMADD231PS  96(BX), Y8, Y3
	ADDQ         $4, SI
	ADDQ         $256, BX
	DECQ         CX
	JNZ          input

done:
	VMOVUPS Y0, 0(DI) // dst[j] = y
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VZEROUPPER
	RET
