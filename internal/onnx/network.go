package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// ErrUnsupported is wrapped by every error that says that a graph computes something that
// is no list of layers, or a layer with a property that has no place in a Step.
var ErrUnsupported = errors.New("unsupported")

// A Network is the list of layers that a graph computes, each of the output of the one
// before it.
type Network struct {
	Input  string // the graph's input that the first step takes
	Output string // the graph's output that the last step gives
	Steps  []Step

	// Of convolutions.
	Rows, Cols int // of the images that go in, 0 for a size that is not known
	Groups     int // into which the channels of the output are split, the outer dimension of two, or 0
}

// A Step is a layer, or a choice among the outputs of one, of the step before it:
//
//	Embedding   row x of weight [V, E]
//	LSTM, GRU, RNN
//	            weight_ih_l0 [G·H, In], weight_hh_l0 [G·H, H], bias_ih_l0 and
//	            bias_hh_l0 [G·H], the second direction's with the suffix _reverse; gates of
//	            LSTM i, f, g, o, of GRU r, z, n. A node without biases has none here.
//	Last        the outputs at the last position alone
//	Dense       W·x + b: weight [Out, In], bias [Out] if there is one
//	Conv        over two dimensions, stride 1: weight [Out, In, Kh, Kw], bias [Out] if
//	            there is one
//	Tanh, Sigmoid, Relu, Elu
//	            of every value
//	Softmax, LogSoftmax
//	            over the features, of an image over its channels
//	Div, Mul    of images, by Factor, as the first step
//	Add         of images, the outputs of step From and of the one before
//
// Names and layouts of weights are PyTorch's. A GRU with ResetAfter false, which PyTorch
// does not have, computes n = tanh(W·x + b_ih + R·(r ⊙ h) + b_hh): its biases add up.
// Outputs of two directions are concatenated, forward first, unless Merge says otherwise.
type Step struct {
	Op, Name string // Name is the node's, or if it has none its first output's
	In, Out  int    // features; 0 for activations and Last
	Weights  []Weight

	// Of LSTM, GRU and RNN.
	Direction          string    // forward, reverse, bidirectional
	Merge              string    // of a bidirectional one: "" or sum, average, multiply
	ResetAfter         bool      // of a GRU: the reset gate is applied to R·h + b
	Activation         string    // of the units: Tanh, Relu, Sigmoid, or Affine, which is none
	Gate               string    // of the gates of an LSTM or a GRU: Sigmoid or HardSigmoid
	GateSlope          float32   // of a HardSigmoid, clip(GateSlope·x + 0.5, 0, 1)
	Final              bool      // what follows takes each direction's state after its last step, not the sequence
	InitialH, InitialC string    // the graph's input from which the first state is taken, or "" for zeros
	FirstH, FirstC     []float32 // [Out] what is added to that, the same for all sequences, or nil

	// Of Conv: top, left, bottom, right; vertical, horizontal.
	Pads     [4]int
	Dilation [2]int

	Factor float32 // of Div and Mul
	From   int     // of Add
}

// A Weight is one parameter of a layer. It belongs to the Network.
type Weight struct {
	Name  string
	Shape []int
	Data  []float32
}

// Network returns the list of layers that the graph of m computes. Nodes that change the
// form of values but not their order (Transpose, Reshape, Squeeze and others) have no step;
// nodes on which no output depends are not looked at. An error wraps ErrUnsupported or
// ErrFormat and names the node.
func (m *Model) Network() (*Network, error) {
	g := follower{budget: m.budget, model: m, values: make(map[string]*value), givers: make(map[string]*Node), tensors: make(map[string]*Tensor), states: make(map[*Node][2]origin), positions: make(map[int]bool)}
	if m.Graph == nil {
		return nil, formatErr("the model has no graph")
	}
	if !m.read {
		size := int64(0)
		for i := range m.Graph.Initializers {
			size += int64(len(m.Graph.Initializers[i].Data))
		}
		g.budget = newBudget(size)
	}
	g.opset = m.opset()
	if err := g.prepare(); err != nil {
		return nil, err
	}
	for _, n := range g.nodes {
		if err := g.node(n); err != nil {
			return nil, err
		}
	}
	return g.network()
}

// A follower goes through a graph from its input to its output.
type follower struct {
	budget
	model   *Model
	nodes   []*Node // those on which an output depends
	tensors map[string]*Tensor
	givers  map[string]*Node // of each value
	values  map[string]*value
	states  map[*Node][2]origin // initial_h and initial_c of the recurrent nodes

	steps []Step
	ends  []int  // the stamp of each step's output
	stamp int    // counts what has become of the values: only the newest may go on
	input string // what the first step took
	ids   int    // of axes, given so far
	opset int64

	time, batch axis         // once a recurrent layer has said which they are, by timed
	timed, last bool         // last: only the last position goes on
	directions  axis         // of the last recurrent layer, if it has two
	positions   map[int]bool // ids of the axes that layers go along, or have as their batch
	image       []dim        // batch, rows and columns, once a convolution has said which they are
	rows, cols  int          // of the first image
	groups      int          // see Network
}

// nodeMemory is a bound on the memory for a node besides its output, and for a value.
const nodeMemory, valueMemory = 200, 400

