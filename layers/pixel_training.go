package layers

import "github.com/autoreg/autoreg/kernels"

// A PixelTraining takes images through a network and back to the gradients of its weights:
// what all images of a run share.
//
// Each gradient of a weight is one chain over the images in the order in which they are
// accumulated, and over their pixels in raster order. So the bits do not depend on how
// the work is shared out.
type PixelTraining struct {
	net, grad *PixelNet
	back      [][]convBack // of each node: its terms; nil where a term reads the pixels' values
	tasks     []weightTask
	grads     [][]float32
}

// NewTraining returns the backward pass of n, whose gradients grad takes, a network of the
// same description.
func (n *PixelNet) NewTraining(grad *PixelNet) *PixelTraining {
	t := &PixelTraining{net: n, grad: grad, grads: ValuesOf(grad)}
	t.prepare()
	return t
}

// prepare lists what is to be computed.
func (t *PixelTraining) prepare() {
	for _, node := range t.net.graph.nodes {
		var list []convBack
		for _, term := range node.terms {
			if term.from.op == opInput || term.from.op == opCondition {
				list = append(list, convBack{term: term})
			} else {
				list = append(list, newConvBack(term))
			}
		}
		t.back = append(t.back, list)
		if t.grad != nil {
			t.addTasks(node)
		}
	}
}

// Begin sets the gradients to zero and takes over the weights of the network.
func (t *PixelTraining) Begin() {
	for _, g := range t.grads {
		clear(g)
	}
	for _, l := range t.grad.graph.convs {
		if l.norm != nil {
			for i := range l.pieces {
				clear(l.pieces[i].W.Data)
			}
		}
	}
	for _, list := range t.back {
		for i := range list {
			list[i].transpose()
		}
	}
}

// End goes from the gradients of weights to those of what training changes, once all
// images have been accumulated.
func (t *PixelTraining) End() {
	for i, l := range t.net.graph.convs {
		l.gather(t.grad.graph.convs[i].Conv)
	}
}

// A PixelImage is one image in the forward and the backward pass, with the values of all
// nodes and their gradients.
type PixelImage struct {
	t             *PixelTraining
	height, width int
	run           pixelRun
	grads         []pixelMap // of each node; nodes may share one
	outer         []pixelMap // of each node whose gradients are read beyond the image: a copy with zeros around
	fresh         []bool     // of each node: its gradients are to be written anew, not added to
	drop          PixelDropout
	masks         []dropMask // of each node of which values are dropped
	undropped     []float32  // values of such a node before that
}

// gradientSlack is the number of values behind a map that kernels may read without using
// them.
const gradientSlack = 64

// NewImage returns room for an image of height×width pixels. It panics unless both are
// positive multiples of the description's SizeUnit.
func (t *PixelTraining) NewImage(height, width int) *PixelImage {
	t.net.checkSize(height, width, "layers: PixelTraining: NewImage: a size that the network does not have")
	p, g := t.plan(height, width)
	p.alloc()
	m := &PixelImage{t: t, height: height, width: width, run: p.run, fresh: make([]bool, len(t.net.graph.nodes))}
	m.run.apart = true
	memory := kernels.Alloc(int(g.total))
	m.grads, m.outer = g.run.maps, g.run.early
	for _, list := range [][]pixelMap{m.grads, m.outer} {
		for i := range list {
			list[i].data = memory
		}
	}
	out := t.net.graph.output.id
	m.grads[out] = m.run.maps[out]
	m.masks = make([]dropMask, len(t.net.graph.nodes))
	for _, n := range t.net.graph.nodes {
		if n.drops {
			m.masks[n.id] = newDropMask(n, height, width)
			if size := n.width * (height >> n.resolution) * (width >> n.resolution); size > len(m.undropped) {
				m.undropped = kernels.Alloc(size)
			}
		}
	}
	return m
}

// Bytes returns the memory that m holds.
func (m *PixelImage) Bytes() int {
	n := 4 * (len(m.run.maps[0].data) + len(m.outer[0].data) + len(m.undropped))
	for _, mask := range m.masks {
		n += 8 * len(mask.bits)
	}
	return n
}

// Bytes returns the memory that t holds, the gradients not included.
func (t *PixelTraining) Bytes() (n int) {
	for _, list := range t.back {
		for _, b := range list {
			for _, p := range b.pieces {
				n += 4 * len(p.wt.Data)
			}
		}
	}
	return n
}

