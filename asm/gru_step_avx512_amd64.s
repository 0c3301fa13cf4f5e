//go:build !purego

#include "textflag.h"
#include "gates_avx512_amd64.h"

// CANDIDATE: n = tanh(fma(r, m, a)) for 16 units, at bytes on, r in y, a and m at
// BX.
#define CANDIDATE(y, at) \
	VMOVUPS     256+at(BX), Z12; \
	VFMADD213PS at(BX), Z12, y; \
	TANH(y, Z4, Z5, Z6, Z7)

// BLEND: dst = fma(z, h-n, n), at bytes on.
#define BLEND(z, n, at) \
	VMOVUPS     at(DX)(R9*1), Z12; \
	VSUBPS      n, Z12, Z12; \
	VFMADD213PS n, Z12, z; \
	VMOVUPS     z, at(DI)(R9*1)

// BOTH: a[j] = fma(w[j], x, a[j]) and m[j] = fma(v[j], h, m[j]), a in Z0-Z3, w at
// R11, x at SI, m in Z8-Z11, v at AX, h at BX, then the next inputs. Two streams
// make eight chains, which hide the latency of a multiply-add where two can begin
// in a cycle.
#define BOTH \
	VBROADCASTSS (SI), Z12; \
	VBROADCASTSS (BX), Z13; \
	VFMADD231PS  (R11), Z12, Z0; \
	VFMADD231PS  64(R11), Z12, Z1; \
	VFMADD231PS  128(R11), Z12, Z2; \
	VFMADD231PS  192(R11), Z12, Z3; \
	VFMADD231PS  (AX), Z13, Z8; \
	VFMADD231PS  64(AX), Z13, Z9; \
	VFMADD231PS  128(AX), Z13, Z10; \
	VFMADD231PS  192(AX), Z13, Z11; \
	ADDQ         $4, SI; \
	ADDQ         $4, BX; \
	ADDQ         $256, R11; \
	ADDQ         $256, AX

// SECOND: the part of BOTH that is m's.
#define SECOND \
	VBROADCASTSS (BX), Z13; \
	VFMADD231PS  (AX), Z13, Z8; \
	VFMADD231PS  64(AX), Z13, Z9; \
	VFMADD231PS  128(AX), Z13, Z10; \
	VFMADD231PS  192(AX), Z13, Z11; \
	ADDQ         $4, BX; \
	ADDQ         $256, AX

// func GRUStepAVX512(dst, rz, rzBias, n, nBias, nRecurrentBias, x, h, prev, scratch, hard *float32, in, hidden, groups, rzStride, nStride int)
//
//	DI dst     DX prev    R9  bytes from the first group's units to this one's
//	R8 rz of this group   R10 bytes from panel to panel of rz
//	R12 n of this group   R11 weights of this input
//	SI x or h  CX inputs left   BX scratch: a, then m, or h   R13 hard   R14 groups left
TEXT ·GRUStepAVX512(SB), NOSPLIT, $0-128
	MOVQ dst+0(FP), DI
	MOVQ rz+8(FP), R8
	MOVQ n+24(FP), R12
	MOVQ prev+64(FP), DX
	MOVQ hard+80(FP), R13
	MOVQ groups+104(FP), R14
	MOVQ rzStride+112(FP), R10
	SHLQ $2, R10
	XORL R9, R9
	LOAD_EXP

group: // for u := range groups
	// a[j] = nBias[64*u+j]; for k := range in { a[j] = fma(n[u*nStride+64*k+j], x[k], a[j]) }
	// m[j] = nRecurrentBias[64*u+j]; for k := range hidden { m[j] = fma(n[u*nStride+64*(in+k)+j], h[k], m[j]) }
	MOVQ nBias+32(FP), AX
	ADDQ R9, AX
	LOAD_PANEL(AX, 0, Z0, Z1, Z2, Z3)
	MOVQ nRecurrentBias+40(FP), AX
	ADDQ R9, AX
	LOAD_PANEL(AX, 0, Z8, Z9, Z10, Z11)
	MOVQ R12, R11
	MOVQ x+48(FP), SI
	MOVQ h+56(FP), BX
	MOVQ in+88(FP), CX
	MOVQ CX, AX
	SHLQ $8, AX
	ADDQ R12, AX
	CMPQ CX, hidden+96(FP)
	CMOVQGT hidden+96(FP), CX
	CHAIN(BOTH, both, bothEnd)
	MOVQ in+88(FP), CX
	SUBQ hidden+96(FP), CX
	JLE  more
	CHAIN(ONCE, aInput, aEnd)
	JMP  product

