package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/train"
)

// execute trains, from the corpus file to the model file.
func (j *trainJob) execute(ctx context.Context) (err error) {
	corpus, err := train.ReadCorpus(j.data, &j.corpus)
	if err != nil {
		return err
	}
	t, err := j.trainer(corpus)
	if err != nil {
		return err
	}
	if err := j.chooseSample(corpus, t.Tokenizer()); err != nil {
		return err
	}
	if err := j.writeCorpus(corpus, t); err != nil {
		return err
	}
	o := t.Options()
	if err := writeLayers(j.out, layersOf(t.Tokenizer().Len(), o.Embedding, o.Units)); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(j.out); err != nil {
		return err
	}
	var log *logWriter
	if j.log != "" {
		if log, err = openLog(j.log, t.History()); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, log.close()) }()
	}
	err = j.train(ctx, t, log)
	if !t.Done() {
		return err
	}
	// The run is complete, whatever went wrong in telling about it.
	if err := errors.Join(err, t.SaveModel(j.model)); err != nil {
		return err
	}
	return j.writeEnd(t)
}

// trainer begins the run, or resumes it.
func (j *trainJob) trainer(corpus *train.Corpus) (*train.Trainer, error) {
	o := j.options
	o.MaxBytes = int64(j.maxMemory) << 20
	if j.resume == "" {
		t, err := train.New(corpus.Docs, &o)
		if err != nil {
			return nil, &optionError{err}
		}
		return t, nil
	}
	// A flag that was not given has the checkpoint's value, whatever its default.
	asked := train.Options{Threads: o.Threads, MaxBytes: o.MaxBytes}
	if j.flags.Changed("epochs") {
		asked.Epochs = o.Epochs
	}
	t, err := train.Resume(j.resume, corpus.Docs, &asked)
	if err != nil {
		return nil, &optionError{err}
	}
	was := t.Options()
	for _, f := range runFlags {
		if now, before := f.value(o), f.value(was); j.flags.Changed(f.flag) && now != before {
			return nil, fmt.Errorf("--%s is %v now and was %v when the run began: leave it out, or begin anew", f.flag, now, before)
		}
	}
	return t, nil
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
			bar.describe("epoch %d/%d  loss %.4f  %s tokens/s", s.Epoch, s.Epochs, s.Loss, thousands(int64(s.TokensPerSecond())))
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
	switch {
	case ctx.Err() != nil && err == nil && t.Done():
		return nil // interrupted after the last epoch: nothing is left to do but save
	case ctx.Err() != nil && err != nil:
		what, _, _ := strings.Cut(message(err), "; resume from the checkpoint")
		return &interruption{strings.TrimSuffix(what, ": "+ctx.Err().Error()) + "; " + j.advice(), ctx.Err()}
	case cause != nil && !t.Done():
		return fmt.Errorf("%w; %s", cause, j.advice())
	case err != nil:
		return &optionError{err}
	}
	return cause
}

// epoch tells about an epoch: a line and a sample, the log, the plot.
func (j *trainJob) epoch(ctx context.Context, t *train.Trainer, e train.EpochStats, log *logWriter) error {
	line := fmt.Sprintf("epoch %d/%d: loss %.4f, perplexity %s", e.Epoch, e.Epochs, e.Loss, perplexityText(e.Perplexity))
	if t.Validation() != nil {
		line += fmt.Sprintf("; validation loss %.4f, perplexity %s", e.ValLoss, perplexityText(e.ValPerplexity))
		if e.Best {
			line += ", the best so far"
		}
	}
	line += fmt.Sprintf("; %s tokens/s, %s", thousands(int64(e.TokensPerSecond)), time.Duration(e.Seconds*float64(time.Second)).Round(100*time.Millisecond))
	if _, err := fmt.Fprintln(j.out, line); err != nil {
		return err
	}
	r := epochRecord{EpochStats: e}
	if j.samplePrompt != "" {
		var err error
		if r.Sample, err = j.sample(ctx, t, e.Epoch); err != nil {
			return err
		}
		if r.Sample != "" {
			if _, err := fmt.Fprintf(j.out, "  %s\n", r.Sample); err != nil {
				return err
			}
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

// advice says how to go on after the run has stopped.
func (j *trainJob) advice() string {
	if _, err := os.Stat(j.checkpoint); err != nil {
		return "there is no checkpoint to go on from"
	}
	// Options of the run are in the checkpoint.
	drop := map[string]bool{"epochs": true, "overwrite": true, "resume": true, "checkpoint": true}
	for _, f := range runFlags {
		drop[f.flag] = true
	}
	line := "go on with: autoreg train text"
	j.flags.Visit(func(f *pflag.Flag) {
		if !drop[f.Name] {
			line += " --" + f.Name + " " + shellQuote(f.Value.String())
		}
	})
	return line + " --resume " + shellQuote(j.checkpoint)
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

// writeCorpus prints what was read.
func (j *trainJob) writeCorpus(c *train.Corpus, t *train.Trainer) error {
	rows := [][]string{
		{"corpus", fmt.Sprintf("%s: %s documents, read as %s", j.data, thousands(len(c.Docs)), c.Format)},
		{"", fmt.Sprintf("%s skipped for want of a title or directions, %s invalid UTF-8 sequences replaced", thousands(c.Skipped), thousands(c.Replaced))},
		{"sha256", fmt.Sprintf("%x", c.SHA256)},
		{"training", describeDataset(t.Training())},
	}
	if v := t.Validation(); v != nil {
		rows = append(rows, []string{"validation", describeDataset(v)})
	}
	rows = append(rows, []string{"vocabulary", fmt.Sprintf("%s words, padding and [UNK] included", thousands(t.Tokenizer().Len()))})
	if n := len(t.History()); j.resume != "" {
		rows = append(rows, []string{"resumed", fmt.Sprintf("from %s, after %d of %d epochs", j.resume, n, t.Options().Epochs)})
	}
	if err := writeColumns(j.out, rows, "ll"); err != nil {
		return err
	}
	_, err := fmt.Fprintln(j.out)
	return err
}

func describeDataset(d *train.Dataset) string {
	return fmt.Sprintf("%s documents, %s words, %.2f%% of them unknown; %s cut off after %s words",
		thousands(d.Len()), thousands(d.Words), 100*float64(d.Unknown)/float64(max(d.Words, 1)), thousands(d.Long), thousands(d.Length+1))
}

// writeEnd prints what the run has come to.
func (j *trainJob) writeEnd(t *train.Trainer) error {
	text := "saved " + j.model
	if patience := t.Options().Patience; patience > 0 {
		best, stopped := 0, false
		for _, e := range t.History() {
			if e.Best {
				best = e.Epoch
			}
			stopped = e.Stopped
		}
		text += fmt.Sprintf(": the weights of epoch %d, the best", best)
		if stopped {
			text = fmt.Sprintf("%d epochs without a lower validation loss: stopped\n", patience) + text
		}
	}
	_, err := fmt.Fprintln(j.out, text)
	return err
}
