package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// A pass takes batches through a network: forward to the losses, and back to the
// gradients if it was made with room for them. It is the workspace of both and
// allocates nothing afterwards, apart from what goroutines take.
//
// Position (t, b) of a batch of B documents is row t·B + b of every matrix, so
// the rows of one step are one block and its documents can be shared out among
// threads, each of which then goes through all steps alone.
type pass struct {
	net     *layers.Stack
	lstm    *layers.LSTM
	threads *kernels.Workers   // all threads
	single  []*kernels.Workers // each of them

	// The batch: T steps of B documents. targets holds -1 where a row is left
	// out; counted lists the other rows if there are fewer than T·B, by rising
	// row; scale is 1/(number of rows that count).
	B, T    int
	ids     []int32
	targets []int32
	counted []int32
	n       int // rows that count
	scale   float32

	x, z, h, c buffer // [T·B, E]; [T·B, gates] in panels; [(T+1)·B, H] each, a row of zeros first
	loss       []float32

	head headPass
	back *backPass // nil without gradients

	embed, recur func(worker, from, to int) // bound once: a closure allocates
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

// newPass returns a pass for batches of up to batch documents of up to steps
// steps.
func newPass(net *layers.Stack, batch, steps, threads int, gradients bool) *pass {
	lstm := lstmOf(net)
	E, H := lstm.InLen(), lstm.OutLen()
	rows := batch * steps
	p := &pass{
		net:     net,
		lstm:    lstm,
		threads: kernels.NewWorkers(threads),
		single:  make([]*kernels.Workers, threads),
		ids:     make([]int32, rows),
		targets: make([]int32, rows),
		counted: make([]int32, 0, rows),
		loss:    make([]float32, rows),
		x:       newBuffer(rows, E),
		z:       newPanelBuffer(rows, lstm.W.Cols),
		h:       newBuffer(rows+batch, H),
		c:       newBuffer(rows+batch, H),
	}
	for i := range p.single {
		p.single[i] = kernels.NewWorkers(1)
	}
	p.embed, p.recur = p.embedRows, p.recurDocuments
	if gradients {
		p.back = newBackPass(p, rows, batch)
	}
	p.head.init(p, rows)
	return p
}

// load makes documents lo to hi-1 of d the batch.
func (p *pass) load(d *Dataset, lo, hi int, ignorePadding bool) {
	p.B, p.T = hi-lo, d.Length
	if ignorePadding {
		p.T = 0
		for i := lo; i < hi; i++ {
			p.T = max(p.T, countedSteps(d.Row(i)))
		}
	}
	for b := range p.B {
		row := d.Row(lo + b)
		for t := range p.T {
			r := t*p.B + b
			p.ids[r], p.targets[r] = row[t], row[t+1]
			if ignorePadding && row[t] == tokenizer.Stop {
				p.targets[r] = -1
			}
		}
	}
	p.count()
}

// countedSteps returns how many positions of a document count where padding is
// ignored: those that read a word. The last of them may have to predict the
// first padding.
func countedSteps(row []int32) int {
	n := len(row) - 1
	for n > 0 && row[n-1] == tokenizer.Stop {
		n--
	}
	return n
}

// count makes n, counted and scale agree with targets.
func (p *pass) count() {
	p.counted = p.counted[:0]
	rows := p.B * p.T
	for r, t := range p.targets[:rows] {
		if t >= 0 {
			p.counted = append(p.counted, int32(r))
		}
	}
	p.n = len(p.counted)
	p.scale = 0
	if p.n > 0 {
		p.scale = 1 / float32(p.n)
	}
}

// forward computes the losses of the batch, and where the pass has gradients
// also those of the output layer and of its inputs.
func (p *pass) forward() {
	// A smaller batch before may have left its outputs in what are now zeros.
	clear(p.h.rows(p.B).Data[:p.B*p.h.cols])
	clear(p.c.rows(p.B).Data[:p.B*p.c.cols])
	if p.back != nil {
		p.back.begin()
	}
	p.threads.Split(p.B*p.T, rowUnit, p.embed)
	p.threads.Split(p.B, 1, p.recur)
	p.head.run()
}

// rowUnit is the granularity in which rows are shared out.
const rowUnit = 16

// embedRows fills in the inputs of rows from to to-1 and begins their gates.
func (p *pass) embedRows(worker, from, to int) {
	rows := p.B * p.T
	x := p.x.rows(rows).SubRows(from, to-from)
	for i := range x.Rows {
		copy(rowOf(x, i), p.net.Embedding.Row(int(p.ids[from+i])))
	}
	p.lstm.Inputs(p.single[worker], p.z.rows(rows).SubRows(from, to-from), x)
}

// recurDocuments takes documents from to to-1 through all steps.
func (p *pass) recurDocuments(worker, from, to int) {
	n, w := to-from, p.single[worker]
	z, h, c := p.z.rows(p.B*p.T), p.h.rows(p.B*(p.T+1)), p.c.rows(p.B*(p.T+1))
	for t := range p.T {
		now, next := t*p.B+from, (t+1)*p.B+from
		p.lstm.Recur(w, h.SubRows(next, n), c.SubRows(next, n), z.SubRows(now, n), h.SubRows(now, n), c.SubRows(now, n))
	}
}

// addLosses returns sum plus the batch's losses in float64, document by document
// and position by position.
func (p *pass) addLosses(sum float64) float64 {
	for b := range p.B {
		for t := range p.T {
			if r := t*p.B + b; p.targets[r] >= 0 {
				sum += float64(p.loss[r])
			}
		}
	}
	return sum
}
