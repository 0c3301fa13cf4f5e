package convert

import (
	"fmt"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/onnx"
)

// pixelForm says which networks over images are read.
const pixelForm = "of networks over images the plain PixelCNN is read: Conv, Relu; blocks of Conv, Relu, Conv, Relu, Conv, Relu and an Add of what goes into the block; Conv, Relu, Conv, Relu, Conv"

// onnxPixels are the steps of a graph over images, so many of which have been read.
type onnxPixels struct {
	steps []onnx.Step
	at    int
	pixelCNN
}

// readPixels reads a PixelCNN.
func (n *network) readPixels(m *onnx.Model, g *onnx.Network) error {
	p := onnxPixels{steps: g.Steps}
	for i := range p.steps {
		p.steps[i].Name = clip(p.steps[i].Name)
	}
	if err := p.read(n); err != nil {
		return err
	}
	last := &p.steps[len(p.steps)-1]
	first, out := p.convs[0].shape, p.convs[len(p.convs)-1].shape
	p.channels = first[1]
	p.levels = out[0] / p.channels
	if p.levels*p.channels != out[0] || g.Groups > 0 && g.Groups != p.channels || p.channels > 1 && g.Groups == 0 {
		return stepError(last, fmt.Errorf("the %d outputs of a pixel are split into %d: want them as [channels, levels], the channels being those of the input, %d", out[0], g.Groups, p.channels))
	}
	if err := p.checkScale(n); err != nil {
		return err
	}
	own, described, err := ownPixels(m)
	if err != nil {
		return err
	}
	p.height, p.width = g.Rows, g.Cols
	switch {
	case min(g.Rows, g.Cols) > 0:
	case described:
		p.height, p.width = own.Height, own.Width
	default:
		p.height, p.width = n.bookSize()
	}
	c, err := p.config()
	if err != nil {
		return err
	}
	if described && own != c {
		return apierror.Errorf("metadata %q say %s, but the graph is %s", model.KeyConfig, own.AppendJSON(nil), c.AppendJSON(nil))
	}
	return p.build(n, c, true)
}

// ownPixels returns the shape of the model that is in the metadata of a file that autoreg
// export has written, or false.
func ownPixels(m *onnx.Model) (c model.PixelConfig, ok bool, err error) {
	if m.Producer != "autoreg" {
		return c, false, nil
	}
	meta := make(map[string]string)
	for _, x := range m.Metadata {
		meta[x.Key] = x.Value
	}
	if meta[model.KeyConfig] == "" {
		return c, false, nil
	}
	c, err = model.PixelConfigOf(meta)
	return c, err == nil, err
}

// read reads the steps.
func (p *onnxPixels) read(n *network) error {
	if op := p.steps[0].Op; op == "Div" || op == "Mul" {
		p.at++
	}
	if err := p.next("Conv", "Relu"); err != nil {
		return err
	}
	for p.at+6 < len(p.steps) && p.steps[p.at+6].Op == "Add" {
		from := p.at - 1
		if err := p.next("Conv", "Relu", "Conv", "Relu", "Conv", "Relu"); err != nil {
			return err
		}
		if s := &p.steps[p.at]; s.From != from {
			return stepError(s, fmt.Errorf("it adds the output of %q, want what goes into the block; %s", p.steps[s.From].Name, pixelForm))
		}
		p.at++
		p.blocks++
	}
	if err := p.next("Conv", "Relu", "Conv", "Relu", "Conv"); err != nil {
		return err
	}
	if p.at < len(p.steps) {
		s := &p.steps[p.at]
		if s.Op != "Softmax" && s.Op != "LogSoftmax" {
			return stepError(s, fmt.Errorf("it stands behind the Conv that gives the levels of a pixel; %s", pixelForm))
		}
		if p.convs[0].shape[1] > 1 {
			return stepError(s, fmt.Errorf("it is over the levels of all channels: want one for each channel, or none"))
		}
		n.note("%s: the softmax is left to the sampler, which draws from logits", s.Name)
		if p.at++; p.at < len(p.steps) {
			return stepError(&p.steps[p.at], fmt.Errorf("it stands behind the softmax; %s", pixelForm))
		}
	}
	return nil
}

// next reads steps of these operators.
func (p *onnxPixels) next(ops ...string) error {
	for _, op := range ops {
		if p.at == len(p.steps) {
			return stepError(&p.steps[p.at-1], fmt.Errorf("the graph ends here, want a %s; %s", op, pixelForm))
		}
		s := &p.steps[p.at]
		if s.Op != op {
			return stepError(s, fmt.Errorf("want a %s; %s", op, pixelForm))
		}
		if op == "Conv" {
			if err := p.conv(s); err != nil {
				return stepError(s, err)
			}
		}
		p.at++
	}
	return nil
}

// conv adds a convolution.
func (p *onnxPixels) conv(s *onnx.Step) error {
	weight := s.Weights[0]
	bias := make([]float32, s.Out)
	if len(s.Weights) > 1 {
		bias = s.Weights[1].Data
	}
	rows, cols := weight.Shape[2], weight.Shape[3]
	if s.Dilation != [2]int{1, 1} && max(rows, cols) > 1 {
		return fmt.Errorf("dilations %v, want 1", s.Dilation)
	}
	if rows%2 == 0 || rows != cols || s.Pads != [4]int{rows / 2, cols / 2, rows / 2, cols / 2} {
		return fmt.Errorf("a kernel of %d×%d with pads %v: want a square of an odd side, and half of it as pads on each side", rows, cols, s.Pads)
	}
	p.convs = append(p.convs, pixelConv{
		name:  fmt.Sprintf("node %q (Conv)", s.Name),
		shape: weight.Shape, bias: len(bias),
		read: func() ([]float32, []float32, error) { return weight.Data, bias, nil },
	})
	return nil
}

// checkScale returns an error if what goes into the first convolution is not level/L.
func (p *onnxPixels) checkScale(n *network) error {
	levels := float32(p.levels)
	switch s := &p.steps[0]; {
	case s.Op == "Conv":
		n.note("what goes into the graph is taken to be the level of a pixel divided by %d", p.levels)
	case s.Op == "Div" && s.Factor != levels, s.Op == "Mul" && s.Factor != 1/levels:
		return stepError(s, fmt.Errorf("by %g: want the levels divided by how many there are, %d", s.Factor, p.levels))
	}
	return nil
}

func stepError(s *onnx.Step, err error) error {
	return apierror.Errorf("node %q (%s): %w", s.Name, s.Op, err)
}
