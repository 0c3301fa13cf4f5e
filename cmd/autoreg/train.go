package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/train"
)

// A trainJob is what a command line of train asks for, whatever the model is of.
type trainJob struct {
	*app
	kind  trainKind
	flags *pflag.FlagSet

	data               []string
	validationData     []string // of a text model
	labelFiles         []string // of the labels of images
	model              string
	checkpoint, resume string
	from               string // the model whose weights the run begins with
	overwrite, keep    bool
	log, plot          string
	temperature        float64 // of samples
	maxMemory          int     // MiB

	options train.Options

	modelWas atomicfile.Version // what the model's name stood for when the run began
	unlock   []func()           // ends the locks on the outputs
}

// A trainKind is one of the commands under train: its words, and what is its own.
type trainKind struct {
	name   string   // of the command
	learns string   // what --data names
	items  string   // what that consists of
	flags  []string // that decide a run's result
	// begin reads the data, begins or resumes the run, and prints what it is.
	begin func(ctx context.Context) (*train.Trainer, error)
	// rate words positions per second, padding not counted.
	rate func(float64) string
	// loss words a mean loss in nats, and the one over words where padding counts too,
	// or 0.
	loss func(loss, words float64) string
	// sample lets the model as it is after an epoch make something.
	sample func(ctx context.Context, epoch int) (sampled, error)
}

// command completes a command with what all that train have in common.
func (j *trainJob) command(cmd *cobra.Command, define func(fs *pflag.FlagSet)) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		j.flags = cmd.Flags()
		defer j.release()
		if err := j.check(); err != nil {
			return err
		}
		defer limitMemory(j.maxMemory)()
		return j.execute(cmd.Context())
	}
	cmd.Flags().SortFlags = false
	define(cmd.Flags())
	return cmd
}

// scheduleFlags defines the flags for how a run goes.
func (j *trainJob) scheduleFlags(fs *pflag.FlagSet) {
	o := &j.options
	intFlag(fs, &o.Epochs, "epochs", "e", o.Epochs, 1, math.MaxInt32, "epochs in all")
	intFlag(fs, &o.BatchSize, "batch", "", o.BatchSize, 1, math.MaxInt32, j.kind.items+" per step")
	optimizerFlag(fs, &o.Optimizer)
	floatFlag(fs, &o.LearningRate, "lr", "", o.LearningRate, "learning rate", "a number above 0", positive)
	scheduleFlag(fs, &o.Schedule)
	floatFlag(fs, &o.ClipNorm, "clip", "", 0, "greatest norm of the gradient, to which a longer one is scaled down; 0 means no limit", "a number, 0 or more", notNegative)
	floatFlag(fs, &o.Average, "average", "", 0, "save, validate and sample an exponential moving average of the weights with this `DECAY`, 0.9995 for example; 0 means the weights themselves", "0 or more and less than 1", share)
	floatFlag(fs, &o.Validation, "validation", "", 0, "share of "+j.kind.items+" set aside for the validation loss", "0 or more and less than 1", share)
	intFlag(fs, &o.Patience, "patience", "", 0, 0, math.MaxInt32, "stop after `N` epochs without a lower validation loss, and keep the best weights; 0 means never")
	fs.BoolVar(&o.Best, "best", false, "keep the weights of the epoch with the lowest validation loss, not those of the last")
}

// fileFlags defines the flags for files beside the model.
func (j *trainJob) fileFlags(fs *pflag.FlagSet) {
	fs.StringVar(&j.checkpoint, "checkpoint", "", "checkpoint `FILE` (default the model's name and .checkpoint)")
	fs.StringVar(&j.resume, "resume", "", "go on with the run in a checkpoint `FILE`, with its options")
	fs.StringVar(&j.from, "from", "", "begin with the weights of a model `FILE`, and with its vocabulary, layers and classes, in place of new ones")
	fs.BoolVar(&j.keep, "keep-checkpoint", false, "keep the checkpoint, three times the model's size, when the model is saved: more epochs need it")
	fs.BoolVar(&j.overwrite, "overwrite", false, "start a new run and replace a model, a checkpoint, a log or a plot that is there")
	fs.StringVar(&j.log, "log", "", "log `FILE`: one JSON object a line, for each epoch")
	fs.StringVar(&j.plot, "plot", "", "loss curve, a PNG `FILE`")
}

