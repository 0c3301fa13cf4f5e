package toonnx

import (
	"fmt"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

func (b *builder) images(f *weights.File) error {
	m, err := model.PixelFromFile(f)
	if err != nil {
		return err
	}
	g := pixels{builder: b, net: m.Net}
	for i, o := range m.Net.Operations() {
		g.results = append(g.results, g.operation(fmt.Sprintf("%d", i), o))
	}
	name, doc, groups := "logits", "natural-log weights of the levels of each channel, not normalised", m.Net.Channels
	values := m.Net.Levels
	if s, ok := m.Net.Spec.(layers.PixelCNNMixture); ok {
		name, doc, groups = "parameters", "of the components of the mixture of logistics: weight, means, scales and coefficients of the channels", s.Components
		values = layers.Mixture{Channels: m.Net.Channels, Components: 1}.Width()
	}
	x := g.results[len(g.results)-1]
	size := b.node("levels/shape", "Shape", []string{"levels"})
	size = b.node("levels/size", "Slice", []string{size, b.ints("levels/from", 2), b.ints("levels/to", 4)})
	shape := b.node("output/shape", "Concat", []string{b.ints("output/groups", 0, int64(groups), int64(values)), size}, intAttribute("axis", 0))
	b.node(name, "Reshape", []string{x, shape})
	b.output(name, doc, "batch", groups, values, "height", "width")
	return nil
}

// pixels is the graph of a network over pixels; results are the values of its operations,
// each [batch, values, height, width].
type pixels struct {
	*builder
	net     *layers.PixelNet
	results []string
}

// operation adds the nodes of an operation and returns its result.
func (g *pixels) operation(name string, o layers.PixelOperation) string {
	var from []string
	for _, i := range o.From {
		from = append(from, g.results[i])
	}
	switch o.Kind {
	case layers.PixelInput:
		return g.levels()
	case layers.PixelCondition:
		n := g.net.Spec.ConditionLen()
		g.input("condition", "what each image is conditioned on: a 1 for its class, zeros for the others", onnx.Float, "batch", n)
		return g.node("condition/pixel", "Unsqueeze", []string{"condition", g.ints("condition/axes", 2, 3)})
	case layers.PixelConv:
		return g.conv(name, o)
	case layers.PixelAdd:
		return g.node(name+"/add", "Add", from)
	case layers.PixelReLU:
		return g.node(name+"/relu", "Relu", from)
	case layers.PixelELU:
		return g.node(name+"/elu", "Elu", from)
	case layers.PixelConcatELU:
		both := []string{g.node(name+"/elu", "Elu", from), ""}
		both[1] = g.node(name+"/elu_of_negative", "Elu", []string{g.node(name+"/negative", "Neg", from)})
		return g.node(name+"/concat_elu", "Concat", both, intAttribute("axis", 1))
	case layers.PixelGate:
		p, q := name+"/p", name+"/q"
		g.graph.Nodes = append(g.graph.Nodes, onnx.Node{Name: name + "/split", Op: "Split", Inputs: from[1:], Outputs: []string{p, q}, Attributes: []onnx.Attribute{intAttribute("axis", 1)}})
		gated := g.node(name+"/product", "Mul", []string{p, g.node(name+"/sigmoid", "Sigmoid", []string{q})})
		return g.node(name+"/gate", "Add", []string{from[0], gated})
	}
	panic("toonnx: no operator for an operation over pixels")
}

// levels adds the input and the nodes that make values of the levels.
func (g *pixels) levels() string {
	g.input("levels", fmt.Sprintf("the levels of the channels of each pixel, 0 to %d; a pixel has its logits from the pixels before it, in raster order", g.net.Levels-1),
		onnx.Uint8, "batch", g.net.Channels, "height", "width")
	x := g.node("levels/float", "Cast", []string{"levels"}, intAttribute("to", int(onnx.Float)))
	scalar := func(name string, v float32) string { return g.floats("levels/"+name, []float32{v}) }
	if _, ok := g.net.Spec.(layers.PixelCNN); ok {
		return g.node("levels/values", "Div", []string{x, scalar("count", float32(g.net.Levels))})
	}
	x = g.node("levels/twice", "Mul", []string{x, scalar("two", 2)}) // 2·level/255 - 1
	x = g.node("levels/fraction", "Div", []string{x, scalar("most", float32(g.net.Levels-1))})
	return g.node("levels/values", "Sub", []string{x, scalar("one", 1)})
}

// conv adds the convolutions of an operation, and their sum.
func (g *pixels) conv(name string, o layers.PixelOperation) string {
	sum := ""
	for k := range o.Terms {
		t := &o.Terms[k]
		y := g.term(fmt.Sprintf("%s/%s", name, t.Name), k, t)
		if sum != "" {
			y = g.node(fmt.Sprintf("%s/sum%d", name, k), "Add", []string{sum, y})
		}
		sum = y
	}
	if o.ReLU {
		return g.node(name+"/relu", "Relu", []string{sum})
	}
	return sum
}

// term adds a convolution.
func (g *pixels) term(name string, k int, t *layers.PixelTerm) string {
	s := &t.Spec
	op, shape := "Conv", []int{s.Out, t.N, s.Rows, s.Cols}
	if s.Transposed {
		op, shape[0], shape[1] = "ConvTranspose", t.N, s.Out
	}
	if t.Bias == nil { // a layer of several terms
		name = fmt.Sprintf("%s.%d", name, k)
	}
	inputs := []string{g.results[t.From], g.floats(name+".weight", t.Weight, shape...)}
	if t.Bias != nil {
		inputs = append(inputs, g.floats(name+".bias", t.Bias, s.Out))
	}
	// What is padded is what is left of a kernel whose stride is taken off, the smaller half
	// above and on the left.
	top, left := max(s.Rows-s.Stride, 0)/2, max(s.Cols-s.Stride, 0)/2
	bottom, right := max(s.Rows-s.Stride, 0)-top, max(s.Cols-s.Stride, 0)-left
	return g.node(name, op, inputs,
		intsAttribute("kernel_shape", int64(s.Rows), int64(s.Cols)),
		intsAttribute("pads", int64(top), int64(left), int64(bottom), int64(right)),
		intsAttribute("strides", int64(s.Stride), int64(s.Stride)))
}
