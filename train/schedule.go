package train

import (
	"math"

	"github.com/autoreg/autoreg/internal/portable"
)

// A ScheduleKind says what the learning rate depends on.
type ScheduleKind string

const (
	ConstantRate ScheduleKind = ""        // nothing
	StepDecay    ScheduleKind = "step"    // the epoch
	CosineDecay  ScheduleKind = "cosine"  // the step
	PlateauDecay ScheduleKind = "plateau" // the validation losses
)

// A Schedule says how the learning rate η changes. The zero value leaves it at
// Options.LearningRate, η₀. In epoch e, counted from 1,
//
//	step:     η = η₀ · Decay^max(0, e - From)
//	plateau:  η = η₀ · Decay^n
//	cosine:   η = η₀ · (Floor + (1 - Floor) · (1 + cos πx)/2)   x = (s - Warmup)/(Epochs·S - Warmup)
//
// where s is the number of steps that the run has made, and S that of an epoch. x is at most
// 1: after Epochs the rate stays at the floor. Loshchilov and Hutter, SGDR: Stochastic
// Gradient Descent with Warm Restarts, 2017, without restarts.
//
// n counts the plateaus before e: it grows, and the count of epochs begins anew, after
// Patience epochs without a validation loss lower than all before. This is Keras'
// ReduceLROnPlateau with min_delta = 0. It needs data set aside for validation.
//
// No kind goes below η₀·Floor. In the first Warmup steps the rate is multiplied by
// (s + 1)/Warmup.
//
// The rate follows from the steps made and the losses of the epochs that have ended,
// which are in the checkpoint: a run that is resumed goes on with the same rates.
// Fields that a kind does not use must be 0.
type Schedule struct {
	Kind     ScheduleKind
	Decay    float64 // step: more than 0, at most 1000; plateau: between 0 and 1
	From     int     // step: the last epoch with the full rate
	Patience int     // plateau: 0 means 1
	// Epochs is how many the cosine is over; 0 means Options.Epochs when the run begins.
	// It does not change when the run is resumed with more.
	Epochs int
	Floor  float64 // least share of the full rate, less than 1; not for a constant rate
	Warmup int     // steps
}

// complete replaces the zero fields that have a default; epochs is Options.Epochs.
func (s Schedule) complete(epochs int) Schedule {
	switch s.Kind {
	case PlateauDecay:
		setDefault(&s.Patience, 1)
	case CosineDecay:
		setDefault(&s.Epochs, epochs)
	}
	return s
}

// check returns an error for a field that is out of range or has no meaning.
func (s Schedule) check() error {
	fail := func(format string, args ...any) error {
		return optionErr("%s is %s: "+format, append([]any{option("Schedule"), s.String()}, args...)...)
	}
	used := Schedule{Kind: s.Kind, Warmup: s.Warmup}
	switch s.Kind {
	case ConstantRate:
	case StepDecay:
		used.Decay, used.From, used.Floor = s.Decay, s.From, s.Floor
		if !(s.Decay > 0 && s.Decay <= 1e3) {
			return fail("a decay of more than 0, at most 1000, is wanted")
		}
	case PlateauDecay:
		used.Decay, used.Patience, used.Floor = s.Decay, s.Patience, s.Floor
		if !(s.Decay > 0 && s.Decay < 1) {
			return fail("a decay between 0 and 1 is wanted")
		}
		if s.Patience < 1 || s.Patience > maxEpochs {
			return fail("a patience of 1 to %d is wanted", maxEpochs)
		}
	case CosineDecay:
		used.Epochs, used.Floor = s.Epochs, s.Floor
		if s.Epochs < 1 || s.Epochs > maxEpochs {
			return fail("1 to %d epochs are wanted", maxEpochs)
		}
	default:
		return optionErr("%s is of the kind %.40q: want \"\" (a constant rate), %q, %q or %q", option("Schedule"), s.Kind, StepDecay, CosineDecay, PlateauDecay)
	}
	switch {
	case s.From < 0 || s.From > maxEpochs:
		return fail("an epoch from 0 to %d is wanted", maxEpochs)
	case !(s.Floor >= 0 && s.Floor < 1):
		return fail("a floor of 0 or more and less than 1 is wanted")
	case s.Warmup < 0 || s.Warmup > maxWarmup:
		return fail("0 to %d steps of warm-up are wanted", maxWarmup)
	case s != used:
		type fields Schedule // without String
		return optionErr("%s has the values %+v, of which the kind %q does not use all: leave the others at 0", option("Schedule"), fields(s), s.Kind)
	}
	return nil
}

// maxWarmup is the limit of a warm-up in steps.
const maxWarmup = 1 << 30

// rate returns the learning rate of the step after so many, in the epoch after history.
// It multiplies repeatedly and has a cosine of its own: it is the same on every machine.
func (s *Schedule) rate(full float64, steps, stepsPerEpoch int, history []epochRecord) float64 {
	rate, floor := full, float64(full*s.Floor)
	switch s.Kind {
	case StepDecay:
		rate = max(floor, repeated(full, s.Decay, len(history)+1-s.From))
	case PlateauDecay:
		rate = max(floor, repeated(full, s.Decay, s.plateaus(history)))
	case CosineDecay:
		rate = floor
		if left := float64(float64(s.Epochs)*float64(stepsPerEpoch)) - float64(steps); left > 0 {
			x := float64(max(0, steps-s.Warmup))
			x /= x + left                                                            // below 1; without a warm-up in it x + left is the cosine's length
			rate = full - float64((full-floor)*(0.5-float64(0.5*portable.CosPi(x)))) // full where x is 0
		}
	}
	if steps < s.Warmup {
		rate = float64(rate*float64(steps+1)) / float64(s.Warmup)
	}
	return rate
}

// repeated returns x multiplied n times by factor. It ends early where another
// multiplication changes nothing.
func repeated(x, factor float64, n int) float64 {
	for range n {
		next := float64(x * factor)
		if next == x {
			break
		}
		x = next
	}
	return x
}

// plateaus returns how many plateaus the epochs of history have.
func (s *Schedule) plateaus(history []epochRecord) (n int) {
	best, waited := math.Inf(1), 0
	for _, e := range history {
		if e.ValLoss < best {
			best, waited = e.ValLoss, 0
			continue
		}
		if waited++; waited == s.Patience {
			n, waited = n+1, 0
		}
	}
	return n
}