// PixelTrainingBytes returns the memory of the training of a network for images of a size,
// as 64 bits on every machine: what NewImage allocates, and the gradients of the weights and
// the copies of these for the backward pass.
func PixelTrainingBytes(spec PixelSpec, height, width int) (image, shared int64) {
	net := &PixelNet{Spec: spec, graph: pixelGraph{shape: true}}
	net.graph.complete(spec.build(&net.graph))
	t := &PixelTraining{net: net}
	t.prepare()
	values, grads := t.plan(height, width)
	size := spec.Sizes()
	shared = size.Packed + size.Derived
	for _, list := range t.back {
		for _, b := range list {
			for _, p := range b.pieces {
				shared += int64(p.wt.Rows) * int64(roundUp(p.wt.Cols, kernels.PanelWidth))
			}
		}
	}
	image = 4 * (values.total + grads.total)
	largest := int64(0)
	for _, n := range net.graph.nodes {
		if n.drops {
			pixels := int64(height>>n.resolution) * int64(width>>n.resolution)
			image += 8 * pixels * int64((n.width+63)/64)
			largest = max(largest, 4*pixels*int64(n.width))
		}
	}
	return image + largest, 4 * shared
}

// plan returns the plans of the values and of the gradients.
func (t *PixelTraining) plan(height, width int) (values, grads *pixelPlan) {
	graph := &t.net.graph
	values, grads = graph.wholePlan(height, width, true), newPixelPlan(graph)
	values.total += gradientSlack
	outer := make(map[pixelRoom]pixelMap)
	for i := len(graph.nodes) - 1; i > 0; i-- {
		n := graph.nodes[i]
		rows, cols := height>>n.resolution, width>>n.resolution
		if n.op == opCondition {
			continue
		}
		if grads.run.maps[i].row == 0 && n != graph.output {
			grads.run.maps[i] = grads.rows(n, rows, cols, 0, 0)
			grads.total += gradientSlack
		}
		if a := n.passes(); a != nil && grads.run.maps[a.id].row == 0 {
			grads.run.maps[a.id] = grads.run.maps[i]
		}
		var room pixelRoom
		for k := range t.back[i] {
			below, side := t.back[i][k].reach()
			room.top, room.side = max(room.top, below), max(room.side, side)
		}
		if room.top+room.side == 0 {
			continue
		}
		room.width, room.resolution, room.rows = n.width, n.resolution, rows
		if _, ok := outer[room]; !ok {
			m := grads.rows(n, rows+room.top, cols, 0, room.side)
			grads.total += int64(room.side*n.width) + gradientSlack // right of the last row, which is read
			outer[room] = m
		}
		grads.run.early[i] = outer[room]
	}
	return values, grads
}

// passes returns the node to which n passes its gradients on as they are, if it has not
// got any from nodes after n: both may have one map.
func (n *pixelNode) passes() *pixelNode {
	if n.op == opAdd || n.op == opGate {
		return n.from[0]
	}
	return nil
}

// SetCondition sets what the image is conditioned on: see PixelForward.
func (m *PixelImage) SetCondition(v []float32) { m.t.net.setCondition(&m.run, 0, v) }

// Forward computes the outputs of an image, row by row; see
// PixelForward. Backward takes their gradients in the same place. The image is number item
// of its batch; without a drop no values are dropped.
func (m *PixelImage) Forward(image PixelSample, drop *PixelDropout, item int) kernels.Matrix {
	m.forward(&image, drop, item, nil)
	return m.outputs()
}

// forward computes all nodes, or those before end.
func (m *PixelImage) forward(image *PixelSample, drop *PixelDropout, item int, end *pixelNode) {
	g := &m.t.net.graph
	if m.drop = (PixelDropout{}); drop != nil {
		m.drop = *drop
	}
	m.t.net.setInputs(&m.run.maps[0], image, m.height, m.width)
	for _, n := range g.nodes {
		if n == end {
			return
		}
		s := n.wholeSpan(m.height, m.width)
		m.run.node(n, &s, 0, n.groups, stageWhole)
		if n.drops && m.drop.Share > 0 {
			mask := &m.masks[n.id]
			mask.draw(&m.drop, n, item)
			y := &m.run.maps[n.id]
			mask.apply(y, y, s.lines, s.pixels, m.drop.scale())
		}
	}
}

func (m *PixelImage) outputs() kernels.Matrix {
	out := &m.run.maps[m.t.net.graph.output.id]
	return kernels.RowMajor(out.data[out.at:][:m.height*m.width*out.width], m.height*m.width, out.width)
}

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

// reluGradients sets the gradients dy of y = max(x, 0) to those of x.
func reluGradients(dy, y *kernels.Grid) {
	for line := range dy.Lines {
		for pixel := range dy.Pixels {
			d := dy.Data[dy.At+line*dy.LineStride+pixel*dy.PixelStride:][:dy.Cols]
			kernels.ReLUGradient(d, d, y.Data[y.At+line*y.LineStride+pixel*y.PixelStride:][:y.Cols])
		}
	}
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
