package train

import (
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

// Adam is
//
//	m ← β₁·m + (1-β₁)·g      v ← β₂·v + (1-β₂)·g²
//	w ← w - η·√(1-β₂ᵗ)/(1-β₁ᵗ) · m/(√v + ε)
//
// with β₁ = 0.9, β₂ = 0.999 and ε = 1e-7, for every parameter at every step: the
// vector of a token that the batch does not hold has gradient 0, but its moments decay
// and it moves on.
//
// With a Decay λ it is Adam with L2 regularisation: λ·w is added to the gradients of the
// weights of all matrices and convolutions, after their norm was limited. Biases do not
// decay. Weights whose gradients are small, such as the vectors of rare words, decay by
// nearly η a step, which AdamW's do not.
//
// Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015; the place of ε is
// that of Keras, the place of λ PyTorch's.
type Adam struct {
	Decay float64 // λ: 0, or more than 0 and at most 1000
}

// Kind returns "adam", or "adam:" and the decay.
func (o Adam) Kind() string {
	if o.Decay == 0 {
		return "adam"
	}
	return kindOf("adam", o.Decay)
}

// Slots returns the two moments, m and v.
func (Adam) Slots() []string { return []string{"m", "v"} }

// Decays returns β₁ and β₂.
func (Adam) Decays() []float64 { return []float64{float64(beta1), float64(beta2)} }

// Update implements Optimizer.
func (o Adam) Update(w, g []float32, slots [][]float32, s *UpdateStep) {
	step := adamStep(s)
	if o.Decay == 0 || s.Bias {
		kernels.Adam(w, slots[0], slots[1], g, step)
		return
	}
	step.GradScale = 1
	var sum [updateChunk]float32
	for at := 0; at < len(w); at += updateChunk {
		to := min(at+updateChunk, len(w))
		part := sum[:to-at]
		copy(part, g[at:to])
		kernels.Scale(part, s.GradScale)
		kernels.AddScaled(part, w[at:to], float32(o.Decay))
		kernels.Adam(w[at:to], slots[0][at:to], slots[1][at:to], part, step)
	}
}

// adamStep returns the scalars of a step, of which the rate has the bias corrections.
func adamStep(s *UpdateStep) kernels.AdamStep {
	return kernels.AdamStep{
		LR:    float32(float64(s.LearningRate*math.Sqrt(1-s.Powers[1])) / (1 - s.Powers[0])),
		Beta1: beta1, Beta2: beta2, Epsilon: epsilon,
		GradScale: s.GradScale,
	}
}

// Valid reports false for a negative second moment, which is a mean of squares.
func (Adam) Valid(slot int, x float32) bool { return slot != 1 || x >= 0 }

// AdamW is Adam with decoupled weight decay. A step is
//
//	w ← w - η·λ·w
//
// and then that of Adam. The weights of all matrices and convolutions decay, those of
// embeddings and of the output layer included; biases do not.
//
// Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, where η is α·ηₜ: λ is
// multiplied by the rate of the step, as in PyTorch and Keras.
type AdamW struct {
	Decay float64 // λ: more than 0, at most 1000; 0 means PyTorch's 0.01
}

// decay returns λ.
func (o AdamW) decay() float64 {
	setDefault(&o.Decay, 0.01)
	return o.Decay
}

// Kind returns "adamw:" and the decay.
func (o AdamW) Kind() string { return kindOf("adamw", o.decay()) }

// Slots returns those of Adam.
func (AdamW) Slots() []string { return Adam{}.Slots() }

// Decays returns those of Adam.
func (AdamW) Decays() []float64 { return Adam{}.Decays() }

// Update implements Optimizer.
func (o AdamW) Update(w, g []float32, slots [][]float32, s *UpdateStep) {
	if s.Bias {
		Adam{}.Update(w, g, slots, s)
		return
	}
	keep := float32(1 - float64(s.LearningRate*o.decay()))
	step := adamStep(s)
	for at := 0; at < len(w); at += updateChunk {
		to := min(at+updateChunk, len(w))
		kernels.Scale(w[at:to], keep)
		kernels.Adam(w[at:to], slots[0][at:to], slots[1][at:to], g[at:to], step)
	}
}

// Valid returns what Adam's does.
func (AdamW) Valid(slot int, x float32) bool { return Adam{}.Valid(slot, x) }