// machineFlags defines the flags for what the run may take.
func (j *trainJob) machineFlags(fs *pflag.FlagSet, threads *int) {
	intFlag(fs, threads, "threads", "", 0, 0, 1<<12, "threads; 0 means one per CPU; the result does not depend on it")
	intFlag(fs, &j.maxMemory, "max-memory", "", train.DefaultMaxBytes>>20, 1, math.MaxInt32, "refuse a run that takes more than `N` MiB beside the program itself, which takes up to 64")
}

func positive(x float64) bool    { return x > 0 && x <= math.MaxFloat32 }
func notNegative(x float64) bool { return x >= 0 && x <= math.MaxFloat32 }
func share(x float64) bool       { return x >= 0 && x < 1 }

// A runFlag is a flag that decides a run's result, and its value as the flag has it.
type runFlag struct {
	flag  string
	value func(o *train.Options) any
}

// commonFlags are those of every run.
var commonFlags = []runFlag{
	{"batch", func(o *train.Options) any { return o.BatchSize }},
	{"optimizer", func(o *train.Options) any { return o.Optimizer.Kind() }},
	{"lr", func(o *train.Options) any { return o.LearningRate }},
	{"schedule", func(o *train.Options) any { return o.Schedule.String() }},
	{"clip", func(o *train.Options) any { return o.ClipNorm }},
	{"average", func(o *train.Options) any { return o.Average }},
	{"validation", func(o *train.Options) any { return o.Validation }},
	{"patience", func(o *train.Options) any { return o.Patience }},
	{"best", func(o *train.Options) any { return o.Best }},
	{"seed", func(o *train.Options) any { return o.Seed }},
}

// A taskFlag is a flag that sets a field of a task.
type taskFlag[T train.Task] struct {
	flag  string
	value func(t T) any
}

// checkUnchanged refuses flags that say otherwise than the run that is resumed.
func checkUnchanged[T train.Task](j *trainJob, flags []taskFlag[T], task, was T, o train.Options) error {
	now := j.options
	now.Schedule = sameDefaults(now.Schedule, o.Schedule)
	for _, f := range commonFlags {
		if now, before := f.value(&now), f.value(&o); j.flags.Changed(f.flag) && now != before {
			return changedError(f.flag, now, before)
		}
	}
	for _, f := range flags {
		if now, before := f.value(task), f.value(was); j.flags.Changed(f.flag) && now != before {
			return changedError(f.flag, now, before)
		}
	}
	return nil
}

// start begins the run of a task, or goes on with one.
func (j *trainJob) start(task train.Task, source train.Source) (*train.Trainer, error) {
	o := &j.options
	o.Source, o.MaxBytes = source, int64(j.maxMemory)<<20
	switch {
	case j.from != "":
		return train.From(j.from, task, o)
	case j.resume == "":
		return train.New(task, o)
	}
	// A flag that was not given has the checkpoint's value, whatever its default.
	asked := train.Options{Source: o.Source, Threads: o.Threads, MaxBytes: o.MaxBytes}
	if j.flags.Changed("epochs") {
		asked.Epochs = o.Epochs
	}
	t, err := train.Resume(j.resume, task, &asked)
	return t, err
}

// describes refuses flags that describe a new model where there is one to begin with.
func (j *trainJob) describes(flags ...string) error {
	for _, name := range flags {
		if j.from != "" && j.flags.Changed(name) {
			return usagef("--%s describes a new model, and --from %s is one to begin with: leave it out", name, shellQuote(j.from))
		}
	}
	return nil
}

func changedError(flag string, now, before any) error {
	shown := func(v any) any {
		if v == "" {
			return `""`
		}
		return v
	}
	return fmt.Errorf("--%s is %v now and was %v when the run began: leave it out, or begin anew", flag, shown(now), shown(before))
}

// otherKind adds to an error that the checkpoint is of another command.
func (j *trainJob) otherKind(err error) error {
	if !errors.Is(err, autoreg.ErrKind) {
		return err
	}
	m, e := autoreg.Open[autoreg.Model](cmp.Or(j.resume, j.from))
	switch {
	case e != nil:
		return err
	case kindOf(m).train == "":
		return apierror.Errorf("%w: train it in PyTorch, where autoreg export --to torch takes it", err)
	}
	return apierror.Errorf("%w: go on with it by autoreg train %s", err, kindOf(m).train)
}

// flagNames returns the names of the flags that decide the result of a run.
func flagNames[T train.Task](flags []taskFlag[T], more ...string) []string {
	for _, f := range commonFlags {
		more = append(more, f.flag)
	}
	for _, f := range flags {
		more = append(more, f.flag)
	}
	return more
}
