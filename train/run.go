package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
)

// RunOptions say what Run saves and whom it tells. The zero value, or a nil
// pointer, works.
type RunOptions struct {
	// Checkpoint is the file that the run is saved to, after each epoch and when
	// it is interrupted; "" means none. It is replaced as a whole or not at all, and
	// only if it holds what it did when Run began or what this run has written: two
	// runs with one checkpoint are an error, see ReplacedError.
	Checkpoint string
	// OnStep is called after each step. To stop the run, cancel its context.
	OnStep func(Stats)
	// OnEpoch is called after each epoch, when its checkpoint is safe. It may use
	// the Trainer, to generate a sample from its Snapshot for instance.
	OnEpoch func(EpochStats)
}

// A run is what the trainers of texts and of images share: the loop over epochs and
// steps, the optimiser, the best epoch's weights and the checkpoints.
type run struct {
	task     task
	schedule schedule
	items    int  // of the training data, in an order of their own in each epoch
	perStep  int  // items that a step takes; the last may take fewer
	judged   bool // there are data to validate by
	padded   bool // positions that read padding count

	net       network
	optimiser *optimiser
	best      network // weights of the best epoch; nil without Patience
	progress  progress
	saved     map[string]atomicfile.Version // what checkpoints held when this run last saved or read them
}

// A task is what a run learns: one kind of model from one kind of data.
type task interface {
	// gradients takes these items forward and back. It returns their losses, and
	// leaves the gradients of the mean where the optimiser finds them.
	gradients(items []int) Evaluation
	// loss returns the losses of these items. The gradients are lost.
	loss(items []int) Evaluation
	// validate measures the model on the data set aside.
	validate(ctx context.Context) (Evaluation, error)
	// positions returns how many positions these items have, as gradients counts
	// them, and how many of these do not read padding.
	positions(items []int) (all, words int64)
	// symbols returns among how many symbols each position chooses.
	symbols() int
	// file returns the content of a model file with the weights of net. Some of it
	// may be net's own memory.
	file(net network) *weights.File
	// checkpoint returns what the JSON of a checkpoint holds.
	checkpoint() any
	// record returns where the model comes from, but for the progress.
	record() Record
	// measure fills in what the statistics of one kind of data have beside the loss.
	measure(s *EpochStats)
}

// begin makes r a run at its start. It is part of the task t and trains net by the
// gradients in grad.
func (r *run) begin(t task, s schedule, net, grad network, threads *kernels.Workers) {
	r.task, r.schedule, r.net = t, s, net
	r.optimiser = newOptimiser(net, grad, s.LearningRate, s.ClipNorm, threads)
	if s.Patience > 0 {
		r.best = net.like()
	}
	r.progress = progress{Power1: 1, Power2: 1}
}

// Run trains until the last epoch has ended, or until Patience is at its end. There is
// nothing left to train if that is so already.
//
// When ctx ends, Run stops after the step under way, saves the checkpoint and
// returns an error that wraps ctx.Err() and says where the run can be resumed
// from. A loss or a gradient that is not finite is an error: the step is not
// made, the checkpoint stays what it was. So it does when it cannot be saved. In
// all cases the Trainer is as after a whole number of steps, and Run may be
// called again.
//
// A model that is much worse than a uniform guess at the data of its last step, by one
// nat a position, is an error too: at the end of the run, and of an epoch with such a
// mean loss if the run has made 100 steps. That epoch has not ended then, and the
// checkpoint is that of the one before. Errors of both kinds wrap ErrDiverged.
func (r *run) Run(ctx context.Context, o *RunOptions) error {
	if o == nil {
		o = &RunOptions{}
	}
	if p := &r.progress; r.Done() { // it may have been resumed with fewer epochs
		return r.checkResult(p.History, p.Best)
	}
	if o.Checkpoint != "" {
		unlock, err := r.claim(o.Checkpoint)
		if err != nil {
			return err
		}
		defer unlock()
	}
	runtime.GC() // see memory
	c := clock{start: time.Now()}
	for !r.Done() {
		if err := r.runEpoch(ctx, o, &c); err != nil {
			return err
		}
	}
	return nil
}

