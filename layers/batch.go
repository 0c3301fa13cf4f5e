package layers

import "github.com/autoreg/autoreg/kernels"

// A Batch is sequences that advance together, each step being one product per layer.
// Each sequence is bit-identical to a State of its own. The whole state of sequence i
// is row i of one matrix, laid out as in a State, so that sequences join, leave and fork
// by copying a row. A Batch is for one goroutine at a time.
type Batch struct {
	stack   *Stack
	steps   []Stepper
	workers *kernels.Workers
	n       int
	slab    kernels.Matrix   // [capacity, state of all layers and last output]
	outAt   int              // column where the last output begins
	embed   kernels.Matrix   // [capacity, embedding]
	x       []kernels.Matrix // [capacity, OutLen] after each layer but the last
	work    []float32
	logits  []float32 // [capacity, logitsRow] some logits of each sequence
}

// LogitsTo computes the logits of eight panels of weights at once: few enough for those of
// a large batch to stay in a cache. Their rows lie an odd number of cache lines apart.
const (
	logitsPanels = 8
	logitsRow    = logitsPanels*kernels.PanelWidth + 16
)

// NewBatch returns n sequences at their start, stepped by the given workers. It panics
// if s.Steppers returns an error.
func (s *Stack) NewBatch(n int, w *kernels.Workers) *Batch {
	b := &Batch{
		stack:   s,
		steps:   s.steppers(),
		workers: w,
		n:       n,
		embed:   kernels.RowMajor(kernels.Alloc(n*s.Embedding.Dim), n, s.Embedding.Dim),
	}
	scratch := 0
	for i, l := range b.steps {
		b.outAt += l.StateLen()
		scratch = max(scratch, l.ScratchLen(n))
		if i < len(b.steps)-1 {
			b.x = append(b.x, kernels.RowMajor(kernels.Alloc(n*l.OutLen()), n, l.OutLen()))
		}
	}
	cols := b.outAt + s.Head.InLen()
	// An odd number of cache lines: rows spread over all sets of a cache.
	row := ((cols+15)/16 | 1) * 16
	b.slab = kernels.Matrix{Data: kernels.Alloc(n * row), Rows: n, Cols: cols, Row: row, Panel: kernels.PanelWidth}
	b.work = kernels.Alloc(scratch)
	b.logits = kernels.Alloc(n * logitsRow)
	return b
}

// Len returns the number of sequences.
func (b *Batch) Len() int { return b.n }

// Capacity returns the largest number of sequences.
func (b *Batch) Capacity() int { return b.slab.Rows }

// Resize makes the number of sequences n, at most Capacity. Rows keep their values:
// sequences that are added have the state that their rows held, see SetRow and
// CopyRow.
func (b *Batch) Resize(n int) {
	if n < 0 || n > b.Capacity() {
		panic("layers: Batch: Resize: out of range")
	}
	b.n = n
}

// Advance consumes one symbol a sequence. It panics if their number is wrong or
// one is out of range. With one worker it does not allocate.
func (b *Batch) Advance(syms []int) {
	if len(syms) != b.n {
		panic("layers: Batch: Advance: one symbol a sequence")
	}
	for _, sym := range syms {
		b.stack.Embedding.Row(sym) // panics before anything is written
	}
	x := b.embed.SubRows(0, b.n)
	for i, sym := range syms {
		copy(rowOf(x, i), b.stack.Embedding.Row(sym))
	}
	if len(b.steps) == 0 {
		copyRows(b.out(), x)
		return
	}
	at := 0
	for i, l := range b.steps {
		dst := b.out()
		if i < len(b.x) {
			dst = b.x[i].SubRows(0, b.n)
		}
		l.StepBatch(b.workers, dst, x, columnsOf(b.slab.SubRows(0, b.n), at, l.StateLen()), b.work)
		x = dst
		at += l.StateLen()
	}
}

// out returns the last outputs.
func (b *Batch) out() kernels.Matrix {
	return columnsOf(b.slab.SubRows(0, b.n), b.outAt, b.stack.Head.InLen())
}

// Logits writes the logits of each sequence's next symbol into a row of dst
// [n, Symbols]. With one worker it does not allocate.
func (b *Batch) Logits(dst kernels.Matrix) { b.stack.Head.ApplyBatch(b.workers, dst, b.out()) }

// LogitsTo is Logits into rows that lie anywhere: dst[i] [Symbols] gets those of sequence
// i. It panics if a length is wrong.
func (b *Batch) LogitsTo(dst [][]float32) {
	head := b.stack.Head
	if len(dst) != b.n {
		panic("layers: Batch: LogitsTo: one row a sequence")
	}
	for _, row := range dst {
		if len(row) != head.OutLen() {
			panic("layers: Batch: LogitsTo: wrong length")
		}
	}
	out := b.out()
	if b.n == 1 {
		head.Apply(dst[0], rowOf(out, 0))
		return
	}
	for panel := 0; panel < head.W.Panels(); panel += logitsPanels {
		w := panelsOf(head.W, panel, min(panel+logitsPanels, head.W.Panels()))
		block := kernels.Matrix{Data: b.logits, Rows: b.n, Cols: w.Cols, Row: logitsRow, Panel: kernels.PanelWidth}
		at := panel * kernels.PanelWidth
		kernels.Gemm(b.workers, block, out, w, head.Bias[at:at+w.Cols])
		for i, row := range dst {
			copy(row[at:], rowOf(block, i))
		}
	}
}

// CopyRow makes sequence i a fork of sequence j. Here and below i and j may be any rows up
// to Capacity.
func (b *Batch) CopyRow(i, j int) { copy(rowOf(b.slab, i), rowOf(b.slab, j)) }

// SetRow makes sequence i a fork of s. It panics if s is of another stack.
func (b *Batch) SetRow(i int, s *State) {
	if s.stack != b.stack {
		panic("layers: Batch: SetRow: different stacks")
	}
	copy(rowOf(b.slab, i), s.slab)
}

// GetRow makes s a fork of sequence i. It panics if s is of another stack.
func (b *Batch) GetRow(i int, s *State) {
	if s.stack != b.stack {
		panic("layers: Batch: GetRow: different stacks")
	}
	copy(s.slab, rowOf(b.slab, i))
}
