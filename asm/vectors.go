package asm

// Vectors is the work of one call of an element-wise routine on vectors that lie
// apart: N vectors, each of Cols values, or of two parts of Cols values. Behind Dst,
// A and B vector i begins i times their stride on, and the second part, where an
// operand has one, Half values later. A routine equals
//
//	for i := range N {
//		for j := range Cols {
//			the line that it is documented by
//		}
//	}
//
// with dst, a and b for values i*DstStride+j, i*AStride+j and i*BStride+j behind the
// pointers, dst2, a2 and b2 for those Half later. A line reads everything before it
// writes, so Dst may be an operand whose parts and strides are the same.
type Vectors struct {
	Dst, A, B *float32

	DstStride, AStride, BStride int // from a vector to the next
	Half                        int // from the first part of a vector to the second
	N                           int // at least 1
	Cols                        int // at least 1; the NEON routines take multiples of 16
}
