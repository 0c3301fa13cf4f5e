package train

import "github.com/autoreg/autoreg/kernels"

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
	kernels.AddScaled(w, g, -float32(s.LearningRate*float64(s.GradScale)))
}

// Momentum is stochastic gradient descent with momentum, v being 0 at first:
//
//	v ← μ·v + g
//	w ← w - η·v
//
// Polyak, Some methods of speeding up the convergence of iteration methods, 1964. With
// Nesterov's momentum, in the form of PyTorch and Keras, the second line is
//
//	w ← w - η·(g + μ·v)
//
// Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum in
// deep learning, 2013. The rate is outside of v, as in PyTorch: v does not change with
// a schedule.
type Momentum struct {
	Factor   float64 // μ, between 0 and 1; 0 means 0.9
	Nesterov bool
}

// factor returns μ.
func (o Momentum) factor() float64 {
	setDefault(&o.Factor, 0.9)
	return o.Factor
}

// Kind returns "momentum:" or "nesterov:" and the factor.
func (o Momentum) Kind() string {
	if o.Nesterov {
		return kindOf("nesterov", o.factor())
	}
	return kindOf("momentum", o.factor())
}

// Slots returns "velocity".
func (Momentum) Slots() []string { return []string{"velocity"} }

// Decays returns none: nothing is corrected for the first steps.
func (Momentum) Decays() []float64 { return nil }

// Valid reports true.
func (Momentum) Valid(int, float32) bool { return true }

// Update implements Optimizer. With Nesterov it subtracts η·μ·v and then η·g.
func (o Momentum) Update(w, g []float32, slots [][]float32, s *UpdateStep) {
	v, factor := slots[0], float32(o.factor())
	ofV, ofG := float32(-s.LearningRate), float32(0)
	if o.Nesterov {
		ofV, ofG = float32(-s.LearningRate*o.factor()), float32(-s.LearningRate*float64(s.GradScale))
	}
	for at := 0; at < len(w); at += updateChunk {
		to := min(at+updateChunk, len(w))
		w, v, g := w[at:to], v[at:to], g[at:to]
		kernels.Scale(v, factor)
		kernels.AddScaled(v, g, s.GradScale)
		kernels.AddScaled(w, v, ofV)
		if o.Nesterov {
			kernels.AddScaled(w, g, ofG)
		}
	}
}

// updateChunk is how many parameters an update takes through several kernels in a row, so
// that they stay in the first-level cache.
const updateChunk = 2048
