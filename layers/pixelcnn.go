package layers

import (
	"fmt"

	"github.com/autoreg/autoreg/kernels"
)

// A PixelCNN describes a network of masked convolutions:
//
//	x = level/L
//	h = relu(A k×k: x)                                  C → F
//	h = h + relu(1×1: relu(B 3×3: relu(1×1: h)))        F → F/2 → F/2 → F, each block
//	h = relu(1×1: h), twice                             F → F
//	logits = 1×1: h                                     F → C·L
//
// 1×1 layers are masks of type B too, which matters where channels are ordered.
//
// Van den Oord, Kalchbrenner and Kavukcuoglu, Pixel Recurrent Neural Networks,
// 2016, in the form of the reference chapter.
type PixelCNN struct {
	Channels int // C of a pixel: 1 grey, 3 ordered red, green, blue
	Levels   int // L of a channel
	Filters  int // F, channels between residual blocks; F/2 inside
	Blocks   int // residual blocks, 0 or more
	Kernel   int // side of the first layer's kernel, odd
}

// outputAlign: logits of a channel begin at multiples of so many values.
const outputAlign = 16

// Shape implements PixelSpec.
func (c PixelCNN) Shape() (channels, levels int) { return c.Channels, c.Levels }

// ConditionLen implements PixelSpec.
func (c PixelCNN) ConditionLen() int { return 0 }

// SizeUnit implements PixelSpec.
func (c PixelCNN) SizeUnit() int { return 1 }

func (c PixelCNN) value(level int) float32 { return float32(level) / float32(c.Levels) }

func (c PixelCNN) between(float32) (float32, bool) { return 0, false }

func (c PixelCNN) head() PixelHead { return newCategorical(c.Channels, c.Levels) }

// Convs implements PixelSpec.
func (c PixelCNN) Convs() []ConvSpec {
	F, half, G := c.Filters, c.Filters/2, c.Channels
	list := []ConvSpec{maskedSpec("input", G, F, c.Kernel, MaskA, G)}
	for i := range c.Blocks {
		name := fmt.Sprintf("blocks.%d.conv", i)
		list = append(list,
			maskedSpec(name+"1", F, half, 1, MaskB, G),
			maskedSpec(name+"2", half, half, 3, MaskB, G),
			maskedSpec(name+"3", half, F, 1, MaskB, G))
	}
	output := maskedSpec("output", F, G*c.Levels, 1, MaskB, G)
	output.align = outputAlign
	return append(list, maskedSpec("hidden.0", F, F, 1, MaskB, G), maskedSpec("hidden.1", F, F, 1, MaskB, G), output)
}

// build implements PixelSpec. It panics unless Channels and Kernel are positive, Kernel
// odd, Blocks not negative, Levels 2 to 256, for a level is a uint8, and Filters at least
// 2·Channels.
func (c PixelCNN) build(g *pixelGraph) *pixelNode {
	if c.Channels < 1 || c.Levels < 2 || c.Levels > 256 || c.Filters < 2*c.Channels || c.Blocks < 0 || c.Kernel < 1 || c.Kernel%2 == 0 {
		panic("layers: PixelCNN: invalid configuration")
	}
	convs := c.Convs()
	next := func(x *pixelNode, f kernels.Finish) *pixelNode {
		s := convs[0]
		convs = convs[1:]
		return g.conv(f, g.term(s, x))
	}
	h := next(g.input(c.Channels), kernels.ReLU)
	for range c.Blocks {
		h = g.add(h, next(next(next(h, kernels.ReLU), kernels.ReLU), kernels.ReLU))
	}
	h = next(next(h, kernels.ReLU), kernels.ReLU)
	return next(h, kernels.AsIs)
}

// Sizes implements PixelSpec. All blocks have the same, so one block is listed and
// multiplied.
func (c PixelCNN) Sizes() Sizes {
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
