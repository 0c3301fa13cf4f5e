package convert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// The classes of the PixelCNN of Foster, Generative Deep Learning, 2nd edition, chapter 5,
// which are code of the book and not of Keras. They save a name and nothing else in their
// configuration, so what they are is read off their weights.
const (
	maskedConv    = "MaskedConv2D"
	residualBlock = "ResidualBlock"
)

// A kerasConv is a convolution: kernel [rows, cols, in, out], bias [out].
type kerasConv struct {
	layer        string
	kernel, bias *tensor
}

// readPixels reads the layers of a PixelCNN: InputLayer, a MaskedConv2D, any number of
// ResidualBlock, two MaskedConv2D, Conv2D, and perhaps a Softmax.
func (r *kerasReader) readPixels(list []kerasLayer, arrays *kerasArrays) error {
	p := kerasPixels{kerasReader: r, arrays: arrays}
	for i := range list {
		if err := p.add(&list[i]); err != nil {
			return apierror.Errorf("layer %q (%s): %v", list[i].name, list[i].class, err)
		}
	}
	if p.output == 0 {
		return apierror.Errorf("there is no Conv2D at the end, whose outputs are the levels of a pixel")
	}
	r.note("the code of %s and %s is not in the file: they are taken to be the book's, a mask of type A in the first layer and B in the others, with ReLU", maskedConv, residualBlock)
	return p.build()
}

// kerasPixels are the layers of a PixelCNN so far.
type kerasPixels struct {
	*kerasReader
	arrays        *kerasArrays
	height, width int
	convs         []kerasConv // in the order of layers.PixelCNN
	blocks        int
	masks         int // MaskedConv2D so far
	output        int // levels, once the last layer has been read
}

func (p *kerasPixels) add(l *kerasLayer) error {
	if p.output > 0 && l.class != "Softmax" && l.class != "Activation" {
		return fmt.Errorf("it stands behind the Conv2D that gives the levels of a pixel")
	}
	switch l.class {
	case "InputLayer":
		return p.input(l)
	case maskedConv:
		mask := "B"
		if p.masks++; p.masks == 1 {
			mask = "A"
		}
		if text := l.text("mask_type"); text != "" && text != mask {
			return fmt.Errorf("its mask_type is %.20q: the network has A in its first layer and B in the others", text)
		}
		if err := l.checkConv("relu"); err != nil {
			return err
		}
		return p.convolutions(l, 1)
	case residualBlock:
		if p.masks != 1 {
			return fmt.Errorf("the network has its blocks behind the first %s", maskedConv)
		}
		p.blocks++
		return p.convolutions(l, 3)
	case "Conv2D":
		if p.masks != 3 {
			return fmt.Errorf("there are %d %s before it: the network has one before its blocks and two behind them", p.masks, maskedConv)
		}
		if err := l.checkConv("softmax", "linear"); err != nil {
			return err
		}
		if err := p.convolutions(l, 1); err != nil {
			return err
		}
		p.output = p.convs[len(p.convs)-1].kernel.shape[3]
		if l.activation("activation", "linear") == "softmax" {
			p.note("%s: the softmax is left to the sampler, which draws from logits", l.name)
		}
		return nil
	case "Softmax", "Activation":
		if p.output == 0 || l.class == "Activation" && l.text("activation") != "softmax" {
			break
		}
		p.note("%s: the softmax is left to the sampler, which draws from logits", l.name)
		return l.only("axis", "activation")
	case "Dropout", "SpatialDropout2D":
		p.arrays.take(l.name, l.class) // the state of its random numbers
		p.note("left out: %s, which acts in training only", l.class)
		return l.only("data_format")
	}
	return fmt.Errorf("it has no place in a PixelCNN: %s, %s, %s twice and Conv2D are read", maskedConv, residualBlock, maskedConv)
}

// input reads the size of the images.
func (p *kerasPixels) input(l *kerasLayer) error {
	var shape []*int
	for _, name := range []string{"batch_shape", "batch_input_shape"} {
		if shape == nil {
			json.Unmarshal(find(l.config, name), &shape)
		}
	}
	if len(shape) != 4 || shape[3] == nil || *shape[3] != 1 {
		return fmt.Errorf("it has no shape [images, height, width, 1]: only images of one channel are read")
	}
	if shape[1] == nil || shape[2] == nil {
		p.height, p.width = p.bookSize()
		return l.only()
	}
	p.height, p.width = *shape[1], *shape[2]
	return l.only()
}

