package asm

// A Tile is the work of one call of a matrix-product kernel (GemmAVX512,
// GemmAVX2, GemmNEON): Strips times Rows rows of a panel of up to 64 columns. A
// kernel equals
//
//	for i := range Strips * Rows {
//		for j := range 16 * Blocks {
//			y := From[i*FromRow+j]
//			for p := range K {
//				a := A[i*ARow + p*AStep + p/Segment*ASkip]
//				b := B[j/16*BBlock + p*BRow + j%16]
//				y = fma(a, b, y)
//			}
//			if Finish != FinishNone && y <= 0 {
//				y = 0
//			}
//			if Finish == FinishReLUAdd {
//				y += C[i*CRow+j]
//			}
//			C[i*CRow+j] = y
//		}
//	}
//
// where a pointer indexed is the value so far behind it. From may be C, which
// continues its chains, or a bias with FromRow 0; C must not overlap A or B.
type Tile struct {
	C       *float32
	CRow    int
	From    *float32
	FromRow int

	A       *float32
	ARow    int // from one row to the next
	AStep   int // from one input to the next
	Segment int // inputs until ASkip is added; at least 1
	ASkip   int

	B      *float32
	BRow   int // from one input to the next
	BBlock int // from 16 columns to the next 16; GemmAVX512 takes 16 only

	K      int // inputs
	Rows   int // rows of a strip, 1 … 6; GemmNEON takes 1 … 5, GemmAVX512 1 … 12 of 1 or 2 Blocks
	Strips int // at least 1
	Blocks int // blocks of 16 columns, 1 … 4
	Finish int // what becomes of a finished chain: one of the constants below
}

// What becomes of a finished chain y. NaN stays NaN, and -0 becomes +0 where
// there is a ReLU.
const (
	FinishNone    = 0 // y
	FinishReLU    = 1 // max(y, 0)
	FinishReLUAdd = 2 // C + max(y, 0)
)
