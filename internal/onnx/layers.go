package onnx

import "slices"

// dense goes through MatMul and Gemm.
func (g *follower) dense(n *Node, in []*value) (*value, error) {
	if err := n.only(kinds{"alpha": FloatAttribute, "beta": FloatAttribute, "transA": IntAttribute, "transB": IntAttribute, "broadcast": IntAttribute}); err != nil {
		return nil, err
	}
	for len(in) < 3 {
		in = append(in, nil)
	}
	v, b := in[0], in[1]
	if v == nil || b == nil || v.kind != data || b.kind != constant || len(b.view.shape) != 2 || n.integer("transA", 0) != 0 {
		return nil, n.fail("it is no product of a layer's output with a matrix of weights")
	}
	for _, name := range []string{"alpha", "beta"} {
		if a := n.Attribute(name); a != nil && a.F != 1 {
			return nil, n.fail("%s is %g, want 1", name, a.F)
		}
	}
	w := b.view
	if n.Op == "MatMul" || n.integer("transB", 0) == 0 {
		w = w.transpose([]int{1, 0})
	}
	if err := g.take(v); err != nil {
		return nil, n.fail("%v", err)
	}
	if err := g.features(v, w.shape[1]); err != nil {
		return nil, n.fail("%v", err)
	}
	if n.Op == "Gemm" && len(v.dims) != 2 {
		return nil, n.fail("its input has %d dimensions, want 2", len(v.dims))
	}
	s := Step{Op: "Dense", In: w.shape[1], Out: w.shape[0], Weights: make([]Weight, 1, 2)}
	var err error
	if s.Weights[0], err = g.weight("weight", w.shape, w); err != nil {
		return nil, err
	}
	dims := slices.Clone(v.dims)
	dims[len(dims)-1] = g.axis(s.Out, true)
	out, err := g.add(n, s, dims)
	if err != nil || in[2] == nil {
		return out, err
	}
	return out, g.addBias(n, in[2])
}

// bias goes through the Add behind a MatMul or a Conv, and those of images.
func (g *follower) bias(n *Node, in []*value) (*value, error) {
	if len(in) != 2 || in[0] == nil || in[1] == nil {
		return nil, n.fail("an input is missing")
	}
	if err := n.only(nil); err != nil {
		return nil, err
	}
	v, b := in[0], in[1]
	if v.kind != data {
		v, b = b, v
	}
	if b.kind == data && g.image != nil {
		return g.residual(n, v, b)
	}
	last := len(g.steps) - 1
	if b.kind != constant || last < 0 || g.steps[last].Op != "Dense" && g.steps[last].Op != "Conv" || len(g.steps[last].Weights) > 1 || v.step != last {
		return nil, n.fail("it adds something else than a bias to a product, which has no place in a list of layers")
	}
	if err := g.take(v); err != nil {
		return nil, n.fail("%v", err)
	}
	if len(b.view.shape) > len(v.dims) {
		return nil, n.fail("a bias of shape %d", b.view.shape)
	}
	if g.steps[last].Op == "Conv" {
		b = g.channelBias(v, b)
	} else if err := g.features(v, g.steps[last].Out); err != nil {
		return nil, n.fail("%v", err)
	}
	return g.changed(v), g.addBias(n, b)
}

// addBias adds the bias b to the last step.
func (g *follower) addBias(n *Node, b *value) error {
	s := &g.steps[len(g.steps)-1]
	v := b.view
	for b.kind == constant && len(v.shape) > 1 && v.shape[0] == 1 {
		v = v.elem(0, 0)
	}
	if b.kind != constant || len(v.shape) != 1 || v.shape[0] != s.Out {
		return n.fail("its bias is no tensor of %d elements", s.Out)
	}
	w, err := g.weight("bias", []int{s.Out}, v)
	s.Weights = append(s.Weights, w)
	return err
}

func (g *follower) activation(n *Node, in []*value) (*value, error) {
	if len(in) != 1 {
		return nil, n.fail("an input is missing")
	}
	v := in[0]
	if err := g.take(v); err != nil {
		return nil, n.fail("%v", err)
	}
	if soft := n.Op == "Softmax" || n.Op == "LogSoftmax"; soft && g.image != nil {
		if err := g.channelSoftmax(n, v); err != nil {
			return nil, err
		}
	} else if soft {
		if err := n.softmax(v, g.opset); err != nil {
			return nil, err
		}
		if err := g.features(v, 0); err != nil {
			return nil, n.fail("%v", err)
		}
	} else if err := n.only(kinds{"alpha": FloatAttribute}); err != nil {
		return nil, err
	}
	if a := n.Attribute("alpha"); a != nil && (n.Op != "Elu" || a.F != 1) {
		return nil, n.fail("alpha is %g, want 1", a.F)
	}
	return g.add(n, Step{Op: n.Op}, v.dims)
}

// softmax checks that the sum is over the last dimension. Until operator set 13 the sum
// was over all dimensions from axis on.
func (n *Node) softmax(v *value, opset int64) error {
	if err := n.only(kinds{"axis": IntAttribute}); err != nil {
		return err
	}
	otherwise := int64(-1)
	if opset < 13 {
		otherwise = 1
	}
	at, err := n.index(n.integer("axis", otherwise), len(v.dims))
	if err != nil {
		return err
	}
	for opset < 13 && at < len(v.dims)-1 && len(v.dims[at]) == 0 {
		at++
	}
	if at != len(v.dims)-1 {
		return n.fail("it is over dimension %d of %d, want the last one, the features", at, len(v.dims))
	}
	return nil
}

