//go:build !purego

#include "textflag.h"
#include "neon.h"

// func ReLUGradientNEON(dst, dy, y *float32, n int)
//
//	V0-V3 dy   V4-V7 y, then lanes to clear   R0 dst   R1 y   R2 elements left   R3 dy
TEXT ·ReLUGradientNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD dy+8(FP), R3
	MOVD y+16(FP), R1
	MOVD n+24(FP), R2
	CBZ  R2, done

loop: // for i := range n { dst[i] = dy[i], or 0 if y[i] <= 0 }
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	FLDPQ (R3), (F0, F1)
	FLDPQ 32(R3), (F2, F3)
	ADD   $64, R1
	ADD   $64, R3
	EACH2(FCMLEZ_S4, 4, 4)
	EACH4(BIC_B16, 4, 0, 0)
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	ADD   $64, R0
	SUBS  $16, R2
	BNE   loop

done:
	RET