// checkConv returns an error if the configuration of a convolution says what the network
// does not have. That of the book's class says nothing.
func (l *kerasLayer) checkConv(activations ...string) error {
	if err := l.only("mask_type", "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation", "use_bias"); err != nil {
		return err
	}
	for _, name := range []string{"strides", "dilation_rate", "groups"} {
		text := find(l.config, name)
		var one int
		var two []int
		if text == nil || json.Unmarshal(text, &one) == nil && one == 1 || json.Unmarshal(text, &two) == nil && slices.Equal(two, []int{1, 1}) {
			continue
		}
		return fmt.Errorf("its %s is %.20s: the network has 1", name, text)
	}
	if f := l.text("data_format"); f != "" && f != "channels_last" {
		return fmt.Errorf("its data_format is %.20q: channels_last is read", f)
	}
	if a := l.activation("activation", activations[0]); !slices.Contains(activations, a) {
		return fmt.Errorf("its activation is %.40q: the network has %s", a, strings.Join(activations, " or "))
	}
	if !l.flag("use_bias", true) {
		return fmt.Errorf("it has no biases: the network has them")
	}
	return nil
}

// convolutions adds those of a layer. A block has three, which their shapes tell apart.
func (p *kerasPixels) convolutions(l *kerasLayer, count int) error {
	if len(p.convs) == 0 && p.height == 0 {
		return fmt.Errorf("there is no InputLayer before it, which has the size of the images")
	}
	var list []kerasConv
	at := make(map[string]int)
	for _, a := range p.arrays.take(l.name, l.class) {
		i := strings.LastIndexByte(a.path, '/')
		dir, name := a.path[:i+1], a.path[i+1:]
		name, _, _ = strings.Cut(name, ":")
		k, ok := at[dir]
		if !ok {
			k = len(list)
			at[dir], list = k, append(list, kerasConv{layer: l.name})
		}
		switch c := &list[k]; {
		case (name == "kernel" || name == "0") && c.kernel == nil && len(a.shape) == 4:
			c.kernel = a.tensor
		case (name == "bias" || name == "1") && c.bias == nil && len(a.shape) == 1:
			c.bias = a.tensor
		default:
			return fmt.Errorf("its array %q of shape %v is no kernel or bias of a convolution", a.name, a.shape)
		}
	}
	for _, c := range list {
		if c.kernel == nil || c.bias == nil {
			return fmt.Errorf("a convolution of it has no kernel, or no bias")
		}
	}
	if len(list) != count {
		return fmt.Errorf("the file has %d convolutions of it, want %d", len(list), count)
	}
	if count == 3 {
		// F → F/2 and F/2 → F by 1×1, and between them F/2 → F/2
		slices.SortStableFunc(list, func(a, b kerasConv) int { return place(a) - place(b) })
	}
	p.convs = append(p.convs, list...)
	return nil
}

// place returns where a convolution stands in a block.
func place(c kerasConv) int {
	switch s := c.kernel.shape; {
	case s[0] > 1:
		return 1
	case s[3] > s[2]:
		return 2
	}
	return 0
}

// build makes the model.
func (p *kerasPixels) build() error {
	net := pixelCNN{channels: 1, levels: p.output, blocks: p.blocks, height: p.height, width: p.width}
	for _, c := range p.convs {
		k := c.kernel.shape
		net.convs = append(net.convs, pixelConv{
			name:  "layer " + strconv.Quote(c.layer),
			shape: []int{k[3], k[2], k[0], k[1]}, bias: c.bias.shape[0],
			read: c.read,
		})
	}
	c, err := net.config()
	if err != nil {
		return err
	}
	return net.build(p.network, c, false)
}

// read returns the kernel in PyTorch's layout, [out, in, rows, cols], and the bias.
func (c kerasConv) read() (weight, bias []float32, err error) {
	kernel, err := c.kernel.read()
	if err != nil {
		return nil, nil, err
	}
	taps, in, out := c.kernel.shape[0]*c.kernel.shape[1], c.kernel.shape[2], c.kernel.shape[3]
	weight = make([]float32, len(kernel))
	for t := range taps {
		for i := range in {
			for o := range out {
				weight[(o*in+i)*taps+t] = kernel[(t*in+i)*out+o]
			}
		}
	}
	bias, err = c.bias.read()
	return weight, bias, err
}
