package train

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
)

// DefaultMaxBytes is what Options.MaxBytes means by 0.
const DefaultMaxBytes = 8 << 30

// Limits on options.
const (
	maxEpochs  = 1 << 20
	maxBatch   = 1 << 16
	maxThreads = 1 << 12
)

// Options say how a task is trained. The zero value, or a nil pointer, trains it as the
// reference does. A zero field means the default in its comment or that of the task, or,
// when a run is resumed, the value of the checkpoint.
//
// All fields but the last two are part of the run: they are in its checkpoints, and
// all but Source decide its result.
type Options struct {
	BatchSize int // sequences or images a step; 0 means the task's default

	// Optimizer makes the steps; nil means Adam. One that is not of this package must be
	// given when the run is resumed, too.
	Optimizer    Optimizer
	LearningRate float64  // at full; 0 means the task's default
	Schedule     Schedule // how it changes; the zero value is a constant rate
	ClipNorm     float64  // longest gradient, all parameters together; longer ones are scaled to it; 0 means no limit

	// Average makes an exponential moving average of the weights the model: validation,
	// the best epoch, Snapshot and Model have the averages, which training does not depend
	// on. It is the decay, between 0 and 1, 0.9995 for example; 0 means none. After step t
	// of the run, counted from 1, whose weights are w, the average is
	//
	//	a₁ = w₁    aₜ = aₜ₋₁ + (1-dₜ)·(wₜ - aₜ₋₁)    dₜ = min(Average, (1+t)/(10+t))
	//
	// in float32, each operation rounded. dₜ begins low, so that the first weights are soon
	// forgotten; that is the rule of TensorFlow's ExponentialMovingAverage with num_updates.
	//
	// Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992.
	Average float64

	// Validation is the share of the data set aside, see SplitDocs; 0 means none.
	Validation float64
	// Patience ends the run after so many epochs without a new lowest validation loss,
	// and makes the best epoch's weights the result. 0 means to run all epochs.
	Patience int
	// Best makes the weights of the epoch with the lowest validation loss the result,
	// instead of the last ones. Patience sets it.
	Best bool

	Seed uint64 // of weights, of the order of the data and of dropout

	// Epochs to run in all; 0 means the task's default. The only part of a run that
	// may change when it is resumed.
	Epochs int

	// Source says what the data are, for the record in the model's file. A run
	// that is resumed has the one that it began with.
	Source Source

	Threads int // 0 means one a CPU that Go may use; the result does not depend on it

	// MaxBytes refuses to start a run that takes more memory; 0 means
	// DefaultMaxBytes. It counts the data, as given and encoded, the words counted for a
	// vocabulary, weights, gradients, the optimiser's state, averages, the activations of the
	// largest batch, and the temporary memory at the end of an epoch: the copies of a
	// checkpoint and, for a sample, of a Snapshot and of a model read from it. The
	// program and garbage that is not yet collected do not count: see
	// debug.SetMemoryLimit.
	MaxBytes int64
}

// complete replaces the zero fields that mean the same for every task.
func (o *Options) complete() {
	if o.Optimizer == nil {
		o.Optimizer = Adam{}
	}
	o.Best = o.Best || o.Patience > 0
	o.Source = o.Source.clean()
	setDefault(&o.Threads, runtime.GOMAXPROCS(0))
	setDefault(&o.MaxBytes, DefaultMaxBytes)
}

// check returns an error that names the first field that is out of range; zero
// fields have been replaced. things is what the data consist of; ownValidation says that
// some of them are for validation only.
func (o *Options) check(things string, ownValidation bool) error {
	for _, f := range []intOption{
		{"BatchSize", o.BatchSize, 1, maxBatch},
		{"Epochs", o.Epochs, 1, maxEpochs},
		{"Patience", o.Patience, 0, maxEpochs},
		{"Threads", o.Threads, 1, maxThreads},
	} {
		if err := f.check(); err != nil {
			return err
		}
	}
	switch {
	case !(o.LearningRate > 0 && o.LearningRate <= 1e6): // NaN fails too
		return optionErr("%s is %v: want more than 0, at most 1e6", option("LearningRate"), o.LearningRate)
	case !(o.ClipNorm >= 0 && o.ClipNorm <= math.MaxFloat32):
		return optionErr("%s is %v: want a finite number, or 0 for no limit", option("ClipNorm"), o.ClipNorm)
	case !(o.Average >= 0 && o.Average < 1):
		return optionErr("%s is %v: want more than 0 and less than 1, or 0 for no average", option("Average"), o.Average)
	case !(o.Validation >= 0 && o.Validation < 1):
		return optionErr("%s is %v: want 0 or more and less than 1", option("Validation"), o.Validation)
	case o.Validation > 0 && ownValidation:
		return optionErr("%s is %v, but there are %s of their own for validation: leave one of them out", option("Validation"), o.Validation, things)
	case o.MaxBytes < 0:
		return optionErr("%s is %d: want 0 or more", option("MaxBytes"), o.MaxBytes)
	}
	return cmp.Or(o.checkValidation(things, ownValidation), checkOptimizer(o.Optimizer), o.Schedule.check())
}

// checkValidation refuses options that need a validation loss where there is none.
func (o *Options) checkValidation(things string, ownValidation bool) error {
	if o.Validation > 0 || ownValidation {
		return nil
	}
	aside := func(format string, args ...any) error {
		args = append(args, things, option("Validation"))
		return optionErr(format+", but no %s are set aside for validation: set %s, to 0.1 for example", args...)
	}
	switch {
	case o.Patience > 0:
		return aside("%s is %d", option("Patience"), o.Patience)
	case o.Best:
		return aside("%s is set", option("Best"))
	case o.Schedule.Kind == PlateauDecay:
		return aside("%s is %s", option("Schedule"), o.Schedule)
	}
	return nil
}

// checkMemory refuses a run that would take more than MaxBytes, or more than can be
// addressed. The message says what makes it smaller.
func (o *Options) checkMemory(total int64, lower string, args ...any) error {
	limit := min(o.MaxBytes, math.MaxInt)
	if total <= limit {
		return nil
	}
	return optionErr("the run would take %s of memory, more than the %s allowed: lower "+lower+", or raise %s",
		append(append([]any{mebibytes(total), mebibytes(limit)}, args...), option("MaxBytes"))...)
}

// mebibytes writes a count of bytes for a reader.
func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

// compare compares the options that a run cannot change midway.
func (o *Options) compare(c *comparison, now *Options) {
	same(c, "BatchSize", o.BatchSize, now.BatchSize)
	if now.Optimizer != nil {
		same(c, "Optimizer", o.Optimizer.Kind(), now.Optimizer.Kind())
	}
	same(c, "LearningRate", o.LearningRate, now.LearningRate)
	same(c, "Schedule", o.Schedule, now.Schedule.complete(o.Schedule.Epochs))
	same(c, "ClipNorm", o.ClipNorm, now.ClipNorm)
	same(c, "Average", o.Average, now.Average)
	same(c, "Validation", o.Validation, now.Validation)
	same(c, "Patience", o.Patience, now.Patience)
	same(c, "Best", o.Best, now.Best)
	same(c, "Seed", o.Seed, now.Seed)
}

// An intOption is an option and its limits.
type intOption struct {
	name            string
	value, min, max int
}

func (f intOption) check() error {
	if f.value < f.min || f.value > f.max {
		return optionErr("%s is %d: want %d to %d", option(f.name), f.value, f.min, f.max)
	}
	return nil
}

// setDefault replaces a zero field.
func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
