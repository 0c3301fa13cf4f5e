package layers

import "github.com/autoreg/autoreg/kernels"

// An LSTMSpec describes an LSTM.
type LSTMSpec struct {
	Units int // H
	// Activation is the function of the units, see UnitActivations; "" means the first.
	Activation string
	// RecurrentActivation is the function of the gates, see GateActivations; "" means
	// the first.
	RecurrentActivation string
}

// Kind returns "lstm".
func (s *LSTMSpec) Kind() string { return "lstm" }

// Type returns "LSTM".
func (s *LSTMSpec) Type() string { return "LSTM" }

// Members implements Spec.
func (s *LSTMSpec) Members() []Member {
	return []Member{unitsMember(&s.Units), activationMember(&s.Activation), gateMember(&s.RecurrentActivation)}
}

// OutLen returns the number of units.
func (s *LSTMSpec) OutLen(int) int { return s.Units }

// New returns an *LSTM.
func (s *LSTMSpec) New(in int) Layer {
	l := NewLSTM(in, s.Units)
	l.unit, l.act = unitActivation(s.Activation), gateActivation(s.RecurrentActivation)
	return l
}

// Sizes implements Spec: 4·(In·H + H·H + H) parameters.
func (s *LSTMSpec) Sizes(in int) Sizes {
	I, H, gates := int64(in), int64(s.Units), int64(kernels.GateCols(s.Units))
	return Sizes{
		Params:     4 * H * (I + H + 1),
		Effective:  4 * H * (I + H + 1),
		Packed:     gates * (I + H + 1),
		Transposed: gates * (I + H + 2*kernels.PanelWidth),
		Row:        gates + 4*H,
		Sequence:   3 * H,
		State:      2 * H,
	}
}

// An LSTM is a layer of long short-term memory:
//
//	i, f, o = σ(W·[x; h] + b)    g = tanh(W·[x; h] + b)
//	c ← f⊙c + i⊙g                h ← o⊙tanh(c)
//
// Each gate is one chain: bias, then x, then h. The state is h then c. In place of tanh
// there may be another function, see UnitActivations.
//
// Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; forget gate: Gers,
// Schmidhuber and Cummins, Learning to Forget, 2000. Equations and gate order
// i, f, g, o are those of PyTorch, and of Keras, which calls g c.
type LSTM struct {
	in, hidden int
	act        kernels.GateActivation // σ
	unit       kernels.Activation     // tanh

	// W [In+H, gates] in panels and Bias [gates]: inputs x then h, gate columns
	// as in kernels.LSTMStep, those of absent units zero.
	W    kernels.Matrix
	Bias []float32
}

// NewLSTM returns a layer of zero weights, with the logistic function for its gates.
func NewLSTM(in, hidden int) *LSTM {
	cols := kernels.GateCols(hidden)
	return &LSTM{in: in, hidden: hidden, W: kernels.NewPanels(in+hidden, cols), Bias: kernels.Alloc(cols)}
}

// Type returns "LSTM".
func (l *LSTM) Type() string { return "LSTM" }

// InLen returns the number of inputs.
func (l *LSTM) InLen() int { return l.in }

// OutLen returns the number of units H.
func (l *LSTM) OutLen() int { return l.hidden }

// StateLen returns 2·H: h, then c.
func (l *LSTM) StateLen() int { return 2 * l.hidden }

// ScratchLen returns the scratch of a step of n sequences: the gates, or one output.
func (l *LSTM) ScratchLen(n int) int { return max(l.hidden, n*kernels.GateCols(l.hidden)) }

// Values implements Module.
func (l *LSTM) Values() [][]float32 { return [][]float32{l.W.Data, l.Bias} }

