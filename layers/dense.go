package layers

import "github.com/autoreg/autoreg/kernels"

// A DenseSpec describes a Dense layer.
type DenseSpec struct {
	Units      int    // H
	Activation string // see DenseActivations; "" means the first
}

// DenseActivations are the functions that a Dense layer may have. Softmax is over all
// units of a position, the others are of each unit; elu is x where x > 0 and e^x - 1
// elsewhere.
var DenseActivations = []string{"linear", "tanh", "sigmoid", "relu", "elu", "softmax"}

// denseUnits are the first of DenseActivations, which are functions of recurrent units too.
var denseUnits = []kernels.Activation{kernels.UnitLinear, kernels.UnitTanh, kernels.UnitSigmoid, kernels.UnitReLU}

// Kind returns "dense".
func (s *DenseSpec) Kind() string { return "dense" }

// Type returns "Dense".
func (s *DenseSpec) Type() string { return "Dense" }

// Members implements Spec.
func (s *DenseSpec) Members() []Member {
	return []Member{unitsMember(&s.Units), {Name: "activation", Text: &s.Activation, Choices: DenseActivations}}
}

func (s *DenseSpec) notRecurrent() {}

// OutLen returns the number of units.
func (s *DenseSpec) OutLen(int) int { return s.Units }

// New returns a *Dense.
func (s *DenseSpec) New(in int) Layer { return NewDense(in, s.Units, s.Activation) }

// Sizes implements Spec: In·H + H parameters.
func (s *DenseSpec) Sizes(in int) Sizes {
	I, H, cols := int64(in), int64(s.Units), panelValues(1, s.Units)
	return Sizes{
		Params:     H * (I + 1),
		Effective:  H * (I + 1),
		Packed:     cols*I + H,
		Transposed: H * (I + kernels.PanelWidth),
		Row:        cols + 2*H,
	}
}

// A Dense layer is a function of a linear one, at each position by itself:
//
//	y = act(W·x + b)
//
// Each output is one chain: bias, then inputs in order. It has no state.
//
// Keras calls it Dense, or TimeDistributed(Dense) over sequences; in PyTorch it is Linear
// and a function. Its parameters are weight [H, In] and bias [H].
type Dense struct {
	Linear
	elu, softmax bool
	unit         kernels.Activation // unless elu or softmax
}

// NewDense returns a layer of zero weights. activation is one of DenseActivations, or ""
// for the first.
func NewDense(in, units int, activation string) *Dense {
	d := &Dense{Linear: *NewLinear(in, units)}
	switch i := choice(activation, DenseActivations); {
	case i < len(denseUnits):
		d.unit = denseUnits[i]
	case DenseActivations[i] == "elu":
		d.elu = true
	default:
		d.softmax = true
	}
	return d
}

// Type returns "Dense".
func (l *Dense) Type() string { return "Dense" }

// StateLen returns 0.
func (l *Dense) StateLen() int { return 0 }

// ScratchLen returns the scratch of a step: the chains.
func (l *Dense) ScratchLen(int) int { return l.OutLen() }

// activate sets dst [H] to the outputs for chains z [H], which may be dst.
func (l *Dense) activate(dst, z []float32) {
	switch {
	case l.softmax:
		kernels.Softmax(dst, z)
	case l.elu:
		kernels.ELU(oneVector(dst), oneVector(z))
	default:
		kernels.Activate(dst, z, l.unit)
	}
}

// oneVector returns x as a grid of one vector.
func oneVector(x []float32) kernels.Grid {
	return kernels.Grid{Data: x, Lines: 1, Pixels: 1, Cols: len(x), Panel: kernels.PanelWidth}
}

// Step computes the outputs at one position; see Stepper.
//
//	dst     [H]   overwritten; may alias x
//	x       [In]  read only
//	state   [0]
//	scratch [ScratchLen(1)]
func (l *Dense) Step(dst, x, state, scratch []float32) {
	H := l.OutLen()
	if len(dst) != H || len(x) != l.InLen() || len(state) != 0 || len(scratch) < H {
		panic("layers: Dense: Step: wrong length")
	}
	l.Apply(scratch[:H], x)
	l.activate(dst, scratch[:H])
}

// StepBatch computes the outputs of n sequences; see Stepper.
func (l *Dense) StepBatch(w *kernels.Workers, dst, x, state kernels.Matrix, scratch []float32) {
	checkBatch("layers: Dense: StepBatch: wrong shape", l, dst, x, state, scratch)
	l.ApplyBatch(w, dst, x)
	l.activateRows(dst)
}

// activateRows makes outputs of chains, in place.
func (l *Dense) activateRows(y kernels.Matrix) {
	for i := range y.Rows {
		row := rowOf(y, i)
		l.activate(row, row)
	}
}
