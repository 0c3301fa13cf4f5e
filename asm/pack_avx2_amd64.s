//go:build !purego

#include "textflag.h"

// PackAVX2: a row of 64 columns at a time.
//
//	Y0-Y7  the row           SI  src       R8  bytes from row to row of src
//	DI     dst of block 0    DX  dst of block 2
//	R9     bytes from row to row of dst    R10 bytes from block to block of dst
//	CX     rows left         R11 src eight rows on, which is fetched ahead: rows lie
//	                         pages apart, where the CPU does not see the pattern

// func PackAVX2(dst, src *float32, rows, row, dstRow, dstBlock int)
TEXT ·PackAVX2(SB), NOSPLIT, $0-48
	MOVQ  dst+0(FP), DI
	MOVQ  src+8(FP), SI
	MOVQ  rows+16(FP), CX
	MOVQ  row+24(FP), R8
	MOVQ  dstRow+32(FP), R9
	MOVQ  dstBlock+40(FP), R10
	SHLQ  $2, R8
	SHLQ  $2, R9
	SHLQ  $2, R10
	LEAQ  (DI)(R10*2), DX
	LEAQ  (SI)(R8*8), R11
	TESTQ CX, CX
	JZ    return

loop: // for p := range rows
	PREFETCHT0 (R11)
	PREFETCHT0 64(R11)
	PREFETCHT0 128(R11)
	PREFETCHT0 192(R11)
	VMOVUPS    (SI), Y0
	VMOVUPS    32(SI), Y1
	VMOVUPS    64(SI), Y2
	VMOVUPS    96(SI), Y3
	VMOVUPS    128(SI), Y4
	VMOVUPS    160(SI), Y5
	VMOVUPS    192(SI), Y6
	VMOVUPS    224(SI), Y7
	VMOVUPS    Y0, (DI)
	VMOVUPS    Y1, 32(DI)
	VMOVUPS    Y2, (DI)(R10*1)
	VMOVUPS    Y3, 32(DI)(R10*1)
	VMOVUPS    Y4, (DX)
	VMOVUPS    Y5, 32(DX)
	VMOVUPS    Y6, (DX)(R10*1)
	VMOVUPS    Y7, 32(DX)(R10*1)
	ADDQ       R8, SI
	ADDQ       R8, R11
	ADDQ       R9, DI
	ADDQ       R9, DX
	DECQ       CX
	JNZ        loop

return:
	VZEROUPPER
	RET
