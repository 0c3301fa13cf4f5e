package layers

import (
	"fmt"

	"github.com/autoreg/autoreg/kernels"
)

// PixelConfig is the shape of a PixelCNN.
type PixelConfig struct {
	Channels int // C of a pixel: 1 grey, 3 ordered red, green, blue
	Levels   int // L of a channel
	Filters  int // F, channels between residual blocks; F/2 inside
	Blocks   int // residual blocks, 0 or more
	Kernel   int // side of the first layer's kernel, odd
}

// A PixelCNN computes logits of the levels of a pixel from the pixels before it in
// raster order (and the channels before it in that pixel):
//
//	x = level/L
//	h = relu(A k×k: x)                                  C → F
//	h = h + relu(1×1: relu(B 3×3: relu(1×1: h)))        F → F/2 → F/2 → F, each block
//	h = relu(1×1: h), twice                             F → F
//	logits = 1×1: h                                     F → C·L
//
// 1×1 layers are masks of type B too, which matters where channels are ordered.
// It is immutable in use and safe for concurrent use.
//
// Van den Oord, Kalchbrenner and Kavukcuoglu, Pixel Recurrent Neural Networks,
// 2016, in the form of the reference chapter.
type PixelCNN struct {
	PixelConfig
	Input  *MaskedConv
	Blocks []ResidualBlock
	Hidden [2]*MaskedConv
	Output *MaskedConv

	convs  []PixelConv
	inputs []float32 // level/L of each level
}

// A ResidualBlock adds relu(Expand(relu(Conv(relu(Reduce(h)))))) to h.
type ResidualBlock struct{ Reduce, Conv, Expand *MaskedConv }

const (
	blockKernel = 3  // of a residual block
	outputAlign = 16 // logits of a channel begin at multiples of so many values
)

// NewPixelCNN returns a network of zero weights. It panics unless Channels and Kernel
// are positive, Kernel odd, Blocks not negative, Levels 2 to 256, for a level is a
// uint8, and Filters at least 2·Channels.
func NewPixelCNN(c PixelConfig) *PixelCNN {
	if c.Channels < 1 || c.Levels < 2 || c.Levels > 256 || c.Filters < 2*c.Channels || c.Blocks < 0 || c.Kernel < 1 || c.Kernel%2 == 0 {
		panic("layers: NewPixelCNN: invalid configuration")
	}
	n := &PixelCNN{PixelConfig: c, inputs: make([]float32, c.Levels)}
	for _, spec := range c.Convs() {
		n.convs = append(n.convs, PixelConv{spec.Name, spec.New()})
	}
	next := n.convs
	take := func() *MaskedConv {
		l := next[0].MaskedConv
		next = next[1:]
		return l
	}
	n.Input = take()
	for range c.Blocks {
		n.Blocks = append(n.Blocks, ResidualBlock{Reduce: take(), Conv: take(), Expand: take()})
	}
	n.Hidden = [2]*MaskedConv{take(), take()}
	n.Output = take()
	for i := range n.inputs {
		n.inputs[i] = float32(i) / float32(c.Levels)
	}
	return n
}

// A PixelConv is a layer of a PixelCNN with the name that files have for it.
type PixelConv struct {
	Name string
	*MaskedConv
}

// Convs returns the layers in order: the one description of the network.
func (c PixelConfig) Convs() []ConvSpec {
	F, half, G := c.Filters, c.Filters/2, c.Channels
	list := []ConvSpec{{Name: "input", In: G, Out: F, Kernel: c.Kernel, Mask: MaskA, Groups: G}}
	for i := range c.Blocks {
		name := fmt.Sprintf("blocks.%d.conv", i)
		list = append(list,
			ConvSpec{Name: name + "1", In: F, Out: half, Kernel: 1, Mask: MaskB, Groups: G},
			ConvSpec{Name: name + "2", In: half, Out: half, Kernel: blockKernel, Mask: MaskB, Groups: G},
			ConvSpec{Name: name + "3", In: half, Out: F, Kernel: 1, Mask: MaskB, Groups: G})
	}
	return append(list,
		ConvSpec{Name: "hidden.0", In: F, Out: F, Kernel: 1, Mask: MaskB, Groups: G},
		ConvSpec{Name: "hidden.1", In: F, Out: F, Kernel: 1, Mask: MaskB, Groups: G},
		ConvSpec{Name: "output", In: F, Out: G * c.Levels, Kernel: 1, Mask: MaskB, Groups: G, align: outputAlign})
}

// Sizes returns the sum of the layers' Sizes. All blocks have the same, so one block is
// listed and multiplied.
func (c PixelConfig) Sizes() Sizes {
	sum := func(blocks int) (total Sizes) {
		some := c
		some.Blocks = blocks
		for _, l := range some.Convs() {
			s := l.Sizes()
			total.Params += s.Params
			total.Effective += s.Effective
			total.Packed += s.Packed
		}
		return total
	}
	n, none := int64(c.Blocks), sum(0)
	one := sum(1)
	return Sizes{
		Params:    none.Params + n*(one.Params-none.Params),
		Effective: none.Effective + n*(one.Effective-none.Effective),
		Packed:    none.Packed + n*(one.Packed-none.Packed),
	}
}

