//go:build !purego

#include "textflag.h"

// The machine's own limits, for benchmarks to set their figures against: loops
// that only multiply and add, in more independent registers than the latency of
// a multiply-add needs, or that only load.

#define ZERO(v) VEOR v.B16, v.B16, v.B16
#define FMA(v) VFMLA V30.S4, V31.S4, v.S4

// func PeakFMANEON(n int, p *float32)
//
//	V0-V23 sums   V30, V31 factors   R0 n   R1 p
TEXT ·PeakFMANEON(SB), NOSPLIT, $0-16
	MOVD n+0(FP), R0
	MOVD p+8(FP), R1
	CMP  $0, R0
	BLE  return
	ZERO(V0); ZERO(V1); ZERO(V2); ZERO(V3); ZERO(V4); ZERO(V5); ZERO(V6); ZERO(V7)
	ZERO(V8); ZERO(V9); ZERO(V10); ZERO(V11); ZERO(V12); ZERO(V13); ZERO(V14); ZERO(V15)
	ZERO(V16); ZERO(V17); ZERO(V18); ZERO(V19); ZERO(V20); ZERO(V21); ZERO(V22); ZERO(V23)
	FLDPQ (R1), (F30, F31)

loop: // for range n
	FMA(V0); FMA(V1); FMA(V2); FMA(V3); FMA(V4); FMA(V5); FMA(V6); FMA(V7)
	FMA(V8); FMA(V9); FMA(V10); FMA(V11); FMA(V12); FMA(V13); FMA(V14); FMA(V15)
	FMA(V16); FMA(V17); FMA(V18); FMA(V19); FMA(V20); FMA(V21); FMA(V22); FMA(V23)
	SUBS $1, R0
	BNE  loop

return:
	RET

// func ReadNEON(p *float32, n int)
//
//	V0-V31 values   R0 p   R1 values left
TEXT ·ReadNEON(SB), NOSPLIT, $0-16
	MOVD p+0(FP), R0
	MOVD n+8(FP), R1
	SUBS $256, R1
	BLT  return

loop: // for ; n >= 256; n -= 256
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	FLDPQ 64(R0), (F4, F5)
	FLDPQ 96(R0), (F6, F7)
	FLDPQ 128(R0), (F8, F9)
	FLDPQ 160(R0), (F10, F11)
	FLDPQ 192(R0), (F12, F13)
	FLDPQ 224(R0), (F14, F15)
	FLDPQ 256(R0), (F16, F17)
	FLDPQ 288(R0), (F18, F19)
	FLDPQ 320(R0), (F20, F21)
	FLDPQ 352(R0), (F22, F23)
	FLDPQ 384(R0), (F24, F25)
	FLDPQ 416(R0), (F26, F27)
	FLDPQ 448(R0), (F28, F29)
	FLDPQ 480(R0), (F30, F31)
	FLDPQ 512(R0), (F0, F1)
	FLDPQ 544(R0), (F2, F3)
	FLDPQ 576(R0), (F4, F5)
	FLDPQ 608(R0), (F6, F7)
	FLDPQ 640(R0), (F8, F9)
	FLDPQ 672(R0), (F10, F11)
	FLDPQ 704(R0), (F12, F13)
	FLDPQ 736(R0), (F14, F15)
	FLDPQ 768(R0), (F16, F17)
	FLDPQ 800(R0), (F18, F19)
	FLDPQ 832(R0), (F20, F21)
	FLDPQ 864(R0), (F22, F23)
	FLDPQ 896(R0), (F24, F25)
	FLDPQ 928(R0), (F26, F27)
	FLDPQ 960(R0), (F28, F29)
	FLDPQ 992(R0), (F30, F31)
	ADD   $1024, R0
	SUBS  $256, R1
	BGE   loop

return:
	RET
