package layers

import (
	"github.com/autoreg/autoreg/kernels"
)

// A pixelGraph is the one description of a network over pixels: nodes in an order in
// which each reads only nodes before it. Whole images, canvases, wavefronts and training
// are schedules over it, and compute the same chains.
type pixelGraph struct {
	nodes  []*pixelNode
	convs  []NamedConv // in the order of their tensors
	output *pixelNode
	shape  bool // layers have no weights: the graph tells what schedules take
}

// A NamedConv is a layer of a network over pixels with the name that files have for it.
type NamedConv struct {
	Name string
	*Conv
}

// A pixelOp is how a node is computed.
type pixelOp uint8

const (
	opInput     pixelOp = iota // the values of the pixels
	opCondition                // the condition of the image: the same at all pixels
	opConv                     // finish(bias + the chains of all terms)
	opAdd                      // a + b
	opReLU                     // max(x, 0)
	opELU                      // elu(x)
	opConcatELU                // elu(x), elu(-x)
	opGate                     // x + p·σ(q), (p, q) being z
)

// A pixelNode is a map of values for the pixels of an image, or for those of every
// 2^resolution-th row and column.
type pixelNode struct {
	id         int
	op         pixelOp
	width      int // values of a pixel
	resolution int
	// due is the resolution of the places at which the node is computed: its own, or that of the
	// input of a transposed convolution, each of whose places gives several pixels.
	due int

	from   []*pixelNode // of all others: x; a and b; x and z
	drops  bool         // training drops values of the node
	terms  []convTerm   // of opConv
	finish kernels.Finish
	groups int // of ordered channels

	// What follows is derived from the above by complete.

	// early is set if the node is known when its row begins: it depends on rows above only.
	early bool
	// lasting is set if pixels to come read the node, or one that is computed from it.
	// Others are needed for the logits of their own pixel alone.
	lasting bool
	// Readers look so many rows up, and columns to the left and right, in pixels of the node.
	up, left, right int
	readsRight      bool // they look to the right in their own row too
	readers         []*pixelNode
	lastUse         int // the last node that reads it

	bias  [][]float32  // of each piece: the sum of the terms'
	whole [][]convPart // of each piece
	split [][]convPart // the same chains, cut so that the first cut parts are early
	cut   int
	fused *pixelNode // of opAdd: its second summand, which only this node reads
	into  *pixelNode // the opAdd that this node is part of
}

// A convTerm is a convolution of a node. Its chains continue those of the term before it.
type convTerm struct {
	conv *Conv
	from *pixelNode
	// The inputs of the layer, if they are only some: first of n in the chain.
	first, n int
}

// A convPart is a part of the chains of a piece: taps of a rectangle.
type convPart struct {
	from     *pixelNode
	w        kernels.Matrix
	up, left int // of the first tap
	span     int // values of a row of taps
}

func (g *pixelGraph) node(n pixelNode) *pixelNode {
	g.nodes = append(g.nodes, &n)
	return &n
}

// input is the node of the pixels' values.
func (g *pixelGraph) input(channels int) *pixelNode {
	return g.node(pixelNode{op: opInput, width: channels, groups: 1})
}

// layer makes a layer.
func (g *pixelGraph) layer(s ConvSpec) *Conv {
	l := s.make(!g.shape)
	g.convs = append(g.convs, NamedConv{s.Name, l})
	return l
}

// condition is the node of the image's condition, a vector.
func (g *pixelGraph) condition(n int) *pixelNode {
	return g.node(pixelNode{op: opCondition, width: n, groups: 1})
}

// term makes a layer that reads a node.
func (g *pixelGraph) term(s ConvSpec, from *pixelNode) convTerm {
	return convTerm{conv: g.layer(s), from: from, n: s.In}
}

// conv is the sum of convolutions, whose pieces must be of the same outputs.
func (g *pixelGraph) conv(f kernels.Finish, terms ...convTerm) *pixelNode {
	first := &terms[0]
	for i := range terms { // a condition is there at all levels
		if terms[i].from.op != opCondition {
			first = &terms[i]
		}
	}
	s := &first.conv.spec
	n := pixelNode{op: opConv, width: first.conv.Width(), terms: terms, finish: f, groups: s.Groups}
	n.resolution, n.due = first.from.resolution, first.from.resolution
	for scale := s.Stride; scale > 1; scale /= 2 {
		if s.Transposed {
			n.resolution--
		} else {
			n.resolution++
			n.due++
		}
	}
	for i := range terms {
		terms[i].conv.spec.resolution = n.resolution
	}
	return g.node(n)
}

// add is the sum of two nodes.
func (g *pixelGraph) add(a, b *pixelNode) *pixelNode {
	return g.node(pixelNode{op: opAdd, width: a.width, resolution: a.resolution, due: a.resolution, from: []*pixelNode{a, b}, groups: b.groups})
}

// activate is opReLU, opELU or opConcatELU of a node.
func (g *pixelGraph) activate(op pixelOp, x *pixelNode) *pixelNode {
	n := pixelNode{op: op, width: x.width, resolution: x.resolution, due: x.resolution, from: []*pixelNode{x}, groups: 1}
	if op == opConcatELU {
		n.width *= 2
	}
	return g.node(n)
}

// gate is x + p·σ(q), z having the values of p and then those of q.
func (g *pixelGraph) gate(x, z *pixelNode) *pixelNode {
	return g.node(pixelNode{op: opGate, width: x.width, resolution: x.resolution, due: x.resolution, from: []*pixelNode{x, z}, groups: 1})
}
