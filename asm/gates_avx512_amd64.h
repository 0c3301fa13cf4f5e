// What the recurrent cells share on AVX-512: chains of one and of two panels and
// the activations of gates. R13 points to the constants of a hard sigmoid,
//
//	scale, offset, top, slope
//
// or is 0 for the logistic function. The operations and their order are those of
// kernels/activation_generic.go.

#include "exp_avx512_amd64.h"

// LOAD_PANEL: four registers = 64 values at p, at bytes on.
#define LOAD_PANEL(p, at, a, b, c, d) \
	VMOVUPS at(p), a; \
	VMOVUPS 64+at(p), b; \
	VMOVUPS 128+at(p), c; \
	VMOVUPS 192+at(p), d

// STORE_PANEL: the reverse.
#define STORE_PANEL(p, at, a, b, c, d) \
	VMOVUPS a, at(p); \
	VMOVUPS b, 64+at(p); \
	VMOVUPS c, 128+at(p); \
	VMOVUPS d, 192+at(p)

// PAIR: y[j] = fma(w[j], x, y[j]) for two panels, y in Z0-Z3 and Z8-Z11, w at R11
// and R10 bytes on, x at SI, then the next input; Z12 = x.
#define PAIR \
	VBROADCASTSS (SI), Z12; \
	VFMADD231PS  (R11), Z12, Z0; \
	VFMADD231PS  64(R11), Z12, Z1; \
	VFMADD231PS  128(R11), Z12, Z2; \
	VFMADD231PS  192(R11), Z12, Z3; \
	VFMADD231PS  (R11)(R10*1), Z12, Z8; \
	VFMADD231PS  64(R11)(R10*1), Z12, Z9; \
	VFMADD231PS  128(R11)(R10*1), Z12, Z10; \
	VFMADD231PS  192(R11)(R10*1), Z12, Z11; \
	ADDQ         $4, SI; \
	ADDQ         $256, R11

// ONCE: the same for one panel in Z0-Z3.
#define ONCE \
	VBROADCASTSS (SI), Z12; \
	VFMADD231PS  (R11), Z12, Z0; \
	VFMADD231PS  64(R11), Z12, Z1; \
	VFMADD231PS  128(R11), Z12, Z2; \
	VFMADD231PS  192(R11), Z12, Z3; \
	ADDQ         $4, SI; \
	ADDQ         $256, R11

// CHAIN: for ; CX > 0; CX-- { STEP }, STEP being PAIR or ONCE. The other arguments
// are labels.
#define CHAIN(STEP, loop, end) \
	TESTQ CX, CX; \
	JE    end; \
loop: \
	STEP; \
	DECQ  CX; \
	JNE   loop; \
end:

// HARD: x = clamp(fma(scale, x, offset), 0, top)/top; n and p are overwritten, a, t
// and k only make it a SIGMOID to look at. The constant comes first in VMAXPS and
// VMINPS (second in this syntax), so that a NaN in x is returned.
#define HARD(x, a, n, p, t, k) \
	VBROADCASTSS     (R13), n; \
	VFMADD213PS.BCST 4(R13), n, x; \
	VPXORQ           p, p, p; \
	VMAXPS           x, p, x; \
	VBROADCASTSS     8(R13), n; \
	VMINPS           x, n, x; \
	VDIVPS           n, x, x

// LOGISTIC_SLOPE: s = fma(-y, y, y).
#define LOGISTIC_SLOPE(y, s) \
	VMOVAPS      y, s; \
	VFNMADD213PS y, y, s

// HARD_SLOPE: s = slope, and 0 where y <= 0 or 1 <= y: the masks are of the lanes
// that are not less or equal, unordered ones included. K1 and K2 are overwritten.
#define HARD_SLOPE(y, s) \
	VPXORQ         s, s, s; \
	VCMPPS         $0x16, s, y, K1; \
	VCMPPS         $0x16, y, ONE, K1, K2; \
	VBROADCASTSS.Z 12(R13), K2, s

// SIGMA: SIG, which is SIGMOID or HARD.
#define SIGMA(SIG, y) SIG(y, Z4, Z5, Z6, Z7, K1)

// SIGMA4: the same of four registers.
#define SIGMA4(SIG, a, b, c, d) \
	SIGMA(SIG, a); \
	SIGMA(SIG, b); \
	SIGMA(SIG, c); \
	SIGMA(SIG, d)

// TANH4: tanh of four registers.
#define TANH4(a, b, c, d) \
	TANH(a, Z4, Z5, Z6, Z7); \
	TANH(b, Z4, Z5, Z6, Z7); \
	TANH(c, Z4, Z5, Z6, Z7); \
	TANH(d, Z4, Z5, Z6, Z7)

// RELU: y = y, and 0 where y <= 0; NaN passes. zero is a register of zeros.
#define RELU(y, zero, k) \
	VCMPPS    $0x16, zero, y, k; \
	VMOVAPS.Z y, k, y
