//go:build !purego

#include "textflag.h"
#include "gates_avx512_amd64.h"

// Gates of 16 units: Z0 i, Z1 f, Z2 g, Z3 o, and of 16 more Z8-Z11. Z4-Z7 and K1
// temporaries, Z12 an input in every lane; Z16-Z30 constants.

// GATES: the activations.
#define GATES(SIG, i, f, g, o) \
	SIGMA(SIG, i); \
	SIGMA(SIG, f); \
	TANH(g, Z4, Z5, Z6, Z7); \
	SIGMA(SIG, o)

// CELL: c = fma(f, c, i*g); dst = o*tanh(c), at bytes on.
#define CELL(SIG, i, f, g, o, at) \
	GATES(SIG, i, f, g, o); \
	VMULPS      g, i, i; \
	VFMADD132PS at(DX), i, f; \
	VMOVUPS     f, at(DX); \
	TANH(f, Z4, Z5, Z6, Z7); \
	VMULPS      f, o, o; \
	VMOVUPS     o, at(DI)

// func LSTMStepAVX512(dst, c, w, bias, x, h, hard *float32, in, hidden, panels, stride int)
//
// Panels go in pairs: eight chains hide the latency of a multiply-add where two
// can begin in a cycle.
//
//	DI dst     DX c       AX bias            R9  panels left
//	BX w of this panel    R11 w of this input    R10 bytes from panel to panel
//	SI x or h  CX inputs left   R8 in   R12 hidden
TEXT ·LSTMStepAVX512(SB), NOSPLIT, $0-88
	MOVQ dst+0(FP), DI
	MOVQ c+8(FP), DX
	MOVQ w+16(FP), BX
	MOVQ bias+24(FP), AX
	MOVQ hard+48(FP), R13
	MOVQ in+56(FP), R8
	MOVQ hidden+64(FP), R12
	MOVQ panels+72(FP), R9
	MOVQ stride+80(FP), R10
	SHLQ $2, R10
	LOAD_EXP
	SUBQ $2, R9
	JLT  last

pair: // for u := 0; u+1 < panels; u += 2 { z := bias[64*u:]
	LOAD_PANEL(AX, 0, Z0, Z1, Z2, Z3)
	LOAD_PANEL(AX, 256, Z8, Z9, Z10, Z11)
	ADDQ $512, AX
	MOVQ BX, R11

	// for k := range in { z[j] = fma(w[u*stride+64*k+j], x[k], z[j]) }
	MOVQ x+32(FP), SI
	MOVQ R8, CX
	CHAIN(PAIR, inputPair, recurPair)

	// for k := range hidden { z[j] = fma(w[u*stride+64*(in+k)+j], h[k], z[j]) }
	MOVQ h+40(FP), SI
	MOVQ R12, CX
	CHAIN(PAIR, hiddenPair, cellPair)

	// the cells of units 16*u to 16*u+31 }
	TESTQ R13, R13
	JNE   hardPair
	CELL(SIGMOID, Z0, Z1, Z2, Z3, 0)
	CELL(SIGMOID, Z8, Z9, Z10, Z11, 64)
	JMP   next

hardPair:
	CELL(HARD, Z0, Z1, Z2, Z3, 0)
	CELL(HARD, Z8, Z9, Z10, Z11, 64)

next:
	ADDQ $128, DX
	ADDQ $128, DI
	LEAQ (BX)(R10*2), BX
	SUBQ $2, R9
	JGE  pair

last: // if panels%2 == 1 { z := bias[64*u:]
	ADDQ $2, R9
	JE   done
	LOAD_PANEL(AX, 0, Z0, Z1, Z2, Z3)
	MOVQ BX, R11

	// for k := range in
	MOVQ x+32(FP), SI
	MOVQ R8, CX
	CHAIN(ONCE, input, recur)

	// for k := range hidden
	MOVQ h+40(FP), SI
	MOVQ R12, CX
	CHAIN(ONCE, hidden, cell)

	// the cells of units 16*u to 16*u+15 }
	TESTQ R13, R13
	JNE   hard
	CELL(SIGMOID, Z0, Z1, Z2, Z3, 0)
	JMP   done

hard:
	CELL(HARD, Z0, Z1, Z2, Z3, 0)

done:
	VZEROUPPER
	RET