// prepare finds the nodes that count and what the graph's inputs are.
func (g *follower) prepare() error {
	graph := g.model.Graph
	if err := g.spend(len(graph.Nodes)+len(graph.Initializers)+len(graph.Inputs), nodeMemory); err != nil {
		return err
	}
	for i := range graph.Initializers {
		t := &graph.Initializers[i]
		if g.tensors[t.Name] != nil {
			return formatErr("two tensors are called %s", quote(t.Name))
		}
		g.tensors[t.Name] = t
	}
	needed := make(map[string]bool)
	for _, o := range graph.Outputs {
		needed[o.Name] = true
	}
	for i := len(graph.Nodes) - 1; i >= 0; i-- {
		n := &graph.Nodes[i]
		if !slices.ContainsFunc(n.Outputs, func(name string) bool { return name != "" && needed[name] }) {
			continue
		}
		g.nodes = append(g.nodes, n)
		if err := g.spend(len(n.Inputs)+len(n.Outputs), nodeMemory); err != nil {
			return err
		}
		for _, name := range n.Inputs {
			needed[name] = true
		}
		for _, name := range n.Outputs {
			if name == "" {
				continue
			}
			if g.givers[name] != nil || g.tensors[name] != nil {
				return formatErr("%s: its output %s has been given before", n.named(), quote(name))
			}
			g.givers[name] = n
		}
	}
	slices.Reverse(g.nodes)
	if err := g.recognise(); err != nil {
		return err
	}
	return g.inputs()
}

// inputs gives the graph's inputs their values.
func (g *follower) inputs() error {
	states := make(map[string]bool)
	for _, n := range g.nodes {
		if cells[n.Op].gates == nil {
			continue
		}
		var s [2]origin
		for i := range s {
			if len(n.Inputs) <= 5+i || n.Inputs[5+i] == "" {
				continue
			}
			visits := 0
			from, err := g.source(n, n.Inputs[5+i], &visits)
			if err != nil {
				return err
			}
			s[i], states[from.input] = from, true
		}
		g.states[n] = s
	}
	for _, in := range g.model.Graph.Inputs {
		if g.tensors[in.Name] != nil {
			continue // a default value, which is what counts
		}
		v := &value{kind: data, from: in.Name, state: states[in.Name]}
		if v.state {
			v.kind = other
		} else if len(in.Shape) > MaxRank {
			return formatErr("input %s has %d dimensions", quote(in.Name), len(in.Shape))
		}
		for _, d := range in.Shape {
			size := 0
			if d.Known && d.Size > 0 && d.Size <= math.MaxInt32 { // some exporters write 0 or -1 for any size
				size = int(d.Size)
			}
			v.dims = append(v.dims, g.axis(size, false))
		}
		if err := g.set(in.Name, v); err != nil {
			return err
		}
	}
	return nil
}

// network returns what has been found.
func (g *follower) network() (*Network, error) {
	out := &Network{Input: g.input, Steps: g.steps, Rows: g.rows, Cols: g.cols, Groups: g.groups}
	var main, final *value
	for _, o := range g.model.Graph.Outputs {
		v, err := g.get(o.Name)
		if err != nil {
			return nil, err
		}
		whole := v.kind == data && v.stamp == g.stamp && !v.cell
		switch {
		case whole && v.state && final == nil:
			final, v.from = v, o.Name
		case v.state:
		case !whole || main != nil:
			return nil, unsupported("output %s: a list of layers has one output, that of the last layer, besides final states", quote(o.Name))
		default:
			main, v.from = v, o.Name
		}
	}
	if main == nil && final != nil {
		main = final
		g.steps[main.step].Final = true
	}
	if main == nil || len(g.steps) == 0 {
		return nil, unsupported("no output of the graph is that of a layer")
	}
	if g.image != nil {
		if !g.isImage(main.dims, 1) && !g.isImage(main.dims, 3) && !g.isSplit(main.dims) {
			return nil, unsupported("output %s: it is no image, channels first or last, whose rows and columns are in order", quote(main.from))
		}
	} else if err := g.features(main, 0); err != nil {
		return nil, unsupported("output %s: %w", quote(main.from), err)
	}
	out.Output = main.from
	for _, in := range g.model.Graph.Inputs {
		if v := g.values[in.Name]; g.tensors[in.Name] == nil && !v.state && in.Name != out.Input {
			return nil, unsupported("input %s: no layer takes it", quote(in.Name))
		}
	}
	return out, nil
}

func unsupported(format string, args ...any) error {
	return apierror.Mark(fmt.Errorf(format, args...), ErrUnsupported)
}

// named returns node and operator as a message has them.
func (n *Node) named() string {
	return "node " + quote(n.label()) + " (" + strings.Trim(quote(n.Op), `"`) + ")"
}

// label returns what the node is called: by its name, or by its first output.
func (n *Node) label() string {
	if i := slices.IndexFunc(n.Outputs, func(s string) bool { return s != "" }); n.Name == "" && i >= 0 {
		return n.Outputs[i]
	}
	return n.Name
}

// fail returns an error of a node.
func (n *Node) fail(format string, args ...any) error {
	return unsupported("%s: %s", n.named(), fmt.Sprintf(format, args...))
}
