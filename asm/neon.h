// neon.h: instructions of AArch64 that Go's assembler lacks, as words.
//
// Operands are register numbers in Go's order, the destination last: m is the
// second source of the architecture's manual, n the first, so FSUB_S4(1, 2, 3)
// is FSUB V3.4S, V2.4S, V1.4S: V3 = V2 - V1. Names end in the arrangement, S4
// for four float32 or int32, B16 for bits. neon_test.go compares the words with
// a disassembler's reading of them.

#define FADD_S4(m, n, d)  WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))
#define FSUB_S4(m, n, d)  WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d))
#define FMUL_S4(m, n, d)  WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))
#define FDIV_S4(m, n, d)  WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d))
#define FSQRT_S4(n, d)    WORD $(0x6EA1F800 | (n)<<5 | (d))
#define FABS_S4(n, d)     WORD $(0x4EA0F800 | (n)<<5 | (d))

// NaN if either source is.
#define FMAX_S4(m, n, d)  WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d))
#define FMIN_S4(m, n, d)  WORD $(0x4EA0F400 | (m)<<16 | (n)<<5 | (d))
#define FMAXV_S4(n, d)    WORD $(0x6E30F800 | (n)<<5 | (d))

// All ones where n > m, n >= m, n == m, n == 0, n <= 0; never for NaN.
#define FCMGT_S4(m, n, d) WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d))
#define FCMGE_S4(m, n, d) WORD $(0x6E20E400 | (m)<<16 | (n)<<5 | (d))
#define FCMEQ_S4(m, n, d) WORD $(0x4E20E400 | (m)<<16 | (n)<<5 | (d))
#define FCMEQZ_S4(n, d)   WORD $(0x4EA0D800 | (n)<<5 | (d))
#define FCMLEZ_S4(n, d)   WORD $(0x6EA0D800 | (n)<<5 | (d))

// d += n·m, d -= n·m with one rounding; E takes element i of m for all lanes.
#define FMLA_S4(m, n, d)     WORD $(0x4E20CC00 | (m)<<16 | (n)<<5 | (d))
#define FMLS_S4(m, n, d)     WORD $(0x4EA0CC00 | (m)<<16 | (n)<<5 | (d))
#define FMLAE_S4(m, i, n, d) WORD $(0x4F801000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d))
#define FMLSE_S4(m, i, n, d) WORD $(0x4F805000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d))
#define FMULE_S4(m, i, n, d) WORD $(0x4F809000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d))

// int32 to float32; shifts by a constant s.
#define SCVTF_S4(n, d)    WORD $(0x4E21D800 | (n)<<5 | (d))
#define SSHR_S4(s, n, d)  WORD $(0x4F000400 | (64-(s))<<16 | (n)<<5 | (d))
#define CMLTZ_S4(n, d)    WORD $(0x4EA0A800 | (n)<<5 | (d))

// Bit 31 of every lane set.
#define SIGN_S4(d)        WORD $(0x4F047400 | (d))

// The assembler has the rest, but takes registers by name only; macros that
// work on any four consecutive registers need numbers.
#define ADD_S4(m, n, d)   WORD $(0x4EA08400 | (m)<<16 | (n)<<5 | (d))
#define SUB_S4(m, n, d)   WORD $(0x6EA08400 | (m)<<16 | (n)<<5 | (d))
#define SHL_S4(s, n, d)   WORD $(0x4F005400 | (32+(s))<<16 | (n)<<5 | (d))
#define USHR_S4(s, n, d)  WORD $(0x6F000400 | (64-(s))<<16 | (n)<<5 | (d))
#define SLI_S4(s, n, d)   WORD $(0x6F005400 | (32+(s))<<16 | (n)<<5 | (d))
#define SRI_S4(s, n, d)   WORD $(0x6F004400 | (64-(s))<<16 | (n)<<5 | (d))
#define AND_B16(m, n, d)  WORD $(0x4E201C00 | (m)<<16 | (n)<<5 | (d))
#define ORR_B16(m, n, d)  WORD $(0x4EA01C00 | (m)<<16 | (n)<<5 | (d))
#define BIC_B16(m, n, d)  WORD $(0x4E601C00 | (m)<<16 | (n)<<5 | (d)) // n &^ m
#define MOV_B16(n, d)     ORR_B16(n, n, d)
#define EOR_B16(m, n, d)  WORD $(0x6E201C00 | (m)<<16 | (n)<<5 | (d))

