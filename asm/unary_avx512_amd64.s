//go:build !purego

#include "textflag.h"
#include "exp_avx512_amd64.h"

// DI dst, SI x, CX elements left. Z0 x, Z1-Z5 temporaries, K1 signs, K2 the
// lanes of the tail; Z16-Z30 constants.

// TAIL_MASK: k = the first CX lanes, CX < 16.
#define TAIL_MASK(k) \
	MOVL  $1, AX; \
	SHLL  CX, AX; \
	DECL  AX; \
	KMOVW AX, k

// func ExpAVX512(dst, x []float32)
TEXT ·ExpAVX512(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ x_len+32(FP), CX
	LOAD_EXP
	SUBQ $16, CX
	JLT  tail

loop: // for each 16: dst[i] = exp32(x[i])
	VMOVUPS (SI), Z0
	EXP(Z0, Z1, Z2, Z3)
	VMOVUPS Z2, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop

tail: // the last len(x)%16
	ADDQ $16, CX
	JE   done
	TAIL_MASK(K2)
	VMOVUPS.Z (SI), K2, Z0
	EXP(Z0, Z1, Z2, Z3)
	VMOVUPS Z2, K2, (DI)

done:
	VZEROUPPER
	RET

// func TanhAVX512(dst, x []float32)
TEXT ·TanhAVX512(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ x_len+32(FP), CX
	LOAD_EXP
	SUBQ $16, CX
	JLT  tail

loop: // for each 16: dst[i] = tanh32(x[i])
	VMOVUPS (SI), Z0
	TANH(Z0, Z1, Z2, Z3, Z4)
	VMOVUPS Z0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop

tail: // the last len(x)%16
	ADDQ $16, CX
	JE   done
	TAIL_MASK(K2)
	VMOVUPS.Z (SI), K2, Z0
	TANH(Z0, Z1, Z2, Z3, Z4)
	VMOVUPS Z0, K2, (DI)

done:
	VZEROUPPER
	RET

// func SigmoidAVX512(dst, x []float32)
TEXT ·SigmoidAVX512(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ x_len+32(FP), CX
	LOAD_EXP
	SUBQ $16, CX
	JLT  tail

loop: // for each 16: dst[i] = sigmoid32(x[i])
	VMOVUPS (SI), Z0
	SIGMOID(Z0, Z1, Z2, Z3, Z4, K1)
	VMOVUPS Z0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop

tail: // the last len(x)%16
	ADDQ $16, CX
	JE   done
	TAIL_MASK(K2)
	VMOVUPS.Z (SI), K2, Z0
	SIGMOID(Z0, Z1, Z2, Z3, Z4, K1)
	VMOVUPS Z0, K2, (DI)

done:
	VZEROUPPER
	RET

// LOG: p = log32(x) on constants in memory; x, e, f, z and k are overwritten.
#define LOG(x, e, f, z, p, k) \
	VCMPPS.BCST      $1, K_MINNRM, x, k; \
	VMOVAPS          x, f; \
	VMULPS.BCST      K_2P23, x, k, f; \
	VPSUBD.BCST      K_SQRTH, f, f; \
	VPSRAD           $23, f, e; \
	VCVTDQ2PS        e, e; \
	VSUBPS.BCST      K_23, e, k, e; \
	VPANDD.BCST      K_MANT, f, f; \
	VPADDD.BCST      K_SQRTH, f, f; \
	VSUBPS.BCST      K_ONE, f, f; \
	VMULPS           f, f, z; \
	VBROADCASTSS     K_L8, p; \
	VFMADD213PS.BCST K_L7, f, p; \
	VFMADD213PS.BCST K_L6, f, p; \
	VFMADD213PS.BCST K_L5, f, p; \
	VFMADD213PS.BCST K_L4, f, p; \
	VFMADD213PS.BCST K_L3, f, p; \
	VFMADD213PS.BCST K_L2, f, p; \
	VFMADD213PS.BCST K_L1, f, p; \
	VFMADD213PS.BCST K_L0, f, p; \
	VMULPS           z, f, Z6; \
	VMULPS           Z6, p, p; \
	VFMADD231PS.BCST K_LLN2LO, e, p; \
	VFMADD231PS.BCST K_MHALF, z, p; \
	VADDPS           p, f, p; \
	VFMADD231PS.BCST K_LLN2HI, e, p; \
	VFIXUPIMMPS.BCST $0, K_FIXLOG, x, p

// func LogAVX512(dst, x []float32)
TEXT ·LogAVX512(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ x_len+32(FP), CX
	SUBQ $16, CX
	JLT  tail

loop: // for each 16: dst[i] = log32(x[i])
	VMOVUPS (SI), Z0
	LOG(Z0, Z1, Z2, Z3, Z4, K1)
	VMOVUPS Z4, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop

tail: // the last len(x)%16
	ADDQ $16, CX
	JE   done
	TAIL_MASK(K2)
	VMOVUPS.Z (SI), K2, Z0
	LOG(Z0, Z1, Z2, Z3, Z4, K1)
	VMOVUPS Z4, K2, (DI)

done:
	VZEROUPPER
	RET
