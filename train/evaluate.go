package train

import (
	"context"
	"errors"
	"runtime"
)

// EvaluateOptions choose what Evaluate counts and how fast it is, for texts and for
// images. The zero value, or a nil pointer, works.
type EvaluateOptions struct {
	CountPadding bool // see Text; for texts only, and not for streams
	BatchSize    int  // sequences at a time, for texts only; 0 means DefaultBatchSize, and a stream has its Tracks; the result does not depend on it
	Threads      int  // 0 means one a CPU that Go may use; the result does not depend on it
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
		err = optionErr("Evaluate: %s is %d: want 1 to %d", option("BatchSize"), opt.BatchSize, maxBatch)
	case opt.Threads < 1 || opt.Threads > maxThreads:
		err = optionErr("Evaluate: %s is %d: want 1 to %d", option("Threads"), opt.Threads, maxThreads)
	}
	return opt, err
}

// errNoModel is the error for a task whose run has not begun.
var errNoModel = errors.New("Evaluate: there is no model before New or Resume")

// evaluate adds up the losses of so many batches, in their order.
func evaluate(ctx context.Context, batches int, add func(batch int, e *Evaluation)) (e Evaluation, err error) {
	for k := range batches {
		if err := ctx.Err(); err != nil {
			return Evaluation{}, err
		}
		add(k, &e)
	}
	return e, nil
}

// positionsOf returns how many positions of sequences [lo, hi) of d count in a loss.
func positionsOf(d *Dataset, from, to int, countPadding bool) (n int64) {
	if countPadding {
		return int64(to-from) * int64(d.Length)
	}
	for i := from; i < to; i++ {
		n += int64(d.Steps(i))
	}
	return n
}
