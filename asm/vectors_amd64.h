// The frame of the element-wise routines on Vectors, round what they do to the values
// of a register.
//
//	DI dst  SI a  DX b, of this vector      R8 R9 R10 their strides in bytes
//	AX bytes to the values at hand, in the first parts of the vector
//	BX the same in the second parts         R11 Half in bytes
//	CX values left, less those at hand      R12 vectors left   R13 Cols
//
// The including file defines LANES, values of a register, and TAIL_MASK, which makes a
// mask of the first CX lanes, and loads and stores of whole registers and of the masked
// lanes.

#define BEGIN(v) \
	MOVQ v, BX; \
	MOVQ Vectors_Dst(BX), DI; \
	MOVQ Vectors_A(BX), SI; \
	MOVQ Vectors_B(BX), DX; \
	MOVQ Vectors_DstStride(BX), R8; \
	MOVQ Vectors_AStride(BX), R9; \
	MOVQ Vectors_BStride(BX), R10; \
	MOVQ Vectors_Half(BX), R11; \
	MOVQ Vectors_N(BX), R12; \
	MOVQ Vectors_Cols(BX), R13; \
	SHLQ $2, R8; \
	SHLQ $2, R9; \
	SHLQ $2, R10; \
	SHLQ $2, R11; \
	MOVQ R13, CX; \
	ANDQ $(LANES-1), CX; \
	TAIL_MASK

// EACH does BODY(LOAD, STORE), a line of Go on the values at hand, for all of them.
#define EACH(BODY) \
vector: \
	XORL AX, AX; \
	MOVQ R11, BX; \
	MOVQ R13, CX; \
	SUBQ $LANES, CX; \
	JLT  tail; \
loop: \
	BODY(LOAD, STORE); \
	ADDQ $(4*LANES), AX; \
	ADDQ $(4*LANES), BX; \
	SUBQ $LANES, CX; \
	JGE  loop; \
tail: \
	CMPQ CX, $-LANES; \
	JE   next; \
	BODY(LOAD_TAIL, STORE_TAIL); \
next: \
	ADDQ R8, DI; \
	ADDQ R9, SI; \
	ADDQ R10, DX; \
	DECQ R12; \
	JNE  vector
