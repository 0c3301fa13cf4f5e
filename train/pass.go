package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// A pass takes batches of sequences through a network: forward to the losses, and
// back to the gradients if it was made with room for them. It is the workspace of both
// and allocates nothing afterwards, apart from what goroutines take.
type pass struct {
	net, grad *layers.Stack // grad is nil without gradients
	threads   *layers.Threads

	// The batch; see layers.Layout for the order of rows.
	layout       *layers.Layout
	ids, targets []int32 // [rows]
	scale        float32 // of a loss in the mean: 1/rows

	x    kernels.Matrix // [rows, E] the embedded ids, and then their gradients
	seqs []layers.Sequence
	in   []kernels.Matrix // inputs of each, and at the end of the output layer
	loss []float32        // [rows]
	head headPass

	drop     dropout
	learning bool // the batch under way goes back to the gradients

	embed func(worker, from, to int) // bound once: a closure allocates
}

// sizeOf returns the size of the largest batches of d.
func sizeOf(d *Dataset, batch int, countPadding bool) (s layers.BatchSize) {
	for k := range d.Batches(batch) {
		lo, hi := d.Batch(k, batch)
		rows := 0
		for i := lo; i < hi; i++ {
			n := d.Length
			if !countPadding {
				n = d.Steps(i)
			}
			s.Steps = max(s.Steps, n)
			rows += n
		}
		s.Sequences = max(s.Sequences, hi-lo)
		s.Rows = max(s.Rows, rows)
	}
	return s
}

// largest returns the size for batches of both.
func largest(a, b layers.BatchSize) layers.BatchSize {
	return layers.BatchSize{
		Sequences: max(a.Sequences, b.Sequences),
		Steps:     max(a.Steps, b.Steps),
		Rows:      max(a.Rows, b.Rows),
	}
}

// newPass returns a pass for batches of up to a size.
func newPass(net *layers.Stack, s layers.BatchSize, threads int, gradients bool) *pass {
	p := &pass{
		net:     net,
		threads: layers.NewThreads(threads),
		layout:  layers.NewLayout(s),
		ids:     make([]int32, s.Rows),
		targets: make([]int32, s.Rows),
		loss:    make([]float32, s.Rows),
		x:       kernels.RowMajor(kernels.Alloc(s.Rows*net.Embedding.Dim), s.Rows, net.Embedding.Dim),
		in:      make([]kernels.Matrix, len(net.Layers)+1),
	}
	if gradients {
		p.grad = net.Like()
	}
	for i, l := range net.Layers {
		var g layers.Layer
		if gradients {
			g = p.grad.Layers[i]
		}
		p.seqs = append(p.seqs, l.NewSequence(s, g, p.threads))
	}
	p.embed = p.embedRows
	p.head.init(p, s.Rows)
	return p
}

// load makes sequences [lo, hi) of d the batch. With countPadding each has
// d.Length steps: those that read and predict padding count too.
func (p *pass) load(d *Dataset, lo, hi int, countPadding bool) {
	l := p.layout
	for b := range hi - lo {
		l.Steps[b] = int32(d.Length)
		if !countPadding {
			l.Steps[b] = int32(d.Steps(lo + b))
		}
	}
	p.layOut(d, lo, hi)
}

// layOut gives each step of the batch its row and its ids: of sequences [lo, hi) of d,
// which have as many steps as the layout says.
func (p *pass) layOut(d *Dataset, lo, hi int) {
	l := p.layout
	l.Set(hi - lo)
	n := 0
	for t := range l.T {
		for b := range l.B {
			if !l.Has(t, b) {
				continue
			}
			// Behind its end a sequence goes on with padding.
			row := d.Row(lo + b)
			p.ids[n], p.targets[n] = tokenizer.Stop, tokenizer.Stop
			if t < len(row) {
				p.ids[n] = row[t]
			}
			if t+1 < len(row) {
				p.targets[n] = row[t+1]
			}
			n++
		}
	}
	p.scale = 0
	if n > 0 {
		p.scale = 1 / float32(n)
	}
}

// score computes the losses of the batch.
func (p *pass) score() {
	p.learning = false
	p.forward()
}

// learn computes the losses of the batch and the gradients of their mean. step is the
// number of the step, which dropout depends on.
func (p *pass) learn(step int) {
	p.learning = true
	p.drop.step = uint64(step)
	p.forward()
	p.backward()
}

func (p *pass) forward() {
	if p.learning {
		p.head.begin()
		for _, s := range p.seqs {
			s.Begin()
		}
	}
	n := p.layout.Rows()
	p.threads.Split(n, layers.RowUnit, p.embed)
	p.in[0] = p.x.SubRows(0, n)
	p.dropAt(0)
	for i, s := range p.seqs {
		p.in[i+1] = s.Forward(p.layout, p.in[i])
		p.dropAt(i + 1)
	}
	p.head.run(p.in[len(p.seqs)])
}

// embedRows fills in the inputs of rows [from, to).
func (p *pass) embedRows(_, from, to int) {
	for i := from; i < to; i++ {
		copy(rowOf(p.x, i), p.net.Embedding.Row(int(p.ids[i])))
	}
}

// backward goes from the gradients of the last layer's outputs, which the output layer
// has left, to those of all weights.
func (p *pass) backward() {
	for i := len(p.seqs) - 1; i >= 0; i-- {
		p.dropGradients(i+1, p.seqs[i].OutputGradients())
		dx := p.in[0]
		if i > 0 {
			dx = p.seqs[i-1].OutputGradients()
		}
		p.seqs[i].Backward(p.in[i], dx)
	}
	p.dropGradients(0, p.in[0])
	// Only here do rows meet in one place: a token that occurs twice.
	g := p.grad.Embedding
	clear(g.Weight)
	for r := range p.in[0].Rows {
		id := int(p.ids[r])
		sum := g.Weight[id*g.Dim : (id+1)*g.Dim]
		kernels.Add(sum, sum, rowOf(p.in[0], r))
	}
	p.grad.Gather()
}

// addLosses adds the batch's losses to e in float64, sequence by sequence and step by
// step. The steps of each sequence of d, from sequence lo on, that read no padding are
// words.
func (p *pass) addLosses(e *Evaluation, d *Dataset, lo int) {
	l := p.layout
	for b := range l.B {
		words := d.Steps(lo + b)
		for t := range int(l.Steps[b]) {
			loss := float64(p.loss[l.Row(t, b)])
			e.Sum += loss
			if t < words {
				e.WordSum += loss
			}
		}
		e.Positions += int64(l.Steps[b])
		e.Words += int64(min(words, int(l.Steps[b])))
	}
}

// rowOf returns row i of a row-major matrix.
func rowOf(m kernels.Matrix, i int) []float32 { return m.Data[i*m.Row:][:m.Cols] }

// columns returns panels [from, to) of m as a view.
func columns(m kernels.Matrix, from, to int) kernels.Matrix {
	m.Data = m.Data[from*m.Panel:]
	m.Cols = min(m.Cols, to*kernels.PanelWidth) - from*kernels.PanelWidth
	return m
}

// clearPadding sets the columns of a panel matrix beyond its last to zero.
func clearPadding(m kernels.Matrix) {
	if n := m.Cols % kernels.PanelWidth; n > 0 {
		for i := range m.Rows {
			clear(m.Segment(i, m.Panels()-1)[n:])
		}
	}
}
