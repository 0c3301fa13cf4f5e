package convert

import (
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
)

// A pixelConv is a convolution of a file.
type pixelConv struct {
	name  string // as a message has it: layer "conv2d"
	shape []int  // [out, in, rows, cols]
	bias  int    // elements
	read  func() (weight, bias []float32, err error)
}

// A pixelCNN is what a file says of a PixelCNN, its convolutions in the order of
// layers.PixelCNN.
type pixelCNN struct {
	channels, levels, blocks int
	height, width            int
	convs                    []pixelConv
}

// bookSize returns the size of the book's images, for a file that does not say theirs.
func (n *network) bookSize() (height, width int) {
	n.note("the size of the images is not in the file: taken to be 16×16, as the book's")
	return 16, 16
}

// config returns the shape of the model, or an error if there is no such model.
func (p *pixelCNN) config() (model.PixelConfig, error) {
	first := p.convs[0].shape
	net := layers.PixelCNN{Channels: p.channels, Levels: p.levels, Filters: first[0], Blocks: p.blocks, Kernel: first[2]}
	c := model.PixelConfig{Height: p.height, Width: p.width, PixelSpec: net}
	if err := c.Check(); err != nil {
		return c, err
	}
	for i, s := range c.Convs() {
		have, want := p.convs[i], []int{s.Out, s.In, s.Rows, s.Cols}
		if !slices.Equal(have.shape, want) || have.bias != s.Out {
			return c, apierror.Errorf("%s: weights [out, in, rows, columns] %v and a bias [%d]: the network of %d filters has %v and [%d]", have.name, have.shape, have.bias, net.Filters, want, s.Out)
		}
	}
	return c, nil
}

// build makes the model of n, of shape c. Weights outside the masks are left out and counted;
// with strict they must be 0.
func (p *pixelCNN) build(n *network, c model.PixelConfig, strict bool) error {
	m := model.NewPixel(c)
	closed, notZero := int64(0), 0
	for i, to := range m.Net.Parts() {
		conv := &p.convs[i]
		weight, bias, err := conv.read()
		if err != nil {
			return err
		}
		for _, q := range to.Module.Parameters("") {
			values := weight
			if len(q.Shape) == 1 {
				values = bias
			}
			q.Set(values)
			before := notZero
			for k, v := range q.Get() { // 0 outside the mask
				if v-v != 0 {
					return apierror.Errorf("%s: %s holds a value that is not finite", conv.name, q.Name)
				}
				if v != values[k] {
					notZero++
				}
			}
			if strict && notZero > before {
				return apierror.Errorf("%s: %d weights outside its mask are not 0: a pixel would depend on itself or on later ones", conv.name, notZero-before)
			}
			closed += int64(q.Len() - q.Effective)
		}
	}
	m.Net.Refresh()
	if closed > 0 {
		n.note("left out: %d weights outside the masks, of which %d are not 0", closed, notZero)
	}
	n.pixels = m
	return nil
}
