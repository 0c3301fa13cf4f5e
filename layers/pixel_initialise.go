package layers

import "math"

// Initialise gives weight-normalised layers the lengths and biases with which their outputs
// have mean 0 and variance 1 for each channel, over the pixels of images, one layer after
// the other:
//
//	g = 1/√(var + 10⁻¹⁰)    b = -mean·g
//
// mean and var being those of the outputs with g = 1 and b = 0, in float64. m is the
// workspace; conditions are those of the images, or nil; drop is that of the first step.
// Without weight normalisation it does nothing.
//
// Salimans and Kingma, Weight Normalization, 2016.
func (t *PixelTraining) Initialise(m *PixelImage, images []PixelSample, conditions [][]float32, drop *PixelDropout) {
	g := &t.net.graph
	for _, n := range g.nodes {
		for k, term := range n.terms {
			if l := term.conv; l.norm != nil && term.first == 0 {
				only := n.only(l)
				mean, variance := m.statistics(n, only, images, conditions, drop)
				for o := range l.norm.g {
					scale := 1 / math.Sqrt(variance[o]+1e-10)
					l.norm.g[o] = float32(scale)
					n.terms[k].conv.pieces[0].Bias[o] = float32(-mean[o] * scale)
				}
				l.Refresh()
				n.sumBiases()
			}
		}
	}
}

// only returns a node of a layer's terms alone, with lengths of 1 and without biases.
func (n *pixelNode) only(l *Conv) *pixelNode {
	for o := range l.norm.g {
		l.norm.g[o] = 1
	}
	clear(l.pieces[0].Bias)
	l.Refresh()
	only := &pixelNode{id: n.id, op: n.op, width: n.width, resolution: n.resolution, due: n.due, groups: n.groups}
	for _, t := range n.terms {
		if t.conv == l {
			only.terms = append(only.terms, t)
		}
	}
	(&pixelGraph{}).cutChains(only)
	return only
}

// statistics returns the mean and the variance of each channel of a node, computed as only,
// over all images.
func (m *PixelImage) statistics(n, only *pixelNode, images []PixelSample, conditions [][]float32, drop *PixelDropout) (mean, variance []float64) {
	mean, variance = make([]float64, n.width), make([]float64, n.width)
	count := 0
	for i := range images {
		if conditions != nil {
			m.SetCondition(conditions[i])
		}
		m.forward(&images[i], drop, i, n)
		s := n.wholeSpan(m.height, m.width)
		m.run.conv(only, only, &s, n.finish)
		y := &m.run.maps[n.id]
		for r := range m.height >> n.resolution {
			for c := range m.width >> n.resolution {
				for o, v := range y.data[y.at+r*y.row+c*y.pixel:][:n.width] {
					mean[o] += float64(v)
					variance[o] += float64(float64(v) * float64(v))
				}
				count++
			}
		}
	}
	for o := range mean {
		mean[o] /= float64(count)
		variance[o] = max(variance[o]/float64(count)-float64(mean[o]*mean[o]), 0)
	}
	return mean, variance
}