// Parameters returns, H being the units and gates in the order i, f, g, o,
//
//	weight_ih [4·H, In]   weight_hh [4·H, H]
//	bias_ih   [4·H]       bias_hh   [4·H]  which is added to bias_ih
func (l *LSTM) Parameters(suffix string) []Parameter {
	in, H := l.in, l.hidden
	column := func(r int) (kernels.Matrix, int) { return l.W, kernels.GateCol(r/H, r%H) }
	ih := placement{4 * H, in, 0, column}
	hh := placement{4 * H, H, in, column}
	bias := biasTensor{n: 4 * H, at: func(r int) *float32 { return &l.Bias[kernels.GateCol(r/H, r%H)] }}
	return []Parameter{
		{Name: "weight_ih" + suffix, Shape: []int{4 * H, in}, Effective: 4 * H * in, Set: ih.set, Get: ih.get,
			Init: Init{Rule: InitGlorot, FanIn: in, FanOut: 4 * H}},
		{Name: "weight_hh" + suffix, Shape: []int{4 * H, H}, Effective: 4 * H * H, Set: hh.set, Get: hh.get,
			Init: Init{Rule: InitOrthogonal, FanIn: H, FanOut: 4 * H}},
		{Name: "bias_ih" + suffix, Shape: []int{4 * H}, Effective: 4 * H, Set: bias.set, Get: bias.get,
			Init: Init{OnesFrom: H, OnesTo: 2 * H}},
		{Name: "bias_hh" + suffix, Shape: []int{4 * H}, AddsTo: "bias_ih" + suffix, StoredOnly: true,
			Set: bias.add, Get: func() []float32 { return make([]float32, 4*H) }},
	}
}

// SetWeights packs weights in PyTorch's layout: wih [4·H, In] and whh [4·H, H]
// row-major, bias [4·H], gates in the order i, f, g, o. PyTorch's two biases
// fold into one, bih + bhh. It panics if a length is wrong.
func (l *LSTM) SetWeights(wih, whh, bias []float32) {
	p := l.Parameters("")
	if len(wih) != p[0].Len() || len(whh) != p[1].Len() || len(bias) != p[2].Len() {
		panic("layers: LSTM: SetWeights: wrong length")
	}
	p[0].Set(wih)
	p[1].Set(whh)
	p[2].Set(bias)
}

// Weights returns copies in PyTorch's layout, as SetWeights takes them.
func (l *LSTM) Weights() (wih, whh, bias []float32) {
	p := l.Parameters("")
	return p[0].Get(), p[1].Get(), p[2].Get()
}

// Step advances one sequence; see Stepper.
//
//	dst     [H]     overwritten with h; may alias x, not state
//	x       [In]    read only
//	state   [2·H]   h then c
//	scratch [ScratchLen(1)]
func (l *LSTM) Step(dst, x, state, scratch []float32) {
	H := l.hidden
	if len(dst) != H || len(x) != l.in || len(state) != 2*H || len(scratch) < l.ScratchLen(1) {
		panic("layers: LSTM: Step: wrong length")
	}
	if l.unit != kernels.UnitTanh {
		l.stepPlain(x, state, scratch)
		copy(dst, state[:H])
		return
	}
	h := scratch[:H]
	kernels.LSTMStep(h, state[H:], l.W, l.Bias, x, state[:H], l.act)
	copy(state[:H], h)
	copy(dst, h)
}

// stepPlain is Step for units that LSTMStep has not.
func (l *LSTM) stepPlain(x, state, scratch []float32) {
	H := l.hidden
	z := scratch[:l.W.Cols]
	kernels.Gemv(z, l.W.SubRows(0, l.in), x, l.Bias)
	kernels.Gemv(z, l.W.SubRows(l.in, H), state[:H], z)
	h, c := kernels.RowMajor(state[:H], 1, H), kernels.RowMajor(state[H:], 1, H)
	kernels.LSTMGatesOf(l.unit, h, c, kernels.PanelsOf(z, 1, l.W.Cols), c, l.act)
}

// StepBatch advances n sequences; see Stepper. A row of state is h then c.
func (l *LSTM) StepBatch(w *kernels.Workers, dst, x, state kernels.Matrix, scratch []float32) {
	n, H := x.Rows, l.hidden
	checkBatch("layers: LSTM: StepBatch: wrong shape", l, dst, x, state, scratch)
	h, c := columnsOf(state, 0, H), columnsOf(state, H, H)
	z := kernels.PanelsOf(scratch, n, l.W.Cols)
	kernels.Gemm(w, z, x, l.W.SubRows(0, l.in), l.Bias)
	kernels.GemmAdd(w, z, h, l.W.SubRows(l.in, H))
	kernels.LSTMGatesOf(l.unit, h, c, z, c, l.act)
	copyRows(dst, h)
}