// Convs returns the layers in order, with the names of their tensors.
func (n *PixelCNN) Convs() []PixelConv { return n.convs }

// Parts implements Network.
func (n *PixelCNN) Parts() (list []Part) {
	for _, l := range n.Convs() {
		list = append(list, Part{Name: l.Name, Prefix: l.Name + ".", Module: l.MaskedConv})
	}
	return list
}

// Values returns all parameters as the slices that hold them, in a fixed order; see
// ValuesOf.
func (n *PixelCNN) Values() [][]float32 { return ValuesOf(n) }

// Params returns the number of parameters as stored, closed taps included.
func (n *PixelCNN) Params() (total int) {
	for _, l := range n.Convs() {
		total += l.Params()
	}
	return total
}

// Effective returns the number of parameters that have an effect.
func (n *PixelCNN) Effective() (total int) {
	for _, l := range n.Convs() {
		total += l.Effective()
	}
	return total
}

// level returns the input value of a level: level/L. It panics if that is out of
// range.
func (n *PixelCNN) level(v int) float32 {
	if uint(v) >= uint(n.Levels) {
		panic("layers: PixelCNN: level out of range")
	}
	return n.inputs[v]
}

// PixelMaps are the feature maps that a PixelCNN reads and writes, of whole images or
// of single pixels; B is the number of blocks. Input has a border of zeros Kernel/2
// wide on top and on the sides, each of Reduced one that is 1 wide.
//
// Maps of different blocks may share memory, so that a block adds to Residual in place,
// if all groups of channels are computed at once and the maps are not read afterwards.
// Where Keep is set they do not.
type PixelMaps struct {
	Keep      bool          // maps of different blocks do not share memory
	Input     FeatureMap    // [C] level/L
	Residual  []FeatureMap  // [F] of each of B+1 points: the input of block i is Residual[i]
	Reduced   []FeatureMap  // [F/2] of each block: outputs of Reduce
	Convolved []FeatureMap  // [F/2] of each block: outputs of Conv
	Above     []FeatureMap  // [F/2] of each block: outputs of Conv.Above, for one pixel; nil where Conv is applied whole
	Expanded  []FeatureMap  // [F] of each block: outputs of Expand, all groups at once; nil where they are not kept
	Hidden    [2]FeatureMap // [F]
	Logits    FeatureMap    // [Output.Width()]
}

// Features computes groups [from, to) of all maps up to the last of Residual.
func (n *PixelCNN) Features(m *PixelMaps, from, to int) {
	n.Input.Apply(&m.Residual[0], &m.Input, from, to, kernels.ReLU)
	for i := range n.Blocks {
		b := &n.Blocks[i]
		b.Reduce.Apply(&m.Reduced[i], &m.Residual[i], from, to, kernels.ReLU)
		if m.Above == nil {
			b.Conv.Apply(&m.Convolved[i], &m.Reduced[i], from, to, kernels.ReLU)
		} else {
			b.Conv.Rest(&m.Convolved[i], &m.Reduced[i], &m.Above[i], from, to, kernels.ReLU)
		}
		if m.Expanded != nil {
			b.Expand.Apply(&m.Expanded[i], &m.Convolved[i], from, to, kernels.ReLU)
			m.Residual[i+1].sum(&m.Residual[i], &m.Expanded[i])
			continue
		}
		if m.Keep {
			first := firstOf(from, n.Filters, n.Channels)
			m.Residual[i+1].copyFrom(&m.Residual[i], first, firstOf(to, n.Filters, n.Channels)-first)
		}
		b.Expand.Apply(&m.Residual[i+1], &m.Convolved[i], from, to, kernels.ReLUAdd)
	}
}

// Head computes groups [from, to) of the maps after those: Hidden, and the logits of
// each pixel, channel g's from value g·Width/C on.
func (n *PixelCNN) Head(m *PixelMaps, from, to int) {
	n.Hidden[0].Apply(&m.Hidden[0], &m.Residual[len(m.Residual)-1], from, to, kernels.ReLU)
	n.Hidden[1].Apply(&m.Hidden[1], &m.Hidden[0], from, to, kernels.ReLU)
	n.Output.Apply(&m.Logits, &m.Hidden[1], from, to, kernels.AsIs)
}

// copyFrom copies n channels from channel first on.
func (m *FeatureMap) copyFrom(src *FeatureMap, first, n int) {
	for line := range m.Lines {
		for pixel := range m.Pixels {
			copy(m.Data[m.At+line*m.LineStride+pixel*m.PixelStride+first:][:n], src.Data[src.At+line*src.LineStride+pixel*src.PixelStride+first:])
		}
	}
}

// sum sets m to a + b, the three having no gaps between their pixels.
func (m *FeatureMap) sum(a, b *FeatureMap) {
	size := m.Lines * m.LineStride
	kernels.Add(m.Data[m.At:][:size], a.Data[a.At:][:size], b.Data[b.At:][:size])
}
