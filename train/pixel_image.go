package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A pixelImage is one image on its way: all feature maps, and the gradients of
// those that weights have a part in. The gradients of the scores lie in the place
// of the scores.
type pixelImage struct {
	maps   layers.PixelMaps
	blocks []blockGradients
	hidden [2]layers.Map // [F]
	h      layers.Map    // [F] of H, from the last to the first
	below  layers.Map    // [F/2] those of a block's T, with zeros below and on the sides
}

// blockGradients are those of a block's U, T and G.
type blockGradients struct{ u, t, g layers.Map }

// slack is how many values behind a map may be read, though not used.
const slack = 64

// gradientMap returns a map without a border and with slack.
func gradientMap(height, width, channels int) layers.Map {
	m := layers.DenseMap(height, width, channels)
	m.Data = kernels.Alloc(height*width*channels + slack)
	return m
}

func newPixelImage(net *layers.PixelCNN, height, width int) *pixelImage {
	F, half := net.Filters, net.Filters/2
	dense := func(channels int) layers.Map { return gradientMap(height, width, channels) }
	p := &pixelImage{h: dense(F), hidden: [2]layers.Map{dense(F), dense(F)}}
	m := &p.maps
	m.Keep = true
	m.X = layers.BorderMap(height, width, net.Channels, net.Kernel/2)
	m.H = []layers.Map{dense(F)}
	for range net.Blocks {
		m.H, m.U, m.T = append(m.H, dense(F)), append(m.U, dense(F)), append(m.T, dense(half))
		m.G = append(m.G, layers.BorderMap(height, width, half, 1))
		p.blocks = append(p.blocks, blockGradients{dense(F), dense(half), dense(half)})
	}
	m.Hidden = [2]layers.Map{dense(F), dense(F)}
	m.Scores = dense(net.Output.Width())

	row := (width + 1) * half
	p.below = layers.Map{
		Data:  kernels.Alloc((height + 1) * row),
		Lines: height, Pixels: width, Line: row, Pixel: half, Row: row,
	}
	return p
}

// backward goes from the gradients of the scores to those of all maps. list has
// the layers in order.
func (p *pixelImage) backward(list []pixelLayer) {
	m, end := &p.maps, len(list)-1
	list[end].back(&p.hidden[1], &m.Scores, false)
	reluGradient(&p.hidden[1], &p.hidden[1], &m.Hidden[1])
	list[end-1].back(&p.hidden[0], &p.hidden[1], false)
	reluGradient(&p.hidden[0], &p.hidden[0], &m.Hidden[0])
	list[end-2].back(&p.h, &p.hidden[0], false)
	for i := len(p.blocks) - 1; i >= 0; i-- {
		b, l := &p.blocks[i], list[1+3*i:]
		reluGradient(&b.u, &p.h, &m.U[i])
		l[2].back(&b.t, &b.u, false)
		reluGradient(&b.t, &b.t, &m.T[i])
		copyLines(&p.below, &b.t)
		l[1].back(&b.g, &p.below, false)
		reluGradient(&b.g, &b.g, &m.G[i])
		l[0].back(&p.h, &b.g, true)
	}
	reluGradient(&p.h, &p.h, &m.H[0])
}

// weigh adds this image to the gradients of a task.
func (p *pixelImage) weigh(list []pixelLayer, t weightTask) {
	m, end := &p.maps, len(list)-1
	l := &list[t.layer]
	switch i := (t.layer - 1) / 3; {
	case t.layer == 0:
		l.weigh(t, &m.X, &p.h)
	case t.layer == end:
		l.weigh(t, &m.Hidden[1], &m.Scores)
	case t.layer == end-1:
		l.weigh(t, &m.Hidden[0], &p.hidden[1])
	case t.layer == end-2:
		l.weigh(t, &m.H[len(m.H)-1], &p.hidden[0])
	case (t.layer-1)%3 == 0:
		l.weigh(t, &m.H[i], &p.blocks[i].g)
	case (t.layer-1)%3 == 1:
		l.weigh(t, &m.G[i], &p.blocks[i].t)
	default:
		l.weigh(t, &m.T[i], &p.blocks[i].u)
	}
}

// reluGradient takes the gradients dy of y = max(x, 0) to those of x. All have lines
// without gaps.
func reluGradient(dst, dy, y *layers.Map) {
	n := y.Pixels * y.Pixel
	for line := range y.Lines {
		kernels.ReLUGradient(dst.Data[dst.At+line*dst.Line:][:n], dy.Data[dy.At+line*dy.Line:][:n], y.Data[y.At+line*y.Line:][:n])
	}
}

// copyLines copies src, line by line.
func copyLines(dst, src *layers.Map) {
	n := src.Pixels * src.Pixel
	for line := range src.Lines {
		copy(dst.Data[dst.At+line*dst.Line:][:n], src.Data[src.At+line*src.Line:])
	}
}
