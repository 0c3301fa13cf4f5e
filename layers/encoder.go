package layers

import "github.com/autoreg/autoreg/kernels"

// An Encoder computes the logits of documents that are known whole: of each, embedding,
// all layers over all positions, and the output layer on what the last layer is after
// the document's last step, see Sequence.Last. Its results do not depend on what is
// computed together, nor on the number of threads. It is for one goroutine at a time and
// allocates nothing after its first call, apart from what goroutines take.
type Encoder struct {
	stack   *Stack
	threads *Threads
	size    BatchSize
	layout  *Layout
	x, last buffer // [rows, Embedding], [sequences, Head.InLen]
	seqs    []Sequence

	// The call under way.
	docs [][]int
	dst  kernels.Matrix

	embed, output func(worker, from, to int) // bound once: a closure allocates
}

// NewEncoder returns an Encoder for batches of up to a size. It panics if the stack has
// no layers.
func (s *Stack) NewEncoder(size BatchSize, threads int) *Encoder {
	if len(s.Layers) == 0 {
		panic("layers: Stack: NewEncoder: there are no layers")
	}
	e := &Encoder{
		stack:   s,
		threads: NewThreads(threads),
		size:    size,
		layout:  NewLayout(size),
		x:       newBuffer(size.Rows, s.Embedding.Dim),
		last:    newBuffer(size.Sequences, s.Head.InLen()),
	}
	for _, l := range s.Layers {
		e.seqs = append(e.seqs, l.NewSequence(size, nil, e.threads))
	}
	e.embed, e.output = e.embedSteps, e.outputRows
	return e
}

// Logits sets row i of dst [len(docs), Outputs], row-major, to the logits of docs[i]. It
// panics if a document is empty, if a symbol is out of range, and if there is more than
// NewEncoder made room for.
func (e *Encoder) Logits(dst kernels.Matrix, docs [][]int) {
	l := e.layout
	rows := 0
	if len(docs) > e.size.Sequences || dst.Rows != len(docs) || dst.Cols != e.stack.Head.OutLen() {
		panic("layers: Encoder: Logits: wrong number of documents or shape of dst")
	}
	for b, doc := range docs {
		if rows += len(doc); len(doc) == 0 || len(doc) > e.size.Steps || rows > e.size.Rows {
			panic("layers: Encoder: Logits: a document is empty, or there are too many symbols")
		}
		for _, sym := range doc {
			e.stack.Embedding.Row(sym) // panics before anything is written
		}
		l.Steps[b] = int32(len(doc))
	}
	if len(docs) == 0 {
		return
	}
	l.Set(len(docs))
	e.docs, e.dst = docs, dst
	e.threads.Split(l.T, 1, e.embed)
	x := e.x.rows(rows)
	for _, s := range e.seqs {
		x = s.Forward(l, x)
	}
	e.seqs[len(e.seqs)-1].Last(e.last.rows(l.B))
	e.threads.Split(l.B, RowUnit, e.output)
	e.docs, e.dst = nil, kernels.Matrix{}
}

// embedSteps fills in the inputs of steps [from, to).
func (e *Encoder) embedSteps(_, from, to int) {
	x := e.x.rows(e.layout.Rows())
	for t := from; t < to; t++ {
		for b, doc := range e.docs {
			if e.layout.Has(t, b) {
				copy(rowOf(x, e.layout.Row(t, b)), e.stack.Embedding.Row(doc[t]))
			}
		}
	}
}

// outputRows computes the logits of documents [from, to).
func (e *Encoder) outputRows(worker, from, to int) {
	n := to - from
	e.stack.Head.ApplyBatch(e.threads.Single[worker], e.dst.SubRows(from, n), e.last.rows(e.layout.B).SubRows(from, n))
}
