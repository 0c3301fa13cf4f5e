package layers

import "github.com/autoreg/autoreg/kernels"

// A GRUSpec describes a GRU.
type GRUSpec struct {
	Units int // H
	// Reset says where the reset gate is applied, see Resets; "" means the first.
	Reset string
	// Activation is the function of the candidate, see UnitActivations; "" means the first.
	Activation string
	// RecurrentActivation is the function of the gates, see GateActivations; "" means
	// the first.
	RecurrentActivation string
}

// Resets are the places of the reset gate of a GRU: after the recurrent product, as
// PyTorch has it and Keras by default, or before it, as it was published first.
var Resets = []string{"after", "before"}

// Kind returns "gru".
func (s *GRUSpec) Kind() string { return "gru" }

// Type returns "GRU".
func (s *GRUSpec) Type() string { return "GRU" }

// Members implements Spec.
func (s *GRUSpec) Members() []Member {
	return []Member{
		unitsMember(&s.Units),
		{Name: "reset", Text: &s.Reset, Choices: Resets},
		activationMember(&s.Activation),
		gateMember(&s.RecurrentActivation),
	}
}

// OutLen returns the number of units.
func (s *GRUSpec) OutLen(int) int { return s.Units }

// New returns a *GRU.
func (s *GRUSpec) New(in int) Layer {
	l := NewGRU(in, s.Units, choice(s.Reset, Resets) == 1)
	l.unit, l.act = unitActivation(s.Activation), gateActivation(s.RecurrentActivation)
	return l
}

// Sizes implements Spec: 3·(In·H + H·H + 2·H) parameters, or 3·(In·H + H·H + H) with
// the reset before.
func (s *GRUSpec) Sizes(in int) Sizes {
	I, H := int64(in), int64(s.Units)
	gates, units := int64(kernels.GRUCols(s.Units)), panelValues(1, s.Units)
	biases := 2 * H
	packed := gates + 2*units
	row := gates + 2*units
	if choice(s.Reset, Resets) == 1 {
		biases, packed, row = H, gates+units, gates+units+H
	}
	return Sizes{
		Params:     3*H*(I+H) + 3*biases,
		Effective:  3*H*(I+H) + 2*H + biases,
		Packed:     (gates+units)*(I+H) + packed,
		Transposed: (gates + H) * (I + H + 2*kernels.PanelWidth),
		Row:        row + 3*H,
		Sequence:   3 * H,
		State:      H,
	}
}

// A GRU is a layer of gated recurrent units:
//
//	r, z = σ(W·[x; h] + b)
//	n = tanh(W·x + b_i + r⊙(U·h + b_h))    with the reset after
//	n = tanh(W·x + b_i + U·(r⊙h))          with the reset before
//	h ← (1-z)⊙n + z⊙h                      as fma(z, h - n, n)
//
// Each gate is one chain: bias, then x, then h. So is n with the reset before, the inputs
// of its second part being r⊙h, each rounded; with the reset after it has two chains. The
// state is h. In place of tanh there may be another function, see UnitActivations.
//
// Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for Statistical
// Machine Translation, 2014 (reset before; there z weighs the new candidate). Equations
// and gate order r, z, n are those of PyTorch; Keras has the order z, r, h.
type GRU struct {
	in, hidden int
	before     bool                   // the reset
	act        kernels.GateActivation // σ
	unit       kernels.Activation     // tanh

	// RZ [In+H, gates] in panels and RZBias [gates]: inputs x then h, columns as in
	// kernels.GRUStep. N [In+H, H] in panels, NBias [H] and, with the reset after,
	// NRecurrentBias [H] are those of the candidate.
	RZ, N                         kernels.Matrix
	RZBias, NBias, NRecurrentBias []float32
}

// NewGRU returns a layer of zero weights, with the logistic function for its gates and
// the reset after the recurrent product or before it.
func NewGRU(in, hidden int, before bool) *GRU {
	gates := kernels.GRUCols(hidden)
	l := &GRU{
		in: in, hidden: hidden, before: before,
		RZ: kernels.NewPanels(in+hidden, gates), RZBias: kernels.Alloc(gates),
		N: kernels.NewPanels(in+hidden, hidden), NBias: biases(hidden),
	}
	if !before {
		l.NRecurrentBias = biases(hidden)
	}
	return l
}

