package train

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// An Optimizer changes parameters by their gradients. It is a value without state: the
// state of a run are slots, one number for each parameter and slot, and the powers of
// its decays, which are part of a checkpoint.
type Optimizer interface {
	// Kind is the name in checkpoints: "adam", "momentum:0.9". It stands for all constants
	// of the steps, for a checkpoint has nothing else of the optimizer.
	Kind() string

	// Slots names the slots, whose numbers are 0 at first. A checkpoint has them as
	// tensors optimizer.SLOT.NAME.
	Slots() []string
	// Decays returns the factors whose powers, one a step, the steps depend on; there
	// are at most two.
	Decays() []float64

	// Update makes the step of some parameters w by the gradients g, each times
	// s.GradScale, and by their slots. Results must not depend on how the parameters
	// are cut into calls, which may come from several goroutines.
	Update(w, g []float32, slots [][]float32, s *UpdateStep)

	// Valid reports whether the slot of that index may hold x, which is finite.
	Valid(slot int, x float32) bool
}

// reservedSlots are what a checkpoint's other tensors have in place of SLOT.
var reservedSlots = []string{"average", "best", "carry"}

// checkOptimizer returns an error for an optimizer that no checkpoint can hold.
func checkOptimizer(o Optimizer) error {
	if o.Kind() == "" {
		return optionErr("%s has no kind, by which checkpoints name it", option("Optimizer"))
	}
	if n := len(o.Decays()); n > 2 {
		return optionErr("%s (%s) has %d decays: want at most 2", option("Optimizer"), o.Kind(), n)
	}
	switch o.(type) {
	case Adam, AdamW, Momentum: // their fields may hold anything
		if _, err := ParseOptimizer(o.Kind()); err != nil {
			return optionErr("%s: %w", option("Optimizer"), err)
		}
	}
	for i, name := range o.Slots() {
		if name == "" || slices.Contains(reservedSlots, name) || strings.Contains(name, ".") || slices.Contains(o.Slots()[:i], name) {
			return optionErr("%s (%s) has a slot %q: want different names without dots, and none is \"average\", \"best\" or \"carry\"", option("Optimizer"), o.Kind(), name)
		}
	}
	return nil
}

// An UpdateStep holds the values of an update that are not parameters. All but Bias are
// the same for all updates of one step.
type UpdateStep struct {
	LearningRate float64
	GradScale    float32   // of gradient clipping: 1 or less
	Powers       []float64 // of the decays, this step counted
	Bias         bool      // the parameters are biases: tensors of one dimension
}

// ParseOptimizer returns the optimizer of a Kind: "adam", "adam:1e-05", "adamw:0.01", "sgd",
// "momentum:0.9" or "nesterov:0.9". Without a constant it is the one here.
func ParseOptimizer(kind string) (Optimizer, error) {
	name, text, given := strings.Cut(kind, ":")
	constant := 0.0
	if given {
		var err error
		if constant, err = strconv.ParseFloat(text, 64); err != nil {
			constant = math.NaN()
		}
	}
	want := func(o Optimizer, what string, valid bool) (Optimizer, error) {
		if given && !valid {
			return nil, wrap(apierror.Errorf("the optimizer is %.40q: want %s after the colon", kind, what))
		}
		return o, nil
	}
	const factor = "a factor between 0 and 1"
	switch name {
	case "adam":
		return want(Adam{constant}, "a decay of more than 0, at most 1000", constant > 0 && constant <= 1000)
	case "adamw":
		return want(AdamW{constant}, "a decay of more than 0, at most 1000", constant > 0 && constant <= 1000)
	case "sgd":
		return want(SGD{}, "nothing", false)
	case "momentum":
		return want(Momentum{Factor: constant}, factor, constant > 0 && constant < 1)
	case "nesterov":
		return want(Momentum{constant, true}, factor, constant > 0 && constant < 1)
	}
	return nil, wrap(apierror.Errorf("the optimizer is %.40q: want adam, adamw, sgd, momentum or nesterov", kind))
}

// kindOf returns the kind of an optimizer with a constant.
func kindOf(name string, constant float64) string {
	return name + ":" + strconv.FormatFloat(constant, 'g', -1, 64)
}

// optimizerOf returns the optimizer whose Kind that is, or nil.
func optimizerOf(kind string) Optimizer {
	if o, err := ParseOptimizer(kind); err == nil && o.Kind() == kind {
		return o
	}
	return nil
}
