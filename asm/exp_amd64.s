//go:build !purego

#include "textflag.h"

// One row of the table that exp_amd64.h names: eight copies of a float32.
#define ROW(at, v) \
	DATA ·expTable+((at)*32+0)(SB)/4, v; \
	DATA ·expTable+((at)*32+4)(SB)/4, v; \
	DATA ·expTable+((at)*32+8)(SB)/4, v; \
	DATA ·expTable+((at)*32+12)(SB)/4, v; \
	DATA ·expTable+((at)*32+16)(SB)/4, v; \
	DATA ·expTable+((at)*32+20)(SB)/4, v; \
	DATA ·expTable+((at)*32+24)(SB)/4, v; \
	DATA ·expTable+((at)*32+28)(SB)/4, v

// e^r = 1 + r + r²·q(r) and its range reduction.
ROW(0, $0x3fb8aa3b)  // log2(e)
ROW(1, $0xbf317218)  // -ln2Hi
ROW(2, $0x3102e308)  // -ln2Lo
ROW(3, $0x3ab5121a)  // expC4
ROW(4, $0x3c091cf1)  // expC3
ROW(5, $0x3d2aac79)  // expC2
ROW(6, $0x3e2aaa49)  // expC1
ROW(7, $0x3efffffe)  // expC0
ROW(8, $0x3f800000)  // 1
ROW(9, $0x40000000)  // 2
ROW(10, $0x80000000) // the sign bit
ROW(11, $0x42b20000) // 89
ROW(12, $0xc2d00000) // -104
ROW(13, $0xc2200000) // -40
ROW(14, $0x2f800000) // 2⁻³²
ROW(15, $0x4b400000) // magic
ROW(16, $0x4b40007f) // magic + 127
ROW(17, $0x4b40009f) // magic + 127 + 32
ROW(18, $0x4b4000fe) // magic + 2·127

// ln(1+f) = f - f²/2 + f³·P(f) and the split of its argument.
ROW(19, $0x3d8a2bd4) // logC8
ROW(20, $0xbdef1e0b) // logC7
ROW(21, $0x3df37835) // logC6
ROW(22, $0xbdfe1104) // logC5
ROW(23, $0x3e119bb4) // logC4
ROW(24, $0xbe2aae27) // logC3
ROW(25, $0x3e4cd25b) // logC2
ROW(26, $0xbe800003) // logC1
ROW(27, $0x3eaaaaa4) // logC0
ROW(28, $0x3f318000) // logLn2Hi
ROW(29, $0xb95e8083) // logLn2Lo
ROW(30, $0x00800000) // 2⁻¹²⁶, the least normal number
ROW(31, $0x4b000000) // 2²³
ROW(32, $0xbf000000) // -½
ROW(33, $0x41b80000) // 23
ROW(34, $0x3f3504f3) // √½
ROW(35, $0x007fffff) // the fraction bits
ROW(36, $0xff800000) // -Inf
ROW(37, $0x7f800000) // +Inf

// VFIXUPIMM's answers for log, four bits a class of input, the lowest first:
// quiet NaN, signalling NaN -> NaN; 0 -> -Inf; 1 -> as computed; -Inf -> NaN;
// +Inf -> +Inf; negative -> NaN; positive -> as computed.
ROW(38, $0x03530433)
GLOBL ·expTable(SB), RODATA|NOPTR, $(32*39)

// Eight lanes of ones, then eight of zeros: from 32-4n on, a mask of the first
// n lanes.
DATA ·tailMask+0(SB)/8, $-1
DATA ·tailMask+8(SB)/8, $-1
DATA ·tailMask+16(SB)/8, $-1
DATA ·tailMask+24(SB)/8, $-1
DATA ·tailMask+32(SB)/8, $0
DATA ·tailMask+40(SB)/8, $0
DATA ·tailMask+48(SB)/8, $0
DATA ·tailMask+56(SB)/8, $0
GLOBL ·tailMask(SB), RODATA|NOPTR, $64
