package layers

import "github.com/autoreg/autoreg/kernels"

// A Batch is n sequences that advance together, each step being one product per
// layer. Each sequence is bit-identical to a State of its own. A Batch is for
// one goroutine at a time.
type Batch struct {
	stack   *Stack
	workers *kernels.Workers
	n       int
	state   [][]float32
	embed   kernels.Matrix   // [n, embedding]
	x       []kernels.Matrix // [n, OutLen] after each layer
	work    []float32
}

// NewBatch returns n sequences at their start, stepped by the given workers.
func (s *Stack) NewBatch(n int, w *kernels.Workers) *Batch {
	b := &Batch{
		stack:   s,
		workers: w,
		n:       n,
		embed:   kernels.RowMajor(kernels.Alloc(n*s.Embedding.Dim), n, s.Embedding.Dim),
	}
	scratch := 0
	for _, l := range s.Layers {
		b.state = append(b.state, kernels.Alloc(n*l.StateLen()))
		b.x = append(b.x, kernels.RowMajor(kernels.Alloc(n*l.OutLen()), n, l.OutLen()))
		scratch = max(scratch, l.ScratchLen(n))
	}
	b.work = kernels.Alloc(scratch)
	return b
}

// Len returns the number of sequences.
func (b *Batch) Len() int { return b.n }

// Advance consumes one symbol a sequence. It panics if their number is wrong or
// one is out of range. With one worker it does not allocate.
func (b *Batch) Advance(syms []int) {
	if len(syms) != b.n {
		panic("layers: Batch: Advance: one symbol a sequence")
	}
	for _, sym := range syms {
		b.stack.Embedding.Row(sym) // panics before anything is written
	}
	dim := b.stack.Embedding.Dim
	for i, sym := range syms {
		copy(b.embed.Data[i*dim:(i+1)*dim], b.stack.Embedding.Row(sym))
	}
	x := b.embed
	for i, l := range b.stack.Layers {
		l.StepBatch(b.workers, b.x[i], x, b.state[i], b.work)
		x = b.x[i]
	}
}

// Logits writes the scores of each sequence's next symbol into a row of dst
// [n, Symbols]. With one worker it does not allocate.
func (b *Batch) Logits(dst kernels.Matrix) {
	x := b.embed
	if k := len(b.x); k > 0 {
		x = b.x[k-1]
	}
	b.stack.Head.ApplyBatch(b.workers, dst, x)
}

// Reset puts every sequence back to its start.
func (b *Batch) Reset() {
	for i := range b.state {
		clear(b.state[i])
		clear(b.x[i].Data)
	}
	clear(b.embed.Data)
}
