// What the recurrent cells share on AVX2 and FMA: chains of one panel and the
// activations of gates. R13 points to the constants of a hard sigmoid,
//
//	scale, offset, top, slope
//
// or is 0 for the logistic function. The operations and their order are those of
// kernels/activation_generic.go.

#include "exp_avx2_amd64.h"

// LOAD_PANEL: Y0-Y7 = 64 values at p.
#define LOAD_PANEL(p) \
	VMOVUPS (p), Y0; \
	VMOVUPS 32(p), Y1; \
	VMOVUPS 64(p), Y2; \
	VMOVUPS 96(p), Y3; \
	VMOVUPS 128(p), Y4; \
	VMOVUPS 160(p), Y5; \
	VMOVUPS 192(p), Y6; \
	VMOVUPS 224(p), Y7

// STORE_PANEL: 64 values at p = Y0-Y7.
#define STORE_PANEL(p) \
	VMOVUPS Y0, (p); \
	VMOVUPS Y1, 32(p); \
	VMOVUPS Y2, 64(p); \
	VMOVUPS Y3, 96(p); \
	VMOVUPS Y4, 128(p); \
	VMOVUPS Y5, 160(p); \
	VMOVUPS Y6, 192(p); \
	VMOVUPS Y7, 224(p)

// CHAIN: for ; CX > 0; CX-- { y[j] = fma(w[j], x, y[j]) } with y in Y0-Y7, w at
// R11 and x at SI, both advancing; Y8 = x. The arguments are labels.
#define CHAIN(loop, end) \
	TESTQ        CX, CX; \
	JE           end; \
loop: \
	VBROADCASTSS (SI), Y8; \
	VFMADD231PS  (R11), Y8, Y0; \
	VFMADD231PS  32(R11), Y8, Y1; \
	VFMADD231PS  64(R11), Y8, Y2; \
	VFMADD231PS  96(R11), Y8, Y3; \
	VFMADD231PS  128(R11), Y8, Y4; \
	VFMADD231PS  160(R11), Y8, Y5; \
	VFMADD231PS  192(R11), Y8, Y6; \
	VFMADD231PS  224(R11), Y8, Y7; \
	ADDQ         $4, SI; \
	ADDQ         $256, R11; \
	DECQ         CX; \
	JNE          loop; \
end:

// HARD: x = clamp(fma(scale, x, offset), 0, top)/top; n and p are overwritten, a, t
// and magic only make it a SIGMOID to look at. The constant comes first in VMAXPS
// and VMINPS (second in this syntax), so that a NaN in x is returned.
#define HARD(x, a, n, p, t, magic) \
	VBROADCASTSS (R13), n; \
	VBROADCASTSS 4(R13), p; \
	VFMADD213PS  p, n, x; \
	VXORPS       p, p, p; \
	VMAXPS       x, p, x; \
	VBROADCASTSS 8(R13), n; \
	VMINPS       x, n, x; \
	VDIVPS       n, x, x

// LOGISTIC_SLOPE: s = fma(-y, y, y).
#define LOGISTIC_SLOPE(y, s, t) \
	VMOVAPS      y, s; \
	VFNMADD213PS y, y, s

// HARD_SLOPE: s = slope, and 0 where y <= 0 or 1 <= y: the masks are of the lanes
// that are not less or equal, unordered ones included. t is overwritten.
#define HARD_SLOPE(y, s, t) \
	VXORPS       s, s, s; \
	VCMPPS       $0x16, s, y, s; \
	VMOVUPS      ONE, t; \
	VCMPPS       $0x16, y, t, t; \
	VANDPS       t, s, s; \
	VBROADCASTSS 12(R13), t; \
	VANDPS       t, s, s

// SIGMA: SIG, which is SIGMOID or HARD, of two registers.
#define SIGMA(SIG, y, z) \
	SIG(y, Y8, Y9, Y10, Y11, K_MAGIC159); \
	SIG(z, Y12, Y13, Y14, Y15, K_MAGIC159)

// SIGMA_PANEL: the activation of Y0-Y7. The arguments are labels.
#define SIGMA_PANEL(hard, end) \
	TESTQ R13, R13; \
	JNE   hard; \
	SIGMA(SIGMOID, Y0, Y1); \
	SIGMA(SIGMOID, Y2, Y3); \
	SIGMA(SIGMOID, Y4, Y5); \
	SIGMA(SIGMOID, Y6, Y7); \
	JMP   end; \
hard: \
	SIGMA(HARD, Y0, Y1); \
	SIGMA(HARD, Y2, Y3); \
	SIGMA(HARD, Y4, Y5); \
	SIGMA(HARD, Y6, Y7); \
end:

// TANHS: tanh of two registers.
#define TANHS(y, z) \
	TANH(y, Y8, Y9, Y10, Y11, K_MAGIC127); \
	TANH(z, Y12, Y13, Y14, Y15, K_MAGIC127)

// TANH_PANEL: tanh of Y0-Y7.
#define TANH_PANEL \
	TANHS(Y0, Y1); \
	TANHS(Y2, Y3); \
	TANHS(Y4, Y5); \
	TANHS(Y6, Y7)

// RELU: y = y, and 0 where y <= 0; NaN passes. zero is a register of zeros.
#define RELU(y, zero, t) \
	VCMPPS $0x16, zero, y, t; \
	VANDPS t, y, y
