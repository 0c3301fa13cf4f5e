package layers

// A PixelSpec describes a network over pixels: its nodes, and what its outputs mean. Only
// this package implements it: PixelCNN, PixelCNNMixture.
type PixelSpec interface {
	// Shape returns the channels of a pixel, 1 or more, and the levels of a channel, 2 to 256.
	Shape() (channels, levels int)
	// SizeUnit returns the number that heights and widths of images are multiples of.
	SizeUnit() int
	// ConditionLen returns the length of the vector that an image is conditioned on; 0 for none.
	ConditionLen() int
	// Convs returns the layers in order.
	Convs() []ConvSpec
	// Sizes returns the sum of the layers' Sizes.
	Sizes() Sizes

	// head returns what the outputs mean.
	head() PixelHead
	// build adds the nodes to g and returns that of the outputs.
	build(g *pixelGraph) *pixelNode
	// value returns what the network reads for a level, and between for a value between those
	// of 256 levels; false if it reads levels only.
	value(level int) float32
	between(value float32) (x float32, ok bool)
}

// A PixelNet computes the outputs of a pixel, which its PixelHead turns into logits, losses
// or draws, from the pixels before it in raster order and, where channels are ordered, the
// channels before it. It is immutable in use and safe for concurrent use.
type PixelNet struct {
	Spec             PixelSpec
	Channels, Levels int // of a pixel, and of a channel

	graph  pixelGraph
	inputs []float32 // of each level
	draws  bool      // the head is a PixelDrawer
}

// NewPixelNet returns a network of zero weights. It panics if the description is invalid.
func NewPixelNet(spec PixelSpec) *PixelNet {
	n := &PixelNet{Spec: spec}
	n.Channels, n.Levels = spec.Shape()
	n.graph.complete(spec.build(&n.graph))
	for v := range n.Levels {
		n.inputs = append(n.inputs, spec.value(v))
	}
	_, n.draws = n.NewHead().(PixelDrawer)
	return n
}

// checkSize panics with a message unless height and width are positive multiples of SizeUnit.
func (n *PixelNet) checkSize(height, width int, message string) {
	if unit := n.Spec.SizeUnit(); height < 1 || width < 1 || height%unit != 0 || width%unit != 0 {
		panic(message)
	}
}

// Convs returns the layers in order, with the names of their tensors.
func (n *PixelNet) Convs() []NamedConv { return n.graph.convs }

// Parts implements Network.
func (n *PixelNet) Parts() (list []Part) {
	for _, l := range n.graph.convs {
		list = append(list, Part{Name: l.Name, Prefix: l.Name + ".", Module: l.Conv})
	}
	return list
}

// Params returns the number of parameters as stored, closed taps included.
func (n *PixelNet) Params() int { return int(n.Spec.Sizes().Params) }

// Effective returns the number of parameters that have an effect.
func (n *PixelNet) Effective() int { return int(n.Spec.Sizes().Effective) }

// A PixelSample is an image: its levels [H·W·C], or with Fractions, as many, values between
// those of 256 levels, Levels[i] + Fractions[i]/256.
type PixelSample struct{ Levels, Fractions []uint8 }

// value returns value i.
func (s *PixelSample) value(i int) float32 {
	if s.Fractions == nil {
		return float32(s.Levels[i])
	}
	return float32(s.Levels[i]) + float32(s.Fractions[i])/256 // exact
}

// input returns the input value of a level. It panics if that is out of range.
func (n *PixelNet) input(v int) float32 {
	if uint(v) >= uint(n.Levels) {
		panic("layers: PixelNet: level out of range")
	}
	return n.inputs[v]
}

// setCondition sets the condition of an image, a vector of ConditionLen values.
func (n *PixelNet) setCondition(r *pixelRun, image int, v []float32) {
	if len(v) != n.Spec.ConditionLen() {
		panic("layers: PixelNet: wrong length of a condition")
	}
	for _, node := range n.graph.nodes {
		if m := &r.maps[node.id]; node.op == opCondition {
			copy(m.data[m.at+image*m.image:][:m.width], v)
		}
	}
}

// Draws reports whether the network's heads are PixelDrawers.
func (n *PixelNet) Draws() bool { return n.draws }

// NewHead returns what the outputs mean, for one goroutine.
func (n *PixelNet) NewHead() PixelHead { return n.Spec.head() }

// PixelTensors returns how many tensors a network of a description has.
func PixelTensors(spec PixelSpec) (n int) {
	for _, l := range spec.Convs() {
		n += 2
		if l.WeightNorm {
			n++
		}
	}
	return n
}

// Refresh brings what is computed from the values of layers up to date after these have
// changed.
func (n *PixelNet) Refresh() {
	for _, l := range n.graph.convs {
		l.Refresh()
	}
	for _, node := range n.graph.nodes {
		node.sumBiases()
	}
}
