package layers

import "github.com/autoreg/autoreg/kernels"

// ApplyConv returns the outputs of a layer, row by row, for the pixels x of height×width.
func ApplyConv(l *Conv, x []float32, height, width int, f kernels.Finish) []float32 {
	g := &pixelGraph{}
	in := g.input(l.InLen())
	if l.spec.Transposed {
		in.resolution, in.due = 1, 1
		height, width = 2*height, 2*width
	}
	n := g.conv(f, convTerm{conv: l, from: in, n: l.InLen()})
	g.complete(n)
	p := g.wholePlan(height, width, false)
	p.alloc()
	m := &p.run.maps[in.id]
	line := width >> in.resolution * m.width
	for r := range height >> in.resolution {
		copy(m.data[m.at+r*m.row:][:line], x[r*line:])
	}
	s := n.wholeSpan(height, width)
	p.run.node(n, &s)
	out := &p.run.maps[n.id]
	return out.data[out.at:][:height>>n.resolution*(width>>n.resolution)*out.width]
}

// DropNodes returns the nodes of which training drops values, each by the name of the layer
// that reads it: the numbers that PixelDropout's counters have for them.
func DropNodes(n *PixelNet) map[string]int {
	list := make(map[string]int)
	for _, node := range n.graph.nodes {
		for _, term := range node.terms {
			if term.from.drops {
				list[n.graph.nameOf(term.conv)] = term.from.id
			}
		}
	}
	return list
}

// nameOf returns the name of a layer.
func (g *pixelGraph) nameOf(c *Conv) string {
	for _, l := range g.convs {
		if l.Conv == c {
			return l.Name
		}
	}
	panic("no such layer")
}
