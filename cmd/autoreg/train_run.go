package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/train"
)

// execute trains, from the files of data to the model file.
func (j *trainJob) execute(ctx context.Context) (err error) {
	t, err := j.kind.begin(ctx)
	if err != nil {
		return err
	}
	if err := j.checkOwnModel(t); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(j.out); err != nil {
		return err
	}
	var log *logWriter
	if j.log != "" {
		log, err = await(ctx, func() (*logWriter, error) { return openLog(j.log, t.History()) })
		if err != nil {
			return err
		}
		log.w = newOutput(ctx, log.f)
		defer func() { err = apierror.Join(err, log.close()) }()
	}
	err = j.train(ctx, t, log)
	if !t.Done() || errors.Is(err, train.ErrDiverged) {
		return err
	}
	// The run is complete, whatever went wrong in telling about it.
	if err := apierror.Join(err, j.saveModel(t)); err != nil {
		return err
	}
	removed := false
	if !j.keep {
		if removed, err = t.RemoveCheckpoint(j.checkpoint); err != nil {
			j.note("the checkpoint is not needed any more, but cannot be removed: %s", message(err))
		}
	}
	return j.writeEnd(t, removed)
}

// saveModel writes the model, unless another program has made a file of its name since
// the run began: then the model gets another name.
func (j *trainJob) saveModel(t *train.Trainer) error {
	m := t.Model()
	_, err := atomicfile.Replace(j.model, m, &j.modelWas)
	if errors.Is(err, atomicfile.ErrReplaced) {
		other := atomicfile.FreeName(j.model)
		if err = atomicfile.Write(other, m); err == nil {
			return fmt.Errorf("%s holds something else than when the run began: it is left alone, the model is saved as %s", j.model, other)
		}
	}
	if err != nil {
		return apierror.Errorf("the model is not saved: %w; %s", &fileError{"--output", err}, j.advice(j.checkpoint))
	}
	return nil
}

// train runs the trainer and tells about each epoch.
func (j *trainJob) train(ctx context.Context, t *train.Trainer, log *logWriter) error {
	// A log that cannot be written stops the run, in the same good order as Ctrl-C.
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	bar := j.newProgress(t.StepsLeft(), "")
	defer bar.finish()
	err := t.Run(inner, &train.RunOptions{
		Checkpoint: j.checkpoint,
		OnStep: func(s train.Stats) {
			loss := fmt.Sprintf("loss %.4f", s.Loss)
			if s.WordLoss > 0 {
				loss += fmt.Sprintf(", over words %.4f", s.WordLoss)
			}
			bar.describe("epoch %d/%d  %s  %s", s.Epoch, s.Epochs, loss, j.kind.rate(s.TokensPerSecond()))
			bar.add(1)
		},
		OnEpoch: func(e train.EpochStats) {
			bar.clear()
			if err := j.epoch(inner, t, e, log); err != nil {
				stop(err)
			}
		},
	})
	bar.clear()
	cause := context.Cause(inner)
	var replaced *train.ReplacedError
	var interrupted *train.InterruptedError
	switch {
	case errors.As(err, &replaced) && replaced.Saved != "":
		err = apierror.Errorf("%w; the other run goes on with --resume %s; for this one %s", err, shellQuote(j.checkpoint), j.advice(replaced.Saved))
		if ctx.Err() != nil {
			return &interruption{message(err), ctx.Err()}
		}
		return err
	case errors.Is(err, train.ErrDiverged):
		return apierror.Errorf("%w; %s", err, j.afterDivergence(t))
	case ctx.Err() != nil && err == nil && t.Done():
		return nil // interrupted after the last epoch: nothing is left to do but save
	case ctx.Err() != nil && errors.As(err, &interrupted):
		what := interrupted.Where()
		if interrupted.Lost != nil {
			what += ", and what was reached since the last checkpoint is lost: " + message(interrupted.Lost)
		}
		return &interruption{what + "; " + j.advice(j.checkpoint), ctx.Err()}
	case ctx.Err() != nil && err != nil:
		return &interruption{message(err), ctx.Err()}
	case cause != nil && !t.Done():
		return apierror.Errorf("%w; %s", cause, j.advice(j.checkpoint))
	case err != nil:
		return err
	}
	return cause
}

