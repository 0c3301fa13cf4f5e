// neon_gates.h: what the recurrent cells share: panels in registers and the
// activations of gates, operation by operation those of
// kernels/activation_generic.go. Include after neon_math.h.
//
// R14 points to the constants of a hard sigmoid,
//
//	scale, offset, top, slope
//
// or is 0 for the logistic function.

// V0-V15 from and to 64 values at register r.
#define LOAD64(r)  LOAD16(0, r, 0); LOAD16(64, r, 4); LOAD16(128, r, 8); LOAD16(192, r, 12)
#define STORE64(r) STORE16(0, r, 0); STORE16(64, r, 4); STORE16(128, r, 8); STORE16(192, r, 12)

// x = clamp(fma(scale, x, offset), 0, top)/top. FMAX and FMIN let NaN through; no
// sum is -0.
#define HARD16(x)                     \
	FMOVQ (R14), F24                  \
	VEOR  V26.B16, V26.B16, V26.B16   \
	VDUP  V24.S[1], V16.S4            \
	VDUP  V24.S[1], V17.S4            \
	VDUP  V24.S[1], V18.S4            \
	VDUP  V24.S[1], V19.S4            \
	VDUP  V24.S[2], V25.S4            \
	EACH4E(FMLAE_S4, 24, 0, x, T)     \
	EACH4C(FMAX_S4, 26, T, T)         \
	EACH4C(FMIN_S4, 25, T, T)         \
	EACH4C(FDIV_S4, 25, T, x)

// s = fma(-y, y, y)
#define LOGISTIC_SLOPE16(y, s, t) \
	EACH2(MOV_B16, y, s)          \
	EACH4(FMLS_S4, y, y, s)

// s = slope, and 0 where y <= 0 or y >= 1; t and V31 are overwritten, V30 = 1
#define HARD_SLOPE16(y, s, t)     \
	FMOVQ (R14), F31              \
	VDUP  V31.S[3], V31.S4        \
	EACH2(FCMLEZ_S4, y, s)        \
	EACH4C(FCMGE_S4, 30, y, t)    \
	EACH4(ORR_B16, t, s, s)       \
	BIC_B16(s, 31, s)             \
	BIC_B16((s)+1, 31, (s)+1)     \
	BIC_B16((s)+2, 31, (s)+2)     \
	BIC_B16((s)+3, 31, (s)+3)

// V0-V15 = their activations. The arguments are labels.
#define SIGMA64(hard, end) \
	CBNZ R14, hard         \
	SIGMOID16(0)           \
	SIGMOID16(4)           \
	SIGMOID16(8)           \
	SIGMOID16(12)          \
	B    end               \
hard:                      \
	HARD16(0)              \
	HARD16(4)              \
	HARD16(8)              \
	HARD16(12)             \
end:

// V0-V15 = their tanh.
#define TANH64   \
	TANH16(0)    \
	TANH16(4)    \
	TANH16(8)    \
	TANH16(12)

// x = x, and 0 where x <= 0; NaN passes. t is overwritten.
#define RELU16(x, t)           \
	EACH2(FCMLEZ_S4, x, t)     \
	EACH4(BIC_B16, t, x, x)
