package layers

import "github.com/autoreg/autoreg/kernels"

// Backward computes the gradients of all nodes from those of the outputs, which are in
// the place of the outputs.
func (m *PixelImage) Backward() {
	g := &m.t.net.graph
	for i := range m.fresh {
		m.fresh[i] = true
	}
	out := g.output.id
	m.fresh[out] = false
	for i := len(g.nodes) - 1; i > 0; i-- {
		switch n := g.nodes[i]; n.op {
		case opAdd:
			m.addBack(n)
		case opConv:
			m.convBack(n)
		case opReLU, opELU, opConcatELU:
			m.activateBack(n)
		case opGate:
			m.gateBack(n)
		}
	}
}

// activateBack goes from the gradients of an activation to those of its input.
func (m *PixelImage) activateBack(n *pixelNode) {
	s := n.wholeSpan(m.height, m.width)
	x := n.from[0]
	y := m.run.grid(n, &s)
	dy, dx := gridOf(&m.grads[n.id], &s), gridOf(&m.grads[x.id], &s)
	if n.drops && m.drop.Share > 0 {
		mask, grad := &m.masks[n.id], &m.grads[n.id]
		mask.apply(grad, grad, s.lines, s.pixels, m.drop.scale())
		// The slope is that of the values that were not dropped, before they grew.
		values := pixelMap{data: m.undropped, width: n.width, pixel: n.width, row: s.pixels * n.width}
		mask.apply(&values, &m.run.maps[n.id], s.lines, s.pixels, 1-float32(m.drop.Share))
		y = gridOf(&values, &s)
	}
	switch fresh := m.fresh[x.id]; {
	case n.op == opConcatELU && fresh:
		kernels.ConcatELUGradient(dx, dy, y)
	case n.op == opConcatELU:
		kernels.ConcatELUGradientAdd(dx, dy, y)
	default:
		if n.op == opELU {
			kernels.ELUGradient(dy, dy, y)
		} else {
			reluGradients(&dy, &y)
		}
		m.pass(x, &m.grads[n.id])
	}
	m.fresh[x.id] = false
}

// gateBack goes from the gradients of a gate to those of its input and of its two halves.
func (m *PixelImage) gateBack(n *pixelNode) {
	s := n.wholeSpan(m.height, m.width)
	x, z := n.from[0], n.from[1]
	dy := &m.grads[n.id]
	kernels.GateGradient(gridOf(&m.grads[z.id], &s), gridOf(dy, &s), m.run.grid(z, &s))
	m.fresh[z.id] = false
	if m.grads[x.id].at != dy.at {
		m.pass(x, dy)
	}
	m.fresh[x.id] = false
}

// gridOf returns the values of a map.
func gridOf(m *pixelMap, s *pixelSpan) kernels.Grid {
	v := m.view(s, 1, 0, 0)
	return v.Grid(0, m.width)
}

// addBack passes the gradients of a sum on.
func (m *PixelImage) addBack(n *pixelNode) {
	a, b, dy := n.from[0], n.from[1], &m.grads[n.id]
	if b.into == n {
		m.reluBack(b, dy) // before dy is added to
		m.fresh[b.id] = false
	} else {
		m.pass(b, dy)
	}
	if m.grads[a.id].at != dy.at {
		m.pass(a, dy)
	}
	m.fresh[a.id] = false
}

// pass passes gradients on to a node of the same shape.
func (m *PixelImage) pass(n *pixelNode, dy *pixelMap) {
	if !m.fresh[n.id] {
		m.add(n, dy)
		return
	}
	copyMap(&m.grads[n.id], dy, m.height>>n.resolution, m.width>>n.resolution)
	m.fresh[n.id] = false
}

// add adds gradients of the shape of a node to those that it has.
func (m *PixelImage) add(n *pixelNode, dy *pixelMap) {
	g := &m.grads[n.id]
	size := m.height >> n.resolution * g.row
	dst := g.data[g.at:][:size]
	kernels.Add(dst, dst, dy.data[dy.at:][:size])
}

// reluBack sets the gradients of a node before its ReLU from those of its outputs.
func (m *PixelImage) reluBack(n *pixelNode, dy *pixelMap) {
	dst, y := &m.grads[n.id], &m.run.maps[n.id]
	line := m.width >> n.resolution * n.width
	for r := range m.height >> n.resolution {
		kernels.ReLUGradient(dst.data[dst.at+r*dst.row:][:line], dy.data[dy.at+r*dy.row:][:line], y.data[y.at+r*y.row:][:line])
	}
}

// convBack goes from the gradients of a node's outputs to those of its inputs.
func (m *PixelImage) convBack(n *pixelNode) {
	if n.finish == kernels.ReLU && n.into == nil {
		m.reluBack(n, &m.grads[n.id])
	}
	dy := &m.grads[n.id]
	if outer := &m.outer[n.id]; outer.row > 0 {
		copyMap(outer, dy, m.height>>n.resolution, m.width>>n.resolution)
		dy = outer
	}
	s := n.wholeSpan(m.height, m.width)
	for k := range m.t.back[n.id] {
		b := &m.t.back[n.id][k]
		if b.pieces == nil {
			continue
		}
		from := b.term.from.id
		b.back(&m.grads[from], dy, &s, !m.fresh[from])
		m.fresh[from] = false
	}
}

// copyMap copies a map of an image, line by line.
func copyMap(dst, src *pixelMap, height, width int) {
	n := width * src.width
	for r := range height {
		copy(dst.data[dst.at+r*dst.row:][:n], src.data[src.at+r*src.row:][:n])
	}
}
