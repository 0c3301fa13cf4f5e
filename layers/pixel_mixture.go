package layers

import (
	"fmt"
	"slices"

	"github.com/autoreg/autoreg/kernels"
)

// A PixelCNNMixture describes a network of two stacks of gated residual blocks with skips,
// at several resolutions, whose outputs are a mixture of logistics over the levels 0 to 255.
//
// The vertical stack sees rows above a pixel, the horizontal stack also what is left of it
// in its own row:
//
//	block(x, a) = x + p·σ(q)    (p, q) = conv(drop(act(conv(act(x)) + dense(act(a)))))
//
// where a is the vertical stack beside it, a skip, or both, and act is the activation. All
// layers are weight-normalised, unless Direct. With a condition, conv(drop(...)) has another
// term, dense(condition), the same at all pixels.
//
// Salimans, Karpathy, Chen and Kingma, PixelCNN++, 2017, in the form of TensorFlow
// Probability's PixelCNN: layers are masked where PixelCNN++ shifts and pads.
type PixelCNNMixture struct {
	Channels    int // C of a pixel: 1 grey, 3 red, green, blue
	Components  int // K of the mixture
	Filters     int // F of a map
	Blocks      int // of a stack, at each resolution
	Resolutions int // each half the size of the one before
	Rows, Cols  int // of the pixels that a layer looks at: 3 or more, Cols odd

	Activation PixelActivation
	// Direct is set if layers are trained by their weights, not by directions and lengths.
	Direct bool
	// Condition is the length of a vector that an image is conditioned on, such as one with a
	// 1 for its class; 0 for none.
	Condition int
}

// A PixelActivation is act of a PixelCNNMixture.
type PixelActivation uint8

const (
	ConcatELU PixelActivation = iota // elu(x), elu(-x): twice as many values
	ELU
	ReLU
)

var activationNames = [...]string{"concat_elu", "elu", "relu"}

// String returns the name as files have it.
func (a PixelActivation) String() string { return activationNames[a] }

// ParsePixelActivation returns the activation of a name.
func ParsePixelActivation(name string) (a PixelActivation, ok bool) {
	i := slices.Index(activationNames[:], name)
	return PixelActivation(max(i, 0)), i >= 0
}

// op returns how the activation is computed.
func (a PixelActivation) op() pixelOp { return [...]pixelOp{opConcatELU, opELU, opReLU}[a] }

// Shape implements PixelSpec.
func (c PixelCNNMixture) Shape() (channels, levels int) { return c.Channels, MixtureLevels }

// ConditionLen implements PixelSpec.
func (c PixelCNNMixture) ConditionLen() int { return c.Condition }

// SizeUnit implements PixelSpec: each resolution is half of the one before.
func (c PixelCNNMixture) SizeUnit() int { return 1 << (c.Resolutions - 1) }

// value returns a level in [-1, 1].
func (c PixelCNNMixture) value(level int) float32 { return float32(2*level)/(MixtureLevels-1) - 1 }

func (c PixelCNNMixture) between(value float32) (float32, bool) {
	return 2*value/(MixtureLevels-1) - 1, true
}

func (c PixelCNNMixture) mixture() Mixture {
	return Mixture{Channels: c.Channels, Components: c.Components}
}

func (c PixelCNNMixture) head() PixelHead { return newMixtureHead(c.mixture()) }

// A pixelStack is the kernels of one of the two stacks: high×wide pixels up to the pixel
// itself, in the midst of a row or at its end.
type pixelStack struct {
	name       string
	high, wide int
	left       int // columns of the stored kernels left of the pixel
}

func (c PixelCNNMixture) vertical() pixelStack {
	return pixelStack{"vertical", c.Rows - 1, c.Cols, c.Cols / 2}
}

func (c PixelCNNMixture) horizontal() pixelStack {
	return pixelStack{"horizontal", 2, c.Cols/2 + 1, c.Cols / 2}
}

