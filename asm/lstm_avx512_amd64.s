//go:build !purego

#include "textflag.h"
#include "exp_avx512_amd64.h"

// Gates of 16 units: Z0 i, Z1 f, Z2 g, Z3 o, and of 16 more Z8-Z11. Z4-Z7 and K1
// temporaries, Z12 an input in every lane; Z16-Z30 constants.

// GATES: the activations.
#define GATES(i, f, g, o) \
	SIGMOID(i, Z4, Z5, Z6, Z7, K1); \
	SIGMOID(f, Z4, Z5, Z6, Z7, K1); \
	TANH(g, Z4, Z5, Z6, Z7); \
	SIGMOID(o, Z4, Z5, Z6, Z7, K1)

// CELL: c = fma(f, c, i*g); dst = o*tanh(c), at bytes on.
#define CELL(i, f, g, o, at) \
	GATES(i, f, g, o); \
	VMULPS      g, i, i; \
	VFMADD132PS at(DX), i, f; \
	VMOVUPS     f, at(DX); \
	TANH(f, Z4, Z5, Z6, Z7); \
	VMULPS      f, o, o; \
	VMOVUPS     o, at(DI)

// PAIR: z[j] = fma(w[u*stride+64*k+j], x[k], z[j]) for two panels, then the next k.
#define PAIR \
	VBROADCASTSS (SI), Z12; \
	VFMADD231PS  (R11), Z12, Z0; \
	VFMADD231PS  64(R11), Z12, Z1; \
	VFMADD231PS  128(R11), Z12, Z2; \
	VFMADD231PS  192(R11), Z12, Z3; \
	VFMADD231PS  (R11)(R10*1), Z12, Z8; \
	VFMADD231PS  64(R11)(R10*1), Z12, Z9; \
	VFMADD231PS  128(R11)(R10*1), Z12, Z10; \
	VFMADD231PS  192(R11)(R10*1), Z12, Z11; \
	ADDQ         $4, SI; \
	ADDQ         $256, R11

// ONCE: the same for one panel.
#define ONCE \
	VBROADCASTSS (SI), Z12; \
	VFMADD231PS  (R11), Z12, Z0; \
	VFMADD231PS  64(R11), Z12, Z1; \
	VFMADD231PS  128(R11), Z12, Z2; \
	VFMADD231PS  192(R11), Z12, Z3; \
	ADDQ         $4, SI; \
	ADDQ         $256, R11

// func LSTMStepAVX512(dst, c, w, bias, x, h *float32, in, hidden, panels, stride int)
//
// Panels go in pairs: eight chains hide the latency of a multiply-add where two
// can begin in a cycle.
//
//	DI dst     DX c       AX bias            R9  panels left
//	BX w of this panel    R11 w of this input    R10 bytes from panel to panel
//	SI x or h  CX inputs left   R8 in   R12 hidden
TEXT ·LSTMStepAVX512(SB), NOSPLIT, $0-80
	MOVQ dst+0(FP), DI
	MOVQ c+8(FP), DX
	MOVQ w+16(FP), BX
	MOVQ bias+24(FP), AX
	MOVQ in+48(FP), R8
	MOVQ hidden+56(FP), R12
	MOVQ panels+64(FP), R9
	MOVQ stride+72(FP), R10
	SHLQ $2, R10
	LOAD_EXP
	SUBQ $2, R9
	JLT  last

pair: // for u := 0; u+1 < panels; u += 2 { z := bias[64*u:]
	VMOVUPS (AX), Z0
	VMOVUPS 64(AX), Z1
	VMOVUPS 128(AX), Z2
	VMOVUPS 192(AX), Z3
	VMOVUPS 256(AX), Z8
	VMOVUPS 320(AX), Z9
	VMOVUPS 384(AX), Z10
	VMOVUPS 448(AX), Z11
	ADDQ    $512, AX
	MOVQ    BX, R11
	MOVQ    x+32(FP), SI
	MOVQ    R8, CX
	TESTQ   CX, CX
	JE      recurPair

inputPair: // for k := range in
	PAIR
	DECQ CX
	JNE  inputPair

recurPair:
	MOVQ h+40(FP), SI
	MOVQ R12, CX

hiddenPair: // for k := range hidden
	PAIR
	DECQ CX
	JNE  hiddenPair

	// the cells of units 16*u to 16*u+31 }
	CELL(Z0, Z1, Z2, Z3, 0)
	CELL(Z8, Z9, Z10, Z11, 64)
	ADDQ $128, DX
	ADDQ $128, DI
	LEAQ (BX)(R10*2), BX
	SUBQ $2, R9
	JGE  pair

last: // if panels%2 == 1 { z := bias[64*u:]
	ADDQ    $2, R9
	JE      done
	VMOVUPS (AX), Z0
	VMOVUPS 64(AX), Z1
	VMOVUPS 128(AX), Z2
	VMOVUPS 192(AX), Z3
	MOVQ    BX, R11
	MOVQ    x+32(FP), SI
	MOVQ    R8, CX
	TESTQ   CX, CX
	JE      recur

