package kernels

// Sum returns the sum16 of x (see the package comment); 0 for an empty x.
func Sum(x []float32) float32 { return sum(x) }

// SumSquares returns Σ x². Blocks of 4,096 elements are summed as sum16 of the
// rounded squares in float32, and the blocks in order in float64. The result is
// +Inf if a block is beyond the range of float32.
func SumSquares(x []float32) float64 {
	var total float64
	for len(x) > 0 {
		n := min(len(x), 4096)
		total += float64(sumSquares(x[:n]))
		x = x[n:]
	}
	return total
}

// Max returns the largest element of x: -Inf for an empty x, NaN if any
// element is NaN. A zero is +0, whichever zeros x holds.
func Max(x []float32) float32 { return vmax(x) + 0 }

// ArgMax returns the index of the largest element of x, the lowest one on a
// tie. NaN elements are passed over; without any other the result is -1.
func ArgMax(x []float32) int { return argMax(x) }
