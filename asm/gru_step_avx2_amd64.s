//go:build !purego

#include "textflag.h"
#include "gates_avx2_amd64.h"

// FROM_A: y = fma(r, m, a), the argument of tanh, from r in y.
#define FROM_A(y, at) \
	VMOVUPS     256+at(BX), Y8; \
	VFMADD213PS at(BX), Y8, y

// BLEND: h' = fma(z, h-n, n) from z in y and n at p, at bytes on.
#define BLEND(y, p, at) \
	VMOVUPS     at(p), Y8; \
	VMOVUPS     at(DX)(R9*1), Y9; \
	VSUBPS      Y8, Y9, Y9; \
	VFMADD213PS Y8, Y9, y

// func GRUStepAVX2(dst, rz, rzBias, n, nBias, nRecurrentBias, x, h, prev, scratch, hard *float32, in, hidden, groups, rzStride, nStride int)
//
//	DI dst     DX prev    R9  bytes from the first group's units to this one's
//	R8 rz of this group   R10 bytes from panel to panel of rz
//	R12 n of this group   R11 weights of this input
//	SI x or h  CX inputs left   BX scratch: a or n, then m   R13 hard   R14 groups left
TEXT ·GRUStepAVX2(SB), NOSPLIT, $0-128
	MOVQ dst+0(FP), DI
	MOVQ rz+8(FP), R8
	MOVQ n+24(FP), R12
	MOVQ prev+64(FP), DX
	MOVQ scratch+72(FP), BX
	MOVQ hard+80(FP), R13
	MOVQ groups+104(FP), R14
	MOVQ rzStride+112(FP), R10
	SHLQ $2, R10
	XORL R9, R9

group: // for u := range groups
	// a[j] = nBias[64*u+j]; for k := range in { a[j] = fma(n[u*nStride+64*k+j], x[k], a[j]) }
	MOVQ nBias+32(FP), AX
	ADDQ R9, AX
	LOAD_PANEL(AX)
	MOVQ R12, R11
	MOVQ x+48(FP), SI
	MOVQ in+88(FP), CX
	CHAIN(aInput, aEnd)
	STORE_PANEL(BX)

	// m[j] = nRecurrentBias[64*u+j]; for k := range hidden { m[j] = fma(n[u*nStride+64*(in+k)+j], h[k], m[j]) }
	MOVQ nRecurrentBias+40(FP), AX
	ADDQ R9, AX
	LOAD_PANEL(AX)
	MOVQ h+56(FP), SI
	MOVQ hidden+96(FP), CX
	CHAIN(mHidden, mEnd)
	LEAQ 256(BX), AX
	STORE_PANEL(AX)

	// r[j] = rzBias[128*u+j]; for k := range in, hidden { r[j] = fma(rz[2*u*rzStride+64*k+j], x[k] or h[k], r[j]) }
	MOVQ rzBias+16(FP), AX
	LEAQ (AX)(R9*2), AX
	LOAD_PANEL(AX)
	MOVQ R8, R11
	MOVQ x+48(FP), SI
	MOVQ in+88(FP), CX
	CHAIN(rInput, rRecur)
	MOVQ h+56(FP), SI
	MOVQ hidden+96(FP), CX
	CHAIN(rHidden, rEnd)
	ADDQ R10, R8

	// n[j] = tanh(fma(r[j], m[j], a[j]))
	SIGMA_PANEL(rHard, candidate)
	FROM_A(Y0, 0)
	FROM_A(Y1, 32)
	FROM_A(Y2, 64)
	FROM_A(Y3, 96)
	FROM_A(Y4, 128)
	FROM_A(Y5, 160)
	FROM_A(Y6, 192)
	FROM_A(Y7, 224)
	TANH_PANEL
	STORE_PANEL(BX)

	// z[j] = rzBias[128*u+64+j]; for k := range in, hidden { z[j] = fma(rz[(2*u+1)*rzStride+64*k+j], x[k] or h[k], z[j]) }
	MOVQ rzBias+16(FP), AX
	LEAQ 256(AX)(R9*2), AX
	LOAD_PANEL(AX)
	MOVQ R8, R11
	MOVQ x+48(FP), SI
	MOVQ in+88(FP), CX
	CHAIN(zInput, zRecur)
	MOVQ h+56(FP), SI
	MOVQ hidden+96(FP), CX
	CHAIN(zHidden, zEnd)
	ADDQ R10, R8

	// dst[64*u+j] = fma(z[j], prev[64*u+j]-n[j], n[j])
	SIGMA_PANEL(zHard, blend)
	BLEND(Y0, BX, 0)
	BLEND(Y1, BX, 32)
	BLEND(Y2, BX, 64)
	BLEND(Y3, BX, 96)
	BLEND(Y4, BX, 128)
	BLEND(Y5, BX, 160)
	BLEND(Y6, BX, 192)
	BLEND(Y7, BX, 224)
	LEAQ (DI)(R9*1), AX
	STORE_PANEL(AX)
	MOVQ nStride+120(FP), AX
	LEAQ (R12)(AX*4), R12
	ADDQ $256, R9
	DECQ R14
	JNE  group
	VZEROUPPER
	RET

