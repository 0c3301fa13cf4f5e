package train

import (
	"context"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

func (t *Text) start(o *Options) work {
	t.batch, t.padded = o.BatchSize, t.hasPadding()
	t.pass = newPass(t.model.Stack, t.batches(o), o.Threads, true)
	t.pass.setDropout(t.Dropout, o.Seed)
	for _, s := range []*[]kernels.Matrix{&t.states, &t.others, &t.before} {
		*s = newStates(t.model.Stack, t.data.training)
	}
	t.pass.carry(t.states)
	w := work{
		inOrder: t.Stream, carried: t.states, undo: func() { copyStates(t.states, t.before) },
		net: t.model.Stack, grad: t.pass.grad, threads: t.pass.threads,
		zero: func() layers.Network { return t.model.Stack.Like() },
		// The items are batches, which always hold the same sequences.
		items: t.data.training.Batches(t.batch), perStep: 1,
		validates: t.data.validation != nil, padded: t.padded,
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
func (t *Text) measured() *layers.Stack {
	if t.average == nil {
		return t.model.Stack
	}
	t.average.Refresh()
	return t.average
}

// gradients is of one item, a batch.
func (t *Text) gradients(items []int, step int) (e Evaluation) {
	copyStates(t.before, t.states)
	if items[0] == 0 {
		clearStates(t.states)
	}
	t.load(items[0])
	t.pass.learn(step)
	lo, _ := t.data.training.Batch(items[0], t.batch)
	t.pass.addLosses(&e, t.data.training, lo)
	return e
}

func (t *Text) loss(items []int) (e Evaluation) {
	defer t.apart()()
	t.load(items[0])
	t.pass.score()
	lo, _ := t.data.training.Batch(items[0], t.batch)
	t.pass.addLosses(&e, t.data.training, lo)
	return e
}

// load makes batch k of the training data the pass's.
func (t *Text) load(k int) {
	lo, hi := t.data.training.Batch(k, t.batch)
	t.pass.load(t.data.training, lo, hi, t.CountPadding)
}

func (t *Text) validate(ctx context.Context) (Evaluation, error) {
	defer t.apart()()
	batch := t.batch
	if t.Stream {
		batch = t.data.validation.Tracks
	}
	return t.pass.evaluate(ctx, t.data.validation, batch, t.CountPadding)
}

// apart makes the pass begin in zero states, until the function that it returns is called:
// then it goes on with the training data.
func (t *Text) apart() (back func()) {
	clearStates(t.others)
	t.pass.carry(t.others)
	return func() { t.pass.carry(t.states) }
}

// evaluate adds up the losses of a data set.
func (p *pass) evaluate(ctx context.Context, d *Dataset, batch int, countPadding bool) (Evaluation, error) {
	return evaluate(ctx, d.Batches(batch), func(k int, e *Evaluation) {
		lo, hi := d.Batch(k, batch)
		p.load(d, lo, hi, countPadding)
		p.score()
		p.addLosses(e, d, lo)
	})
}

// Evaluate measures the model as it is now on a data set made with its Tokenizer.
// The sum of the result is taken in float64 in the order of the data, so it is the
// same on every machine, for any batch size and number of threads. It takes memory
// for a pass of its own.
//
// It returns an error for options out of range, for a data set with an id that
// the model does not have, and if ctx ends.
func (t *Text) Evaluate(ctx context.Context, d *Dataset, o *EvaluateOptions) (Evaluation, error) {
	if t.model == nil {
		return Evaluation{}, wrap(errNoModel)
	}
	e, err := evaluateStack(ctx, t.measured(), d, o)
	return e, wrap(err)
}

// evaluateStack is Evaluate for any network.
func evaluateStack(ctx context.Context, net *layers.Stack, d *Dataset, o *EvaluateOptions) (Evaluation, error) {
	opt, err := o.filled()
	if err != nil {
		return Evaluation{}, err
	}
	for _, id := range d.ids {
		if int(id) >= net.Symbols() {
			return Evaluation{}, apierror.Errorf("Evaluate: the data set has the id %d, the model only %d: encode it with the model's tokenizer", id, net.Symbols())
		}
	}
	if d.Tracks > 0 {
		opt.BatchSize, opt.CountPadding = d.Tracks, false
	}
	if opt.CountPadding && d.stop < 0 {
		return Evaluation{}, optionErr("Evaluate: %s needs the stop token, which is what padding is, and the data set has none: leave it out", option("CountPadding"))
	}
	p := newPass(net, sizeOf(d, opt.BatchSize, opt.CountPadding), opt.Threads, false)
	p.carry(newStates(net, d))
	return p.evaluate(ctx, d, opt.BatchSize, opt.CountPadding)
}

func (t *Text) positions(items []int) (all, words int64) {
	for _, k := range items {
		lo, hi := t.data.training.Batch(k, t.batch)
		all += positionsOf(t.data.training, lo, hi, t.CountPadding)
		words += positionsOf(t.data.training, lo, hi, false)
	}
	return all, words
}

func (t *Text) symbols() int { return t.model.Config.Symbols }

func (t *Text) file(net layers.Network) *weights.File {
	return t.model.FileOf(net)
}

func (t *Text) measure(*EpochStats) {}
