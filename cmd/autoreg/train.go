package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/train"
)

// A trainJob is what a command line of train asks for, whatever the model is of.
type trainJob struct {
	*app
	kind  trainKind
	flags *pflag.FlagSet

	data               []string
	model              string
	checkpoint, resume string
	overwrite, keep    bool
	log, plot          string
	temperature        float64 // of samples
	maxMemory          int     // MiB

	modelWas atomicfile.Version // what the model's name stood for when the run began
	unlock   []func()           // ends the locks on the outputs

	// Of the run's options, what is checked first. Once the run has begun these are its
	// own.
	patience   int
	validation float64
}

// A trainKind is one of the commands under train: its words, and what is its own.
type trainKind struct {
	name   string   // of the command
	learns string   // what --data names
	items  string   // what that consists of
	flags  []string // that decide a run's result
	// begin reads the data, begins or resumes the run, and prints what it is.
	begin func(ctx context.Context) (trainer, error)
	// rate words positions per second, padding not counted.
	rate func(float64) string
	// loss words a mean loss in nats, and the one over words where padding counts too,
	// or 0.
	loss func(loss, words float64) string
	// sample lets the model as it is after an epoch make something, and returns what
	// to say of it, or "".
	sample func(ctx context.Context, epoch int) (string, error)
}

// A trainer is a run on texts or on images.
type trainer interface {
	Run(context.Context, *train.RunOptions) error
	Done() bool
	StepsLeft() int64
	History() []train.EpochStats
	Snapshot() *weights.File
	Model() *weights.File
	Record() *train.Record
	RemoveCheckpoint(path string) (removed bool, err error)
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
func (j *trainJob) scheduleFlags(fs *pflag.FlagSet, s schedule) {
	intFlag(fs, s.epochs, "epochs", "e", *s.epochs, 1, math.MaxInt32, "epochs in all")
	intFlag(fs, s.batch, "batch", "", *s.batch, 1, math.MaxInt32, j.kind.items+" per step")
	floatFlag(fs, s.rate, "lr", "", *s.rate, "learning rate of Adam", "a number above 0", positive)
	floatFlag(fs, s.clip, "clip", "", 0, "greatest norm of the gradient, to which a longer one is scaled down; 0 means no limit", "a number, 0 or more", notNegative)
	floatFlag(fs, &j.validation, "validation", "", 0, "share of "+j.kind.items+" set aside for the validation loss", "0 or more and less than 1", share)
	intFlag(fs, &j.patience, "patience", "", 0, 0, math.MaxInt32, "stop after `N` epochs without a lower validation loss, and keep the best; 0 means never")
}

// A schedule is where options that both kinds have are, with their defaults.
type schedule struct {
	epochs, batch *int
	rate, clip    *float64
}

// fileFlags defines the flags for files beside the model.
func (j *trainJob) fileFlags(fs *pflag.FlagSet) {
	fs.StringVar(&j.checkpoint, "checkpoint", "", "checkpoint `FILE` (default the model's name and .checkpoint)")
	fs.StringVar(&j.resume, "resume", "", "go on with the run in a checkpoint `FILE`, with its options")
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

// A runFlag is a flag that decides a run's result, under the name that package train
// has for it, of options O.
type runFlag[O any] struct {
	flag, option string
	value        func(o O) any
}

// checkUnchanged refuses flags that say otherwise than the run that is resumed.
func checkUnchanged[O any](fs *pflag.FlagSet, flags []runFlag[O], now, was O) error {
	for _, f := range flags {
		if now, before := f.value(now), f.value(was); fs.Changed(f.flag) && now != before {
			return changedError(f.flag, now, before)
		}
	}
	return nil
}

func changedError(flag string, now, before any) error {
	return fmt.Errorf("--%s is %v now and was %v when the run began: leave it out, or begin anew", flag, now, before)
}

// otherKind adds to an error that the checkpoint is of the other command.
func (j *trainJob) otherKind(err error, name string) error {
	if errors.Is(err, autoreg.ErrKind) {
		return apierror.Errorf("%w: go on with it by autoreg train %s", err, name)
	}
	return err
}

// flagNames returns the names of flags.
func flagNames[O any](flags []runFlag[O], more ...string) []string {
	for _, f := range flags {
		more = append(more, f.flag)
	}
	return more
}

// An optionError words an error of package train with the names of the flags.
type optionError struct{ err error }

func (e *optionError) Error() string { return e.Text(nil) }

func (e *optionError) Text(name apierror.Namer) string {
	names := map[string]string{"Epochs": "epochs", "MaxBytes": "max-memory", "Threads": "threads"}
	for _, f := range textFlags {
		names[f.option] = f.flag
	}
	for _, f := range imageFlags {
		names[f.option] = f.flag
	}
	// Where options are named: files may have such names too.
	var pairs []string
	for option, flag := range names {
		pairs = append(pairs, "option "+option+" ", "--"+flag+" ")
		for _, before := range []string{"lower ", "raise ", "set ", "), ", ") or "} {
			pairs = append(pairs, before+option, before+"--"+flag)
		}
	}
	return strings.NewReplacer(pairs...).Replace(apierror.Text(e.err, name))
}

func (e *optionError) Unwrap() error { return e.err }
