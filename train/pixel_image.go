package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A pixelImage holds the feature maps of one image and the gradients of those that are
// outputs of weights. The gradients of the logits overwrite the logits.
type pixelImage struct {
	maps     layers.PixelMaps
	blocks   []blockGradients
	hidden   [2]layers.FeatureMap // [F]
	residual layers.FeatureMap    // [F] of maps.Residual, from the last to the first
	below    layers.FeatureMap    // [F/2] of a block's maps.Convolved, with zeros below and on the sides

	convs []convMaps // of each layer, in the order of PixelCNN.Convs
}

// convMaps are the inputs of a layer and the gradients of its outputs.
type convMaps struct{ in, grad *layers.FeatureMap }

// blockGradients are those of a block's maps.Expanded, maps.Convolved and maps.Reduced.
type blockGradients struct{ expanded, convolved, reduced layers.FeatureMap }

// slack is the number of values behind a map that kernels may read without using them.
const slack = 64

// gradientMap returns a map without a border and with slack.
func gradientMap(height, width, channels int) layers.FeatureMap {
	m := layers.DenseMap(height, width, channels)
	m.Data = kernels.Alloc(height*width*channels + slack)
	return m
}

func newPixelImage(net *layers.PixelCNN, height, width int) *pixelImage {
	F, half := net.Filters, net.Filters/2
	dense := func(channels int) layers.FeatureMap { return gradientMap(height, width, channels) }
	p := &pixelImage{residual: dense(F), hidden: [2]layers.FeatureMap{dense(F), dense(F)}}
	m := &p.maps
	m.Keep = true
	m.Input = layers.BorderMap(height, width, net.Channels, net.Kernel/2)
	m.Residual = []layers.FeatureMap{dense(F)}
	for range net.Blocks {
		m.Residual, m.Expanded, m.Convolved = append(m.Residual, dense(F)), append(m.Expanded, dense(F)), append(m.Convolved, dense(half))
		m.Reduced = append(m.Reduced, layers.BorderMap(height, width, half, 1))
		p.blocks = append(p.blocks, blockGradients{dense(F), dense(half), dense(half)})
	}
	m.Hidden = [2]layers.FeatureMap{dense(F), dense(F)}
	m.Logits = dense(net.Output.Width())

	row := (width + 1) * half
	p.below = layers.FeatureMap{
		Data:  kernels.Alloc((height + 1) * row),
		Lines: height, Pixels: width, LineStride: row, PixelStride: half, RowStride: row,
	}
	p.convs = p.listConvs()
	return p
}

// listConvs returns the maps of each layer.
func (p *pixelImage) listConvs() []convMaps {
	m := &p.maps
	list := []convMaps{{&m.Input, &p.residual}}
	for i := range p.blocks {
		b := &p.blocks[i]
		list = append(list,
			convMaps{&m.Residual[i], &b.reduced},
			convMaps{&m.Reduced[i], &b.convolved},
			convMaps{&m.Convolved[i], &b.expanded})
	}
	return append(list,
		convMaps{&m.Residual[len(m.Residual)-1], &p.hidden[0]},
		convMaps{&m.Hidden[0], &p.hidden[1]},
		convMaps{&m.Hidden[1], &m.Logits})
}

// backward computes the gradients of all maps from those of the logits. list has the
// layers in order.
func (p *pixelImage) backward(list []pixelLayer) {
	m, rest := &p.maps, list
	last := func() *pixelLayer { // goes through the layers from the last to the first
		l := &rest[len(rest)-1]
		rest = rest[:len(rest)-1]
		return l
	}
	last().back(&p.hidden[1], &m.Logits, false)
	reluGradient(&p.hidden[1], &p.hidden[1], &m.Hidden[1])
	last().back(&p.hidden[0], &p.hidden[1], false)
	reluGradient(&p.hidden[0], &p.hidden[0], &m.Hidden[0])
	last().back(&p.residual, &p.hidden[0], false)
	for i := len(p.blocks) - 1; i >= 0; i-- {
		b := &p.blocks[i]
		reluGradient(&b.expanded, &p.residual, &m.Expanded[i])
		last().back(&b.convolved, &b.expanded, false)
		reluGradient(&b.convolved, &b.convolved, &m.Convolved[i])
		copyLines(&p.below, &b.convolved)
		last().back(&b.reduced, &p.below, false)
		reluGradient(&b.reduced, &b.reduced, &m.Reduced[i])
		last().back(&p.residual, &b.reduced, true)
	}
	reluGradient(&p.residual, &p.residual, &m.Residual[0])
}

// accumulate adds this image to the gradients of a task.
func (p *pixelImage) accumulate(list []pixelLayer, t weightTask) {
	c := &p.convs[t.layer]
	list[t.layer].accumulate(t, c.in, c.grad)
}

// reluGradient computes the gradients dst of x from the gradients dy of y = max(x, 0).
// No line has gaps between its pixels.
func reluGradient(dst, dy, y *layers.FeatureMap) {
	n := y.Pixels * y.PixelStride
	for line := range y.Lines {
		kernels.ReLUGradient(dst.Data[dst.At+line*dst.LineStride:][:n], dy.Data[dy.At+line*dy.LineStride:][:n], y.Data[y.At+line*y.LineStride:][:n])
	}
}

// copyLines copies src, line by line.
func copyLines(dst, src *layers.FeatureMap) {
	n := src.Pixels * src.PixelStride
	for line := range src.Lines {
		copy(dst.Data[dst.At+line*dst.LineStride:][:n], src.Data[src.At+line*src.LineStride:])
	}
}
