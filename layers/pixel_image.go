package layers

import "github.com/autoreg/autoreg/kernels"

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
		m.run.node(n, &s)
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
