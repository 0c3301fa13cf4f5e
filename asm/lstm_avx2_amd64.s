//go:build !purego

#include "textflag.h"
#include "gates_avx2_amd64.h"

// Gates of 16 units in two halves: Y0 Y1 i, Y2 Y3 f, Y4 Y5 g, Y6 Y7 o. Y8 an
// input in every lane; Y8-Y11 and Y12-Y15 temporaries.

// GATES: the activations of i, f and g; Y8 and Y12 = i*g. Those of o wait, for
// c comes first.
#define GATES(SIG) \
	SIGMA(SIG, Y0, Y1); \
	TANHS(Y4, Y5); \
	SIGMA(SIG, Y2, Y3); \
	VMULPS Y4, Y0, Y8; \
	VMULPS Y5, Y1, Y12

// CELL: the units of a panel: c = fma(f, c, i*g); dst = o*tanh(c).
#define CELL(SIG) \
	GATES(SIG); \
	VFMADD132PS (DX), Y8, Y2; \
	VFMADD132PS 32(DX), Y12, Y3; \
	VMOVUPS     Y2, (DX); \
	VMOVUPS     Y3, 32(DX); \
	SIGMA(SIG, Y6, Y7); \
	TANHS(Y2, Y3); \
	VMULPS  Y2, Y6, Y6; \
	VMULPS  Y3, Y7, Y7; \
	VMOVUPS Y6, (DI); \
	VMOVUPS Y7, 32(DI)

// ROW: the same from chains in memory, with the activated gates left there.
#define ROW(SIG) \
	LOAD_PANEL(BX); \
	GATES(SIG); \
	VMOVUPS     Y0, (BX); \
	VMOVUPS     Y1, 32(BX); \
	VMOVUPS     Y2, 64(BX); \
	VMOVUPS     Y3, 96(BX); \
	VMOVUPS     Y4, 128(BX); \
	VMOVUPS     Y5, 160(BX); \
	VFMADD132PS (DX), Y8, Y2; \
	VFMADD132PS 32(DX), Y12, Y3; \
	VMOVUPS     Y2, (SI); \
	VMOVUPS     Y3, 32(SI); \
	SIGMA(SIG, Y6, Y7); \
	VMOVUPS Y6, 192(BX); \
	VMOVUPS Y7, 224(BX); \
	TANHS(Y2, Y3); \
	VMULPS  Y2, Y6, Y6; \
	VMULPS  Y3, Y7, Y7; \
	VMOVUPS Y6, (DI); \
	VMOVUPS Y7, 32(DI)

// FETCH_LINES: 1 KiB from p on.
#define FETCH_LINES(p) \
	PREFETCHT0 0(p); \
	PREFETCHT0 64(p); \
	PREFETCHT0 128(p); \
	PREFETCHT0 192(p); \
	PREFETCHT0 256(p); \
	PREFETCHT0 320(p); \
	PREFETCHT0 384(p); \
	PREFETCHT0 448(p); \
	PREFETCHT0 512(p); \
	PREFETCHT0 576(p); \
	PREFETCHT0 640(p); \
	PREFETCHT0 704(p); \
	PREFETCHT0 768(p); \
	PREFETCHT0 832(p); \
	PREFETCHT0 896(p); \
	PREFETCHT0 960(p)

// func LSTMStepAVX2(dst, c, w, bias, x, h, hard *float32, in, hidden, panels, stride int)
//
// The chains of up to four panels go to the stack; their cells follow together, so
// that each fills the latency of the others. They leave the way to the second-level
// cache idle: each fetches 6 KiB of the weights of the panels that follow.
//
//	DI dst     DX c       AX bias    R8 chains of this panel, on the stack
//	BX w of this panel    R10 bytes from panel to panel   R11 w of this input, or
//	                      what is fetched of the next panel's
//	SI x or h  CX inputs left   R13 hard
//	R9 panels left after these  R12 panels of these   R14 those of them left
TEXT ·LSTMStepAVX2(SB), 0, $1024-88
	MOVQ dst+0(FP), DI
	MOVQ c+8(FP), DX
	MOVQ w+16(FP), BX
	MOVQ bias+24(FP), AX
	MOVQ hard+48(FP), R13
	MOVQ panels+72(FP), R9
	MOVQ stride+80(FP), R10
	SHLQ $2, R10

group:
	LEAQ    z-1024(SP), R8
	MOVQ    $4, R12
	CMPQ    R9, R12
	CMOVQLT R9, R12
	SUBQ    R12, R9
	MOVQ    R12, R14

