//go:build !purego

#include "textflag.h"
#include "neon.h"
#include "neon_gemv.h"

// GemvNEON:
//
//	V0-V15 sums   V16-V24 neon_gemv.h
//	R0 dst   R1 w of the next panel   R2 x   R3 bias   R4 k   R5 panels left
//	R6 bytes from panel to panel   R7 w   R8 x   R10 inputs left

// func GemvNEON(dst, w, x, bias *float32, k, panels, stride int)
TEXT ·GemvNEON(SB), NOSPLIT, $0-56
	MOVD dst+0(FP), R0
	MOVD w+8(FP), R1
	MOVD x+16(FP), R2
	MOVD bias+24(FP), R3
	MOVD k+32(FP), R4
	MOVD panels+40(FP), R5
	MOVD stride+48(FP), R6
	LSL  $2, R6
	CBZ  R5, done

panel: // for q := range panels
	// y := bias[64*q+j], or 0
	CBZ   R3, zero
	FLDPQ (R3), (F0, F1)
	FLDPQ 32(R3), (F2, F3)
	FLDPQ 64(R3), (F4, F5)
	FLDPQ 96(R3), (F6, F7)
	FLDPQ 128(R3), (F8, F9)
	FLDPQ 160(R3), (F10, F11)
	FLDPQ 192(R3), (F12, F13)
	FLDPQ 224(R3), (F14, F15)
	ADD   $256, R3
	B     start

zero:
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16
	VEOR V8.B16, V8.B16, V8.B16
	VEOR V9.B16, V9.B16, V9.B16
	VEOR V10.B16, V10.B16, V10.B16
	VEOR V11.B16, V11.B16, V11.B16
	VEOR V12.B16, V12.B16, V12.B16
	VEOR V13.B16, V13.B16, V13.B16
	VEOR V14.B16, V14.B16, V14.B16
	VEOR V15.B16, V15.B16, V15.B16

start: // for p := range k { y = fma(w[q*stride+64*p+j], x[p], y) }
	MOVD R1, R7
	MOVD R2, R8
	MOVD R4, R10
	GEMV_CHAIN(four, rest, one, store)

	// dst[64*q+j] = y
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	FSTPQ (F4, F5), 64(R0)
	FSTPQ (F6, F7), 96(R0)
	FSTPQ (F8, F9), 128(R0)
	FSTPQ (F10, F11), 160(R0)
	FSTPQ (F12, F13), 192(R0)
	FSTPQ (F14, F15), 224(R0)
	ADD   $256, R0
	ADD   R6, R1
	SUBS  $1, R5
	BNE   panel

done:
	RET
