//go:build !purego

#include "textflag.h"
#include "neon.h"
#include "neon_gemv.h"
#include "neon_math.h"
#include "neon_gates.h"

// CELL: c = fma(f, c, i*g); dst = o*tanh(c)
#define CELL(SIG)            \
	SIG(0)                   \
	TANH16(8)                \
	EACH4(FMUL_S4, 0, 8, 8)  \
	SIG(4)                   \
	LOAD16(0, 1, 0)          \
	EACH4(FMLA_S4, 0, 4, 8)  \
	STORE16(0, 1, 8)         \
	SIG(12)                  \
	TANH16(8)                \
	EACH4(FMUL_S4, 12, 8, 8) \
	STORE16(0, 0, 8)

// LSTMStepNEON:
//
//	V0-V15 gate sums: i V0-V3, f V4-V7, g V8-V11, o V12-V15
//	V16-V27 neon_gemv.h, then neon_math.h   V28-V31 neon_math.h
//	R0 dst   R1 c   R2 w of the next panel   R3 bias   R4 x   R5 h
//	R6 in    R11 hidden   R12 panels left    R13 bytes from panel to panel
//	R7 w     R8 x or h    R9 constants       R10 inputs left   R14 hard

// func LSTMStepNEON(dst, c, w, bias, x, h, hard *float32, in, hidden, panels, stride int)
TEXT ·LSTMStepNEON(SB), NOSPLIT, $0-88
	MOVD dst+0(FP), R0
	MOVD c+8(FP), R1
	MOVD w+16(FP), R2
	MOVD bias+24(FP), R3
	MOVD x+32(FP), R4
	MOVD h+40(FP), R5
	MOVD hard+48(FP), R14
	MOVD in+56(FP), R6
	MOVD hidden+64(FP), R11
	MOVD panels+72(FP), R12
	MOVD stride+80(FP), R13
	LSL  $2, R13
	MATH_INIT
	CBZ  R12, done

panel: // for u := range panels
	// z := bias[64*u+j]
	LOAD64(3)
	ADD   $256, R3
	MOVD  R2, R7
	ADD   R13, R2

	// for p := range in { z = fma(w[u*stride+64*p+j], x[p], z) }
	MOVD R4, R8
	MOVD R6, R10
	GEMV_CHAIN(xfour, xrest, xone, xend)

	// for p := range hidden { z = fma(w[u*stride+64*(in+p)+j], h[p], z) }
	MOVD R5, R8
	MOVD R11, R10
	GEMV_CHAIN(hfour, hrest, hone, hend)

	CBNZ R14, hard
	CELL(SIGMOID16)
	B    next

hard:
	CELL(HARD16)

next:
	ADD  $64, R1
	ADD  $64, R0
	SUBS $1, R12
	BNE  panel

done:
	RET