more:
	NEGQ CX
	CHAIN(SECOND, mHidden, product)
	MOVQ scratch+72(FP), BX
	STORE_PANEL(BX, 0, Z0, Z1, Z2, Z3)
	STORE_PANEL(BX, 256, Z8, Z9, Z10, Z11)

	// r[j] = rzBias[128*u+j], z[j] = rzBias[128*u+64+j]; for k := range in, hidden {
	// r[j] = fma(rz[2*u*rzStride+64*k+j], x[k] or h[k], r[j]), z alike a panel on }
	MOVQ rzBias+16(FP), AX
	LEAQ (AX)(R9*2), AX
	LOAD_PANEL(AX, 0, Z0, Z1, Z2, Z3)
	LOAD_PANEL(AX, 256, Z8, Z9, Z10, Z11)
	MOVQ R8, R11
	MOVQ x+48(FP), SI
	MOVQ in+88(FP), CX
	CHAIN(PAIR, input, recur)
	MOVQ h+56(FP), SI
	MOVQ hidden+96(FP), CX
	CHAIN(PAIR, hidden, gates)

	// n[j] = tanh(fma(r[j], m[j], a[j])); dst[64*u+j] = fma(z[j], prev[64*u+j]-n[j], n[j])
	TESTQ R13, R13
	JNE   hard
	SIGMA4(SIGMOID, Z0, Z1, Z2, Z3)
	SIGMA4(SIGMOID, Z8, Z9, Z10, Z11)
	JMP   candidate

hard:
	SIGMA4(HARD, Z0, Z1, Z2, Z3)
	SIGMA4(HARD, Z8, Z9, Z10, Z11)

candidate:
	CANDIDATE(Z0, 0)
	CANDIDATE(Z1, 64)
	CANDIDATE(Z2, 128)
	CANDIDATE(Z3, 192)
	BLEND(Z8, Z0, 0)
	BLEND(Z9, Z1, 64)
	BLEND(Z10, Z2, 128)
	BLEND(Z11, Z3, 192)
	LEAQ (R8)(R10*2), R8
	MOVQ nStride+120(FP), AX
	LEAQ (R12)(AX*4), R12
	ADDQ $256, R9
	DECQ R14
	JNE  group
	VZEROUPPER
	RET

// func GRUResetStepAVX512(rh, z, w, bias, x, h, prev, hard *float32, in, hidden, groups, stride int)
//
//	DI rh      BX z       DX prev    AX bias
//	R8 w of this group    R10 bytes from panel to panel   R11 weights of this input
//	SI x or h  CX inputs left   R9 in   R12 hidden   R13 hard   R14 groups left
TEXT ·GRUResetStepAVX512(SB), NOSPLIT, $0-96
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
	LOAD_EXP

group: // for u := range groups
	// r[j] = bias[128*u+j], z[j] = bias[128*u+64+j]; for k := range in, hidden {
	// r[j] = fma(w[2*u*stride+64*k+j], x[k] or h[k], r[j]), z alike a panel on }
	LOAD_PANEL(AX, 0, Z0, Z1, Z2, Z3)
	LOAD_PANEL(AX, 256, Z8, Z9, Z10, Z11)
	ADDQ $512, AX
	MOVQ R8, R11
	MOVQ x+32(FP), SI
	MOVQ R9, CX
	CHAIN(PAIR, input, recur)
	MOVQ h+40(FP), SI
	MOVQ R12, CX
	CHAIN(PAIR, hidden, gates)

	// rh[64*u+j] = r[j]*prev[64*u+j]
	TESTQ R13, R13
	JNE   hard
	SIGMA4(SIGMOID, Z0, Z1, Z2, Z3)
	SIGMA4(SIGMOID, Z8, Z9, Z10, Z11)
	JMP   store

