//go:build !purego

#include "textflag.h"
#include "exp_avx2_amd64.h"

// Gates of 16 units in two halves: Y0 Y1 i, Y2 Y3 f, Y4 Y5 g, Y6 Y7 o. Y8 an
// input in every lane; Y8-Y11 and Y12-Y15 temporaries.

// GATES: the activations of i, f and g; Y8 and Y12 = i*g. Those of o wait, for
// c comes first.
#define GATES \
	SIGMOID(Y0, Y8, Y9, Y10, Y11, K_MAGIC159); \
	SIGMOID(Y1, Y12, Y13, Y14, Y15, K_MAGIC159); \
	TANH(Y4, Y8, Y9, Y10, Y11, K_MAGIC127); \
	TANH(Y5, Y12, Y13, Y14, Y15, K_MAGIC127); \
	SIGMOID(Y2, Y8, Y9, Y10, Y11, K_MAGIC159); \
	SIGMOID(Y3, Y12, Y13, Y14, Y15, K_MAGIC159); \
	VMULPS Y4, Y0, Y8; \
	VMULPS Y5, Y1, Y12

// func LSTMStepAVX2(dst, c, w, bias, x, h *float32, in, hidden, panels, stride int)
//
//	DI dst     DX c       AX bias            R9  panels left
//	BX w of this panel    R11 w of this input    R10 bytes from panel to panel
//	SI x or h  CX inputs left   R8 in   R12 hidden
TEXT ·LSTMStepAVX2(SB), NOSPLIT, $0-80
	MOVQ dst+0(FP), DI
	MOVQ c+8(FP), DX
	MOVQ w+16(FP), BX
	MOVQ bias+24(FP), AX
	MOVQ in+48(FP), R8
	MOVQ hidden+56(FP), R12
	MOVQ panels+64(FP), R9
	MOVQ stride+72(FP), R10
	SHLQ $2, R10

panel: // for u := range panels { z := bias[64*u:]
	VMOVUPS (AX), Y0
	VMOVUPS 32(AX), Y1
	VMOVUPS 64(AX), Y2
	VMOVUPS 96(AX), Y3
	VMOVUPS 128(AX), Y4
	VMOVUPS 160(AX), Y5
	VMOVUPS 192(AX), Y6
	VMOVUPS 224(AX), Y7
	ADDQ    $256, AX
	MOVQ    BX, R11
	MOVQ    x+32(FP), SI
	MOVQ    R8, CX
	TESTQ   CX, CX
	JE      recur

input: // for k := range in { z[j] = fma(w[u*stride+64*k+j], x[k], z[j]) }
	VBROADCASTSS (SI), Y8
	VFMADD231PS  (R11), Y8, Y0
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
	JNE          input

recur:
	MOVQ h+40(FP), SI
	MOVQ R12, CX

hidden: // for k := range hidden { z[j] = fma(w[u*stride+64*(in+k)+j], h[k], z[j]) }
	VBROADCASTSS (SI), Y8
	VFMADD231PS  (R11), Y8, Y0
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
	JNE          hidden

	// i, f, g, o of unit 16*u+l; c = fma(f, c, i*g); dst = o*tanh(c) }
	GATES
	VFMADD132PS (DX), Y8, Y2
	VFMADD132PS 32(DX), Y12, Y3
	VMOVUPS     Y2, (DX)
	VMOVUPS     Y3, 32(DX)
	SIGMOID(Y6, Y8, Y9, Y10, Y11, K_MAGIC159)
	SIGMOID(Y7, Y12, Y13, Y14, Y15, K_MAGIC159)
	TANH(Y2, Y8, Y9, Y10, Y11, K_MAGIC127)
	TANH(Y3, Y12, Y13, Y14, Y15, K_MAGIC127)
	VMULPS  Y2, Y6, Y6
	VMULPS  Y3, Y7, Y7
	VMOVUPS Y6, (DI)
	VMOVUPS Y7, 32(DI)
	ADDQ    $64, DX
	ADDQ    $64, DI
	ADDQ    R10, BX
	DECQ    R9
	JNE     panel
	VZEROUPPER
	RET

// func LSTMGatesAVX2(h, c, z, prev *float32, rows, hRow, cRow, prevRow int)
//
// DI h, SI c, BX z, DX prev, CX rows left, R8-R10 their strides in bytes.
TEXT ·LSTMGatesAVX2(SB), NOSPLIT, $0-64
	MOVQ h+0(FP), DI
	MOVQ c+8(FP), SI
	MOVQ z+16(FP), BX
	MOVQ prev+24(FP), DX
	MOVQ rows+32(FP), CX
	MOVQ hRow+40(FP), R8
	MOVQ cRow+48(FP), R9
	MOVQ prevRow+56(FP), R10
	SHLQ $2, R8
	SHLQ $2, R9
	SHLQ $2, R10

