//go:build !purego

#include "textflag.h"
#include "neon.h"

// func ReLUGradientNEON(dst, y *float32, n int)
//
//	V0-V3 dst   V4-V7 y, then lanes to clear   R0 dst   R1 y   R2 elements left
TEXT ·ReLUGradientNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD y+8(FP), R1
	MOVD n+16(FP), R2
	CBZ  R2, done

loop: // for i := range n { if y[i] <= 0 { dst[i] = 0 } }
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	ADD   $64, R1
	EACH2(FCMLEZ_S4, 4, 4)
	EACH4(BIC_B16, 4, 0, 0)
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	ADD   $64, R0
	SUBS  $16, R2
	BNE   loop

done:
	RET
