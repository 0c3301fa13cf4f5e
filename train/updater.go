package train

import (
	"errors"
	"math"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// An updater is an optimiser with its state for one network.
type updater struct {
	Optimizer
	slots  []layers.Network // of the shape of the network
	decays []float64        // kept, because Decays allocates
	powers []float64        // of the decays: running products

	values, grads [][]float32   // of the network
	state         [][][]float32 // of each slot
	biases        []bool        // which of values are biases
	threads       *layers.Threads

	// The call under way.
	w, g   []float32
	s      [][]float32
	parts  [][][]float32 // s cut, one a thread
	step   UpdateStep
	update func(worker, from, to int) // bound once: a closure allocates
}

func newUpdater(o Optimizer, net, grad layers.Network, zero func() layers.Network, threads *layers.Threads) *updater {
	u := &updater{Optimizer: o, values: layers.ValuesOf(net), grads: layers.ValuesOf(grad), biases: biasesOf(zero()), threads: threads}
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

// biasesOf reports which values of a network of zeros are biases. It marks the tensors of
// more than one dimension: no slice of values holds both.
func biasesOf(net layers.Network) []bool {
	for _, p := range layers.ParametersOf(net) {
		if len(p.Shape) > 1 && !p.StoredOnly {
			ones := make([]float32, p.Len())
			for i := range ones {
				ones[i] = 1
			}
			p.Set(ones)
		}
	}
	values := layers.ValuesOf(net)
	biases := make([]bool, len(values))
	for i, list := range values {
		biases[i] = kernels.Max(list) == 0
	}
	return biases
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
		u.w, u.g, u.step.Bias = u.values[i], u.grads[i], u.biases[i]
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