row: // for b := range rows
	VMOVUPS     (BX), Y0
	VMOVUPS     32(BX), Y1
	VMOVUPS     64(BX), Y2
	VMOVUPS     96(BX), Y3
	VMOVUPS     128(BX), Y4
	VMOVUPS     160(BX), Y5
	VMOVUPS     192(BX), Y6
	VMOVUPS     224(BX), Y7
	GATES
	VMOVUPS     Y0, (BX)
	VMOVUPS     Y1, 32(BX)
	VMOVUPS     Y2, 64(BX)
	VMOVUPS     Y3, 96(BX)
	VMOVUPS     Y4, 128(BX)
	VMOVUPS     Y5, 160(BX)
	VFMADD132PS (DX), Y8, Y2 // c = fma(f, prev, i*g)
	VFMADD132PS 32(DX), Y12, Y3
	VMOVUPS     Y2, (SI)
	VMOVUPS     Y3, 32(SI)
	SIGMOID(Y6, Y8, Y9, Y10, Y11, K_MAGIC159)
	SIGMOID(Y7, Y12, Y13, Y14, Y15, K_MAGIC159)
	VMOVUPS Y6, 192(BX)
	VMOVUPS Y7, 224(BX)
	TANH(Y2, Y8, Y9, Y10, Y11, K_MAGIC127)
	TANH(Y3, Y12, Y13, Y14, Y15, K_MAGIC127)
	VMULPS  Y2, Y6, Y6 // h = o*tanh(c)
	VMULPS  Y3, Y7, Y7
	VMOVUPS Y6, (DI)
	VMOVUPS Y7, 32(DI)
	ADDQ    $256, BX
	ADDQ    R8, DI
	ADDQ    R9, SI
	ADDQ    R10, DX
	DECQ    CX
	JNE     row
	VZEROUPPER
	RET

// GRADIENTS: 8 units, at being 0 or 32. Y0-Y3 i f g o, Y4-Y7 temporaries, Y8 t,
// Y9 dh, Y10 delta, Y11 prev, Y12 ones.
//	delta = fma(dh*o, fma(-t, t, 1), dc)
//	dc = delta*f
//	z_i = (delta*g)*fma(-i, i, i)
//	z_f = (delta*prev)*fma(-f, f, f)
//	z_g = (delta*i)*fma(-g, g, 1)
//	z_o = (dh*t)*fma(-o, o, o)
#define GRADIENTS(at) \
	VMOVUPS at(DX), Y8; \
	TANH(Y8, Y4, Y5, Y6, Y7, K_MAGIC127); \
	VMOVUPS      at+0(BX), Y0; \
	VMOVUPS      at+64(BX), Y1; \
	VMOVUPS      at+128(BX), Y2; \
	VMOVUPS      at+192(BX), Y3; \
	VMOVUPS      at(SI), Y9; \
	VMOVUPS      at(AX), Y11; \
	VMULPS       Y3, Y9, Y10; \
	VMOVAPS      Y8, Y4; \
	VFNMADD213PS Y12, Y8, Y4; \
	VFMADD213PS  at(DI), Y4, Y10; \
	VMULPS       Y1, Y10, Y4; \
	VMOVUPS      Y4, at(DI); \
	VMULPS       Y2, Y10, Y5; \
	VMOVAPS      Y0, Y6; \
	VFNMADD213PS Y0, Y0, Y6; \
	VMULPS       Y6, Y5, Y5; \
	VMOVUPS      Y5, at+0(BX); \
	VMULPS       Y11, Y10, Y5; \
	VMOVAPS      Y1, Y6; \
	VFNMADD213PS Y1, Y1, Y6; \
	VMULPS       Y6, Y5, Y5; \
	VMOVUPS      Y5, at+64(BX); \
	VMULPS       Y0, Y10, Y5; \
	VMOVAPS      Y2, Y6; \
	VFNMADD213PS Y12, Y2, Y6; \
	VMULPS       Y6, Y5, Y5; \
	VMOVUPS      Y5, at+128(BX); \
	VMULPS       Y8, Y9, Y5; \
	VMOVAPS      Y3, Y6; \
	VFNMADD213PS Y3, Y3, Y6; \
	VMULPS       Y6, Y5, Y5; \
	VMOVUPS      Y5, at+192(BX)

// func LSTMGradientsAVX2(z, dc, dh, c, prev *float32, rows, dcRow, dhRow, cRow, prevRow int)
//
// BX z, DI dc, SI dh, DX c, AX prev, CX rows left, R8-R11 the strides in bytes.
TEXT ·LSTMGradientsAVX2(SB), NOSPLIT, $0-80
	MOVQ    z+0(FP), BX
	MOVQ    dc+8(FP), DI
	MOVQ    dh+16(FP), SI
	MOVQ    c+24(FP), DX
	MOVQ    prev+32(FP), AX
	MOVQ    rows+40(FP), CX
	MOVQ    dcRow+48(FP), R8
	MOVQ    dhRow+56(FP), R9
	MOVQ    cRow+64(FP), R10
	MOVQ    prevRow+72(FP), R11
	SHLQ    $2, R8
	SHLQ    $2, R9
	SHLQ    $2, R10
	SHLQ    $2, R11
	VMOVUPS K_ONE, Y12

row: // for b := range rows
	GRADIENTS(0)
	GRADIENTS(32)
	ADDQ $256, BX
	ADDQ R8, DI
	ADDQ R9, SI
	ADDQ R10, DX
	ADDQ R11, AX
	DECQ CX
	JNE  row
	VZEROUPPER
	RET