// conv describes a layer of the stack.
func (s pixelStack) conv(name string, in, out int) ConvSpec {
	return tapsSpec(name, in, out, 2*s.high-1, 2*s.left+1, Taps{0, 0, s.high, s.wide})
}

// stride describes the layer to half the resolution.
func (s pixelStack) stride(name string, filters int) ConvSpec {
	cols := s.wide + 1
	if s.wide == s.left+1 {
		cols = 2 * s.wide
	}
	spec := tapsSpec(name, filters, filters, 2*s.high, cols, Taps{0, 0, s.high, s.wide})
	spec.Stride = 2
	return spec
}

// back describes the layer to twice the resolution.
func (s pixelStack) back(name string, filters int) ConvSpec {
	cols, open := s.wide+1, Taps{s.high - 2, 0, s.high, s.wide}
	if s.wide == s.left+1 {
		cols, open.Col = 2*s.wide-2, s.wide-2
	}
	spec := tapsSpec(name, filters, filters, 2*s.high-2, cols, open)
	spec.Stride, spec.Transposed = 2, true
	return spec
}

// tapsSpec describes a weight-normalised layer.
func tapsSpec(name string, in, out, rows, cols int, open Taps) ConvSpec {
	return ConvSpec{Name: name, In: in, Out: out, Rows: rows, Cols: cols, Mask: MaskTaps, Open: open, Groups: 1, Stride: 1, WeightNorm: true}
}

// dense describes a layer that sees its own pixel only.
func dense(name string, in, out int) ConvSpec { return tapsSpec(name, in, out, 1, 1, Taps{0, 0, 1, 1}) }

// Convs implements PixelSpec.
func (c PixelCNNMixture) Convs() (list []ConvSpec) {
	g := pixelGraph{shape: true}
	c.build(&g)
	for _, l := range g.convs {
		list = append(list, l.spec)
	}
	return list
}

// Sizes implements PixelSpec.
func (c PixelCNNMixture) Sizes() (total Sizes) {
	for _, l := range c.Convs() {
		s := l.Sizes()
		total.Params += s.Params
		total.Effective += s.Effective
		total.Packed += s.Packed
		total.Derived += s.Derived
	}
	return total
}

// A mixtureBuilder adds the nodes of a PixelCNNMixture to a graph.
type mixtureBuilder struct {
	*pixelGraph
	c         PixelCNNMixture
	acts      map[*pixelNode]*pixelNode
	condition *pixelNode // nil for none
}

