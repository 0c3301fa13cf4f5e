// neon_gemv.h: the chains of one panel of 64 columns. Include after neon.h.
//
//	V0-V15 sums   V16-V23 weights   V24 x
//	R7 weights    R8 x              R10 inputs left

// One pair among single loads: by static analysis pairs make neoverse-n1 slower and
// apple-m1 faster, and one in eight registers costs the one 9 % and gives the other 14 %.
#define LOAD8(at)                              \
	FLDPQ at(R7), (F16, F17)                   \
	LDUR_Q(at+32, 7, 18); LDUR_Q(at+48, 7, 19) \
	LDUR_Q(at+64, 7, 20); LDUR_Q(at+80, 7, 21) \
	LDUR_Q(at+96, 7, 22); LDUR_Q(at+112, 7, 23)

#define FMLA8(i, y)                                      \
	FMLAE_S4(24, i, 16, y);   FMLAE_S4(24, i, 17, y+1)   \
	FMLAE_S4(24, i, 18, y+2); FMLAE_S4(24, i, 19, y+3)   \
	FMLAE_S4(24, i, 20, y+4); FMLAE_S4(24, i, 21, y+5)   \
	FMLAE_S4(24, i, 22, y+6); FMLAE_S4(24, i, 23, y+7)

// y = fma(w, x[i], y) for 64 columns
#define GEMV_STEP(i) \
	LOAD8(0)         \
	FMLA8(i, 0)      \
	LOAD8(128)       \
	FMLA8(i, 8)      \
	ADD $256, R7

// for ; R10 > 0; R10-- { y = fma(w[p], x[p], y) }, four inputs a turn, then one.
// The arguments are labels.
#define GEMV_CHAIN(four, rest, one, end) \
	SUBS $4, R10             \
	BLT  rest                \
four:                        \
	FMOVQ.P 16(R8), F24      \
	GEMV_STEP(0)             \
	GEMV_STEP(1)             \
	GEMV_STEP(2)             \
	GEMV_STEP(3)             \
	SUBS $4, R10             \
	BGE  four                \
rest:                        \
	ADDS $4, R10             \
	BEQ  end                 \
one:                         \
	FMOVS.P 4(R8), F24       \
	GEMV_STEP(0)             \
	SUBS $1, R10             \
	BNE  one                 \
end:
