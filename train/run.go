package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/autoreg/autoreg/kernels"
)

// RunOptions say what Run saves and whom it tells. The zero value, or a nil
// pointer, works.
type RunOptions struct {
	// Checkpoint is the file that the run is saved to, after each epoch and when
	// it is interrupted; "" means none. It is replaced as a whole or not at all.
	Checkpoint string
	// OnStep is called after each step. To stop the run, cancel its context.
	OnStep func(Stats)
	// OnEpoch is called after each epoch, when its checkpoint is safe. It may use
	// the Trainer, to generate a sample from its Snapshot for instance.
	OnEpoch func(EpochStats)
}

// progress is how far a run has come. All of it is in the checkpoint.
type progress struct {
	Epoch     int           `json:"epoch"`     // epochs that have ended
	Batch     int           `json:"batch"`     // steps of the epoch under way
	Steps     int           `json:"steps"`     // in all
	LossSum   float64       `json:"loss_sum"`  // of the epoch under way
	Positions int64         `json:"positions"` // of the epoch under way
	Power1    float64       `json:"beta1_power"`
	Power2    float64       `json:"beta2_power"`
	History   []epochRecord `json:"history"`
	Best      int           `json:"best_epoch"` // epoch of the lowest validation loss, from 1; 0 for none yet
}

// epochRecord is an epoch that has ended.
type epochRecord struct {
	Steps   int     `json:"steps"` // of the run, at its end
	Loss    float64 `json:"loss"`
	ValLoss float64 `json:"val_loss"`
}

// Run trains until the last epoch has ended, or until Patience is at its end. It
// returns nil at once if that is so already.
//
// When ctx ends, Run stops after the step under way, saves the checkpoint and
// returns an error that wraps ctx.Err() and says where the run can be resumed
// from. A loss or a gradient that is not finite is an error: the step is not
// made, the checkpoint stays what it was. So it does when it cannot be saved. In
// all cases the Trainer is as after a whole number of steps, and Run may be
// called again.
func (t *Trainer) Run(ctx context.Context, r *RunOptions) error {
	if r == nil {
		r = &RunOptions{}
	}
	runtime.GC() // see memory
	c := clock{start: time.Now()}
	for !t.Done() {
		if err := t.runEpoch(ctx, r, &c); err != nil {
			return err
		}
	}
	return nil
}

// Done reports whether nothing is left to run.
func (t *Trainer) Done() bool { return t.progress.Epoch >= t.options.Epochs || t.stopped() }

// StepsLeft returns how many steps are left to run if Patience does not end the run
// earlier.
func (t *Trainer) StepsLeft() int64 {
	if t.Done() {
		return 0
	}
	p := &t.progress
	return int64(t.options.Epochs-p.Epoch)*int64(t.training.Batches(t.options.BatchSize)) - int64(p.Batch)
}

// stopped reports whether Patience is at its end.
func (t *Trainer) stopped() bool {
	p := &t.progress
	return t.options.Patience > 0 && p.Best > 0 && p.Epoch-p.Best >= t.options.Patience
}

// runEpoch ends the epoch under way.
func (t *Trainer) runEpoch(ctx context.Context, r *RunOptions, c *clock) error {
	p, size := &t.progress, t.options.BatchSize
	c.epoch, c.epochPositions = 0, 0
	order := Order(t.training.Batches(size), t.options.Seed, p.Epoch)
	for p.Batch < len(order) {
		if err := ctx.Err(); err != nil {
			return t.interrupted(r, err)
		}
		begin := time.Now()
		lo, hi := t.training.Batch(order[p.Batch], size)
		stats, err := t.step(lo, hi)
		if err != nil {
			return fmt.Errorf("train: epoch %d, step %d of %d: %w", p.Epoch+1, p.Batch+1, len(order), err)
		}
		c.add(stats.Positions, time.Since(begin))
		if r.OnStep != nil {
			stats.Steps = len(order)
			stats.Positions, stats.Elapsed = c.positions, time.Since(c.start)
			left := (t.options.Epochs-p.Epoch)*len(order) - p.Batch
			stats.Remaining = time.Duration(stats.Elapsed.Seconds() / float64(c.steps) * float64(left) * float64(time.Second))
			r.OnStep(stats)
		}
	}
	record := epochRecord{Steps: p.Steps, Loss: p.LossSum / float64(p.Positions)}
	if t.validation != nil {
		e, err := evaluate(ctx, t.pass, t.validation, size, t.options.IgnorePadding)
		if err != nil {
			return t.interrupted(r, err)
		}
		record.ValLoss = e.Loss()
		if !finite(record.ValLoss) {
			return fmt.Errorf("train: epoch %d: the validation loss is %v: %w", p.Epoch+1, record.ValLoss, errDiverged)
		}
	}
	if !finite(t.weightNorm()) {
		return fmt.Errorf("train: epoch %d: the weights are not finite any more: %w", p.Epoch+1, errDiverged)
	}
	t.endEpoch(record)
	if r.Checkpoint != "" {
		if err := t.SaveCheckpoint(r.Checkpoint); err != nil {
			return err
		}
		runtime.GC() // see memory
	}
	if r.OnEpoch != nil {
		s := t.epochStats(p.Epoch - 1)
		s.Seconds, s.TokensPerSecond = c.epoch.Seconds(), rate(c.epochPositions, c.epoch)
		r.OnEpoch(s)
		runtime.GC()
	}
	return nil
}

var errDiverged = errors.New("training has diverged: lower LearningRate or set ClipNorm")

// step trains on documents lo to hi-1. If it returns an error then nothing has
// changed.
func (t *Trainer) step(lo, hi int) (s Stats, err error) {
	p, pass := &t.progress, t.pass
	pass.load(t.training, lo, hi, t.options.IgnorePadding)
	pass.forward()
	sum := pass.addLosses(0)
	if !finite(sum) {
		return s, fmt.Errorf("the loss is %v: %w", sum, errDiverged)
	}
	pass.back.run()
	norm, err := t.optimiser.apply()
	if err != nil {
		return s, fmt.Errorf("%w: %w", err, errDiverged)
	}
	p.Power1, p.Power2 = t.optimiser.power1, t.optimiser.power2
	p.LossSum += sum
	p.Positions += int64(pass.n)
	p.Batch++
	p.Steps++
	return Stats{
		Epoch: p.Epoch + 1, Epochs: t.options.Epochs, Step: p.Batch,
		Loss: p.LossSum / float64(max(p.Positions, 1)), BatchLoss: sum / float64(max(pass.n, 1)),
		GradientNorm: norm,
		Positions:    int64(pass.n),
	}, nil
}

// endEpoch records an epoch and begins the next one.
func (t *Trainer) endEpoch(r epochRecord) {
	p := &t.progress
	p.History = append(p.History, r)
	p.Epoch++
	p.Batch, p.LossSum, p.Positions = 0, 0, 0
	if t.validation != nil && (p.Best == 0 || r.ValLoss < p.History[p.Best-1].ValLoss) {
		p.Best = p.Epoch
		if t.best != nil {
			copyParameters(t.best, t.model.Stack)
		}
	}
}

// epochStats returns what there is to say about epoch i, from 0.
func (t *Trainer) epochStats(i int) EpochStats {
	r := t.progress.History[i]
	s := EpochStats{
		Epoch: i + 1, Epochs: t.options.Epochs, Steps: r.Steps,
		Loss: r.Loss, Perplexity: Perplexity(r.Loss),
	}
	if t.validation == nil {
		return s
	}
	s.ValLoss, s.ValPerplexity, s.Best = r.ValLoss, Perplexity(r.ValLoss), true
	for _, before := range t.progress.History[:i] {
		s.Best = s.Best && r.ValLoss < before.ValLoss
	}
	s.Stopped = i == len(t.progress.History)-1 && t.stopped()
	return s
}

// interrupted saves the checkpoint and returns the error for a context that ended
// with cause.
func (t *Trainer) interrupted(r *RunOptions, cause error) error {
	p := &t.progress
	where := fmt.Sprintf("train: interrupted in epoch %d after %d of %d steps", p.Epoch+1, p.Batch, t.training.Batches(t.options.BatchSize))
	if r.Checkpoint == "" {
		return fmt.Errorf("%s; no checkpoint was asked for: %w", where, cause)
	}
	if err := t.SaveCheckpoint(r.Checkpoint); err != nil {
		return fmt.Errorf("%s (%w), and what was reached since the last checkpoint is lost: %w", where, cause, inner{err})
	}
	return fmt.Errorf("%s; resume from the checkpoint %s: %w", where, r.Checkpoint, cause)
}

// weightNorm returns a number that is finite if all weights are.
func (t *Trainer) weightNorm() (sum float64) {
	for _, w := range parameters(t.model.Stack) {
		sum += kernels.SumSquares(w)
	}
	return sum
}

func finite(x float64) bool { return math.Abs(x) <= math.MaxFloat64 }

// add counts a step.
func (c *clock) add(positions int64, d time.Duration) {
	c.steps++
	c.positions += positions
	c.epoch += d
	c.epochPositions += positions
}
