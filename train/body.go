package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A body is what passes over sequences of ids share: a batch, its embedding, the layers
// and dropout, forward to the outputs of the last layer, and back to the gradients if it
// was made with room for them. What is computed from those outputs is the pass's own.
type body struct {
	net, grad *layers.Stack // grad is nil without gradients
	threads   *layers.Threads

	// The batch; see layers.Layout for the order of rows.
	layout *layers.Layout
	ids    []int32 // [rows]

	x    kernels.Matrix // [rows, E] the embedded ids, and then their gradients
	seqs []layers.Sequence
	in   []kernels.Matrix // inputs of each, and at the end the outputs of the last

	drop     dropout
	learning bool // the batch under way goes back to the gradients

	embed func(worker, from, to int) // bound once: a closure allocates
}

// init makes room for batches of up to a size.
func (b *body) init(net *layers.Stack, s layers.BatchSize, threads int, gradients bool) {
	*b = body{
		net:     net,
		threads: layers.NewThreads(threads),
		layout:  layers.NewLayout(s),
		ids:     make([]int32, s.Rows),
		x:       kernels.RowMajor(kernels.Alloc(s.Rows*net.Embedding.Dim), s.Rows, net.Embedding.Dim),
		in:      make([]kernels.Matrix, len(net.Layers)+1),
	}
	if gradients {
		b.grad = net.Like()
	}
	for i, l := range net.Layers {
		var g layers.Layer
		if gradients {
			g = b.grad.Layers[i]
		}
		b.seqs = append(b.seqs, l.NewSequence(s, g, b.threads))
	}
	b.embed = b.embedRows
}

// forward computes the outputs of the last layer, in[len(seqs)]. What is dropped of
// these is left to the pass.
func (b *body) forward() {
	if b.learning {
		for _, s := range b.seqs {
			s.Begin()
		}
	}
	n := b.layout.Rows()
	b.threads.Split(n, layers.RowUnit, b.embed)
	b.in[0] = b.x.SubRows(0, n)
	for i, s := range b.seqs {
		b.dropAt(i, b.in[i])
		b.in[i+1] = s.Forward(b.layout, b.in[i])
	}
}

// embedRows fills in the inputs of rows [from, to).
func (b *body) embedRows(_, from, to int) {
	for i := from; i < to; i++ {
		copy(rowOf(b.x, i), b.net.Embedding.Row(int(b.ids[i])))
	}
}

// last returns the last layer.
func (b *body) last() layers.Sequence { return b.seqs[len(b.seqs)-1] }

// inputGradients returns where layer i leaves the gradients of its inputs: those of the
// outputs of the layer before it.
func (b *body) inputGradients(i int) kernels.Matrix {
	if i == 0 {
		return b.in[0]
	}
	return b.seqs[i-1].OutputGradients()
}

// backward goes from the gradients of the inputs of the last layer, which has gone back
// already, to those of all weights.
func (b *body) backward() {
	for i := len(b.seqs) - 2; i >= 0; i-- {
		b.dropAt(i+1, b.seqs[i].OutputGradients())
		b.seqs[i].Backward(b.in[i], b.inputGradients(i))
	}
	b.dropAt(0, b.in[0])
	// Only here do rows meet in one place: a token that occurs twice.
	g := b.grad.Embedding
	if !b.net.Tied() { // Gather leaves zeros
		clear(g.Weight)
	}
	for r := range b.in[0].Rows {
		id := int(b.ids[r])
		sum := g.Weight[id*g.Dim : (id+1)*g.Dim]
		kernels.Add(sum, sum, rowOf(b.in[0], r))
	}
	b.grad.Gather(b.ids[:b.in[0].Rows])
}