// Type returns "GRU".
func (l *GRU) Type() string { return "GRU" }

// InLen returns the number of inputs.
func (l *GRU) InLen() int { return l.in }

// OutLen returns the number of units H.
func (l *GRU) OutLen() int { return l.hidden }

// StateLen returns H.
func (l *GRU) StateLen() int { return l.hidden }

// ScratchLen returns the scratch of a step of n sequences: for Step an output and what
// the kernel takes, for StepBatch the gates, both parts of the candidate, and r⊙h.
func (l *GRU) ScratchLen(n int) int {
	units := kernels.PanelsLen(n, l.hidden)
	return max(l.hidden+kernels.GRUScratchLen(l.hidden), n*l.RZ.Cols+2*units+n*l.hidden)
}

// Values implements Module.
func (l *GRU) Values() [][]float32 {
	list := [][]float32{l.RZ.Data, l.RZBias, l.N.Data, l.NBias[:cap(l.NBias)]}
	if !l.before {
		list = append(list, l.NRecurrentBias[:cap(l.NRecurrentBias)])
	}
	return list
}

// column returns where output row of PyTorch's order lies, gates r, z, n.
func (l *GRU) column(row int) (kernels.Matrix, int) {
	if gate := row / l.hidden; gate < 2 {
		return l.RZ, kernels.GRUCol(gate, row%l.hidden)
	}
	return l.N, row % l.hidden
}

// Parameters returns, H being the units and gates in the order r, z, n,
//
//	weight_ih [3·H, In]   weight_hh [3·H, H]
//	bias_ih   [3·H]       bias_hh   [3·H]
//
// Of bias_hh only the last H values, those of n, are biases of their own; the others are
// added to bias_ih. With the reset before all of them are.
func (l *GRU) Parameters(suffix string) []Parameter {
	in, H := l.in, l.hidden
	ih := placement{3 * H, in, 0, l.column}
	hh := placement{3 * H, H, in, l.column}
	ihBias, hhBias := l.biasTensor(l.NBias), l.biasTensor(l.NRecurrentBias)
	second := Parameter{Name: "bias_hh" + suffix, Shape: []int{3 * H}, AddsTo: "bias_ih" + suffix}
	if l.before {
		second.StoredOnly = true
		second.Set = ihBias.add
		second.Get = func() []float32 { return make([]float32, 3*H) }
	} else {
		second.Effective = H
		second.Set = func(data []float32) {
			if len(data) != 3*H {
				panic("layers: Parameter: Set: wrong length")
			}
			gates := append(append([]float32(nil), data[:2*H]...), make([]float32, H)...)
			ihBias.add(gates)
			copy(l.NRecurrentBias, data[2*H:])
		}
		second.Get = func() []float32 {
			data := hhBias.get()
			clear(data[:2*H])
			return data
		}
	}
	return []Parameter{
		{Name: "weight_ih" + suffix, Shape: []int{3 * H, in}, Effective: 3 * H * in, Set: ih.set, Get: ih.get,
			Init: Init{Rule: InitGlorot, FanIn: in, FanOut: 3 * H}},
		{Name: "weight_hh" + suffix, Shape: []int{3 * H, H}, Effective: 3 * H * H, Set: hh.set, Get: hh.get,
			Init: Init{Rule: InitOrthogonal, FanIn: H, FanOut: 3 * H}},
		{Name: "bias_ih" + suffix, Shape: []int{3 * H}, Effective: 3 * H, Set: ihBias.set, Get: ihBias.get},
		second,
	}
}

// biasTensor returns the biases of the gates and n as one tensor.
func (l *GRU) biasTensor(n []float32) biasTensor {
	return biasTensor{n: 3 * l.hidden, at: func(r int) *float32 {
		if gate := r / l.hidden; gate < 2 {
			return &l.RZBias[kernels.GRUCol(gate, r%l.hidden)]
		}
		return &n[r%l.hidden]
	}}
}

