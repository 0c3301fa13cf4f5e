package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// RunOptions say where Run saves checkpoints and which functions it calls. The zero
// value, or a nil pointer, works.
type RunOptions struct {
	// Checkpoint is the file that the run is saved to, after each epoch and when
	// it is interrupted; "" means none. It is replaced as a whole or not at all, and
	// only if it is as it was when Run began or as this run has written it: two
	// runs with one checkpoint are an error, see ReplacedError.
	Checkpoint string
	// OnStep is called after each step. To stop the run, cancel its context.
	OnStep func(Stats)
	// OnEpoch is called after each epoch, when its checkpoint is safe. It may use
	// the Trainer, to generate a sample from its Snapshot for instance.
	OnEpoch func(EpochStats)
}

// Run trains until the last epoch has ended, or until Patience ends the run. It does
// nothing if that is so already.
//
// When ctx ends, Run stops after the step under way, saves the checkpoint and
// returns an error that wraps ctx.Err() and names the checkpoint to resume from. A loss
// or a gradient that is not finite is an error: the step is not made and the checkpoint
// does not change. The checkpoint does not change either if it cannot be saved. In
// all cases the Trainer has made a whole number of steps, and Run may be called again.
//
// A model that is much worse than a uniform guess at the data of its last step, or at the
// beginning of a stream, by one
// nat a position, is an error too: at the end of the run, and of an epoch with such a
// mean loss if the run has made 100 steps. Such an epoch does not end, and the
// checkpoint is that of the epoch before. Errors of both kinds wrap ErrDiverged.
func (t *Trainer) Run(ctx context.Context, o *RunOptions) error {
	if o == nil {
		o = &RunOptions{}
	}
	return wrap(t.runAll(ctx, o))
}

func (t *Trainer) runAll(ctx context.Context, o *RunOptions) error {
	if p := &t.progress; t.Done() { // it may have been resumed with fewer epochs
		return t.checkResult(p.History, p.Best)
	}
	if o.Checkpoint != "" {
		unlock, err := t.claim(o.Checkpoint)
		if err != nil {
			return err
		}
		defer unlock()
	}
	runtime.GC() // see memory
	c := clock{start: time.Now()}
	for !t.Done() {
		if err := t.runEpoch(ctx, o, &c); err != nil {
			return err
		}
	}
	return nil
}

// runEpoch ends the epoch under way.
func (t *Trainer) runEpoch(ctx context.Context, o *RunOptions, c *clock) error {
	p, steps := &t.progress, t.steps()
	c.epoch, c.epochTokens = 0, 0
	order := t.order(p.Epoch)
	for p.Batch < steps {
		if err := ctx.Err(); err != nil {
			return t.interrupted(o, err)
		}
		begin := time.Now()
		at := p.Batch * t.work.perStep
		stats, err := t.step(order[at:min(at+t.work.perStep, t.work.items)])
		if err != nil {
			return apierror.Errorf("epoch %d, step %d of %d: %w", p.Epoch+1, p.Batch+1, steps, err)
		}
		c.add(stats, time.Since(begin))
		if o.OnStep != nil {
			stats.Steps = steps
			stats.Positions, stats.Tokens, stats.Elapsed = c.positions, c.tokens, time.Since(c.start)
			left := (t.options.Epochs-p.Epoch)*steps - p.Batch
			stats.Remaining = time.Duration(stats.Elapsed.Seconds() / float64(c.steps) * float64(left) * float64(time.Second))
			o.OnStep(stats)
		}
	}
	record := epochRecord{Steps: p.Steps, Loss: p.LossSum / float64(p.Positions)}
	if p.Words > 0 {
		record.WordLoss = p.WordLossSum / float64(p.Words)
	}
	if t.work.validates {
		e, err := t.validate(ctx)
		if err != nil {
			return t.interrupted(o, err)
		}
		record.ValLoss = e.Loss()
		if t.work.padded && e.Words > 0 {
			record.ValWordLoss = e.WordLoss()
		}
		if t.work.classes {
			record.ValAccuracy = e.Accuracy()
		}
		if !finite(record.ValLoss) {
			return diverged("epoch %d: the validation loss is %v", p.Epoch+1, record.ValLoss)
		}
	}
	if !finite(t.weightNorm()) {
		return diverged("epoch %d: the weights are not finite any more", p.Epoch+1)
	}
	if err := t.checkEpoch(record); err != nil {
		return err
	}
	t.endEpoch(record)
	if o.Checkpoint != "" {
		if err := t.saveOwn(o.Checkpoint); err != nil {
			return err
		}
		runtime.GC() // see memory
	}
	if o.OnEpoch != nil {
		s := t.epochStats(p.Epoch - 1)
		s.Seconds, s.TokensPerSecond = c.epoch.Seconds(), rate(c.epochTokens, c.epoch)
		o.OnEpoch(s)
		runtime.GC()
	}
	return nil
}

