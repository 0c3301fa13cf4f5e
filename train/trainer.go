package train

import (
	"cmp"
	"encoding/json"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A Trainer is one run of training: a task and its progress. New starts one, Resume
// continues one from a checkpoint, Run runs it. It is for one goroutine at a time.
type Trainer struct {
	options Options
	task    Task
	work    work

	optimizer *updater
	average   *average       // of the weights; nil without Options.Average
	best      layers.Network // weights of the best epoch; nil without Options.Best
	progress  progress
	saved     map[string]atomicfile.Version // of checkpoints, when this run last saved or read them
}

// New begins a run of a task. nil options mean the zero value.
//
// It returns an error for options out of range (*OptionError), for data that a model
// cannot be made of, a split that leaves nothing on one side, a run that would take more
// than MaxBytes, and a model that a file could not hold.
func New(task Task, o *Options) (*Trainer, error) {
	var options Options
	if o != nil {
		options = *o
	}
	if err := settle(task, &options); err != nil {
		return nil, wrap(err)
	}
	options.Source.Weights = "" // which says how a run begins
	if err := task.create(&options); err != nil {
		return nil, wrap(err)
	}
	t := newTrainer(task, options)
	if err := t.checkSchedule(); err != nil {
		return nil, wrap(err)
	}
	return t, nil
}

// checkSchedule returns an error for a schedule that does not fit the number of steps.
func (t *Trainer) checkSchedule() error {
	s := t.options.Schedule
	if all := int64(t.options.Epochs) * int64(t.steps()); int64(s.Warmup) > all {
		return optionErr("%s has a warm-up of %d steps, but the run has %d", option("Schedule"), s.Warmup, all)
	}
	if n := int64(s.Epochs) * int64(t.steps()); s.Kind == "cosine" && int64(s.Warmup) >= n {
		return optionErr("%s has a warm-up of %d steps and a cosine of %d epochs, which have %d steps: want a shorter warm-up", option("Schedule"), s.Warmup, s.Epochs, n)
	}
	return nil
}

// settle replaces zero fields of a task and of options and checks both.
func settle(task Task, o *Options) error {
	o.complete()
	task.complete(o)
	o.Schedule = o.Schedule.complete(o.Epochs)
	if err := task.check(); err != nil {
		return err
	}
	return o.check(task.things(), task.ownValidation())
}

// newTrainer makes a run of a task that has a model, at its start.
func newTrainer(task Task, o Options) *Trainer {
	t := &Trainer{options: o, task: task}
	t.work = task.start(&t.options)
	t.optimizer = newUpdater(o.Optimizer, t.work.net, t.work.grad, t.work.zero, t.work.threads)
	if t.work.average != nil {
		t.average = newAverage(t.work.average, o.Average, &t.work)
	}
	if o.Best {
		t.best = t.work.zero()
	}
	t.progress.setPowers(t.optimizer.powers)
	return t
}

// Resume continues the run of the checkpoint at path, with the data that it began with,
// which the task has. Nil options, and zero fields of them and of the task, mean the
// values of the checkpoint; other fields must agree with it, except for Epochs, which
// may be any number from the epoch under way on, and Threads and MaxBytes, which no
// checkpoint has. The run ends with the bytes that it would have given without
// interruption.
//
// It returns an error if the file cannot be read or is not a sound checkpoint of such a
// task, if an option differs, and if the data are others.
func Resume(path string, task Task, o *Options) (*Trainer, error) {
	if o == nil {
		o = &Options{}
	}
	f, version, err := readVersioned(path)
	var t *Trainer
	if err == nil {
		t, err = resume(f, task, *o)
	}
	if err != nil {
		return nil, wrap(apierror.Errorf("cannot resume from %s: %w", path, err))
	}
	t.note(path, version)
	return t, nil
}

// resume is Resume from the content of a file.
func resume(f *weights.File, task Task, o Options) (*Trainer, error) {
	if err := task.open(f); err != nil {
		return nil, err
	}
	was, err := task.resumed(f)
	if err != nil {
		return nil, err
	}
	if err := was.check(f); err != nil {
		return nil, err
	}
	if err := was.merge(task, &o); err != nil {
		return nil, err
	}
	if err := task.admit(&o, was.data); err != nil {
		return nil, err
	}
	t := newTrainer(task, o)
	if err := t.restore(f, was.progress); err != nil {
		return nil, err
	}
	return t, nil
}

// check returns an error for options out of range, and unless the checkpoint says what
// SaveCheckpoint would write for them: of several ways to say the same there is one.
func (b *resumedRun) check(f *weights.File) error {
	was := b.options
	was.Threads, was.MaxBytes = 1, 1
	if err := cmp.Or(b.task.check(), was.check(b.task.things(), b.task.ownValidation()), was.Source.check()); err != nil {
		return apierror.Errorf("the checkpoint is damaged: %w", err)
	}
	text, err := json.Marshal(b.task.checkpoint(&b.options, b.progress))
	if err != nil || !sameJSON(string(text), f.Metadata[model.KeyCheckpoint]) {
		return errForm
	}
	return nil
}

// merge completes o and the task with the values of the checkpoint.
func (b *resumedRun) merge(task Task, o *Options) error {
	was := b.options
	var d comparison
	task.compare(&d, b.task)
	was.compare(&d, o)
	if d.err != nil {
		return d.err
	}
	if o.Epochs != 0 {
		was.Epochs = o.Epochs
	}
	if o.Optimizer != nil {
		was.Optimizer = o.Optimizer
	}
	if other, ok := was.Optimizer.(otherOptimizer); ok {
		return optionErr("the optimizer is %.40q, which this program does not have: set %s to it", other.kind, option("Optimizer"))
	}
	was.Source, was.Threads, was.MaxBytes = b.options.Source.or(o.Source), o.Threads, o.MaxBytes
	task.adopt(b.task)
	if err := settle(task, &was); err != nil {
		return err
	}
	*o = was
	return b.progress.checkEpochs(was.Epochs)
}

// Options returns the options of the run, defaults filled in.
func (t *Trainer) Options() Options { return t.options }

// Task returns the task of the run.
func (t *Trainer) Task() Task { return t.task }

// Layers describes the layers of the model, from input to output.
func (t *Trainer) Layers() []layers.Info { return layers.Describe(t.work.net) }
