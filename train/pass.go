package train

import (
	"slices"

	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// A pass takes batches through a network: forward to the losses, and back to the
// gradients if it was made with room for them. It is the workspace of both and
// allocates nothing afterwards, apart from what goroutines take.
//
// Position (t, b) of a batch, step t of sequence b, is a row of every matrix. Rows
// are in the order of t first, then b, and there are none for steps that a sequence
// does not have. So the rows of one step are one block, of fewer and fewer rows, and
// sequences can be shared out among threads, each of which then goes through all
// steps alone.
type pass struct {
	net     *layers.Stack
	lstm    *layers.LSTM
	threads *kernels.Workers   // all threads
	single  []*kernels.Workers // each of them

	// The batch: B sequences of up to T steps. start[t·(B+1)+b] is the row of
	// position (t, b), or of the next one that there is.
	B, T    int
	steps   []int32 // [B] of each sequence
	start   []int32 // [T·(B+1)]
	ids     []int32 // [rows]
	targets []int32
	n       int     // rows
	scale   float32 // 1/n

	x, z     buffer // [rows, E]; [rows, gates] in panels
	hIn, h   buffer // [rows, H] each: the outputs of the step before, and of this one
	c        buffer // [rows, H] cells of this step
	previous buffer // [B, H] cells of the step before the one under way
	loss     []float32

	head headPass
	back *backPass // nil without gradients

	embed, recur func(worker, from, to int) // bound once: a closure allocates
}

// A passSize is the largest batch that a pass has room for.
type passSize struct{ sequences, steps, rows int }

// sizeOf returns the size of the batches of d.
func sizeOf(d *Dataset, batch int, countPadding bool) (s passSize) {
	for k := range d.Batches(batch) {
		lo, hi := d.Batch(k, batch)
		rows := 0
		for i := lo; i < hi; i++ {
			n := d.Length
			if !countPadding {
				n = d.Steps(i)
			}
			s.steps = max(s.steps, n)
			rows += n
		}
		s.sequences = max(s.sequences, hi-lo)
		s.rows = max(s.rows, rows)
	}
	return s
}

// and returns the size for batches of both.
func (s passSize) and(o passSize) passSize {
	return passSize{max(s.sequences, o.sequences), max(s.steps, o.steps), max(s.rows, o.rows)}
}

// A buffer is memory for matrices of up to a number of rows.
type buffer struct {
	data   []float32
	cols   int
	panels bool
}

func newBuffer(rows, cols int) buffer {
	return buffer{data: kernels.Alloc(rows * cols), cols: cols}
}

func newPanelBuffer(rows, cols int) buffer {
	return buffer{data: kernels.Alloc(kernels.PanelsLen(rows, cols)), cols: cols, panels: true}
}

// rows returns the first n rows.
func (b *buffer) rows(n int) kernels.Matrix {
	if b.panels {
		return kernels.PanelsOf(b.data, n, b.cols)
	}
	return kernels.RowMajor(b.data, n, b.cols)
}

// rowOf returns row i of a row-major matrix.
func rowOf(m kernels.Matrix, i int) []float32 { return m.Data[i*m.Row:][:m.Cols] }

// columns returns panels from to to-1 of m as a view.
func columns(m kernels.Matrix, from, to int) kernels.Matrix {
	m.Data = m.Data[from*m.Panel:]
	m.Cols = min(m.Cols, to*kernels.PanelWidth) - from*kernels.PanelWidth
	return m
}

// newPass returns a pass for batches of up to a size.
func newPass(net *layers.Stack, s passSize, threads int, gradients bool) *pass {
	lstm := lstmOf(net)
	E, H := lstm.InLen(), lstm.OutLen()
	p := &pass{
		net:      net,
		lstm:     lstm,
		threads:  kernels.NewWorkers(threads),
		single:   make([]*kernels.Workers, threads),
		steps:    make([]int32, s.sequences),
		start:    make([]int32, s.steps*(s.sequences+1)),
		ids:      make([]int32, s.rows),
		targets:  make([]int32, s.rows),
		loss:     make([]float32, s.rows),
		x:        newBuffer(s.rows, E),
		z:        newPanelBuffer(s.rows, lstm.W.Cols),
		hIn:      newBuffer(s.rows, H),
		h:        newBuffer(s.rows, H),
		c:        newBuffer(s.rows, H),
		previous: newBuffer(s.sequences, H),
	}
	for i := range p.single {
		p.single[i] = kernels.NewWorkers(1)
	}
	p.embed, p.recur = p.embedRows, p.recurSequences
	if gradients {
		p.back = newBackPass(p, s)
	}
	p.head.init(p, s.rows)
	return p
}

// load makes sequences lo to hi-1 of d the batch. With countPadding each has
// d.Length steps: those that read and predict padding count too.
func (p *pass) load(d *Dataset, lo, hi int, countPadding bool) {
	p.B = hi - lo
	for b := range p.B {
		p.steps[b] = int32(d.Length)
		if !countPadding {
			p.steps[b] = int32(d.Steps(lo + b))
		}
	}
	p.layOut(d, lo)
}

// layOut gives each step of the batch its row. The batch begins at sequence lo of d.
func (p *pass) layOut(d *Dataset, lo int) {
	p.T = int(slices.Max(p.steps[:p.B]))
	p.n = 0
	for t := range p.T {
		for b := range p.B {
			p.start[t*(p.B+1)+b] = int32(p.n)
			if !p.has(t, b) {
				continue
			}
			// Behind its end a sequence goes on with padding.
			row := d.Row(lo + b)
			p.ids[p.n], p.targets[p.n] = tokenizer.Stop, tokenizer.Stop
			if t < len(row) {
				p.ids[p.n] = row[t]
			}
			if t+1 < len(row) {
				p.targets[p.n] = row[t+1]
			}
			p.n++
		}
		p.start[t*(p.B+1)+p.B] = int32(p.n)
	}
	p.scale = 0
	if p.n > 0 {
		p.scale = 1 / float32(p.n)
	}
}

// row returns the row of position (t, b), or of the next one if there is none.
func (p *pass) row(t, b int) int { return int(p.start[t*(p.B+1)+b]) }

// has reports whether sequence b has a step t.
func (p *pass) has(t, b int) bool { return t < int(p.steps[b]) }

// block returns the first row of step t of sequences from to to-1, and how many they
// have there.
func (p *pass) block(t, from, to int) (lo, n int) {
	lo = p.row(t, from)
	return lo, p.row(t, to) - lo
}

// forward computes the losses of the batch, and where the pass has gradients
// also those of the output layer and of its inputs.
func (p *pass) forward() {
	if p.back != nil {
		p.back.begin()
	}
	p.threads.Split(p.n, rowUnit, p.embed)
	p.threads.Split(p.B, 1, p.recur)
	p.head.run()
}

// rowUnit is the granularity in which rows are shared out.
const rowUnit = 16

// embedRows fills in the inputs of rows from to to-1 and begins their gates.
func (p *pass) embedRows(worker, from, to int) {
	x := p.x.rows(p.n).SubRows(from, to-from)
	for i := range x.Rows {
		copy(rowOf(x, i), p.net.Embedding.Row(int(p.ids[from+i])))
	}
	p.lstm.Inputs(p.single[worker], p.z.rows(p.n).SubRows(from, to-from), x)
}

// recurSequences takes sequences from to to-1 through all steps.
func (p *pass) recurSequences(worker, from, to int) {
	z, hIn, h, c := p.z.rows(p.n), p.hIn.rows(p.n), p.h.rows(p.n), p.c.rows(p.n)
	for t := range p.T {
		lo, n := p.block(t, from, to)
		in := hIn.SubRows(lo, n)
		p.gather(in, h, t, from, to)
		p.lstm.Recur(p.single[worker], h.SubRows(lo, n), c.SubRows(lo, n), z.SubRows(lo, n), in, p.before(c, t, from, to))
	}
}

// before returns the rows of c, the cells after each step, that the step before t has
// left for sequences from to to-1. They are good until the next call for these.
func (p *pass) before(c kernels.Matrix, t, from, to int) kernels.Matrix {
	_, n := p.block(t, from, to)
	previous := p.previous.rows(p.B).SubRows(from, n)
	p.gather(previous, c, t, from, to)
	return previous
}

// gather copies to dst, which has a row for each of the sequences from to to-1 that
// has a step t, what the step before has left in the matrix all.
func (p *pass) gather(dst, all kernels.Matrix, t, from, to int) {
	if t == 0 {
		clear(dst.Data[:dst.Rows*dst.Row])
		return
	}
	lo, n := p.block(t-1, from, to)
	if n == dst.Rows { // no sequence has ended in between
		copy(dst.Data[:n*dst.Row], all.SubRows(lo, n).Data)
		return
	}
	for b := from; b < to; b++ {
		if p.has(t, b) {
			copy(rowOf(dst, p.row(t, b)-p.row(t, from)), rowOf(all, p.row(t-1, b)))
		}
	}
}

// addLosses adds the batch's losses to e in float64, sequence by sequence and step by
// step. words are the steps of each sequence of d, from sequence lo on, that read no
// padding.
func (p *pass) addLosses(e *Evaluation, d *Dataset, lo int) {
	for b := range p.B {
		words := d.Steps(lo + b)
		for t := range int(p.steps[b]) {
			loss := float64(p.loss[p.row(t, b)])
			e.Sum += loss
			if t < words {
				e.WordSum += loss
			}
		}
		e.Positions += int64(p.steps[b])
		e.Words += int64(min(words, int(p.steps[b])))
	}
}
