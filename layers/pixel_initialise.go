package layers

import "math"

// Initialise gives weight-normalised layers the lengths and biases with which their outputs
// have mean 0 and variance 1 for each channel, over the pixels of images, one layer after
// the other:
//
//	g = 1/√(var + 10⁻¹⁰)    b = -mean·g
//
// mean and var being those of the outputs with g = 1 and b = 0, in float64. room are
// workspaces, for so many images at a time, which the threads share; conditions are those
// of the images, or nil; drop is that of the first step. The bits depend neither on room
// nor on threads. Without weight normalisation it does nothing. It panics without room.
//
// Salimans and Kingma, Weight Normalization, 2016.
func (t *PixelTraining) Initialise(room []*PixelImage, threads *Threads, images []PixelSample, conditions [][]float32, drop *PixelDropout) {
	if len(room) == 0 {
		panic("layers: PixelTraining: Initialise: no room for an image")
	}
	g := &t.net.graph
	for _, n := range g.nodes {
		for k, term := range n.terms {
			if l := term.conv; l.norm != nil && term.first == 0 {
				only := n.only(l)
				outputs := func(m *PixelImage, i int) {
					if conditions != nil {
						m.SetCondition(conditions[i])
					}
					m.forward(&images[i], drop, i, n)
					s := n.wholeSpan(m.height, m.width)
					m.run.conv(only, only, &s, n.finish)
				}
				mean, variance := statistics(n, room, threads, len(images), outputs)
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

// statistics returns the mean and the variance of each channel of a node over so many
// images, whose values outputs leaves in the workspace it is given.
func statistics(n *pixelNode, room []*PixelImage, threads *Threads, images int, outputs func(m *PixelImage, image int)) (mean, variance []float64) {
	mean, variance = make([]float64, n.width), make([]float64, n.width)
	count := 0
	for first := 0; first < images; first += len(room) {
		chunk := room[:min(len(room), images-first)]
		threads.Split(len(chunk), 1, func(_, from, to int) {
			for i := from; i < to; i++ {
				outputs(chunk[i], first+i)
			}
		})
		for _, m := range chunk {
			count += m.addMoments(n, mean, variance)
		}
	}
	for o := range mean {
		mean[o] /= float64(count)
		variance[o] = max(variance[o]/float64(count)-float64(mean[o]*mean[o]), 0)
	}
	return mean, variance
}

// addMoments adds the values of each channel of a node to sum and their squares to
// squares, and returns how many there are.
func (m *PixelImage) addMoments(n *pixelNode, sum, squares []float64) int {
	y := &m.run.maps[n.id]
	rows, cols := m.height>>n.resolution, m.width>>n.resolution
	for r := range rows {
		for c := range cols {
			for o, v := range y.data[y.at+r*y.row+c*y.pixel:][:n.width] {
				sum[o] += float64(v)
				squares[o] += float64(float64(v) * float64(v))
			}
		}
	}
	return rows * cols
}
