//go:build !purego

#include "textflag.h"

// The constants of package kernels' unary_generic.go, each four times but for
// the multipliers, which share a register. Offsets: neon_math.h and
// log_neon_arm64.s.

#define TWICE(name, at, v) DATA name+(at)(SB)/8, $((v)|(v)<<32)
#define FOUR(name, at, v) TWICE(name, at, v); TWICE(name, at+8, v)

DATA ·neonExp+0(SB)/4, $0x3fb8aa3b  // log2e
DATA ·neonExp+4(SB)/4, $0x3f317218  // ln2Hi
DATA ·neonExp+8(SB)/4, $0xb102e308  // ln2Lo
DATA ·neonExp+12(SB)/4, $0x3ab5121a // expC4
FOUR(·neonExp, 16, 0x42b20000)  // expMax
FOUR(·neonExp, 32, 0xc2d00000)  // expMin
FOUR(·neonExp, 48, 0xc2200000)  // expm1Min
FOUR(·neonExp, 64, 0x4b400000) // magic
FOUR(·neonExp, 80, 0x3f800000) // 1
FOUR(·neonExp, 96, 0x40000000) // 2
FOUR(·neonExp, 112, 0x3efffffe) // expC0
FOUR(·neonExp, 128, 0x3e2aaa49) // expC1
FOUR(·neonExp, 144, 0x3d2aac79) // expC2
FOUR(·neonExp, 160, 0x3c091cf1) // expC3
GLOBL ·neonExp(SB), RODATA|NOPTR, $176

DATA ·neonLog+0(SB)/4, $0x3d8a2bd4  // logC8
DATA ·neonLog+4(SB)/4, $0xb95e8083  // logLn2Lo
DATA ·neonLog+8(SB)/4, $0x3f318000  // logLn2Hi
DATA ·neonLog+12(SB)/4, $0x3f000000 // 0.5
FOUR(·neonLog, 16, 0x00800000)  // minNormal
FOUR(·neonLog, 32, 0x4b000000)  // 2²³
FOUR(·neonLog, 48, 0xffffffe9)  // -23, an integer
FOUR(·neonLog, 64, 0x3f3504f3) // sqrtHalfBits
FOUR(·neonLog, 80, 0x007fffff) // the mantissa's bits
FOUR(·neonLog, 96, 0x3f800000) // 1
FOUR(·neonLog, 112, 0x7f7fffff) // math.MaxFloat32
FOUR(·neonLog, 128, 0xff800000) // -Inf
FOUR(·neonLog, 144, 0x3eaaaaa4) // logC0
FOUR(·neonLog, 160, 0xbe800003) // logC1
FOUR(·neonLog, 176, 0x3e4cd25b) // logC2
FOUR(·neonLog, 192, 0xbe2aae27) // logC3
FOUR(·neonLog, 208, 0x3e119bb4) // logC4
FOUR(·neonLog, 224, 0xbdfe1104) // logC5
FOUR(·neonLog, 240, 0x3df37835) // logC6
FOUR(·neonLog, 256, 0xbdef1e0b) // logC7
GLOBL ·neonLog(SB), RODATA|NOPTR, $272
