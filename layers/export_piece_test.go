package layers

import (
	"fmt"
	"strings"

	"github.com/autoreg/autoreg/kernels"
)

// A Piece is a part of a mixture network over pixels, by itself: "conv", "elu",
// "concat_elu", "gate", which reads x and (p, q), or "block", which reads x and what is
// beside it.
type Piece struct {
	Kind   string
	Conv   ConvSpec // of a conv
	Stack  string   // of a block: "vertical" or "horizontal"
	Inputs []int    // channels of each input
}

// pieceSpec is a Piece as a network. Its input is a pixel of all channels. Layers that copy
// pick those of each of the piece's inputs, and copy the result: they are nodes with
// gradients.
type pieceSpec struct{ Piece }

func (p pieceSpec) Shape() (channels, levels int) { return p.channels(0), 2 }
func (p pieceSpec) ConditionLen() int             { return 0 }
func (p pieceSpec) SizeUnit() int                 { return 1 }
func (p pieceSpec) Convs() []ConvSpec             { panic("not needed") }
func (p pieceSpec) Sizes() Sizes                  { panic("not needed") }
func (p pieceSpec) head() PixelHead               { return newCategorical(p.channels(0), 2) }
func (p pieceSpec) value(int) float32             { return 0 }

func (p pieceSpec) between(float32) (float32, bool) { return 0, false }

// channels returns how many channels input i and those after it have.
func (p pieceSpec) channels(i int) (n int) {
	for _, c := range p.Inputs[i:] {
		n += c
	}
	return n
}

func (p pieceSpec) build(graph *pixelGraph) *pixelNode {
	all := graph.input(p.channels(0))
	if p.Conv.Transposed {
		all.resolution, all.due = 1, 1
	}
	pick := func(name string, from *pixelNode, n int) *pixelNode {
		s := dense(name, from.width, n)
		s.WeightNorm = false
		return graph.conv(kernels.AsIs, graph.term(s, from))
	}
	var x []*pixelNode
	for i, n := range p.Inputs {
		x = append(x, pick(fmt.Sprintf("pick.%d", i), all, n))
	}
	var y *pixelNode
	switch p.Kind {
	case "conv":
		y = graph.conv(kernels.AsIs, graph.term(p.Conv, x[0]))
	case "elu":
		y = graph.activate(opELU, x[0])
	case "concat_elu":
		y = graph.activate(opConcatELU, x[0])
	case "gate":
		y = graph.gate(x[0], x[1])
	case "block":
		c := PixelCNNMixture{Filters: p.Inputs[0], Rows: 3, Cols: 3}
		b := mixtureBuilder{pixelGraph: graph, c: c, acts: make(map[*pixelNode]*pixelNode)}
		stack := c.vertical()
		if p.Stack == "horizontal" {
			stack = c.horizontal()
		}
		y = b.block("block.", stack, x[0], x[1:]...)
	default:
		panic("no such piece")
	}
	return pick("result", y, y.width)
}

// Run takes inputs [H·W, C] through the piece and the gradients dy of its results back. It
// calls set with the network to set its parameters. height and width are those of the
// larger of inputs and results. Gradients of the parameters are in grad.
func (p Piece) Run(height, width int, set func(*PixelNet), x [][]float32, dy []float32) (y []float32, dx [][]float32, grad *PixelNet) {
	spec := pieceSpec{p}
	n := NewPixelNet(spec)
	set(n)
	for _, l := range n.Convs() {
		first := 0
		if _, err := fmt.Sscanf(l.Name, "pick.%d", &first); err == nil {
			first = spec.channels(0) - spec.channels(first)
		}
		if l.norm == nil {
			w, b := l.Weights()
			for o := range l.OutLen() {
				w[o*l.InLen()+first+o] = 1
			}
			l.SetWeights(w, b)
		}
	}
	grad = NewPixelNet(spec)
	t := n.NewTraining(grad)
	m := t.NewImage(height, width)
	t.Begin()
	g := &n.graph
	in := &m.run.maps[0]
	at := 0
	for i, c := range p.Inputs {
		line := width >> g.nodes[0].resolution
		for j, v := range x[i] {
			in.data[in.at+j/c/line*in.row+j/c%line*in.width+at+j%c] = v
		}
		at += c
	}
	for _, node := range g.nodes {
		s := node.wholeSpan(height, width)
		m.run.node(node, &s)
	}
	out := &m.run.maps[g.output.id]
	result := out.data[out.at:][:len(dy)]
	y = append(y, result...)
	copy(result, dy)
	m.Backward()
	m.Accumulate(0, len(t.tasks))
	t.End()
	for i := range p.Inputs {
		for _, node := range g.nodes {
			if len(node.terms) == 1 && strings.HasPrefix(g.nameOf(node.terms[0].conv), fmt.Sprintf("pick.%d", i)) {
				d := &m.grads[node.id]
				dx = append(dx, d.data[d.at:][:len(x[i])])
			}
		}
	}
	return y, dx, grad
}
