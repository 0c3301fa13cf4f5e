package layers

import "github.com/autoreg/autoreg/kernels"

// A PixelForward computes the outputs of all pixels of an image at once. It is the
// workspace for that, for one goroutine at a time.
type PixelForward struct {
	net           *PixelNet
	height, width int
	run           pixelRun
}

// NewForward returns room for images of height×width pixels. It panics unless both are
// positive multiples of the description's SizeUnit.
func (n *PixelNet) NewForward(height, width int) *PixelForward {
	n.checkSize(height, width, "layers: PixelNet: NewForward: a size that the network does not have")
	p := n.graph.wholePlan(height, width, false)
	p.alloc()
	return &PixelForward{net: n, height: height, width: width, run: p.run}
}

// PixelForwardBytes returns the memory that NewForward allocates for a network of a
// description, as 64 bits on every machine.
func PixelForwardBytes(spec PixelSpec, height, width int) int64 {
	g := pixelGraph{shape: true}
	g.complete(spec.build(&g))
	return 4 * g.wholePlan(height, width, false).total
}

// wholeSpan is the places of a node in an image.
func (n *pixelNode) wholeSpan(height, width int) pixelSpan {
	return pixelSpan{lines: height >> n.due, pixels: width >> n.due, line: pixelStride{row: 1}, pixel: pixelStride{col: 1}}
}

// SetCondition sets what the images of calls to come are conditioned on: ConditionLen
// values, at first 0. It panics if the length is wrong.
func (f *PixelForward) SetCondition(v []float32) { f.net.setCondition(&f.run, 0, v) }

// Outputs returns the outputs of the image whose levels [H·W·C] these are: row r·W + c
// has those of pixel (r, c). They are valid until the next call. Outputs panics if the
// length is wrong or a level out of range. It does not allocate.
func (f *PixelForward) Outputs(levels []uint8) kernels.Matrix {
	return f.OutputsOf(PixelSample{Levels: levels})
}

// OutputsOf is Outputs for an image that may have values between levels.
func (f *PixelForward) OutputsOf(image PixelSample) kernels.Matrix {
	g := &f.net.graph
	f.net.setInputs(&f.run.maps[g.nodes[0].id], &image, f.height, f.width)
	for _, n := range g.nodes {
		s := n.wholeSpan(f.height, f.width)
		f.run.node(n, &s)
	}
	out := &f.run.maps[g.output.id]
	return kernels.RowMajor(out.data[out.at:][:f.height*f.width*out.width], f.height*f.width, out.width)
}

// setInputs writes the inputs of an image.
func (n *PixelNet) setInputs(m *pixelMap, image *PixelSample, height, width int) {
	line, levels := width*m.width, image.Levels
	if len(levels) != height*line {
		panic("layers: PixelNet: one level a channel of a pixel")
	}
	if image.Fractions != nil {
		n.setValues(m, image, height, line)
		return
	}
	for r := range height {
		dst := m.data[m.at+r*m.row:][:line]
		for i, v := range levels[r*line:][:line] {
			dst[i] = n.input(int(v))
		}
	}
}

// setValues is setInputs for values between levels.
func (n *PixelNet) setValues(m *pixelMap, image *PixelSample, height, line int) {
	if _, ok := n.Spec.between(0); !ok || len(image.Fractions) != len(image.Levels) {
		panic("layers: PixelNet: values between levels, which the network does not read, or fewer than levels")
	}
	for r := range height {
		dst := m.data[m.at+r*m.row:][:line]
		for i := range dst {
			dst[i], _ = n.Spec.between(image.value(r*line + i))
		}
	}
}
