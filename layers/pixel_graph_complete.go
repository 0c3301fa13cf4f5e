package layers

import (
	"slices"

	"github.com/autoreg/autoreg/kernels"
)

// minEarly is the least number of inputs that are worth a part of their own: a shorter
// one takes longer to store and to fetch again than to compute for each pixel.
const minEarly = 64

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
		n.readsRight = true
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
