package train

import (
	"errors"
	"math"

	"github.com/autoreg/autoreg/kernels"
)

// Adam's constants, Keras' defaults. The bias corrections use the float32 values
// too, for those are what m and v decay by.
const (
	beta1   float32 = 0.9
	beta2   float32 = 0.999
	epsilon float32 = 1e-7
)

// An optimiser is Adam with its memory:
//
//	m ← β₁·m + (1-β₁)·g      v ← β₂·v + (1-β₂)·g²
//	w ← w - η·√(1-β₂ᵗ)/(1-β₁ᵗ) · m/(√v + ε)
//
// for every parameter at every step: the vector of a word that the batch does not
// hold has gradient 0, but its moments decay and it moves on.
//
// Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015.
type optimiser struct {
	rate, clip     float64
	power1, power2 float64 // β₁ᵗ and β₂ᵗ, running products
	m, v           network // moments

	all     [4][][]float32 // parameters, gradients and moments as slices
	now     [4][]float32   // those under way
	step    kernels.AdamStep
	threads *kernels.Workers
	update  func(worker, from, to int) // bound once: a closure allocates
}

func newOptimiser(net, grad network, rate, clip float64, threads *kernels.Workers) *optimiser {
	o := &optimiser{rate: rate, clip: clip, power1: 1, power2: 1, m: net.like(), v: net.like(), threads: threads}
	for i, s := range []network{net, grad, o.m, o.v} {
		o.all[i] = s.parameters()
	}
	o.update = func(_, from, to int) {
		w, g, m, v := o.now[0], o.now[1], o.now[2], o.now[3]
		kernels.Adam(w[from:to], m[from:to], v[from:to], g[from:to], o.step)
	}
	return o
}

var errGradient = errors.New("the gradient is not finite")

// apply makes one step and returns the length of the gradient before clipping,
// all parameters together. If that is not finite it changes nothing and returns
// errGradient.
func (o *optimiser) apply() (norm float64, err error) {
	for _, g := range o.all[1] {
		norm += kernels.SumSquares(g)
	}
	norm = math.Sqrt(norm)
	if !(norm <= math.MaxFloat64) {
		return norm, errGradient
	}
	o.power1 = float64(o.power1 * float64(beta1))
	o.power2 = float64(o.power2 * float64(beta2))
	o.step = kernels.AdamStep{
		LR:    float32(float64(o.rate*math.Sqrt(1-o.power2)) / (1 - o.power1)),
		Beta1: beta1, Beta2: beta2, Epsilon: epsilon,
		GradScale: 1,
	}
	if o.clip > 0 && norm > o.clip {
		o.step.GradScale = float32(o.clip / norm)
	}
	for i, w := range o.all[0] {
		for j := range o.now {
			o.now[j] = o.all[j][i]
		}
		o.threads.Split(len(w), 1024, o.update)
	}
	return norm, nil
}