input: // for k := range in
	ONCE
	DECQ CX
	JNE  input

recur:
	MOVQ h+40(FP), SI
	MOVQ R12, CX

hidden: // for k := range hidden
	ONCE
	DECQ CX
	JNE  hidden

	// the cells of units 16*u to 16*u+15 }
	CELL(Z0, Z1, Z2, Z3, 0)

done:
	VZEROUPPER
	RET

// func LSTMGatesAVX512(h, c, z, prev *float32, rows, hRow, cRow, prevRow int)
//
// DI h, SI c, BX z, DX prev, CX rows left, R8-R10 their strides in bytes.
TEXT ·LSTMGatesAVX512(SB), NOSPLIT, $0-64
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
	LOAD_EXP

row: // for b := range rows
	VMOVUPS     (BX), Z0
	VMOVUPS     64(BX), Z1
	VMOVUPS     128(BX), Z2
	VMOVUPS     192(BX), Z3
	GATES(Z0, Z1, Z2, Z3)
	VMOVUPS     Z0, (BX)
	VMOVUPS     Z1, 64(BX)
	VMOVUPS     Z2, 128(BX)
	VMOVUPS     Z3, 192(BX)
	VMULPS      Z2, Z0, Z0
	VFMADD132PS (DX), Z0, Z1 // c = fma(f, prev, i*g)
	VMOVUPS     Z1, (SI)
	TANH(Z1, Z4, Z5, Z6, Z7)
	VMULPS  Z1, Z3, Z3   // h = o*tanh(c)
	VMOVUPS Z3, (DI)
	ADDQ    $256, BX
	ADDQ    R8, DI
	ADDQ    R9, SI
	ADDQ    R10, DX
	DECQ    CX
	JNE     row
	VZEROUPPER
	RET

// func LSTMGradientsAVX512(z, dc, dh, c, prev *float32, rows, dcRow, dhRow, cRow, prevRow int)
//
// BX z, DI dc, SI dh, DX c, AX prev, CX rows left, R8-R11 the strides in bytes.
// Z0-Z3 i f g o, Z4-Z7 temporaries, Z8 t, Z9 dh, Z10 delta, Z11 prev.
TEXT ·LSTMGradientsAVX512(SB), NOSPLIT, $0-80
	MOVQ z+0(FP), BX
	MOVQ dc+8(FP), DI
	MOVQ dh+16(FP), SI
	MOVQ c+24(FP), DX
	MOVQ prev+32(FP), AX
	MOVQ rows+40(FP), CX
	MOVQ dcRow+48(FP), R8
	MOVQ dhRow+56(FP), R9
	MOVQ cRow+64(FP), R10
	MOVQ prevRow+72(FP), R11
	SHLQ $2, R8
	SHLQ $2, R9
	SHLQ $2, R10
	SHLQ $2, R11
	LOAD_EXP

row: // for b := range rows
	VMOVUPS (DX), Z8
	TANH(Z8, Z4, Z5, Z6, Z7)
	VMOVUPS      (BX), Z0
	VMOVUPS      64(BX), Z1
	VMOVUPS      128(BX), Z2
	VMOVUPS      192(BX), Z3
	VMOVUPS      (SI), Z9
	VMOVUPS      (AX), Z11
	VMULPS       Z3, Z9, Z10   // delta = fma(dh*o, fma(-t, t, 1), dc)
	VMOVAPS      Z8, Z4
	VFNMADD213PS ONE, Z8, Z4
	VFMADD213PS  (DI), Z4, Z10
	VMULPS       Z1, Z10, Z4   // dc = delta*f
	VMOVUPS      Z4, (DI)
	VMULPS       Z2, Z10, Z5   // z_i = (delta*g)*fma(-i, i, i)
	VMOVAPS      Z0, Z6
	VFNMADD213PS Z0, Z0, Z6
	VMULPS       Z6, Z5, Z5
	VMOVUPS      Z5, (BX)
	VMULPS       Z11, Z10, Z5  // z_f = (delta*prev)*fma(-f, f, f)
	VMOVAPS      Z1, Z6
	VFNMADD213PS Z1, Z1, Z6
	VMULPS       Z6, Z5, Z5
	VMOVUPS      Z5, 64(BX)
	VMULPS       Z0, Z10, Z5   // z_g = (delta*i)*fma(-g, g, 1)
	VMOVAPS      Z2, Z6
	VFNMADD213PS ONE, Z2, Z6
	VMULPS       Z6, Z5, Z5
	VMOVUPS      Z5, 128(BX)
	VMULPS       Z8, Z9, Z5    // z_o = (dh*t)*fma(-o, o, o)
	VMOVAPS      Z3, Z6
	VFNMADD213PS Z3, Z3, Z6
	VMULPS       Z6, Z5, Z5
	VMOVUPS      Z5, 192(BX)
	ADDQ         $256, BX
	ADDQ         R8, DI
	ADDQ         R9, SI
	ADDQ         R10, DX
	ADDQ         R11, AX
	DECQ         CX
	JNE          row
	VZEROUPPER
	RET
