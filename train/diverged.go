package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/autoreg/autoreg/internal/portable"
)

// ErrDiverged is what the errors of Run wrap where training has failed: a loss, a
// gradient or a weight is not finite, or the model is much worse than a uniform guess
// at the data that it has just learned from. The checkpoint stays what it was after
// the last epoch before that.
var ErrDiverged = errors.New("training has diverged: lower LearningRate or set ClipNorm")

const (
	// worthless is by how many nats a loss exceeds that of a uniform guess if the model
	// is called worse: its perplexity is e times as high.
	worthless = 1
	// earlySteps may be as bad as they like, as long as the run goes on. Adam's first
	// steps are its wildest: small data that a high rate learns in the end have been
	// seen to begin with losses of ten nats more than a uniform guess.
	earlySteps = 100
)

// checkLoss returns an error that wraps ErrDiverged if the weights as they are after
// the last step of epoch, counted from 0, predict the data of that step worse than a
// uniform guess. It is about training data: a model that has learned too much by heart
// can be that bad at others. The weights and the data alone decide, so a run that was
// resumed has the same result.
func (r *run) checkLoss(epoch int) error {
	order := Order(r.items, r.schedule.Seed, epoch)
	e := r.task.loss(order[(r.steps()-1)*r.perStep:])
	if loss := e.Loss(); e.Positions > 0 && !(loss <= r.limit()) {
		return fmt.Errorf("train: epoch %d: after its last step the loss of that step's data is %.4f, where a uniform guess has %.4f: %w",
			epoch+1, loss, r.limit()-worthless, ErrDiverged)
	}
	return nil
}

// limit returns the highest loss that is not called worse than a uniform guess.
func (r *run) limit() float64 { return portable.Log(float64(r.task.symbols())) + worthless }

// checkEpoch checks the epoch that ends with record, before it has ended: if it is the
// run's last, and if the run has made its early steps and its loss is still too high.
func (r *run) checkEpoch(record epochRecord) error {
	p, best := &r.progress, r.progress.Best
	if r.improves(record) {
		best = p.Epoch + 1
	}
	if p.Epoch+1 >= r.schedule.Epochs || r.impatient(p.Epoch+1, best) {
		return r.checkResult(append(slices.Clip(p.History), record), best)
	}
	if record.Steps >= earlySteps && record.Loss > r.limit() {
		return r.checkLoss(p.Epoch)
	}
	return nil
}

// checkResult checks the result of a run that ends with this history.
func (r *run) checkResult(history []epochRecord, best int) error {
	if r.best == nil || best == len(history) {
		return r.checkLoss(len(history) - 1)
	}
	// The weights of an epoch before. They are not at hand, but its losses are.
	if e := history[best-1]; e.Loss > r.limit() && e.ValLoss > r.limit() {
		return fmt.Errorf("train: the best epoch, %d, has the loss %.4f, and %.4f on validation data, where a uniform guess has %.4f: %w",
			best, e.Loss, e.ValLoss, r.limit()-worthless, ErrDiverged)
	}
	return nil
}