hard:
	SIGMA4(HARD, Z0, Z1, Z2, Z3)
	SIGMA4(HARD, Z8, Z9, Z10, Z11)

store:
	VMULPS (DX), Z0, Z0
	VMULPS 64(DX), Z1, Z1
	VMULPS 128(DX), Z2, Z2
	VMULPS 192(DX), Z3, Z3
	STORE_PANEL(DI, 0, Z0, Z1, Z2, Z3)
	STORE_PANEL(BX, 0, Z8, Z9, Z10, Z11)
	ADDQ $256, DI
	ADDQ $256, BX
	ADDQ $256, DX
	LEAQ (R8)(R10*2), R8
	DECQ R14
	JNE  group
	VZEROUPPER
	RET

// TO_BLEND: dst = fma(z, h-n, n), at bytes on, from n in y.
#define TO_BLEND(y, at) \
	VMOVUPS     at(DX)(R9*1), Z12; \
	VSUBPS      y, Z12, Z12; \
	VFMADD231PS at(BX)(R9*1), Z12, y; \
	VMOVUPS     y, at(DI)(R9*1)

// func GRUCandidateStepAVX512(dst, z, w, bias, x, rh, prev *float32, in, hidden, panels, stride int)
//
//	DI dst     BX z       DX prev    AX bias   R9 bytes from the first units to these
//	R8 w of this panel    R10 bytes from panel to panel   R11 weights of this input
//	SI x or rh   CX inputs left   R12 in   R13 hidden   R14 panels left
TEXT ·GRUCandidateStepAVX512(SB), NOSPLIT, $0-88
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
	LOAD_EXP
	SUBQ $2, R14
	JLT  last

pair: // for u := 0; u+1 < panels; u += 2
	// n[j] = bias[64*u+j]; for k := range in, hidden { n[j] = fma(w[u*stride+64*k+j], x[k] or rh[k], n[j]) }
	LEAQ (AX)(R9*1), SI
	LOAD_PANEL(SI, 0, Z0, Z1, Z2, Z3)
	LOAD_PANEL(SI, 256, Z8, Z9, Z10, Z11)
	MOVQ R8, R11
	MOVQ x+32(FP), SI
	MOVQ R12, CX
	CHAIN(PAIR, inputPair, recurPair)
	MOVQ rh+40(FP), SI
	MOVQ R13, CX
	CHAIN(PAIR, hiddenPair, endPair)

	// n[j] = tanh(n[j]); dst[64*u+j] = fma(z[64*u+j], prev[64*u+j]-n[j], n[j])
	TANH4(Z0, Z1, Z2, Z3)
	TANH4(Z8, Z9, Z10, Z11)
	TO_BLEND(Z0, 0)
	TO_BLEND(Z1, 64)
	TO_BLEND(Z2, 128)
	TO_BLEND(Z3, 192)
	TO_BLEND(Z8, 256)
	TO_BLEND(Z9, 320)
	TO_BLEND(Z10, 384)
	TO_BLEND(Z11, 448)
	LEAQ (R8)(R10*2), R8
	ADDQ $512, R9
	SUBQ $2, R14
	JGE  pair

last: // if panels%2 == 1, the same for one panel
	ADDQ $2, R14
	JE   done
	LEAQ (AX)(R9*1), SI
	LOAD_PANEL(SI, 0, Z0, Z1, Z2, Z3)
	MOVQ R8, R11
	MOVQ x+32(FP), SI
	MOVQ R12, CX
	CHAIN(ONCE, input, recur)
	MOVQ rh+40(FP), SI
	MOVQ R13, CX
	CHAIN(ONCE, hidden, end)
	TANH4(Z0, Z1, Z2, Z3)
	TO_BLEND(Z0, 0)
	TO_BLEND(Z1, 64)
	TO_BLEND(Z2, 128)
	TO_BLEND(Z3, 192)

done:
	VZEROUPPER
	RET