// opset returns the version of ONNX' own operators.
func (m *Model) opset() int64 {
	for _, o := range m.Opsets {
		if o.Domain == "" || o.Domain == "ai.onnx" {
			return o.Version
		}
	}
	return 1
}

// conv goes through a Conv over two dimensions.
func (g *follower) conv(n *Node, in []*value) (*value, error) {
	if err := n.only(kinds{"auto_pad": StringAttribute, "dilations": IntsAttribute, "group": IntAttribute, "kernel_shape": IntsAttribute, "pads": IntsAttribute, "strides": IntsAttribute}); err != nil {
		return nil, err
	}
	for len(in) < 3 {
		in = append(in, nil)
	}
	v, w := in[0], in[1]
	if err := g.take(v); err != nil {
		return nil, n.fail("%v", err)
	}
	if w == nil || w.kind != constant {
		return nil, n.fail("its weights are no tensor")
	}
	shape := w.view.shape
	if len(shape) != 4 || len(v.dims) != 4 {
		return nil, n.fail("weights of %d dimensions, an input of %d: only convolutions over two dimensions are read, which have 4", len(shape), len(v.dims))
	}
	if n.integer("group", 1) != 1 {
		return nil, n.fail("it has groups")
	}
	if k := n.integers("kernel_shape"); k != nil && (len(k) != 2 || k[0] != int64(shape[2]) || k[1] != int64(shape[3])) {
		return nil, n.fail("kernel_shape %d, but weights of shape %d", k, shape)
	}
	for _, s := range n.integers("strides") {
		if s != 1 {
			return nil, n.fail("stride %d, want 1", s)
		}
	}
	if size := v.dims[1].size(); size > 0 && size != shape[1] {
		return nil, n.fail("it takes %d channels of %d", shape[1], size)
	}
	if g.image == nil {
		g.image = []dim{v.dims[0], v.dims[2], v.dims[3]}
		g.rows, g.cols = v.dims[2].size(), v.dims[3].size()
	}
	if !g.isImage(v.dims, 1) {
		return nil, n.fail("its input is no image, channels first, whose rows and columns are in order")
	}
	s := Step{Op: "Conv", In: shape[1], Out: shape[0], Dilation: [2]int{1, 1}, Weights: make([]Weight, 1, 2)}
	if err := n.geometry(&s, shape); err != nil {
		return nil, err
	}
	var err error
	if s.Weights[0], err = g.weight("weight", shape, w.view); err != nil {
		return nil, err
	}
	dims := []dim{v.dims[0], g.axis(s.Out, false), g.axis(0, false), g.axis(0, false)}
	for i := range 2 { // an odd kernel with half of it as padding leaves the size
		if s.Pads[i]+s.Pads[i+2] == s.Dilation[i]*(shape[2+i]-1) {
			dims[2+i] = v.dims[2+i]
		}
	}
	g.image = []dim{dims[0], dims[2], dims[3]}
	for _, d := range g.image {
		g.position(d...)
	}
	out, err := g.add(n, s, dims)
	if err != nil || in[2] == nil {
		return out, err
	}
	return out, g.addBias(n, in[2])
}

// isImage reports whether dims are batch, rows and columns of the image, in this order
// and each by itself, with the channels at dimension k.
func (g *follower) isImage(dims []dim, k int) bool {
	if len(dims) != 4 || slices.ContainsFunc(dims[k], g.isPosition) || !slices.IsSortedFunc(dims[k], func(a, b axis) int { return a.id - b.id }) {
		return false
	}
	last := 0
	for i, d := range slices.Delete(slices.Clone(dims), k, k+1) {
		if !slices.Equal(d, g.image[i]) || len(d) > 1 {
			return false
		}
		for _, a := range d {
			if a.feature || a.id < last {
				return false
			}
			last = a.id
		}
	}
	return true
}

// geometry sets padding and dilation of s.
func (n *Node) geometry(s *Step, shape []int) error {
	const most = 1 << 20
	if d := n.integers("dilations"); d != nil {
		if len(d) != 2 || min(d[0], d[1]) < 1 || max(d[0], d[1]) > most {
			return n.fail("dilations %d", d)
		}
		s.Dilation = [2]int{int(d[0]), int(d[1])}
	}
	auto := "NOTSET"
	if a := n.Attribute("auto_pad"); a != nil {
		auto = a.S
	}
	switch pads := n.integers("pads"); auto {
	case "NOTSET", "":
		if pads == nil {
			return nil
		}
		if len(pads) != 4 || min(pads[0], pads[1], pads[2], pads[3]) < 0 || max(pads[0], pads[1], pads[2], pads[3]) > most {
			return n.fail("pads %d", pads)
		}
		for i, p := range pads {
			s.Pads[i] = int(p)
		}
	case "VALID":
	case "SAME_UPPER", "SAME_LOWER":
		for i := range 2 {
			if shape[2+i] > most {
				return n.fail("weights of shape %d", shape)
			}
			total := s.Dilation[i] * (shape[2+i] - 1)
			s.Pads[i], s.Pads[i+2] = total/2, total-total/2
			if auto == "SAME_LOWER" {
				s.Pads[i], s.Pads[i+2] = s.Pads[i+2], s.Pads[i]
			}
		}
	default:
		return n.fail("auto_pad %s", quote(auto))
	}
	return nil
}
