package train

import (
	"errors"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/portable"
)

// ErrDiverged is what the errors of Run wrap where training has failed: a loss, a
// gradient or a weight is not finite, or the model is much worse than a uniform guess
// at the data that it has just learned from. The checkpoint stays what it was after
// the last epoch before that.
var ErrDiverged = wrap(errors.New("training has diverged"))

// diverged returns an error that says why training has failed and what to do.
func diverged(format string, args ...any) error {
	why := apierror.Errorf(format, args...)
	return optionErr("%w: %w: lower %s or set %s", why, ErrDiverged, option("LearningRate"), option("ClipNorm"))
}

const (
	// worthless is the number of nats by which a loss must exceed that of a uniform
	// guess to be called worse: the perplexity is e times as high. A mixture begins with
	// outputs of variance 1, and has been seen to have 1.6 nats more after a step that
	// helped.
	worthless        = 1
	worthlessMixture = 3
	// earlySteps are the steps whose loss is not checked while the run goes on. Adam's
	// first steps are the largest: with small data and a high rate, runs that converge
	// have been seen to begin with losses of ten nats more than a uniform guess.
	earlySteps = 100
)

// checkLoss returns an error that wraps ErrDiverged if the weights of the model as they
// are after the last step of epoch, counted from 0, predict the data of that step, or the
// beginning of a stream, worse than a uniform guess. It checks training data: an overfitted
// model can be that bad at other data. The result depends on the weights and the data only, so that a resumed run has
// the same result.
func (t *Trainer) checkLoss(epoch int) error {
	defer t.averaged()()
	order := t.order(epoch)
	last := order[(t.steps()-1)*t.work.perStep:]
	if t.work.inOrder {
		last = order[:1] // later ones are not what they are without those before
	}
	e := t.task.loss(last)
	if loss := e.Loss(); e.Positions > 0 && !(loss <= t.limit()) {
		what := "that step's data"
		if t.work.inOrder {
			what = "the stream's beginning"
		}
		return diverged("epoch %d: after its last step the loss of %s is %.4f, where a uniform guess has %.4f",
			epoch+1, what, loss, t.uniform())
	}
	return nil
}

// limit returns the highest loss that is not called worse than a uniform guess.
func (t *Trainer) limit() float64 {
	if images, ok := t.task.(*Images); ok && images.Mixture != nil {
		return t.uniform() + worthlessMixture
	}
	return t.uniform() + worthless
}

// uniform returns the loss of a uniform guess.
func (t *Trainer) uniform() float64 { return portable.Log(float64(t.task.symbols())) }

// checkEpoch checks the epoch that ends with record, before it has ended: if it is the
// run's last, and if the run has made its early steps and its loss is still too high.
func (t *Trainer) checkEpoch(record epochRecord) error {
	p, best := &t.progress, t.progress.Best
	if t.improves(record) {
		best = p.Epoch + 1
	}
	if p.Epoch+1 >= t.options.Epochs || t.impatient(p.Epoch+1, best) {
		return t.checkResult(append(slices.Clip(p.History), record), best)
	}
	if record.Steps >= earlySteps && record.Loss > t.limit() {
		return t.checkLoss(p.Epoch)
	}
	return nil
}

// checkResult checks the result of a run that ends with this history.
func (t *Trainer) checkResult(history []epochRecord, best int) error {
	if t.best == nil || best == len(history) {
		return t.checkLoss(len(history) - 1)
	}
	// The result is the weights of an earlier epoch, whose losses are in the history.
	if e := history[best-1]; e.Loss > t.limit() && e.ValLoss > t.limit() {
		return diverged("the best epoch, %d, has the loss %.4f, and %.4f on validation data, where a uniform guess has %.4f",
			best, e.Loss, e.ValLoss, t.uniform())
	}
	return nil
}
