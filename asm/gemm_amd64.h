// The frame of GemmAVX512 and GemmAVX2: the loops over strips, segments and
// inputs, round what one input does to a tile.
//
//	DI  t                  DX  C of the next row to store   R13  From of the next row to load
//	R14 a of this strip    SI  a of this input              R8   bytes from row to row of a
//	BX  b of this input    R11 bytes from input to input    R10  bytes from input to input of a
//	CX  inputs left in this segment     R15  inputs left after it    R12  strips left
//	R9  3·R8               AX  5·R8 in the loop over inputs, else scratch
//
// Strips are short next to the way to memory, so each fetches what the next
// will need: C, or From where that is C, once, and the same inputs' a every
// eight inputs. With AVX2 the last strip fetches the first C of the next 64 columns,
// which is there in row-major order.

#define BEGIN \
	MOVQ t+0(FP), DI          \
	MOVQ Tile_ARow(DI), R8    \
	SHLQ $2, R8               \
	LEAQ (R8)(R8*2), R9       \
	MOVQ Tile_AStep(DI), R10  \
	SHLQ $2, R10              \
	MOVQ Tile_BRow(DI), R11   \
	SHLQ $2, R11

// Rows from AX on, one line each; R9 is 3·R8 from four rows on.
#define FETCHA1 PREFETCHT0 (AX)
#define FETCHA2 FETCHA1; PREFETCHT0 (AX)(R8*1)
#define FETCHA3 FETCHA2; PREFETCHT0 (AX)(R8*2)
#define FETCHA4 FETCHA3; PREFETCHT0 (AX)(R9*1)
#define FETCHA5 FETCHA4; PREFETCHT0 (AX)(R8*4)
#define FETCHA6 FETCHA5; LEAQ (AX)(R8*4), AX; PREFETCHT0 (AX)(R8*1)
#define FETCHA7 FETCHA6; PREFETCHT0 (AX)(R8*2)
#define FETCHA8 FETCHA7; PREFETCHT0 (AX)(R9*1)
#define FETCHA9 FETCHA8; PREFETCHT0 (AX)(R8*4)
#define FETCHA10 FETCHA9; LEAQ (AX)(R8*4), AX; PREFETCHT0 (AX)(R8*1)
#define FETCHA11 FETCHA10; PREFETCHT0 (AX)(R8*2)
#define FETCHA12 FETCHA11; PREFETCHT0 (AX)(R9*1)

#define ADVANCE ADDQ R11, BX; ADDQ R10, SI

// LASTC sets R15 to the C that follows the last strip, START sets BX to the first b,
// NEXT says what follows a tile. RELU
// replaces sums that are 0 or less by +0, PLUSC adds C, whose first row is at CX,
// AX bytes from row to row.
#define TILES(strip, segment, inputs, rest, input, skip, done, store, rows, LASTC, START, LOAD, STEP, RELU, PLUSC, STORE, FETCHA, FETCHC, NEXT) \
strip:                           \ // for i, Rows at a time
	MOVQ    Tile_FromRow(DI), AX \
	SHLQ    $2, AX               \
	LOAD                         \ // y := From[i*FromRow+j]
	MOVQ    Tile_CRow(DI), CX    \
	SHLQ    $2, CX               \
	IMUL3Q  $rows, CX, AX        \
	ADDQ    DX, AX               \
	LASTC                        \
	CMPQ    R12, $1              \
	CMOVQEQ R15, AX              \
	FETCHC                       \
	START                        \
	MOVQ    Tile_K(DI), R15      \
	MOVQ    R14, SI              \
segment:                         \
	TESTQ   R15, R15             \
	JZ      done                 \
	MOVQ    Tile_Segment(DI), CX \
	CMPQ    CX, R15              \
	CMOVQGT R15, CX              \
	SUBQ    CX, R15              \
	LEAQ    (R8)(R8*4), AX       \
	SUBQ    $8, CX               \
	JLT     rest                 \
inputs:                          \ // for p := range K, eight at a time
	IMUL3Q  $rows, R8, AX        \
	ADDQ    SI, AX               \
	FETCHA                       \
	LEAQ    (R8)(R8*4), AX       \
	STEP; ADVANCE                \
	STEP; ADVANCE                \
	STEP; ADVANCE                \
	STEP; ADVANCE                \
	STEP; ADVANCE                \
	STEP; ADVANCE                \
	STEP; ADVANCE                \
	STEP; ADVANCE                \
	SUBQ    $8, CX               \
	JGE     inputs               \
rest:                            \
	ADDQ    $8, CX               \
	JZ      skip                 \
input:                           \ // for p := range K, the rest
	STEP; ADVANCE                \
	DECQ    CX                   \
	JNZ     input                \
skip:                            \
	MOVQ    Tile_ASkip(DI), AX   \
	LEAQ    (SI)(AX*4), SI       \
	JMP     segment              \
done:                            \
	MOVQ    Tile_CRow(DI), AX    \
	SHLQ    $2, AX               \
	MOVQ    Tile_Finish(DI), CX  \
	TESTQ   CX, CX               \
	JZ      store                \
	RELU                         \ // if y <= 0 { y = 0 }
	CMPQ    CX, $1               \
	JEQ     store                \
	MOVQ    DX, CX               \
	PLUSC                        \ // y += C[i*CRow+j]
store:                           \
	STORE                        \ // C[i*CRow+j] = y
	NEXT(strip, rows)
