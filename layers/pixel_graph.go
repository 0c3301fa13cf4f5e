package layers

import (
	"slices"

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
	beside          bool // they look to the right in their own row too
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

// minEarly is the least number of inputs that are worth a part of their own: a shorter
// one takes longer to store and to fetch again than to compute for each pixel.
const minEarly = 64

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

// complete derives what schedules need to know.
func (g *pixelGraph) complete(output *pixelNode) {
	g.output = output
	for _, n := range g.nodes {
		for _, f := range n.sources() {
			f.readers = append(f.readers, n)
		}
		n.early = n.op != opInput // a condition is known from the start
		for _, f := range n.from {
			n.early = n.early && f.early
		}
		for i := range n.terms {
			n.early = n.early && n.terms[i].early()
			for piece := range n.terms[i].conv.pieces {
				n.terms[i].reach(piece)
			}
		}
	}
	g.findLasting()
	for i, n := range g.nodes {
		n.id = i
		g.cutChains(n)
		n.fuse()
	}
	for _, n := range g.nodes {
		reader := n
		if n.into != nil {
			reader = n.into
		}
		for _, f := range n.sources() {
			f.lastUse = max(f.lastUse, reader.id)
		}
	}
	output.lastUse = len(g.nodes)
}

// sources returns the nodes that n reads.
func (n *pixelNode) sources() []*pixelNode {
	list := n.from[:len(n.from):len(n.from)]
	for _, t := range n.terms {
		list = append(list, t.from)
	}
	return list
}

// early reports whether all that the term reads is known when its row begins.
func (t *convTerm) early() bool {
	p := &t.conv.pieces[0]
	return t.from.early || p.up*p.wide*t.n >= p.rows && p.up > 0
}

// cutChains derives the parts of a node's chains.
func (g *pixelGraph) cutChains(n *pixelNode) {
	if n.op != opConv {
		return
	}
	pieces := len(n.terms[0].conv.pieces)
	n.whole, n.split, n.bias = make([][]convPart, pieces), make([][]convPart, pieces), make([][]float32, pieces)
	for i := range pieces {
		var late []convPart
		earlyRows := 0
		for k := range n.terms {
			t := &n.terms[k]
			whole, above, own := t.parts(i)
			n.whole[i] = append(n.whole[i], whole)
			if above.w.Rows > 0 {
				n.split[i] = append(n.split[i], above)
				earlyRows += above.w.Rows
			}
			if own.w.Rows > 0 {
				late = append(late, own)
			}
		}
		if i == 0 && !n.early && n.due == n.resolution && earlyRows >= minEarly {
			n.cut = len(n.split[i])
		}
		n.split[i] = append(n.split[i], late...)
	}
	// The chain of all schedules is that of the one that cuts.
	for i := range n.whole {
		if len(n.terms) > 1 {
			n.whole[i] = n.split[i]
		}
		n.bias[i] = n.terms[0].conv.pieces[i].Bias
		if len(n.terms) > 1 && !g.shape {
			n.bias[i] = kernels.Alloc(len(n.bias[i]))
		}
	}
	if !g.shape {
		n.sumBiases()
	}
}

// sumBiases adds up the biases of the layers of several terms.
func (n *pixelNode) sumBiases() {
	for i := range n.bias {
		if len(n.terms) < 2 {
			continue
		}
		sum := n.bias[i]
		clear(sum)
		for k := range n.terms {
			if n.terms[k].first == 0 {
				kernels.Add(sum, sum, n.terms[k].conv.pieces[i].Bias)
			}
		}
	}
}

// Refresh brings what is computed from the values of layers up to date after these have
// changed.
func (n *PixelNet) Refresh() {
	for _, l := range n.graph.convs {
		l.Refresh()
	}
	for _, node := range n.graph.nodes {
		node.sumBiases()
	}
}

// parts returns the term's chains in piece i, and these in two parts: what is known when a
// row begins, and the rest. Of a node that is early all is known.
func (t *convTerm) parts(i int) (whole, above, own convPart) {
	p := &t.conv.pieces[i]
	w := p.W
	if p.rows > 0 && t.n < t.conv.spec.In {
		w = subRows(w, t.first, t.n)
	}
	rows := min(max(p.up, 0)*p.wide*t.n, w.Rows)
	if t.from.early {
		rows = w.Rows
	}
	whole = convPart{from: t.from, w: w, up: p.up, left: p.left, span: p.wide * t.n}
	above, own = whole, whole
	above.w, own.w = subRows(w, 0, rows), subRows(w, rows, w.Rows-rows)
	if rows > 0 {
		own.up = 0
	}
	return whole, above, own
}

// subRows returns rows of a matrix that may be a shape alone.
func subRows(m kernels.Matrix, first, n int) kernels.Matrix {
	if m.Data == nil {
		m.Rows = n
		return m
	}
	return m.SubRows(first, n)
}

// reach notes in the node that the term reads how far its taps reach.
func (t *convTerm) reach(i int) {
	p, n := &t.conv.pieces[i], t.from
	if p.rows == 0 {
		return
	}
	n.up, n.left = max(n.up, p.up), max(n.left, p.left)
	n.right = max(n.right, p.wide-1-p.left)
	if own := p.rows/t.conv.spec.In - max(p.up, 0)*p.wide; own > 0 && (own-1)%p.wide > p.left {
		n.beside = true
	}
}

// fuse finds out whether a sum can be computed with its second summand. Only ReLU has a
// finish that adds to what is there, ReLUAdd.
func (n *pixelNode) fuse() {
	if n.op != opAdd {
		return
	}
	b := n.from[1]
	if b.op != opConv || b.finish != kernels.ReLU || b.due != b.resolution {
		return
	}
	if len(b.readers) > 1 {
		return
	}
	n.fused, b.into = b, n
}

// findLasting marks the nodes that pixels to come depend on.
func (g *pixelGraph) findLasting() {
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := g.nodes[i]
		// A pixel is read from elsewhere, or serves several places.
		n.lasting = n.lasting || n.up > 0 || n.left > 0 || n.right > 0 || n.due > n.resolution
		for _, other := range n.readers {
			n.lasting = n.lasting || other.lasting || other.due > n.resolution
		}
	}
	// What does not last comes last.
	slices.SortStableFunc(g.nodes, func(a, b *pixelNode) int {
		switch {
		case a.lasting == b.lasting:
			return 0
		case a.lasting:
			return -1
		}
		return 1
	})
}
