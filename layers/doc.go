// Package layers holds the weights of a model and the arithmetic of its layers.
//
// A layer is immutable once its weights are set and keeps nothing between calls: its
// recurrent state is a slice of float32 that the caller owns. So one layer serves any
// number of goroutines, the states of a stream are parts of one slab, a reset is clear
// and a fork is copy.
//
// A Spec describes a layer, and a list of them a network. A layer has three forms
// that compute the same chains: Step advances one sequence, StepBatch several at once
// as one product, and a Sequence all positions of several sequences that are known
// whole, forward and, for training, backward. Row i of a batch is bit-identical to that
// sequence alone (package kernels has the reason). A Stack chains an embedding, layers
// and an output layer; a State is one sequence of it under way, a Batch several.
//
// A VectorStack is the same layers over sequences of vectors, without embedding and output
// layer.
//
// A PixelNet is a network over the pixels of an image: a graph of convolutions. Its
// forms compute the same chains in different orders: a PixelForward all pixels of an
// image at once, a PixelState one after the other, from caches, and a PixelWavefront
// several rows of several images together. A Mixture is a distribution over the levels of a
// pixel, given a network's outputs for it.
package layers

import "github.com/autoreg/autoreg/kernels"

// A Layer is one step of computation with immutable weights, safe for concurrent
// use. It is a Module; its Sequence form runs over positions that are all known.
type Layer interface {
	Module

	// NewSequence returns room for batches of up to size. grad is a layer of the same
	// kind and sizes, which Backward leaves the gradients in, or nil without
	// gradients.
	NewSequence(size BatchSize, grad Layer, threads *Threads) Sequence
}

// A Stepper is a Layer whose output at a position depends on this and earlier inputs
// only, as a stream of symbols needs.
type Stepper interface {
	Layer

	// StateLen returns the values of recurrent state of one sequence; zero is the
	// start.
	StateLen() int

	// ScratchLen returns the values of scratch that a step of n sequences takes.
	ScratchLen(n int) int

	// Step advances one sequence. dst [OutLen] is overwritten and may alias x
	// [InLen], not state [StateLen]; the contents of scratch are undefined before and
	// after. It panics if a length is wrong and does not allocate.
	Step(dst, x, state, scratch []float32)

	// StepBatch advances n sequences: dst [n, OutLen], x [n, InLen] and state [n,
	// StateLen] are row-major, and row i of each is sequence i, laid out as Step has
	// it. Rows may lie apart, so that a row of state can be part of a longer one. It
	// panics if a shape or length is wrong and allocates nothing with one worker.
	StepBatch(w *kernels.Workers, dst, x, state kernels.Matrix, scratch []float32)
}