panel: // for u := range panels { z := bias[64*u:]
	LOAD_PANEL(AX)
	ADDQ $256, AX
	MOVQ BX, R11

	// for k := range in { z[j] = fma(w[u*stride+64*k+j], x[k], z[j]) }
	MOVQ x+32(FP), SI
	MOVQ in+56(FP), CX
	CHAIN(input, recur)

	// for k := range hidden { z[j] = fma(w[u*stride+64*(in+k)+j], h[k], z[j]) }
	MOVQ h+40(FP), SI
	MOVQ hidden+64(FP), CX
	CHAIN(hidden, end)
	STORE_PANEL(R8)
	ADDQ $256, R8
	ADDQ R10, BX
	DECQ R14
	JNE  panel
	LEAQ z-1024(SP), R8
	MOVQ BX, R11

cell: // the cells of units 16*u to 16*u+15 }
	TESTQ R9, R9
	JE    ready
	MOVQ  $6, CX

fetch:
	FETCH_LINES(R11)
	ADDQ $1024, R11
	DECQ CX
	JNE  fetch

ready:
	LOAD_PANEL(R8)
	TESTQ R13, R13
	JNE   hard
	CELL(SIGMOID)
	JMP   next

hard:
	CELL(HARD)

next:
	ADDQ  $256, R8
	ADDQ  $64, DX
	ADDQ  $64, DI
	DECQ  R12
	JNE   cell
	TESTQ R9, R9
	JNE   group
	VZEROUPPER
	RET

// func LSTMGatesAVX2(h, c, z, prev, hard *float32, rows, hRow, cRow, prevRow int)
//
// DI h, SI c, BX z, DX prev, CX rows left, R8-R10 their strides in bytes.
TEXT ·LSTMGatesAVX2(SB), NOSPLIT, $0-72
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

row: // for b := range rows
	TESTQ R13, R13
	JNE   hard
	ROW(SIGMOID)
	JMP   next

hard:
	ROW(HARD)

next:
	ADDQ $256, BX
	ADDQ R8, DI
	ADDQ R9, SI
	ADDQ R10, DX
	DECQ CX
	JNE  row
	VZEROUPPER
	RET

// GRADIENTS: 8 units, at being 0 or 32. Y0-Y3 i f g o, Y4-Y7 temporaries, Y8 t,
// Y9 dh, Y10 delta, Y11 prev, Y12 ones.
//	delta = fma(dh*o, fma(-t, t, 1), dc)
//	dc = delta*f
//	z_i = (delta*g)*slope(i)
//	z_f = (delta*prev)*slope(f)
//	z_g = (delta*i)*fma(-g, g, 1)
//	z_o = (dh*t)*slope(o)
#define GRADIENTS(at, SLOPE) \
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
	SLOPE(Y0, Y6, Y7); \
	VMULPS       Y6, Y5, Y5; \
	VMOVUPS      Y5, at+0(BX); \
	VMULPS       Y11, Y10, Y5; \
	SLOPE(Y1, Y6, Y7); \
	VMULPS       Y6, Y5, Y5; \
	VMOVUPS      Y5, at+64(BX); \
	VMULPS       Y0, Y10, Y5; \
	VMOVAPS      Y2, Y6; \
	VFNMADD213PS Y12, Y2, Y6; \
	VMULPS       Y6, Y5, Y5; \
	VMOVUPS      Y5, at+128(BX); \
	VMULPS       Y8, Y9, Y5; \
	SLOPE(Y3, Y6, Y7); \
	VMULPS       Y6, Y5, Y5; \
	VMOVUPS      Y5, at+192(BX)

// func LSTMGradientsAVX2(z, dc, dh, c, prev, hard *float32, rows, dcRow, dhRow, cRow, prevRow int)
//
// BX z, DI dc, SI dh, DX c, AX prev, CX rows left, R8-R11 the strides in bytes.
TEXT ·LSTMGradientsAVX2(SB), NOSPLIT, $0-88
	MOVQ    z+0(FP), BX
	MOVQ    dc+8(FP), DI
	MOVQ    dh+16(FP), SI
	MOVQ    c+24(FP), DX
	MOVQ    prev+32(FP), AX
	MOVQ    hard+40(FP), R13
	MOVQ    rows+48(FP), CX
	MOVQ    dcRow+56(FP), R8
	MOVQ    dhRow+64(FP), R9
	MOVQ    cRow+72(FP), R10
	MOVQ    prevRow+80(FP), R11
	SHLQ    $2, R8
	SHLQ    $2, R9
	SHLQ    $2, R10
	SHLQ    $2, R11
	VMOVUPS K_ONE, Y12

row: // for b := range rows
	TESTQ R13, R13
	JNE   hard
	GRADIENTS(0, LOGISTIC_SLOPE)
	GRADIENTS(32, LOGISTIC_SLOPE)
	JMP   next

hard:
	GRADIENTS(0, HARD_SLOPE)
	GRADIENTS(32, HARD_SLOPE)

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
