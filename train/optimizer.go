package train

import (
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// An Optimizer changes parameters by their gradients. It is a value without state: the
// state of a run are slots, one number for each parameter and slot, and the powers of
// its decays, which are part of a checkpoint.
type Optimizer interface {
	// Kind is the name in checkpoints: "adam". It stands for all constants of the steps,
	// for a checkpoint has nothing else of the optimizer.
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

// checkOptimizer returns an error for an optimizer that no checkpoint can hold.
func checkOptimizer(o Optimizer) error {
	if o.Kind() == "" {
		return optionErr("%s has no kind, by which checkpoints name it", option("Optimizer"))
	}
	if n := len(o.Decays()); n > 2 {
		return optionErr("%s (%s) has %d decays: want at most 2", option("Optimizer"), o.Kind(), n)
	}
	for i, name := range o.Slots() {
		if name == "" || name == "best" || name == "carry" || strings.Contains(name, ".") || slices.Contains(o.Slots()[:i], name) {
			return optionErr("%s (%s) has a slot %q: want different names without dots, and none is \"best\" or \"carry\"", option("Optimizer"), o.Kind(), name)
		}
	}
	return nil
}

// An UpdateStep holds the values that all updates of one step share.
type UpdateStep struct {
	LearningRate float64
	GradScale    float32   // of gradient clipping: 1 or less
	Powers       []float64 // of the decays, this step counted
}

// ParseOptimizer returns the optimizer of that Kind.
func ParseOptimizer(kind string) (Optimizer, error) {
	if o := optimizerOf(kind); o != nil {
		return o, nil
	}
	return nil, wrap(apierror.Errorf("the optimizer is %.40q: want adam or sgd", kind))
}

// optimizers lists the kinds that a checkpoint may name.
var optimizers = []Optimizer{Adam{}, SGD{}}

// Adam's constants, Keras' defaults. The bias corrections use the float32 values
// too, for those are what m and v decay by.
const (
	beta1   float32 = 0.9
	beta2   float32 = 0.999
	epsilon float32 = 1e-7
)

// Adam is
//
//	m ← β₁·m + (1-β₁)·g      v ← β₂·v + (1-β₂)·g²
//	w ← w - η·√(1-β₂ᵗ)/(1-β₁ᵗ) · m/(√v + ε)
//
// with β₁ = 0.9, β₂ = 0.999 and ε = 1e-7, for every parameter at every step: the
// vector of a token that the batch does not hold has gradient 0, but its moments decay
// and it moves on.
//
// Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015; the place of ε is
// that of Keras.
type Adam struct{}

// Kind returns "adam".
func (Adam) Kind() string { return "adam" }

// Slots returns the two moments, m and v.
func (Adam) Slots() []string { return []string{"m", "v"} }

// Decays returns β₁ and β₂.
func (Adam) Decays() []float64 { return []float64{float64(beta1), float64(beta2)} }

// Update implements Optimizer.
func (Adam) Update(w, g []float32, slots [][]float32, s *UpdateStep) {
	kernels.Adam(w, slots[0], slots[1], g, kernels.AdamStep{
		LR:    adamRate(s),
		Beta1: beta1, Beta2: beta2, Epsilon: epsilon,
		GradScale: s.GradScale,
	})
}

// adamRate returns the learning rate with the bias corrections.
func adamRate(s *UpdateStep) float32 {
	return float32(float64(s.LearningRate*math.Sqrt(1-s.Powers[1])) / (1 - s.Powers[0]))
}

// Valid reports false for a negative second moment, which is a mean of squares.
func (Adam) Valid(slot int, x float32) bool { return slot != 1 || x >= 0 }

// SGD is stochastic gradient descent: w ← w - η·g.
type SGD struct{}

// Kind returns "sgd".
func (SGD) Kind() string { return "sgd" }

// Slots returns none.
func (SGD) Slots() []string { return nil }

// Decays returns none.
func (SGD) Decays() []float64 { return nil }

// Valid is not called, for there are no slots.
func (SGD) Valid(int, float32) bool { return true }

// Update implements Optimizer.
func (SGD) Update(w, g []float32, _ [][]float32, s *UpdateStep) {
	rate := float32(s.LearningRate * float64(s.GradScale))
	for i, x := range g {
		w[i] -= float32(rate * x)
	}
}

// optimizerOf returns the kind of that name, or nil.
func optimizerOf(kind string) Optimizer {
	for _, o := range optimizers {
		if o.Kind() == kind {
			return o
		}
	}
	return nil
}

// An updater is an optimiser with its state for one network.
type updater struct {
	Optimizer
	slots  []layers.Network // of the shape of the network
	decays []float64        // kept, because Decays allocates
	powers []float64        // of the decays: running products

	values, grads [][]float32   // of the network
	state         [][][]float32 // of each slot
	threads       *layers.Threads

	// The call under way.
	w, g   []float32
	s      [][]float32
	parts  [][][]float32 // s cut, one a thread
	step   UpdateStep
	update func(worker, from, to int) // bound once: a closure allocates
}

func newUpdater(o Optimizer, net, grad layers.Network, zero func() layers.Network, threads *layers.Threads) *updater {
	u := &updater{Optimizer: o, values: layers.ValuesOf(net), grads: layers.ValuesOf(grad), threads: threads}
	for range o.Slots() {
		n := zero()
		u.slots = append(u.slots, n)
		u.state = append(u.state, layers.ValuesOf(n))
	}
	u.decays = o.Decays()
	for range u.decays {
		u.powers = append(u.powers, 1)
	}
	u.s = make([][]float32, len(u.slots))
	for range threads.Len() {
		u.parts = append(u.parts, make([][]float32, len(u.slots)))
	}
	u.update = u.updateRange
	return u
}

var errGradient = errors.New("the gradient is not finite")

// apply makes one step and returns the length of the gradient before clipping, all
// parameters together. If that is not finite it changes nothing and returns
// errGradient.
func (u *updater) apply(rate, clip float64) (norm float64, err error) {
	for _, g := range u.grads {
		norm += kernels.SumSquares(g)
	}
	norm = math.Sqrt(norm)
	if !(norm <= math.MaxFloat64) {
		return norm, errGradient
	}
	for i, d := range u.decays {
		u.powers[i] = float64(u.powers[i] * d)
	}
	u.step = UpdateStep{LearningRate: rate, GradScale: 1, Powers: u.powers}
	if clip > 0 && norm > clip {
		u.step.GradScale = float32(clip / norm)
	}
	for i := range u.values {
		u.w, u.g = u.values[i], u.grads[i]
		for k := range u.state {
			u.s[k] = u.state[k][i]
		}
		u.threads.Split(len(u.w), 1024, u.update)
	}
	return norm, nil
}

// check returns an error for slots that a checkpoint cannot have.
func (u *updater) check() error {
	for k, name := range u.Slots() {
		for _, values := range u.state[k] {
			for _, x := range values {
				if !u.Valid(k, x) {
					return apierror.Errorf("a tensor %s%s… has the value %v, which is out of range (a square is not negative): the file is damaged", model.OptimizerPrefix, name+".", x)
				}
			}
		}
	}
	return nil
}

func (u *updater) updateRange(worker, from, to int) {
	part := u.parts[worker]
	for k := range part {
		part[k] = u.s[k][from:to]
	}
	u.Update(u.w[from:to], u.g[from:to], part, &u.step)
}