// TIMES: y = y*prev, at bytes on.
#define TIMES(y, at) \
	VMULPS at(DX), y, y

// func GRUResetStepAVX2(rh, z, w, bias, x, h, prev, hard *float32, in, hidden, groups, stride int)
//
//	DI rh      BX z       DX prev    AX bias
//	R8 w of this panel    R10 bytes from panel to panel   R11 weights of this input
//	SI x or h  CX inputs left   R9 in   R12 hidden   R13 hard   R14 groups left
TEXT ·GRUResetStepAVX2(SB), NOSPLIT, $0-96
	MOVQ rh+0(FP), DI
	MOVQ z+8(FP), BX
	MOVQ w+16(FP), R8
	MOVQ bias+24(FP), AX
	MOVQ prev+48(FP), DX
	MOVQ hard+56(FP), R13
	MOVQ in+64(FP), R9
	MOVQ hidden+72(FP), R12
	MOVQ groups+80(FP), R14
	MOVQ stride+88(FP), R10
	SHLQ $2, R10

group: // for u := range groups
	// r[j] = bias[128*u+j]; for k := range in, hidden { r[j] = fma(w[2*u*stride+64*k+j], x[k] or h[k], r[j]) }
	LOAD_PANEL(AX)
	ADDQ $256, AX
	MOVQ R8, R11
	MOVQ x+32(FP), SI
	MOVQ R9, CX
	CHAIN(rInput, rRecur)
	MOVQ h+40(FP), SI
	MOVQ R12, CX
	CHAIN(rHidden, rEnd)
	ADDQ R10, R8

	// rh[64*u+j] = r[j]*prev[64*u+j]
	SIGMA_PANEL(rHard, product)
	TIMES(Y0, 0)
	TIMES(Y1, 32)
	TIMES(Y2, 64)
	TIMES(Y3, 96)
	TIMES(Y4, 128)
	TIMES(Y5, 160)
	TIMES(Y6, 192)
	TIMES(Y7, 224)
	STORE_PANEL(DI)

	// z[64*u+j] = bias[128*u+64+j]; for k := range in, hidden { z[j] = fma(w[(2*u+1)*stride+64*k+j], x[k] or h[k], z[j]) }
	LOAD_PANEL(AX)
	ADDQ $256, AX
	MOVQ R8, R11
	MOVQ x+32(FP), SI
	MOVQ R9, CX
	CHAIN(zInput, zRecur)
	MOVQ h+40(FP), SI
	MOVQ R12, CX
	CHAIN(zHidden, zEnd)
	ADDQ R10, R8
	SIGMA_PANEL(zHard, store)
	STORE_PANEL(BX)
	ADDQ $256, DI
	ADDQ $256, BX
	ADDQ $256, DX
	DECQ R14
	JNE  group
	VZEROUPPER
	RET

// TO_BLEND: h' = fma(z, h-n, n) from n in y.
#define TO_BLEND(y, at) \
	VMOVUPS     at(DX)(R9*1), Y8; \
	VSUBPS      y, Y8, Y8; \
	VFMADD231PS at(BX)(R9*1), Y8, y

// func GRUCandidateStepAVX2(dst, z, w, bias, x, rh, prev *float32, in, hidden, panels, stride int)
//
//	DI dst     BX z       DX prev    AX bias   R9 bytes from the first units to these
//	R8 w of this panel    R10 bytes from panel to panel   R11 weights of this input
//	SI x or rh   CX inputs left   R12 in   R13 hidden   R14 panels left
TEXT ·GRUCandidateStepAVX2(SB), NOSPLIT, $0-88
	MOVQ dst+0(FP), DI
	MOVQ z+8(FP), BX
	MOVQ w+16(FP), R8
	MOVQ bias+24(FP), AX
	MOVQ prev+48(FP), DX
	MOVQ in+56(FP), R12
	MOVQ hidden+64(FP), R13
	MOVQ panels+72(FP), R14
	MOVQ stride+80(FP), R10
	SHLQ $2, R10
	XORL R9, R9

panel: // for u := range panels
	// n[j] = bias[64*u+j]; for k := range in, hidden { n[j] = fma(w[u*stride+64*k+j], x[k] or rh[k], n[j]) }
	LEAQ (AX)(R9*1), SI
	LOAD_PANEL(SI)
	MOVQ R8, R11
	MOVQ x+32(FP), SI
	MOVQ R12, CX
	CHAIN(input, recur)
	MOVQ rh+40(FP), SI
	MOVQ R13, CX
	CHAIN(hidden, end)

	// n[j] = tanh(n[j]); dst[64*u+j] = fma(z[64*u+j], prev[64*u+j]-n[j], n[j])
	TANH_PANEL
	TO_BLEND(Y0, 0)
	TO_BLEND(Y1, 32)
	TO_BLEND(Y2, 64)
	TO_BLEND(Y3, 96)
	TO_BLEND(Y4, 128)
	TO_BLEND(Y5, 160)
	TO_BLEND(Y6, 192)
	TO_BLEND(Y7, 224)
	LEAQ (DI)(R9*1), SI
	STORE_PANEL(SI)
	ADDQ R10, R8
	ADDQ $256, R9
	DECQ R14
	JNE  panel
	VZEROUPPER
	RET
