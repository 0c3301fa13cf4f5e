package layers

import "github.com/autoreg/autoreg/kernels"

// An RNNSpec describes an RNN.
type RNNSpec struct {
	Units      int    // H
	Activation string // see UnitActivations; "" means the first
}

// Kind returns "rnn".
func (s *RNNSpec) Kind() string { return "rnn" }

// Type returns "SimpleRNN".
func (s *RNNSpec) Type() string { return "SimpleRNN" }

// Members implements Spec.
func (s *RNNSpec) Members() []Member {
	return []Member{
		unitsMember(&s.Units),
		activationMember(&s.Activation),
	}
}

// OutLen returns the number of units.
func (s *RNNSpec) OutLen(int) int { return s.Units }

// New returns an *RNN.
func (s *RNNSpec) New(in int) Layer {
	return NewRNN(in, s.Units, unitActivation(s.Activation))
}

// Sizes implements Spec: In·H + H·H + H parameters.
func (s *RNNSpec) Sizes(in int) Sizes {
	I, H, cols := int64(in), int64(s.Units), panelValues(1, s.Units)
	return Sizes{
		Params:     H * (I + H + 1),
		Effective:  H * (I + H + 1),
		Packed:     cols * (I + H + 1),
		Transposed: H * (I + H + 2*kernels.PanelWidth),
		Row:        cols + 3*H,
		Sequence:   H,
		State:      H,
	}
}

// An RNN is a layer of simple recurrent units:
//
//	h ← act(W·[x; h] + b)
//
// with one of UnitActivations. Each is one chain: bias, then x, then h. The state is h.
//
// Elman, Finding Structure in Time, 1990. PyTorch calls it RNN, Keras SimpleRNN.
type RNN struct {
	in, hidden int
	act        kernels.Activation

	W    kernels.Matrix // [In+H, H] in panels: inputs x then h
	Bias []float32      // [H]
}

// NewRNN returns a layer of zero weights.
func NewRNN(in, hidden int, act kernels.Activation) *RNN {
	return &RNN{in: in, hidden: hidden, act: act, W: kernels.NewPanels(in+hidden, hidden), Bias: biases(hidden)}
}

// Type returns "SimpleRNN".
func (l *RNN) Type() string { return "SimpleRNN" }

// InLen returns the number of inputs.
func (l *RNN) InLen() int { return l.in }

// OutLen returns the number of units H.
func (l *RNN) OutLen() int { return l.hidden }

// StateLen returns H.
func (l *RNN) StateLen() int { return l.hidden }

// ScratchLen returns the scratch of a step of n sequences: an output for Step, the
// chains for StepBatch.
func (l *RNN) ScratchLen(n int) int { return max(l.hidden, kernels.PanelsLen(n, l.hidden)) }

// Values implements Module.
func (l *RNN) Values() [][]float32 { return [][]float32{l.W.Data, l.Bias[:cap(l.Bias)]} }

// Parameters returns, H being the units,
//
//	weight_ih [H, In]   weight_hh [H, H]
//	bias_ih   [H]       bias_hh   [H]  which is added to bias_ih
func (l *RNN) Parameters(suffix string) []Parameter {
	in, H := l.in, l.hidden
	column := func(r int) (kernels.Matrix, int) { return l.W, r }
	ih, hh := placement{H, in, 0, column}, placement{H, H, in, column}
	bias := biasTensor{n: H, at: func(r int) *float32 { return &l.Bias[r] }}
	return []Parameter{
		{Name: "weight_ih" + suffix, Shape: []int{H, in}, Effective: H * in, Set: ih.set, Get: ih.get,
			Init: Init{Rule: InitGlorot, FanIn: in, FanOut: H}},
		{Name: "weight_hh" + suffix, Shape: []int{H, H}, Effective: H * H, Set: hh.set, Get: hh.get,
			Init: Init{Rule: InitOrthogonal, FanIn: H, FanOut: H}},
		{Name: "bias_ih" + suffix, Shape: []int{H}, Effective: H, Set: bias.set, Get: bias.get},
		{Name: "bias_hh" + suffix, Shape: []int{H}, AddsTo: "bias_ih" + suffix, StoredOnly: true,
			Set: bias.add, Get: func() []float32 { return make([]float32, H) }},
	}
}

// Step advances one sequence; see Stepper.
//
//	dst     [H]   overwritten with h; may alias x, not state
//	x       [In]  read only
//	state   [H]   h
//	scratch [ScratchLen(1)]
func (l *RNN) Step(dst, x, state, scratch []float32) {
	H := l.hidden
	if len(dst) != H || len(x) != l.in || len(state) != H || len(scratch) < H {
		panic("layers: RNN: Step: wrong length")
	}
	h := scratch[:H]
	kernels.RNNStep(h, l.W, l.Bias, x, state, l.act)
	copy(state, h)
	copy(dst, h)
}

// StepBatch advances n sequences; see Stepper. A row of state is h.
func (l *RNN) StepBatch(w *kernels.Workers, dst, x, state kernels.Matrix, scratch []float32) {
	checkBatch("layers: RNN: StepBatch: wrong shape", l, dst, x, state, scratch)
	z := kernels.PanelsOf(scratch, x.Rows, l.hidden)
	kernels.Gemm(w, z, x, l.W.SubRows(0, l.in), l.Bias)
	kernels.GemmAdd(w, z, state, l.W.SubRows(l.in, l.hidden))
	kernels.RNNGates(state, z, l.act)
	copyRows(dst, state)
}