// Step advances one sequence; see Stepper.
//
//	dst     [H]   overwritten with h; may alias x, not state
//	x       [In]  read only
//	state   [H]   h
//	scratch [ScratchLen(1)]
func (l *GRU) Step(dst, x, state, scratch []float32) {
	H := l.hidden
	if len(dst) != H || len(x) != l.in || len(state) != H || len(scratch) < l.ScratchLen(1) {
		panic("layers: GRU: Step: wrong length")
	}
	if l.unit != kernels.UnitTanh {
		l.stepPlain(x, state, scratch)
		copy(dst, state)
		return
	}
	h, rest := scratch[:H], scratch[H:]
	if l.before {
		kernels.GRUStepBefore(h, l.RZ, l.RZBias, l.N, l.NBias, x, state, rest, l.act)
	} else {
		kernels.GRUStep(h, l.RZ, l.RZBias, l.N, l.NBias, l.NRecurrentBias, x, state, rest, l.act)
	}
	copy(state, h)
	copy(dst, h)
}

// stepPlain is Step for candidates that GRUStep has not: StepBatch of one sequence, with
// products of vectors.
func (l *GRU) stepPlain(x, state, scratch []float32) {
	in, H := l.in, l.hidden
	rz, n, m, rh := l.cut(scratch, 1)
	h := kernels.RowMajor(state, 1, H)
	kernels.Gemv(rz.Data[:rz.Cols], l.RZ.SubRows(0, in), x, l.RZBias)
	kernels.Gemv(rz.Data[:rz.Cols], l.RZ.SubRows(in, H), state, rz.Data[:rz.Cols])
	kernels.Gemv(n.Data[:H], l.N.SubRows(0, in), x, l.NBias)
	if l.before {
		kernels.GRUReset(rh, rz, h, l.act)
		kernels.Gemv(n.Data[:H], l.N.SubRows(in, H), rh.Data[:H], n.Data[:H])
		kernels.GRUUpdateOf(l.unit, h, rz, n, h)
		return
	}
	kernels.Gemv(m.Data[:H], l.N.SubRows(in, H), state, l.NRecurrentBias)
	kernels.GRUGatesOf(l.unit, h, rz, n, m, h, l.act)
}

// cut returns the parts of scratch that a step of n sequences takes: the gates, both parts
// of the candidate, and r⊙h.
func (l *GRU) cut(scratch []float32, n int) (rz, a, m, rh kernels.Matrix) {
	H, units := l.hidden, kernels.PanelsLen(n, l.hidden)
	rz = kernels.PanelsOf(scratch, n, l.RZ.Cols)
	scratch = scratch[n*l.RZ.Cols:]
	return rz, kernels.PanelsOf(scratch, n, H), kernels.PanelsOf(scratch[units:], n, H), kernels.RowMajor(scratch[2*units:], n, H)
}

// StepBatch advances n sequences; see Stepper. A row of state is h.
func (l *GRU) StepBatch(w *kernels.Workers, dst, x, state kernels.Matrix, scratch []float32) {
	checkBatch("layers: GRU: StepBatch: wrong shape", l, dst, x, state, scratch)
	rz, a, m, rh := l.cut(scratch, x.Rows)
	l.inputs(w, rz, a, x)
	l.recur(w, state, rz, a, m, rh, state)
	copyRows(dst, state)
}

// inputs begins the chains of steps with the inputs x.
func (l *GRU) inputs(w *kernels.Workers, rz, n, x kernels.Matrix) {
	kernels.Gemm(w, rz, x, l.RZ.SubRows(0, l.in), l.RZBias)
	kernels.Gemm(w, n, x, l.N.SubRows(0, l.in), l.NBias)
}

// recur ends them with the outputs prev of the step before. m is for the recurrent part
// of n with the reset after, rh for r⊙h with the reset before. h may be prev.
func (l *GRU) recur(w *kernels.Workers, h, rz, n, m, rh, prev kernels.Matrix) {
	kernels.GemmAdd(w, rz, prev, l.RZ.SubRows(l.in, l.hidden))
	if l.before {
		kernels.GRUReset(rh, rz, prev, l.act)
		kernels.GemmAdd(w, n, rh, l.N.SubRows(l.in, l.hidden))
		kernels.GRUUpdateOf(l.unit, h, rz, n, prev)
		return
	}
	kernels.Gemm(w, m, prev, l.N.SubRows(l.in, l.hidden), l.NRecurrentBias)
	kernels.GRUGatesOf(l.unit, h, rz, n, m, prev, l.act)
}
