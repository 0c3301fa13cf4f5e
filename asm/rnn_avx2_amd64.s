//go:build !purego

#include "textflag.h"
#include "gates_avx2_amd64.h"

// RELU_PANEL: Y0-Y7, each 0 where it is not above 0.
#define RELU_PANEL \
	VXORPS Y8, Y8, Y8; \
	RELU(Y0, Y8, Y9); \
	RELU(Y1, Y8, Y10); \
	RELU(Y2, Y8, Y11); \
	RELU(Y3, Y8, Y12); \
	RELU(Y4, Y8, Y13); \
	RELU(Y5, Y8, Y14); \
	RELU(Y6, Y8, Y15); \
	RELU(Y7, Y8, Y9)

// func RNNStepAVX2(dst, w, bias, x, h *float32, in, hidden, panels, stride, relu int)
//
//	DI dst     AX bias    BX w of this panel   R10 bytes from panel to panel
//	R11 weights of this input   SI x or h   CX inputs left
//	R8 in   R12 hidden   R9 panels left   R13 relu
TEXT ·RNNStepAVX2(SB), NOSPLIT, $0-80
	MOVQ dst+0(FP), DI
	MOVQ w+8(FP), BX
	MOVQ bias+16(FP), AX
	MOVQ in+40(FP), R8
	MOVQ hidden+48(FP), R12
	MOVQ panels+56(FP), R9
	MOVQ stride+64(FP), R10
	MOVQ relu+72(FP), R13
	SHLQ $2, R10

panel: // for u := range panels
	// y[j] = bias[64*u+j]; for k := range in, hidden { y[j] = fma(w[u*stride+64*k+j], x[k] or h[k], y[j]) }
	LOAD_PANEL(AX)
	ADDQ  $256, AX
	MOVQ  BX, R11
	MOVQ  x+24(FP), SI
	MOVQ  R8, CX
	CHAIN(input, recur)
	MOVQ  h+32(FP), SI
	MOVQ  R12, CX
	CHAIN(hidden, end)

	// dst[64*u+j] = act(y[j])
	TESTQ R13, R13
	JNE   rectify
	TANH_PANEL
	JMP   store

rectify:
	RELU_PANEL

store:
	STORE_PANEL(DI)
	ADDQ $256, DI
	ADDQ R10, BX
	DECQ R9
	JNE  panel
	VZEROUPPER
	RET

// func RNNGatesAVX2(h, z *float32, rows, hRow, relu int)
//
// DI h, BX z, CX rows left, R8 bytes from row to row of h, R13 relu.
TEXT ·RNNGatesAVX2(SB), NOSPLIT, $0-40
	MOVQ h+0(FP), DI
	MOVQ z+8(FP), BX
	MOVQ rows+16(FP), CX
	MOVQ hRow+24(FP), R8
	MOVQ relu+32(FP), R13
	SHLQ $2, R8

row: // for b := range rows { z = act(z); h = z }
	VMOVUPS (BX), Y0
	VMOVUPS 32(BX), Y1
	TESTQ   R13, R13
	JNE     rectify
	TANHS(Y0, Y1)
	JMP     store

rectify:
	VXORPS Y8, Y8, Y8
	RELU(Y0, Y8, Y9)
	RELU(Y1, Y8, Y10)

store:
	VMOVUPS Y0, (BX)
	VMOVUPS Y1, 32(BX)
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ    $256, BX
	ADDQ    R8, DI
	DECQ    CX
	JNE     row
	VZEROUPPER
	RET

// TANH_BACK: z = dh*fma(-z, z, 1) for 8 units; Y12 ones.
#define TANH_BACK(at) \
	VMOVUPS      at(BX), Y0; \
	VMOVAPS      Y0, Y1; \
	VFNMADD213PS Y12, Y0, Y1; \
	VMULPS       at(DI), Y1, Y1; \
	VMOVUPS      Y1, at(BX)

// RELU_BACK: z = dh, and 0 where z <= 0, for 8 units; Y13 zeros.
#define RELU_BACK(at) \
	VMOVUPS at(BX), Y0; \
	VCMPPS  $0x16, Y13, Y0, Y0; \
	VANDPS  at(DI), Y0, Y0; \
	VMOVUPS Y0, at(BX)

// func RNNGradientsAVX2(z, dh *float32, rows, dhRow, relu int)
//
// BX z, DI dh, CX rows left, R8 bytes from row to row of dh, R13 relu.
TEXT ·RNNGradientsAVX2(SB), NOSPLIT, $0-40
	MOVQ    z+0(FP), BX
	MOVQ    dh+8(FP), DI
	MOVQ    rows+16(FP), CX
	MOVQ    dhRow+24(FP), R8
	MOVQ    relu+32(FP), R13
	SHLQ    $2, R8
	VMOVUPS K_ONE, Y12
	VXORPS  Y13, Y13, Y13

row: // for b := range rows
	TESTQ R13, R13
	JNE   rectify
	TANH_BACK(0)
	TANH_BACK(32)
	JMP   next

rectify:
	RELU_BACK(0)
	RELU_BACK(32)

next:
	ADDQ $256, BX
	ADDQ R8, DI
	DECQ CX
	JNE  row
	VZEROUPPER
	RET
