package train

import (
	"context"

	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A classPass takes batches of documents through a classifier: forward to the losses,
// and back to the gradients if it was made with room for them. It is the workspace of
// both and allocates nothing afterwards, apart from what goroutines take.
type classPass struct {
	body
	head headPass // of a row a document

	states, grads kernels.Matrix // [documents, H] the last states, and their gradients
}

// newClassPass returns a pass for batches of up to a size.
func newClassPass(net *layers.Stack, s layers.BatchSize, threads int, gradients bool) *classPass {
	p := &classPass{}
	p.body.init(net, s, threads, gradients)
	p.head.init(&p.body, s.Sequences)
	p.head.best = make([]int32, s.Sequences)
	H := net.Head.InLen()
	p.states = kernels.RowMajor(kernels.Alloc(s.Sequences*H), s.Sequences, H)
	if gradients {
		p.grads = kernels.RowMajor(kernels.Alloc(s.Sequences*H), s.Sequences, H)
	}
	return p
}

// load makes n documents of d the batch, document(k) being the index of one.
func (p *classPass) load(d *ClassDataset, n int, document func(k int) int) {
	l := p.layout
	for b := range n {
		l.Steps[b] = int32(len(d.Row(document(b))))
		p.head.targets[b] = int32(d.Class(document(b)))
	}
	l.Set(n)
	for b := range n {
		for t, id := range d.Row(document(b)) {
			p.ids[l.Row(t, b)] = id
		}
	}
}

// score computes the losses of the batch.
func (p *classPass) score() {
	p.learning = false
	p.forward()
}

// learn computes the losses of the batch and the gradients of their mean. step is the
// number of the step, which dropout depends on.
func (p *classPass) learn(step int) {
	p.learning = true
	p.drop.step = uint64(step)
	p.forward()
	p.backward()
}

func (p *classPass) forward() {
	if p.learning {
		p.head.begin()
	}
	p.body.forward()
	states, grads := p.states.SubRows(0, p.layout.B), kernels.Matrix{}
	p.last().Last(states)
	p.dropAt(len(p.seqs), states)
	if p.learning {
		grads = p.grads.SubRows(0, p.layout.B)
	}
	p.head.run(states, grads)
}

// backward goes from the gradients of the last states, which the output layer has left,
// to those of all weights.
func (p *classPass) backward() {
	i, grads := len(p.seqs)-1, p.grads.SubRows(0, p.layout.B)
	p.dropAt(i+1, grads)
	p.last().BackwardLast(grads, p.in[i], p.inputGradients(i))
	p.body.backward()
}

// addLosses adds the batch's losses to e in float64, document by document.
func (p *classPass) addLosses(e *Evaluation) {
	for b := range p.layout.B {
		loss := float64(p.head.loss[b])
		e.Sum += loss
		e.WordSum += loss
		if p.head.best[b] == p.head.targets[b] {
			e.Correct++
		}
	}
	e.Positions += int64(p.layout.B)
	e.Words += int64(p.layout.B)
}

// evaluate adds up the losses of a data set.
func (p *classPass) evaluate(ctx context.Context, d *ClassDataset, batch int) (Evaluation, error) {
	return evaluate(ctx, batches(d.Len(), batch), func(k int, e *Evaluation) {
		lo := k * batch
		p.load(d, min(batch, d.Len()-lo), func(b int) int { return lo + b })
		p.score()
		p.addLosses(e)
	})
}

func (t *Classes) start(o *Options) work {
	t.batch = o.BatchSize
	t.pass = newClassPass(t.model.Stack, t.batches(o), o.Threads, true)
	t.pass.setDropout(t.Dropout, o.Seed)
	w := work{
		net: t.model.Stack, grad: t.pass.grad, threads: t.pass.threads,
		zero:  func() layers.Network { return t.model.Stack.Like() },
		items: t.data.training.Len(), perStep: o.BatchSize,
		validates: t.data.validation != nil, classes: true,
		changed: t.model.Stack.Refresh,
	}
	t.average = nil
	if o.Average > 0 {
		t.average = t.model.Stack.Like()
		w.average = t.average
	}
	return w
}

// measured returns the network of the model as it is now.
func (t *Classes) measured() *layers.Stack {
	if t.average == nil {
		return t.model.Stack
	}
	t.average.Refresh()
	return t.average
}

// load makes these documents of the training data the pass's.
func (t *Classes) load(items []int) {
	t.pass.load(t.data.training, len(items), func(b int) int { return items[b] })
}

func (t *Classes) gradients(items []int, step int) (e Evaluation) {
	t.load(items)
	t.pass.learn(step)
	t.pass.addLosses(&e)
	return e
}

func (t *Classes) loss(items []int) (e Evaluation) {
	t.load(items)
	t.pass.score()
	t.pass.addLosses(&e)
	return e
}

func (t *Classes) validate(ctx context.Context) (Evaluation, error) {
	return t.pass.evaluate(ctx, t.data.validation, t.batch)
}

// Evaluate measures the model as it is now on documents of the run: Training or
// Validation. The result is the same on every machine, for any batch size and number of
// threads. It takes memory for a pass of its own.
//
// It returns an error for options out of range, and if ctx ends.
func (t *Classes) Evaluate(ctx context.Context, d *ClassDataset, o *EvaluateOptions) (Evaluation, error) {
	opt, err := o.filled()
	if err == nil && opt.CountPadding {
		err = optionErr("Evaluate: %s is for models of text: leave it out", option("CountPadding"))
	}
	if err == nil && t.model == nil {
		err = errNoModel
	}
	if err != nil {
		return Evaluation{}, wrap(err)
	}
	p := newClassPass(t.measured(), d.size(opt.BatchSize), opt.Threads, false)
	e, err := p.evaluate(ctx, d, opt.BatchSize)
	return e, wrap(err)
}

func (t *Classes) positions(items []int) (all, words int64) {
	return int64(len(items)), int64(len(items))
}

func (t *Classes) symbols() int { return len(t.model.Config.Classes) }

func (t *Classes) file(net layers.Network) *weights.File {
	return t.model.FileOf(net)
}

func (t *Classes) measure(*EpochStats) {}
