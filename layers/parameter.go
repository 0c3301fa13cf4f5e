package layers

import "github.com/autoreg/autoreg/kernels"

// A Module is a set of weights that are stored, initialised and trained: a layer, an
// embedding, an output layer. Code that counts, saves, initialises, copies or optimises
// weights is a loop over parameters or values.
type Module interface {
	// Type names the kind of module for a reader: "LSTM", "MaskedConv A 7×7".
	Type() string
	InLen() int  // inputs of a step; of an embedding, the symbols that it has vectors for
	OutLen() int // outputs of a step

	// Parameters returns the module's tensors in a fixed order. Each name ends in
	// suffix: "weight_ih" is "weight_ih_l0" for suffix "_l0".
	Parameters(suffix string) []Parameter

	// Values returns everything that training changes, in the layout of package
	// kernels and with its padding, which is zero. The slices are the module's own,
	// their order and lengths are those of any module of the same kind and sizes.
	Values() [][]float32
}

// A Parameter is one tensor of a module, under PyTorch's name and in its layout:
// row-major, outputs first.
type Parameter struct {
	Name  string
	Shape []int
	Init  Init

	// AddsTo names another parameter of the module that this one is added to when
	// it is set, as PyTorch has two biases where one has an effect. The module
	// keeps the sum, so Get returns 0 for what was added. Set the other one first.
	AddsTo string
	// StoredOnly says that the tensor is in model files only, because other programs
	// expect it: it is not trained.
	StoredOnly bool
	// Effective is how many of the values have an effect.
	Effective int

	// Set takes over a copy of data, which has one value an element of Shape. It
	// panics if the length is wrong.
	Set func(data []float32)
	// Get returns the values: the module's own memory where that has the tensor's
	// layout, otherwise a copy.
	Get func() []float32
}

// Len returns the number of values.
func (p *Parameter) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// An InitRule is how the first values of a parameter are drawn.
type InitRule uint8

const (
	InitZero       InitRule = iota // 0
	InitUniform                    // uniform in ±Limit
	InitGlorot                     // uniform in ±√(6/(FanIn + FanOut))
	InitOrthogonal                 // [FanOut, FanIn], FanOut ≥ FanIn: orthonormal columns
	InitNormal                     // normal with mean 0 and deviation Limit
)

// An Init says what values a parameter has before training: those that Keras draws.
type Init struct {
	Rule          InitRule
	Limit         float64
	FanIn, FanOut int
	// OnesFrom and OnesTo bound the values [OnesFrom, OnesTo) that are 1 instead: the
	// bias of an LSTM's forget gate.
	OnesFrom, OnesTo int
}

// Count returns the number of parameters of m, as stored, and how many of them
// have an effect. A tensor that only repeats another counts in neither.
func Count(m Module) (stored, effective int) {
	for _, p := range m.Parameters("") {
		if !p.StoredOnly {
			stored += p.Len()
			effective += p.Effective
		}
	}
	return stored, effective
}

// A Part is a module with its place in a network.
type Part struct {
	Name           string // of the layer, for a reader: "lstm", "lstm_l1"
	Prefix, Suffix string // of its tensors' names
	Module
}

// Parameters returns the module's tensors under their names in the network.
func (p Part) Parameters() []Parameter {
	list := p.Module.Parameters(p.Suffix)
	for i := range list {
		list[i].Name = p.Prefix + list[i].Name
		if list[i].AddsTo != "" {
			list[i].AddsTo = p.Prefix + list[i].AddsTo
		}
	}
	return list
}

// A Network is modules in their order, input to output.
type Network interface {
	Parts() []Part
}

// ParametersOf returns all tensors of a network in order.
func ParametersOf(n Network) (list []Parameter) {
	for _, p := range n.Parts() {
		list = append(list, p.Parameters()...)
	}
	return list
}

// ValuesOf returns the values of all modules of a network in order; see
// Module.Values.
func ValuesOf(n Network) (list [][]float32) {
	for _, p := range n.Parts() {
		list = append(list, p.Values()...)
	}
	return list
}

// Sizes are the numbers of values of a layer, known before it is made.
type Sizes struct {
	Params     int64 // parameters as stored, see Count
	Effective  int64 // those that have an effect
	Packed     int64 // parameters in the layout of package kernels
	Derived    int64 // values that are computed from these whenever they change
	Transposed int64 // copies of the weights for the backward pass
	Row        int64 // of a Sequence with gradients, for each row
	Sequence   int64 // the same, for each sequence
	State      int64 // of a sequence that goes step by step: Stepper.StateLen
}

// panelValues returns the length of a matrix in panels.
func panelValues(rows, cols int) int64 {
	panels := (int64(cols) + kernels.PanelWidth - 1) / kernels.PanelWidth
	return int64(rows) * panels * kernels.PanelWidth
}

// A placement says where row r of a tensor [rows, k] lies: it is a column of a matrix
// in panels, from row first on.
type placement struct {
	rows, k, first int
	column         func(r int) (kernels.Matrix, int)
}

// set packs a tensor.
func (p placement) set(data []float32) {
	if len(data) != p.rows*p.k {
		panic("layers: Parameter: Set: wrong length")
	}
	for r := range p.rows {
		m, col := p.column(r)
		for i, v := range data[r*p.k : (r+1)*p.k] {
			m.Set(p.first+i, col, v)
		}
	}
}

// get returns a copy of the tensor.
func (p placement) get() []float32 {
	data := make([]float32, p.rows*p.k)
	for r := range p.rows {
		m, col := p.column(r)
		for i := range p.k {
			data[r*p.k+i] = m.At(p.first+i, col)
		}
	}
	return data
}
