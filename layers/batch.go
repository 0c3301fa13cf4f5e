package layers

import "github.com/autoreg/autoreg/kernels"

// A Batch is sequences that advance together, each step being one product per layer.
// Each sequence is bit-identical to a State of its own. The whole state of sequence i
// is row i of one matrix, laid out as in a State, so that sequences join, leave and fork
// by copying a row. A Batch is for one goroutine at a time.
type Batch struct {
	bodyBatch
	stack  *Stack
	logits []float32 // [capacity, logitsRow] some logits of each sequence
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
	return &Batch{bodyBatch: s.newBatch(n, w), stack: s, logits: kernels.Alloc(n * logitsRow)}
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
	for i, sym := range syms {
		copy(rowOf(b.in, i), b.stack.Embedding.Row(sym))
	}
	b.advance()
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
