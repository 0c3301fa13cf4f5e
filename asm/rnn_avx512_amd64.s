//go:build !purego

#include "textflag.h"
#include "gates_avx512_amd64.h"

// RELU4: four registers, each 0 where it is not above 0; Z12 zeros.
#define RELU4(a, b, c, d) \
	RELU(a, Z12, K1); \
	RELU(b, Z12, K2); \
	RELU(c, Z12, K3); \
	RELU(d, Z12, K4)

// func RNNStepAVX512(dst, w, bias, x, h *float32, in, hidden, panels, stride, relu int)
//
//	DI dst     AX bias    BX w of this panel   R10 bytes from panel to panel
//	R11 weights of this input   SI x or h   CX inputs left
//	R8 in   R12 hidden   R9 panels left   R13 relu
TEXT ·RNNStepAVX512(SB), NOSPLIT, $0-80
	MOVQ dst+0(FP), DI
	MOVQ w+8(FP), BX
	MOVQ bias+16(FP), AX
	MOVQ in+40(FP), R8
	MOVQ hidden+48(FP), R12
	MOVQ panels+56(FP), R9
	MOVQ stride+64(FP), R10
	MOVQ relu+72(FP), R13
	SHLQ $2, R10
	LOAD_EXP
	SUBQ $2, R9
	JLT  last

pair: // for u := 0; u+1 < panels; u += 2
	// y[j] = bias[64*u+j]; for k := range in, hidden { y[j] = fma(w[u*stride+64*k+j], x[k] or h[k], y[j]) }
	LOAD_PANEL(AX, 0, Z0, Z1, Z2, Z3)
	LOAD_PANEL(AX, 256, Z8, Z9, Z10, Z11)
	ADDQ $512, AX
	MOVQ BX, R11
	MOVQ x+24(FP), SI
	MOVQ R8, CX
	CHAIN(PAIR, inputPair, recurPair)
	MOVQ h+32(FP), SI
	MOVQ R12, CX
	CHAIN(PAIR, hiddenPair, endPair)

	// dst[64*u+j] = act(y[j])
	TESTQ R13, R13
	JNE   rectifyPair
	TANH4(Z0, Z1, Z2, Z3)
	TANH4(Z8, Z9, Z10, Z11)
	JMP   storePair

rectifyPair:
	VPXORQ Z12, Z12, Z12
	RELU4(Z0, Z1, Z2, Z3)
	RELU4(Z8, Z9, Z10, Z11)

storePair:
	STORE_PANEL(DI, 0, Z0, Z1, Z2, Z3)
	STORE_PANEL(DI, 256, Z8, Z9, Z10, Z11)
	ADDQ $512, DI
	LEAQ (BX)(R10*2), BX
	SUBQ $2, R9
	JGE  pair

last: // if panels%2 == 1, the same for one panel
	ADDQ  $2, R9
	JE    done
	LOAD_PANEL(AX, 0, Z0, Z1, Z2, Z3)
	MOVQ  BX, R11
	MOVQ  x+24(FP), SI
	MOVQ  R8, CX
	CHAIN(ONCE, input, recur)
	MOVQ  h+32(FP), SI
	MOVQ  R12, CX
	CHAIN(ONCE, hidden, end)
	TESTQ R13, R13
	JNE   rectify
	TANH4(Z0, Z1, Z2, Z3)
	JMP   store

rectify:
	VPXORQ Z12, Z12, Z12
	RELU4(Z0, Z1, Z2, Z3)

store:
	STORE_PANEL(DI, 0, Z0, Z1, Z2, Z3)

done:
	VZEROUPPER
	RET

// func RNNGatesAVX512(h, z *float32, rows, hRow, relu int)
//
// DI h, BX z, CX rows left, R8 bytes from row to row of h, R13 relu.
TEXT ·RNNGatesAVX512(SB), NOSPLIT, $0-40
	MOVQ h+0(FP), DI
	MOVQ z+8(FP), BX
	MOVQ rows+16(FP), CX
	MOVQ hRow+24(FP), R8
	MOVQ relu+32(FP), R13
	SHLQ $2, R8
	LOAD_EXP
	VPXORQ Z12, Z12, Z12

row: // for b := range rows { z = act(z); h = z }
	VMOVUPS (BX), Z0
	TESTQ   R13, R13
	JNE     rectify
	TANH(Z0, Z4, Z5, Z6, Z7)
	JMP     store

rectify:
	RELU(Z0, Z12, K1)

store:
	VMOVUPS Z0, (BX)
	VMOVUPS Z0, (DI)
	ADDQ    $256, BX
	ADDQ    R8, DI
	DECQ    CX
	JNE     row
	VZEROUPPER
	RET

// func RNNGradientsAVX512(z, dh *float32, rows, dhRow, relu int)
//
// BX z, DI dh, CX rows left, R8 bytes from row to row of dh, R13 relu.
TEXT ·RNNGradientsAVX512(SB), NOSPLIT, $0-40
	MOVQ         z+0(FP), BX
	MOVQ         dh+8(FP), DI
	MOVQ         rows+16(FP), CX
	MOVQ         dhRow+24(FP), R8
	MOVQ         relu+32(FP), R13
	SHLQ         $2, R8
	VBROADCASTSS K_ONE, ONE
	VPXORQ       Z12, Z12, Z12

row: // for b := range rows { z = dh*fma(-z, z, 1), or dh and 0 where z <= 0 }
	VMOVUPS      (BX), Z0
	TESTQ        R13, R13
	JNE          rectify
	VMOVAPS      Z0, Z1
	VFNMADD213PS ONE, Z0, Z1
	VMULPS       (DI), Z1, Z1
	JMP          store

rectify:
	VCMPPS    $0x16, Z12, Z0, K1
	VMOVUPS.Z (DI), K1, Z1

store:
	VMOVUPS Z1, (BX)
	ADDQ    $256, BX
	ADDQ    R8, DI
	DECQ    CX
	JNE     row
	VZEROUPPER
	RET