// order returns the order in which an epoch, counted from 0, takes the items.
func (t *Trainer) order(epoch int) []int {
	if !t.work.inOrder {
		return Order(t.work.items, t.options.Seed, epoch)
	}
	order := make([]int, t.work.items)
	for i := range order {
		order[i] = i
	}
	return order
}

// step trains on these items. If it returns an error then no step was taken; at step 0 the
// first weights may depend on the data by then.
func (t *Trainer) step(items []int) (s Stats, err error) {
	p := &t.progress
	defer func() {
		if err != nil && t.work.undo != nil {
			t.work.undo()
		}
	}()
	e := t.task.gradients(items, p.Steps)
	if !finite(e.Sum) {
		return s, diverged("the loss is %v", e.Sum)
	}
	rate := t.options.Schedule.rate(t.options.LearningRate, p.Steps, t.steps(), p.History)
	norm, err := t.optimizer.apply(rate, t.options.ClipNorm)
	if err != nil {
		return s, diverged("%w", err)
	}
	t.work.changed()
	p.setPowers(t.optimizer.powers)
	p.LossSum += e.Sum
	p.Positions += e.Positions
	if t.work.padded && (p.Batch == 0 || p.Words > 0) { // else the checkpoint is of an older version
		p.WordLossSum += e.WordSum
		p.Words += e.Words
	}
	p.Batch++
	p.Steps++
	if t.average != nil {
		t.average.add(p.Steps)
	}
	return Stats{
		Epoch: p.Epoch + 1, Epochs: t.options.Epochs, Step: p.Batch,
		Loss: p.LossSum / float64(max(p.Positions, 1)), WordLoss: p.WordLossSum / float64(max(p.Words, 1)),
		BatchLoss:    e.Sum / float64(max(e.Positions, 1)),
		GradientNorm: norm,
		LearningRate: rate,
		Positions:    e.Positions, Tokens: e.Words,
	}, nil
}

// An InterruptedError is the error of Run when its context has ended.
type InterruptedError struct {
	Epoch       int    // under way, from 1
	Step, Steps int    // of this epoch: made, and all
	Checkpoint  string // that the run can be resumed from; "" if there is none
	Lost        error  // why the checkpoint was not saved, or nil
	Cause       error  // of the context's end
}

// Where says where the run was.
func (e *InterruptedError) Where() string {
	return fmt.Sprintf("interrupted in epoch %d after %d of %d steps", e.Epoch, e.Step, e.Steps)
}

func (e *InterruptedError) Error() string {
	var replaced *ReplacedError
	switch {
	case errors.As(e.Lost, &replaced):
		return fmt.Sprintf("%s (%v); %v", e.Where(), e.Cause, e.Lost)
	case e.Lost != nil:
		return fmt.Sprintf("%s (%v), and what was reached since the last checkpoint is lost: %v", e.Where(), e.Cause, e.Lost)
	case e.Checkpoint == "":
		return fmt.Sprintf("%s; no checkpoint was asked for: %v", e.Where(), e.Cause)
	}
	return fmt.Sprintf("%s; resume from the checkpoint %s: %v", e.Where(), e.Checkpoint, e.Cause)
}

func (e *InterruptedError) Unwrap() []error {
	if e.Lost == nil {
		return []error{e.Cause}
	}
	return []error{e.Cause, e.Lost}
}

// interrupted saves the checkpoint and returns the error for a context that ended
// with cause.
func (t *Trainer) interrupted(o *RunOptions, cause error) error {
	p := &t.progress
	e := &InterruptedError{Epoch: p.Epoch + 1, Step: p.Batch, Steps: t.steps(), Cause: cause}
	if o.Checkpoint == "" {
		return e
	}
	if e.Lost = t.saveOwn(o.Checkpoint); e.Lost == nil {
		e.Checkpoint = o.Checkpoint
	}
	return e
}

// validate measures the model as it is now on the data set aside.
func (t *Trainer) validate(ctx context.Context) (Evaluation, error) {
	defer t.averaged()()
	return t.task.validate(ctx)
}

// weightNorm returns a number that is finite if all weights and averages are.
func (t *Trainer) weightNorm() (sum float64) {
	for _, w := range layers.ValuesOf(t.work.net) {
		sum += kernels.SumSquares(w)
	}
	if t.average != nil {
		for _, w := range t.average.values {
			sum += kernels.SumSquares(w)
		}
	}
	return sum
}

func finite(x float64) bool { return math.Abs(x) <= math.MaxFloat64 }

// A clock measures the steps of one call of Run.
type clock struct {
	start             time.Time
	steps             int
	positions, tokens int64

	epoch       time.Duration // spent in steps of the epoch under way
	epochTokens int64
}

// add counts a step.
func (c *clock) add(s Stats, d time.Duration) {
	c.steps++
	c.positions += s.Positions
	c.tokens += s.Tokens
	c.epoch += d
	c.epochTokens += s.Tokens
}