// Products of 64 bits of unsigned integers, of the lower two lanes and the upper two.
#define UMULL_S2(m, n, d)  WORD $(0x2EA0C000 | (m)<<16 | (n)<<5 | (d))
#define UMULL2_S4(m, n, d) WORD $(0x6EA0C000 | (m)<<16 | (n)<<5 | (d))

// The even lanes of n, then those of m; the odd ones.
#define UZP1_S4(m, n, d)  WORD $(0x4E801800 | (m)<<16 | (n)<<5 | (d))
#define UZP2_S4(m, n, d)  WORD $(0x4E805800 | (m)<<16 | (n)<<5 | (d))
#define UZP1_B16(m, n, d) WORD $(0x4E001800 | (m)<<16 | (n)<<5 | (d))

// All ones where n >= m, unsigned integers; where n and m have a bit in common.
#define CMHS_H8(m, n, d)  WORD $(0x6E603C00 | (m)<<16 | (n)<<5 | (d))
#define CMHS_S4(m, n, d)  WORD $(0x6EA03C00 | (m)<<16 | (n)<<5 | (d))
#define CMTST_S4(m, n, d) WORD $(0x4EA08C00 | (m)<<16 | (n)<<5 | (d))

// d = d's ones ? n : m; d = m's ones ? n : d; d = m's ones ? d : n.
#define BSL_B16(m, n, d)  WORD $(0x6E601C00 | (m)<<16 | (n)<<5 | (d))
#define BIT_B16(m, n, d)  WORD $(0x6EA01C00 | (m)<<16 | (n)<<5 | (d))
#define BIF_B16(m, n, d)  WORD $(0x6EE01C00 | (m)<<16 | (n)<<5 | (d))

// Loads of one register at -256 to 255 bytes from register r (this form costs
// some cores one operation less than those that scale their offset), at register
// x bytes from r, and stores of two at a multiple of 16.
#define LDUR_Q(at, r, a)   WORD $(0x3CC00000 | ((at)&0x1FF)<<12 | (r)<<5 | (a))
#define LDUR_S(at, r, a)   WORD $(0xBC400000 | ((at)&0x1FF)<<12 | (r)<<5 | (a))
#define LDRX_Q(x, r, a)    WORD $(0x3CE06800 | (x)<<16 | (r)<<5 | (a))
#define LDRX_S(x, r, a)    WORD $(0xBC606800 | (x)<<16 | (r)<<5 | (a))
#define STP_Q(at, r, a, b) WORD $(0xAD000000 | ((at)>>4)<<15 | (b)<<10 | (r)<<5 | (a))

// The same on four consecutive registers, 16 lanes, from the numbers of the
// first. C operands are one register, the same for all four.
#define EACH4(op, m, n, d)     op(m, n, d); op((m)+1, (n)+1, (d)+1); op((m)+2, (n)+2, (d)+2); op((m)+3, (n)+3, (d)+3)
#define EACH4C(op, m, n, d)    op(m, n, d); op(m, (n)+1, (d)+1); op(m, (n)+2, (d)+2); op(m, (n)+3, (d)+3)
#define EACH4E(op, m, i, n, d) op(m, i, n, d); op(m, i, (n)+1, (d)+1); op(m, i, (n)+2, (d)+2); op(m, i, (n)+3, (d)+3)
#define EACH4S(op, s, n, d)    op(s, n, d); op(s, (n)+1, (d)+1); op(s, (n)+2, (d)+2); op(s, (n)+3, (d)+3)
#define EACH2(op, n, d)        op(n, d); op((n)+1, (d)+1); op((n)+2, (d)+2); op((n)+3, (d)+3)
#define LOAD16(at, r, a)       LDUR_Q(at, r, a); LDUR_Q((at)+16, r, (a)+1); LDUR_Q((at)+32, r, (a)+2); LDUR_Q((at)+48, r, (a)+3)
#define STORE16(at, r, a)      STP_Q(at, r, a, (a)+1); STP_Q((at)+32, r, (a)+2, (a)+3)

// The same 16 bytes into all four.
#define LOAD4X(at, r, a)       LDUR_Q(at, r, a); LDUR_Q(at, r, (a)+1); LDUR_Q(at, r, (a)+2); LDUR_Q(at, r, (a)+3)
