// Package kernels holds the arithmetic of small autoregressive models on
// float32 slices: products with weights in panels, masked convolutions, ELU and gates
// over pixels, masks of dropout, the steps of LSTM, GRU and RNN, exponentials, softmax, the backward
// passes and Adam.
//
// Each routine is defined by its generic form in plain Go (the files
// *_generic.go). Assembly for AVX2+FMA, AVX-512 and NEON does the same
// operations in the same order on more outputs at once, so every routine gives
// the same bits on every CPU. Two rules make that so:
//
//   - chain: y = b; for k in order { y = fma(w[k], x[k], y) }. A product is one
//     chain per output: the bias first, then the inputs in order. A chain may be
//     cut anywhere and continued later from the stored value, which is what the
//     routines named Add, and ConvFrom, do.
//   - sum16: a sum over a vector adds element j to lane j mod 16, in order, each
//     lane starting at +0; the 16 lanes are then added as a tree of 8, 4, 2, 1.
//
// NaN results are NaN everywhere; their payloads are not promised.
//
// Routines panic with a constant message when lengths disagree, before they
// write anything. They allocate nothing unless they say so, keep nothing, and
// may run on any number of goroutines as long as no call writes what another one
// reads or writes. dst is overwritten; names with Add add to it.
package kernels

import "github.com/autoreg/autoreg/internal/cpu"

// ISA returns the name of the instruction set in use: generic, avx2, avx512 or
// neon. It is chosen once at start-up; the environment variable AUTOREG_ISA
// forces another one. Only speed depends on it.
func ISA() string { return cpu.Active().String() }