// runEpoch ends the epoch under way.
func (r *run) runEpoch(ctx context.Context, o *RunOptions, c *clock) error {
	p, steps := &r.progress, r.steps()
	c.epoch, c.epochTokens = 0, 0
	order := Order(r.items, r.schedule.Seed, p.Epoch)
	for p.Batch < steps {
		if err := ctx.Err(); err != nil {
			return r.interrupted(o, err)
		}
		begin := time.Now()
		at := p.Batch * r.perStep
		stats, err := r.step(order[at:min(at+r.perStep, r.items)])
		if err != nil {
			return fmt.Errorf("train: epoch %d, step %d of %d: %w", p.Epoch+1, p.Batch+1, steps, err)
		}
		c.add(stats, time.Since(begin))
		if o.OnStep != nil {
			stats.Steps = steps
			stats.Positions, stats.Tokens, stats.Elapsed = c.positions, c.tokens, time.Since(c.start)
			left := (r.schedule.Epochs-p.Epoch)*steps - p.Batch
			stats.Remaining = time.Duration(stats.Elapsed.Seconds() / float64(c.steps) * float64(left) * float64(time.Second))
			o.OnStep(stats)
		}
	}
	record := epochRecord{Steps: p.Steps, Loss: p.LossSum / float64(p.Positions)}
	if p.Words > 0 {
		record.WordLoss = p.WordLossSum / float64(p.Words)
	}
	if r.judged {
		e, err := r.task.validate(ctx)
		if err != nil {
			return r.interrupted(o, err)
		}
		record.ValLoss = e.Loss()
		if r.padded && e.Words > 0 {
			record.ValWordLoss = e.WordLoss()
		}
		if !finite(record.ValLoss) {
			return fmt.Errorf("train: epoch %d: the validation loss is %v: %w", p.Epoch+1, record.ValLoss, ErrDiverged)
		}
	}
	if !finite(r.weightNorm()) {
		return fmt.Errorf("train: epoch %d: the weights are not finite any more: %w", p.Epoch+1, ErrDiverged)
	}
	if err := r.checkEpoch(record); err != nil {
		return err
	}
	r.endEpoch(record)
	if o.Checkpoint != "" {
		if err := r.saveOwn(o.Checkpoint); err != nil {
			return err
		}
		runtime.GC() // see memory
	}
	if o.OnEpoch != nil {
		s := r.epochStats(p.Epoch - 1)
		s.Seconds, s.TokensPerSecond = c.epoch.Seconds(), rate(c.epochTokens, c.epoch)
		o.OnEpoch(s)
		runtime.GC()
	}
	return nil
}

// step trains on these items. If it returns an error then nothing has changed.
func (r *run) step(items []int) (s Stats, err error) {
	p := &r.progress
	e := r.task.gradients(items)
	if !finite(e.Sum) {
		return s, fmt.Errorf("the loss is %v: %w", e.Sum, ErrDiverged)
	}
	norm, err := r.optimiser.apply()
	if err != nil {
		return s, fmt.Errorf("%w: %w", err, ErrDiverged)
	}
	p.Power1, p.Power2 = r.optimiser.power1, r.optimiser.power2
	p.LossSum += e.Sum
	p.Positions += e.Positions
	if r.padded && (p.Batch == 0 || p.Words > 0) { // else the checkpoint is of an older version
		p.WordLossSum += e.WordSum
		p.Words += e.Words
	}
	p.Batch++
	p.Steps++
	return Stats{
		Epoch: p.Epoch + 1, Epochs: r.schedule.Epochs, Step: p.Batch,
		Loss: p.LossSum / float64(max(p.Positions, 1)), WordLoss: p.WordLossSum / float64(max(p.Words, 1)),
		BatchLoss:    e.Sum / float64(max(e.Positions, 1)),
		GradientNorm: norm,
		Positions:    e.Positions, Tokens: e.Words,
	}, nil
}

// interrupted saves the checkpoint and returns the error for a context that ended
// with cause.
func (r *run) interrupted(o *RunOptions, cause error) error {
	p := &r.progress
	where := fmt.Sprintf("train: interrupted in epoch %d after %d of %d steps", p.Epoch+1, p.Batch, r.steps())
	if o.Checkpoint == "" {
		return fmt.Errorf("%s; no checkpoint was asked for: %w", where, cause)
	}
	if err := r.saveOwn(o.Checkpoint); err != nil {
		var replaced *ReplacedError
		if errors.As(err, &replaced) {
			return fmt.Errorf("%s (%w); %w", where, cause, inner{err})
		}
		return fmt.Errorf("%s (%w), and what was reached since the last checkpoint is lost: %w", where, cause, inner{err})
	}
	return fmt.Errorf("%s; resume from the checkpoint %s: %w", where, o.Checkpoint, cause)
}

// weightNorm returns a number that is finite if all weights are.
func (r *run) weightNorm() (sum float64) {
	for _, w := range r.net.parameters() {
		sum += kernels.SumSquares(w)
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