// func LSTMGatesAVX512(h, c, z, prev, hard *float32, rows, hRow, cRow, prevRow int)
//
// DI h, SI c, BX z, DX prev, CX rows left, R8-R10 their strides in bytes.
TEXT ·LSTMGatesAVX512(SB), NOSPLIT, $0-72
	MOVQ h+0(FP), DI
	MOVQ c+8(FP), SI
	MOVQ z+16(FP), BX
	MOVQ prev+24(FP), DX
	MOVQ hard+32(FP), R13
	MOVQ rows+40(FP), CX
	MOVQ hRow+48(FP), R8
	MOVQ cRow+56(FP), R9
	MOVQ prevRow+64(FP), R10
	SHLQ $2, R8
	SHLQ $2, R9
	SHLQ $2, R10
	LOAD_EXP

row: // for b := range rows
	LOAD_PANEL(BX, 0, Z0, Z1, Z2, Z3)
	TESTQ R13, R13
	JNE   hard
	GATES(SIGMOID, Z0, Z1, Z2, Z3)
	JMP   cell

hard:
	GATES(HARD, Z0, Z1, Z2, Z3)

cell:
	STORE_PANEL(BX, 0, Z0, Z1, Z2, Z3)
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

// GRADIENTS: a row. Z0-Z3 i f g o, Z4-Z7 temporaries, Z8 t, Z9 dh, Z10 delta, Z11
// prev.
//	delta = fma(dh*o, fma(-t, t, 1), dc)
//	dc = delta*f
//	z_i = (delta*g)*slope(i)
//	z_f = (delta*prev)*slope(f)
//	z_g = (delta*i)*fma(-g, g, 1)
//	z_o = (dh*t)*slope(o)
#define GRADIENTS(SLOPE) \
	VMOVUPS (DX), Z8; \
	TANH(Z8, Z4, Z5, Z6, Z7); \
	LOAD_PANEL(BX, 0, Z0, Z1, Z2, Z3); \
	VMOVUPS      (SI), Z9; \
	VMOVUPS      (AX), Z11; \
	VMULPS       Z3, Z9, Z10; \
	VMOVAPS      Z8, Z4; \
	VFNMADD213PS ONE, Z8, Z4; \
	VFMADD213PS  (DI), Z4, Z10; \
	VMULPS       Z1, Z10, Z4; \
	VMOVUPS      Z4, (DI); \
	VMULPS       Z2, Z10, Z5; \
	SLOPE(Z0, Z6); \
	VMULPS       Z6, Z5, Z5; \
	VMOVUPS      Z5, (BX); \
	VMULPS       Z11, Z10, Z5; \
	SLOPE(Z1, Z6); \
	VMULPS       Z6, Z5, Z5; \
	VMOVUPS      Z5, 64(BX); \
	VMULPS       Z0, Z10, Z5; \
	VMOVAPS      Z2, Z6; \
	VFNMADD213PS ONE, Z2, Z6; \
	VMULPS       Z6, Z5, Z5; \
	VMOVUPS      Z5, 128(BX); \
	VMULPS       Z8, Z9, Z5; \
	SLOPE(Z3, Z6); \
	VMULPS       Z6, Z5, Z5; \
	VMOVUPS      Z5, 192(BX)

// func LSTMGradientsAVX512(z, dc, dh, c, prev, hard *float32, rows, dcRow, dhRow, cRow, prevRow int)
//
// BX z, DI dc, SI dh, DX c, AX prev, CX rows left, R8-R11 the strides in bytes.
TEXT ·LSTMGradientsAVX512(SB), NOSPLIT, $0-88
	MOVQ z+0(FP), BX
	MOVQ dc+8(FP), DI
	MOVQ dh+16(FP), SI
	MOVQ c+24(FP), DX
	MOVQ prev+32(FP), AX
	MOVQ hard+40(FP), R13
	MOVQ rows+48(FP), CX
	MOVQ dcRow+56(FP), R8
	MOVQ dhRow+64(FP), R9
	MOVQ cRow+72(FP), R10
	MOVQ prevRow+80(FP), R11
	SHLQ $2, R8
	SHLQ $2, R9
	SHLQ $2, R10
	SHLQ $2, R11
	LOAD_EXP

row: // for b := range rows
	TESTQ R13, R13
	JNE   hard
	GRADIENTS(LOGISTIC_SLOPE)
	JMP   next

hard:
	GRADIENTS(HARD_SLOPE)

next:
	ADDQ $256, BX
	ADDQ R8, DI
	ADDQ R9, SI
	ADDQ R10, DX
	ADDQ R11, AX
	DECQ CX
	JNE  row
	VZEROUPPER
	RET
