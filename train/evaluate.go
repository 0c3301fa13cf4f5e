package train

import (
	"context"
	"fmt"
	"runtime"

	"github.com/autoreg/autoreg/layers"
)

// EvaluateOptions choose what Evaluate counts and how fast it is, for texts and for
// images. The zero value, or a nil pointer, works.
type EvaluateOptions struct {
	CountPadding bool // see Options; for texts only
	BatchSize    int  // sequences at a time, for texts only; 0 means DefaultBatchSize; the result does not depend on it
	Threads      int  // 0 means one a CPU that Go may use; the result does not depend on it
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
	for _, id := range d.ids {
		if int(id) >= net.Symbols() {
			return Evaluation{}, fmt.Errorf("train: Evaluate: the data set has the id %d, the model only %d: encode it with the model's tokenizer", id, net.Symbols())
		}
	}
	p := newPass(net, sizeOf(d, opt.BatchSize, opt.CountPadding), opt.Threads, false)
	return evaluate(ctx, p, d, opt.BatchSize, opt.CountPadding)
}

// evaluate is evaluateStack with a pass of the caller's.
func evaluate(ctx context.Context, p *pass, d *Dataset, batch int, countPadding bool) (e Evaluation, err error) {
	back := p.back
	p.back = nil
	defer func() { p.back = back }()
	for k := range d.Batches(batch) {
		if err := ctx.Err(); err != nil {
			return Evaluation{}, err
		}
		lo, hi := d.Batch(k, batch)
		p.load(d, lo, hi, countPadding)
		p.forward()
		p.addLosses(&e, d, lo)
	}
	return e, nil
}

// positionsOf returns how many positions of sequences lo to hi-1 of d count in a loss.
func positionsOf(d *Dataset, lo, hi int, countPadding bool) (n int64) {
	if countPadding {
		return int64(hi-lo) * int64(d.Length)
	}
	for i := lo; i < hi; i++ {
		n += int64(d.Steps(i))
	}
	return n
}
