package train

import (
	"errors"
	"math"

	"github.com/autoreg/autoreg/internal/apierror"
)

// check checks the progress that a checkpoint holds against the run: every field
// follows from others and from the data, but for the losses, which have a range.
// What passes is a state that the run can be in and can go on from.
func (p *progress) check(t *Trainer) error {
	steps := t.steps()
	switch {
	case p.Epoch < 0 || p.Batch < 0 || p.Steps < 0:
		return damaged("a count is negative")
	case p.Batch > steps: // equal: the epoch's validation was interrupted
		return damaged("epoch %d has %d steps, not %d", p.Epoch+1, steps, p.Batch)
	case len(p.History) != p.Epoch:
		return damaged("the history is of %d epochs, not %d", len(p.History), p.Epoch)
	case int64(p.Steps) != int64(p.Epoch)*int64(steps)+int64(p.Batch):
		return damaged("%d epochs of %d steps and %d steps are not %d", p.Epoch, steps, p.Batch, p.Steps)
	}
	if err := p.checkHistory(t, steps); err != nil {
		return err
	}
	order := t.order(p.Epoch)
	done := order[:min(p.Batch*t.work.perStep, t.work.items)]
	all, words := t.task.positions(done)
	switch {
	case p.Positions != all:
		return damaged("%d steps of epoch %d have %d positions, not %d", p.Batch, p.Epoch+1, all, p.Positions)
	case !isLoss(p.LossSum, p.Positions):
		return damaged("the sum of %d losses is %v", p.Positions, p.LossSum)
	case p.Words != 0 && (!t.work.padded || p.Words != words): // 0: not known, see progress
		return damaged("%d steps of epoch %d have %d words, not %d", p.Batch, p.Epoch+1, words, p.Words)
	case !isLoss(p.WordLossSum, p.Words) || p.WordLossSum > p.LossSum:
		return damaged("the sum of %d words' losses is %v", p.Words, p.WordLossSum)
	}
	decays := t.optimizer.Decays()
	for i, power := range p.powers() {
		want := 0.0
		if i < len(decays) {
			want = powerOf(decays[i], p.Steps)
		}
		if power != want {
			return damaged("power %d of the optimizer's decays after %d steps is %v, not %v", i+1, p.Steps, want, power)
		}
	}
	return nil
}

// checkHistory checks the epochs that have ended.
func (p *progress) checkHistory(t *Trainer, steps int) error {
	best := 0
	for i, e := range p.History {
		switch {
		case int64(e.Steps) != int64(i+1)*int64(steps):
			return damaged("epoch %d ends after %d steps, not %d", i+1, int64(i+1)*int64(steps), e.Steps)
		case !isLoss(e.Loss, 1) || !isLoss(e.ValLoss, 1):
			return damaged("epoch %d has the losses %v and %v", i+1, e.Loss, e.ValLoss)
		case !isLoss(e.WordLoss, 1) || !isLoss(e.ValWordLoss, 1):
			return damaged("epoch %d has the losses over words %v and %v", i+1, e.WordLoss, e.ValWordLoss)
		case !t.work.padded && (e.WordLoss != 0 || e.ValWordLoss != 0):
			return damaged("epoch %d has losses over words, but no padding counts", i+1)
		case !t.work.validates && (e.ValLoss != 0 || e.ValWordLoss != 0):
			return damaged("epoch %d has a validation loss of %v, but nothing is set aside", i+1, max(e.ValLoss, e.ValWordLoss))
		case !(e.ValAccuracy >= 0 && e.ValAccuracy <= 1) || math.Signbit(e.ValAccuracy):
			return damaged("epoch %d has an accuracy of %v", i+1, e.ValAccuracy)
		case !(t.work.validates && t.work.classes) && e.ValAccuracy != 0:
			return damaged("epoch %d has an accuracy of %v, but no classes are told apart", i+1, e.ValAccuracy)
		case best > 0 && t.options.Patience > 0 && i-best >= t.options.Patience:
			return damaged("the run goes on after epoch %d although Patience had ended it", i)
		}
		if t.work.validates && (best == 0 || e.ValLoss < p.History[best-1].ValLoss) {
			best = i + 1
		}
	}
	switch {
	case p.Best != best:
		return damaged("the best epoch is %d, not %d", best, p.Best)
	case p.Batch > 0 && best > 0 && t.options.Patience > 0 && p.Epoch-best >= t.options.Patience:
		return damaged("the run goes on after epoch %d although Patience had ended it", p.Epoch)
	}
	return nil
}

// isLoss reports whether x can be the sum, or the mean, of n losses, each of which
// was a float32, 0 or more.
func isLoss(x float64, n int64) bool {
	return !math.Signbit(x) && x <= 2*math.MaxFloat32*float64(n) // twice: sums round; NaN is not
}

// powerOf returns the running product that the optimiser has after so many steps. It
// ends early where another multiplication changes nothing: after 7,000 steps for
// beta1, 740,000 for beta2.
func powerOf(beta float64, steps int) float64 {
	power := 1.0
	for range steps {
		next := float64(power * beta)
		if next == power {
			break
		}
		power = next
	}
	return power
}

// damaged returns the error for a checkpoint whose fields contradict each other.
func damaged(format string, args ...any) error {
	return apierror.Errorf("%w: "+format, append([]any{errDamaged}, args...)...)
}

var errDamaged = errors.New("the checkpoint contradicts itself, the file is damaged")
