package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A pass takes batches of sequences through a network that predicts each next id:
// forward to the losses, and back to the gradients if it was made with room for them. It
// is the workspace of both and allocates nothing afterwards, apart from what goroutines
// take.
type pass struct {
	body
	head headPass // of a row a position
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
	p := &pass{}
	p.body.init(net, s, threads, gradients)
	p.head.init(&p.body, s.Rows)
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
			p.ids[n], p.head.targets[n] = d.stop, d.stop
			if t < len(row) {
				p.ids[n] = row[t]
			}
			if t+1 < len(row) {
				p.head.targets[n] = row[t+1]
			}
			n++
		}
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
	}
	p.body.forward()
	n := len(p.seqs)
	p.dropAt(n, p.in[n])
	var grad kernels.Matrix
	if p.learning {
		grad = p.last().OutputGradients()
	}
	p.head.run(p.in[n], grad)
}

// backward goes from the gradients of the last layer's outputs, which the output layer
// has left, to those of all weights.
func (p *pass) backward() {
	i := len(p.seqs) - 1
	p.dropAt(i+1, p.seqs[i].OutputGradients())
	p.seqs[i].Backward(p.in[i], p.inputGradients(i))
	p.body.backward()
}

// addLosses adds the batch's losses to e in float64, sequence by sequence and step by
// step. The steps of each sequence of d, from sequence lo on, that read no padding are
// words.
func (p *pass) addLosses(e *Evaluation, d *Dataset, lo int) {
	l := p.layout
	for b := range l.B {
		words := d.Steps(lo + b)
		for t := range int(l.Steps[b]) {
			loss := float64(p.head.loss[l.Row(t, b)])
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
