package kernels

import "math"

// Softmax sets dst[i] = e^(x[i]-m) · (1/s) with m = Max(x) and s = Σ e^(x[i]-m)
// as sum16. dst may be x. Results lie in [0, 1] and sum to 1 within rounding; a
// NaN or +Inf in x makes them all NaN, and so does x all -Inf. It panics if
// lengths differ.
func Softmax(dst, x []float32) {
	if len(dst) != len(x) {
		panic("kernels: Softmax: len(dst) != len(x)")
	}
	m := Max(x)
	s := expShift(dst, x, 1, m)
	scale(dst, 1/s)
}

// LogSumExp returns ln Σ e^x[i] = ln s + m with m and s as in Softmax, and m
// itself if that is infinite: +Inf if x has one and no NaN, -Inf if x is empty
// or all -Inf. A NaN in x makes it NaN. scratch [len(x)] is undefined
// afterwards. LogSumExp panics if lengths differ.
func LogSumExp(x, scratch []float32) float32 {
	if len(scratch) != len(x) {
		panic("kernels: LogSumExp: len(scratch) != len(x)")
	}
	m := Max(x)
	if math.IsInf(float64(m), 0) {
		return m // m-m would be NaN
	}
	return log32(expShift(scratch, x, 1, m)) + m
}

// ExpBlock is the block length of ExpBlocks.
const ExpBlock = 256

// ExpBlocks prepares a draw from softmax(x·scale), scale > 0 being an inverse
// temperature: with y = x·scale, rounded, and m = Max(y),
//
//	dst[i]  = e^(y[i]-m)
//	sums[b] = sum16 of block b, the ExpBlock elements of dst from b·ExpBlock
//
// The largest element is 1. Sums by block let the draw skip to the block that
// its random number falls in. dst may be x; sums has one element a block, the
// last block being shorter. A NaN in x makes all sums NaN, and so does y all
// -Inf; otherwise a +Inf in y makes those of its blocks NaN, the others 0.
// ExpBlocks panics if lengths differ from the above.
func ExpBlocks(dst, sums, x []float32, scale float32) {
	if len(dst) != len(x) {
		panic("kernels: ExpBlocks: len(dst) != len(x)")
	}
	if len(sums) != (len(x)+ExpBlock-1)/ExpBlock {
		panic("kernels: ExpBlocks: len(sums) is not the number of blocks")
	}
	// Rounding is monotone, so the largest product is the product of the largest.
	m := float32(Max(x) * scale)
	expBlocks(dst, sums, x, scale, m)
}

// SoftmaxCrossEntropy turns rows of logits into rows of gradients, in place.
// For row i with target t and s, m as in Softmax,
//
//	loss[i] = (ln s + m) - x[i, t]                 -ln p(t), in nats
//	x[i, j] ← e^(x[i, j]-m)·(scale/s)              then x[i, t] -= scale
//
// which is scale times the gradient of the loss. A target of -1 leaves the row
// out: loss 0, gradient 0.
//
//	x       [rows, n]  overwritten; padding columns of panels become 0
//	targets [rows]     -1 … n-1
//	loss    [rows]     overwritten
//
// It panics if lengths differ from the above or a target is out of range.
func SoftmaxCrossEntropy(x Matrix, targets []int32, scale float32, loss []float32) {
	if len(targets) != x.Rows || len(loss) != x.Rows {
		panic("kernels: SoftmaxCrossEntropy: one target and one loss a row")
	}
	if !x.ok() {
		panic("kernels: SoftmaxCrossEntropy: x is longer than its data")
	}
	for _, t := range targets {
		if t < -1 || int(t) >= x.Cols {
			panic("kernels: SoftmaxCrossEntropy: target out of range")
		}
	}
	for i, t := range targets {
		loss[i] = crossEntropyRow(x, i, int(t), scale)
	}
}