// build implements PixelSpec. It panics unless all sizes are positive, Rows and Cols are 3 or
// more and Cols is odd, Activation is one of the constants, and Condition is not negative.
func (c PixelCNNMixture) build(graph *pixelGraph) *pixelNode {
	if c.Channels < 1 || c.Components < 1 || c.Filters < 1 || c.Blocks < 1 || c.Resolutions < 1 || c.Rows < 3 || c.Cols < 3 || c.Cols%2 == 0 || c.Activation > ReLU || c.Condition < 0 {
		panic("layers: PixelCNNMixture: invalid configuration")
	}
	g := &mixtureBuilder{pixelGraph: graph, c: c, acts: make(map[*pixelNode]*pixelNode)}
	F, v, h := c.Filters, c.vertical(), c.horizontal()
	x := g.input(c.Channels)
	if c.Condition > 0 {
		g.condition = graph.condition(c.Condition)
	}
	// The first layers do not see the pixel itself.
	up := g.conv(kernels.AsIs, g.term(tapsSpec("init.vertical", c.Channels, F, 2*c.Rows-1, c.Cols, Taps{0, 0, c.Rows - 1, c.Cols}), x))
	above := g.term(tapsSpec("init.above", c.Channels, F, 3, c.Cols, Taps{0, 0, 1, c.Cols}), x)
	left := g.conv(kernels.AsIs, above, g.term(tapsSpec("init.left", c.Channels, F, 3, c.Cols, Taps{0, 0, 2, c.Cols / 2}), x))
	ups, lefts := []*pixelNode{up}, []*pixelNode{left}
	for i := range c.Resolutions {
		for k := range c.Blocks {
			name := fmt.Sprintf("down.%d.%d.", i, k)
			up = g.block(name, v, up)
			left = g.block(name, h, left, up)
			ups, lefts = append(ups, up), append(lefts, left)
		}
		if i < c.Resolutions-1 {
			name := fmt.Sprintf("down.%d.stride.", i)
			up = g.conv(kernels.AsIs, g.term(v.stride(name+v.name, F), up))
			left = g.conv(kernels.AsIs, g.term(h.stride(name+h.name, F), left))
			ups, lefts = append(ups, up), append(lefts, left)
		}
	}
	pop := func(stack *[]*pixelNode) *pixelNode {
		n := len(*stack) - 1
		top := (*stack)[n]
		*stack = (*stack)[:n]
		return top
	}
	up, left = pop(&ups), pop(&lefts)
	for i := range c.Resolutions {
		blocks := c.Blocks
		if i > 0 {
			blocks++
		}
		for k := range blocks {
			name := fmt.Sprintf("up.%d.%d.", i, k)
			up = g.block(name, v, up, pop(&ups))
			left = g.block(name, h, left, up, pop(&lefts))
		}
		if i < c.Resolutions-1 {
			name := fmt.Sprintf("up.%d.stride.", i)
			up = g.conv(kernels.AsIs, g.term(v.back(name+v.name, F), up))
			left = g.conv(kernels.AsIs, g.term(h.back(name+h.name, F), left))
		}
	}
	return g.conv(kernels.AsIs, g.term(dense("output", F, c.mixture().Width()), g.activate(opELU, left)))
}

// term is pixelGraph.term, without weight normalisation if the network is Direct.
func (g *mixtureBuilder) term(s ConvSpec, from *pixelNode) convTerm {
	s.WeightNorm = s.WeightNorm && !g.c.Direct
	return g.pixelGraph.term(s, from)
}

// block adds a gated residual block over x, which also sees the nodes beside.
func (g *mixtureBuilder) block(name string, s pixelStack, x *pixelNode, beside ...*pixelNode) *pixelNode {
	F := g.c.Filters
	A := F // values of an activation
	if g.c.Activation == ConcatELU {
		A *= 2
	}
	name += s.name + "."
	terms := []convTerm{g.term(s.conv(name+"conv1", A, F), g.act(x))}
	if len(beside) > 0 {
		spec := dense(name+"nin", A*len(beside), F)
		if g.c.Activation == ConcatELU {
			spec.Sources = len(beside)
		}
		spec.WeightNorm = !g.c.Direct
		l := g.layer(spec)
		for i, a := range beside {
			t := convTerm{conv: l, from: g.act(a), first: i * A, n: A}
			// What is known when a row begins comes first in a chain: longer parts of it
			// are computed at once.
			if i == 0 {
				terms = append([]convTerm{t}, terms...)
			} else {
				terms = append(terms, t)
			}
		}
	}
	y := g.conv(kernels.AsIs, terms...)
	dropped := g.activate(g.c.Activation.op(), y)
	dropped.drops = true
	terms = []convTerm{g.term(s.conv(name+"conv2", A, 2*F), dropped)}
	if g.condition != nil {
		spec := dense(name+"condition", g.c.Condition, 2*F)
		spec.WeightNorm, spec.Normal = false, 0.05
		terms = append([]convTerm{g.term(spec, g.condition)}, terms...) // known early, too
	}
	return g.gate(x, g.conv(kernels.AsIs, terms...))
}

// act returns the activation of a node, which all layers that read it share.
func (g *mixtureBuilder) act(x *pixelNode) *pixelNode {
	if g.acts[x] == nil {
		g.acts[x] = g.activate(g.c.Activation.op(), x)
	}
	return g.acts[x]
}
