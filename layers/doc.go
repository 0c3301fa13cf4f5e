// Package layers holds the weights of a model and one step of its arithmetic.
//
// A layer is immutable once its weights are set and keeps nothing between
// calls: all memory of the past lies in a state that the caller owns, a counted
// slice of float32. So one layer serves any number of goroutines, a stream is
// one slab cut into pieces, a reset is clear and a fork is copy.
//
// Step advances one sequence, StepBatch several at once as one product; row i
// of a batch is bit-identical to that sequence alone (package kernels has the
// reason). A Stack chains an embedding, layers and an output layer; a State is
// one sequence of it under way, a Batch several.
//
// A PixelCNN is a network over the pixels of an image, of masked convolutions. Its
// forms compute the same chains on other pixels at a time: a PixelForward all of an
// image, a PixelState one after the other, from caches, and a PixelWave several
// rows of several images together.
package layers

import "github.com/autoreg/autoreg/kernels"

// A Layer is one step of computation with immutable weights, safe for
// concurrent use.
type Layer interface {
	InLen() int    // len(x)
	OutLen() int   // len(dst)
	StateLen() int // values of recurrent state of one sequence; zero is the start

	// ScratchLen returns the values of scratch that a step of n sequences takes.
	ScratchLen(n int) int

	// Step advances one sequence. dst [OutLen] is overwritten and may alias x
	// [InLen], not state; the contents of scratch are undefined before and
	// after. It panics if a length is wrong and does not allocate.
	Step(dst, x, state, scratch []float32)

	// StepBatch advances n sequences: dst [n, OutLen] and x [n, InLen] are
	// row-major, state has n·StateLen values in an order of the layer's own,
	// again with zero as the start. It panics if a shape or length is wrong and
	// allocates nothing with one worker.
	StepBatch(w *kernels.Workers, dst, x kernels.Matrix, state, scratch []float32)
}
