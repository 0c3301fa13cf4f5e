//go:build !purego

#include "textflag.h"

// DI dst, SI x, CX elements left. Y0 x, Y1-Y4 temporaries, Y5 a magic number, Y6
// the lanes of the tail; Y8-Y15 constants, apart from log, which has Y5 for a
// temporary and no constants in registers.

#define LOG2E  Y15
#define NLN2HI Y14
#define NLN2LO Y13
#define EXPC3  Y12
#define EXPC2  Y11
#define EXPC1  Y10
#define EXPC0  Y9
#define ONE    Y8

#include "exp_avx2_amd64.h"

// LOAD_EXP loads the constants.
#define LOAD_EXP(magic) \
	VMOVUPS K_LOG2E, LOG2E; \
	VMOVUPS K_NLN2HI, NLN2HI; \
	VMOVUPS K_NLN2LO, NLN2LO; \
	VMOVUPS K_C3, EXPC3; \
	VMOVUPS K_C2, EXPC2; \
	VMOVUPS K_C1, EXPC1; \
	VMOVUPS K_C0, EXPC0; \
	VMOVUPS K_ONE, ONE; \
	VMOVUPS magic, Y5

// TAIL_MASK: y = the first CX lanes, CX < 8.
#define TAIL_MASK(y) \
	LEAQ    ·tailMask+32(SB), AX; \
	SHLQ    $2, CX; \
	SUBQ    CX, AX; \
	VMOVUPS (AX), y

// func ExpAVX2(dst, x []float32)
TEXT ·ExpAVX2(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ x_len+32(FP), CX
	LOAD_EXP(K_MAGIC254)
	SUBQ $8, CX
	JLT  tail

loop: // for each 8: dst[i] = exp32(x[i])
	VMOVUPS (SI), Y0
	EXP(Y0, Y1, Y2, Y3, Y5)
	VMOVUPS Y2, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop

tail: // the last len(x)%8
	ADDQ $8, CX
	JE   done
	TAIL_MASK(Y6)
	VMASKMOVPS (SI), Y6, Y0
	EXP(Y0, Y1, Y2, Y3, Y5)
	VMASKMOVPS Y2, Y6, (DI)

done:
	VZEROUPPER
	RET

// func TanhAVX2(dst, x []float32)
TEXT ·TanhAVX2(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ x_len+32(FP), CX
	LOAD_EXP(K_MAGIC127)
	SUBQ $8, CX
	JLT  tail

loop: // for each 8: dst[i] = tanh32(x[i])
	VMOVUPS (SI), Y0
	TANH(Y0, Y1, Y2, Y3, Y4, Y5)
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop

tail: // the last len(x)%8
	ADDQ $8, CX
	JE   done
	TAIL_MASK(Y6)
	VMASKMOVPS (SI), Y6, Y0
	TANH(Y0, Y1, Y2, Y3, Y4, Y5)
	VMASKMOVPS Y0, Y6, (DI)

done:
	VZEROUPPER
	RET

// func SigmoidAVX2(dst, x []float32)
TEXT ·SigmoidAVX2(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ x_len+32(FP), CX
	LOAD_EXP(K_MAGIC159)
	SUBQ $8, CX
	JLT  tail

loop: // for each 8: dst[i] = sigmoid32(x[i])
	VMOVUPS (SI), Y0
	SIGMOID(Y0, Y1, Y2, Y3, Y4, Y5)
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop

tail: // the last len(x)%8
	ADDQ $8, CX
	JE   done
	TAIL_MASK(Y6)
	VMASKMOVPS (SI), Y6, Y0
	SIGMOID(Y0, Y1, Y2, Y3, Y4, Y5)
	VMASKMOVPS Y0, Y6, (DI)

done:
	VZEROUPPER
	RET

// LOG: p = log32(x); every argument is overwritten. k marks subnormals, and in
// the end what has no logarithm: a comparison's ones are a NaN.
#define LOG(x, e, f, z, p, k) \
	VCMPPS      $1, K_MINNRM, x, k; \
	VMULPS      K_2P23, x, f; \
	VBLENDVPS   k, f, x, f; \
	VPSUBD      K_SQRTH, f, f; \
	VPSRAD      $23, f, e; \
	VCVTDQ2PS   e, e; \
	VANDPS      K_23, k, k; \
	VSUBPS      k, e, e; \
	VPAND       K_MANT, f, f; \
	VPADDD      K_SQRTH, f, f; \
	VSUBPS      K_ONE, f, f; \
	VMULPS      f, f, z; \
	VMOVUPS     K_L8, p; \
	VFMADD213PS K_L7, f, p; \
	VFMADD213PS K_L6, f, p; \
	VFMADD213PS K_L5, f, p; \
	VFMADD213PS K_L4, f, p; \
	VFMADD213PS K_L3, f, p; \
	VFMADD213PS K_L2, f, p; \
	VFMADD213PS K_L1, f, p; \
	VFMADD213PS K_L0, f, p; \
	VMULPS      z, f, k; \
	VMULPS      k, p, p; \
	VFMADD231PS K_LLN2LO, e, p; \
	VFMADD231PS K_MHALF, z, p; \
	VADDPS      p, f, p; \
	VFMADD231PS K_LLN2HI, e, p; \
	VXORPS      e, e, e; \
	VCMPPS      $9, e, x, k; \
	VORPS       k, p, p; \
	VCMPPS      $0, e, x, k; \
	VMOVUPS     K_NINF, f; \
	VBLENDVPS   k, f, p, p; \
	VMOVUPS     K_PINF, f; \
	VCMPPS      $0, f, x, k; \
	VBLENDVPS   k, f, p, p

// func LogAVX2(dst, x []float32)
TEXT ·LogAVX2(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ x_len+32(FP), CX
	SUBQ $8, CX
	JLT  tail

loop: // for each 8: dst[i] = log32(x[i])
	VMOVUPS (SI), Y0
	LOG(Y0, Y1, Y2, Y3, Y4, Y5)
	VMOVUPS Y4, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop

tail: // the last len(x)%8
	ADDQ $8, CX
	JE   done
	TAIL_MASK(Y6)
	VMASKMOVPS (SI), Y6, Y0
	LOG(Y0, Y1, Y2, Y3, Y4, Y5)
	VMASKMOVPS Y4, Y6, (DI)

done:
	VZEROUPPER
	RET
