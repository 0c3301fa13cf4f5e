package train

import (
	"context"
	"fmt"
	"runtime"

	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// EvaluateOptions choose what Evaluate counts and how fast it is, for texts and for
// images. The zero value, or a nil pointer, works.
type EvaluateOptions struct {
	IgnorePadding bool // see Options; for texts only
	BatchSize     int  // documents at a time, for texts only; 0 means DefaultBatchSize; the result does not depend on it
	Threads       int  // 0 means one a CPU that Go may use; the result does not depend on it
}

// Evaluate measures the model as it is now on a data set made with its Tokenizer.
// The sum of the result is taken in float64 in the order of the data, so it is the
// same on every machine, for any batch size and number of threads. It takes memory
// for a pass of its own.
//
// It returns an error for options out of range, for a data set with an id that
// the model does not have, and if ctx ends.
func (t *Trainer) Evaluate(ctx context.Context, d *Dataset, o *EvaluateOptions) (Evaluation, error) {
	return evaluateStack(ctx, t.model.Stack, d, o)
}

// filled returns o with every zero field replaced.
func (o *EvaluateOptions) filled() (opt EvaluateOptions, err error) {
	if o != nil {
		opt = *o
	}
	setDefault(&opt.BatchSize, DefaultBatchSize)
	setDefault(&opt.Threads, runtime.GOMAXPROCS(0))
	switch {
	case opt.BatchSize < 1 || opt.BatchSize > maxBatch:
		err = fmt.Errorf("train: Evaluate: BatchSize is %d: want 1 to %d", opt.BatchSize, maxBatch)
	case opt.Threads < 1 || opt.Threads > maxThreads:
		err = fmt.Errorf("train: Evaluate: Threads is %d: want 1 to %d", opt.Threads, maxThreads)
	}
	return opt, err
}

// evaluateStack is Evaluate for any network.
func evaluateStack(ctx context.Context, net *layers.Stack, d *Dataset, o *EvaluateOptions) (Evaluation, error) {
	opt, err := o.filled()
	if err != nil {
		return Evaluation{}, err
	}
	for i := range d.Len() {
		for _, id := range d.Row(i) {
			if int(id) >= net.Symbols() {
				return Evaluation{}, fmt.Errorf("train: Evaluate: document %d has the id %d, the model only %d: encode it with the model's tokenizer", i, id, net.Symbols())
			}
		}
	}
	p := newPass(net, min(opt.BatchSize, d.Len()), d.Length, opt.Threads, false)
	return evaluate(ctx, p, d, opt.BatchSize, opt.IgnorePadding)
}

// evaluate is evaluateStack with a pass of the caller's.
func evaluate(ctx context.Context, p *pass, d *Dataset, batch int, ignorePadding bool) (e Evaluation, err error) {
	back := p.back
	p.back = nil
	defer func() { p.back = back }()
	for k := range d.Batches(batch) {
		if err := ctx.Err(); err != nil {
			return Evaluation{}, err
		}
		lo, hi := d.Batch(k, batch)
		p.load(d, lo, hi, ignorePadding)
		p.forward()
		e.Sum = p.addLosses(e.Sum)
		e.Positions += int64(p.n)
	}
	return e, nil
}

// positionsOf returns how many positions of documents [lo, hi) of d count in a loss.
func positionsOf(d *Dataset, lo, hi int, ignorePadding bool) (n int64) {
	if !ignorePadding {
		return int64(hi-lo) * int64(d.Length)
	}
	for i := lo; i < hi; i++ {
		for _, id := range d.Row(i)[:d.Length] {
			if id != tokenizer.Stop {
				n++
			}
		}
	}
	return n
}