// epoch tells about an epoch: a line and a sample, the log, the plot.
func (j *trainJob) epoch(ctx context.Context, t *train.Trainer, e train.EpochStats, log *logWriter) error {
	line := fmt.Sprintf("epoch %d/%d: loss %s", e.Epoch, e.Epochs, j.kind.loss(e.Loss, e.WordLoss))
	if e.ValPerplexity > 0 { // 0 where nothing is set aside
		line += "; validation loss " + j.kind.loss(e.ValLoss, e.ValWordLoss)
		if e.ValAccuracy > 0 {
			line += fmt.Sprintf(", accuracy %.2f%%", 100*e.ValAccuracy)
		}
		if e.Best {
			line += ", the best so far"
		}
	}
	if t.Options().Schedule != (train.Schedule{}) {
		line += fmt.Sprintf("; learning rate %.3g", e.LearningRate)
	}
	line += fmt.Sprintf("; %s, %s", j.kind.rate(e.TokensPerSecond), time.Duration(e.Seconds*float64(time.Second)).Round(100*time.Millisecond))
	if _, err := fmt.Fprintln(j.out, line); err != nil {
		return err
	}
	made, err := j.kind.sample(ctx, e.Epoch)
	if err != nil {
		return err
	}
	r := epochRecord{EpochStats: e, Sample: made.text, Copied: made.copied}
	if r.Sample != "" {
		if _, err := fmt.Fprintf(j.out, "  %s\n", strings.ReplaceAll(j.safe(r.Sample), "\n", "\n  ")); err != nil {
			return err
		}
	}
	if r.Copied != nil {
		if _, err := fmt.Fprintf(j.out, "  copied: %.1f%% of its runs of 8 tokens stand in the training data\n", 100**r.Copied); err != nil {
			return err
		}
	}
	if err := log.append(r); err != nil {
		return err
	}
	if j.plot != "" {
		if err := savePlot(j.plot, t.History()); err != nil {
			return &fileError{"plot", err}
		}
	}
	return nil
}

// advice says how to go on from a checkpoint after the run has stopped.
func (j *trainJob) advice(checkpoint string) string {
	if _, err := os.Stat(checkpoint); err != nil {
		return "there is no checkpoint to go on from"
	}
	// Options of the run are in the checkpoint.
	drop := append([]string{"epochs", "overwrite", "resume", "checkpoint", "from"}, j.kind.flags...)
	line := "go on with: autoreg train " + j.kind.name
	j.flags.Visit(func(f *pflag.Flag) {
		if slices.Contains(drop, f.Name) {
			return
		}
		if f.Value.Type() == "bool" {
			line += " --" + f.Name + map[string]string{"true": "", "false": "=false"}[f.Value.String()]
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(*filesValue); ok {
			values = *list.p
		}
		for _, v := range values {
			line += " --" + f.Name + " " + shellQuote(v)
		}
	})
	return line + " --resume " + shellQuote(checkpoint)
}

// afterDivergence says what there is after a run that has diverged: no model, for it
// would be of no use, but perhaps the checkpoint of the last good epoch.
func (j *trainJob) afterDivergence(t *train.Trainer) string {
	n := len(t.History())
	if _, err := os.Stat(j.checkpoint); err != nil || n == 0 || t.Done() {
		return "no model is written"
	}
	return fmt.Sprintf("no model is written; the checkpoint is that of epoch %d, for whose model %s --epochs %[1]d", n, j.advice(j.checkpoint))
}

// shellQuote quotes s for a shell, where that is necessary.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./,:@%+=", r)
	}
	if s != "" && strings.TrimFunc(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// writeData prints what was read, in rows of a name and a text.
func (j *trainJob) writeData(rows [][]string, t *train.Trainer, epochs int) error {
	if n := len(t.History()); j.resume != "" {
		rows = append(rows, []string{"resumed", fmt.Sprintf("from %s, after %d of %d epochs", j.resume, n, epochs)})
	}
	for _, row := range rows {
		row[1] = lineText(row[1]) // names of files may be anything
	}
	if err := writeColumns(j.out, rows, "ll"); err != nil {
		return err
	}
	_, err := fmt.Fprintln(j.out)
	return err
}

// writeEnd prints what the run has come to.
func (j *trainJob) writeEnd(t *train.Trainer, removed bool) error {
	text := "saved " + j.model
	if o := t.Options(); o.Best {
		best, stopped := 0, false
		for _, e := range t.History() {
			if e.Best {
				best = e.Epoch
			}
			stopped = e.Stopped
		}
		text += fmt.Sprintf(": the weights of epoch %d, the best", best)
		if stopped {
			text = fmt.Sprintf("%d epochs without a lower validation loss: stopped\n", o.Patience) + text
		}
	}
	if removed {
		text += "\nremoved the checkpoint, which only more epochs would need: --keep-checkpoint keeps it"
	} else if j.keep {
		text += "\nkept the checkpoint " + j.checkpoint + ": --resume it with more --epochs to go on"
	}
	_, err := fmt.Fprintln(j.out, text)
	return err
}
