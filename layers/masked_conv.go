package layers

import "github.com/autoreg/autoreg/kernels"

// A MaskType says what a masked convolution sees of the pixel itself.
type MaskType uint8

const (
	MaskA MaskType = iota // nothing, or with ordered channels the channels before
	MaskB                 // all of it, or with ordered channels those up to its own
)

// String returns "A" or "B".
func (m MaskType) String() string { return [...]string{"A", "B"}[m] }

// A MaskedConv is a convolution that sees the rows above a pixel, the pixels left of it
// in its own row, and those channels of the pixel itself that its mask allows:
//
//	y[r, c, o] = b[o] + Σ_taps Σ_i W[o, i, tap]·x[(r, c) + tap, i]
//
// over the (k²-1)/2 taps before the centre in raster order, then the centre,
// channels inside a tap: one chain an output. Stride is 1; beyond the top and the
// sides lie zeros, which are part of the chain.
//
// With ordered channels, inputs and outputs fall into groups of adjacent
// channels, group g of n being channels [g·n/G, (g+1)·n/G), one a colour.
// Taps before the centre join all groups; at the centre an output sees the
// groups before its own (A) or up to its own (B).
//
// Van den Oord, Kalchbrenner and Kavukcuoglu, Pixel Recurrent Neural Networks,
// 2016.
type MaskedConv struct {
	in, out, kernel int
	mask            MaskType
	groups          []convGroup
}

// A convGroup is the weights of one group of outputs, of open taps only.
type convGroup struct {
	W     kernels.Matrix // [inputs, outputs] in panels
	Bias  []float32      // [outputs]
	first int            // output channel
	n     int            // outputs; W may have more columns, of zeros
	at    int            // where the outputs lie in a pixel of the result
}

// NewMaskedConv returns a layer of zero weights with a kernel×kernel kernel,
// kernel being odd. It panics unless sizes are positive and there are as many
// channels as groups.
func NewMaskedConv(in, out, kernel int, mask MaskType, groups int) *MaskedConv {
	return newMaskedConv(in, out, kernel, mask, groups, 1)
}

// newMaskedConv makes each group's outputs begin at a multiple of align, with
// columns of zeros up to the next.
func newMaskedConv(in, out, kernel int, mask MaskType, groups, align int) *MaskedConv {
	if kernel < 1 || kernel%2 == 0 || groups < 1 || in < groups || out < groups || mask > MaskB {
		panic("layers: NewMaskedConv: invalid shape")
	}
	l := &MaskedConv{in: in, out: out, kernel: kernel, mask: mask}
	at := 0
	for g := range groups {
		first, end := firstOf(g, out, groups), firstOf(g+1, out, groups)
		open := firstOf(g, in, groups)
		if mask == MaskB {
			open = firstOf(g+1, in, groups)
		}
		cols := (end - first + align - 1) / align * align
		l.groups = append(l.groups, convGroup{
			W:     kernels.NewPanels(kernel*kernel/2*in+open, cols),
			Bias:  kernels.Alloc(cols),
			first: first, n: end - first, at: at,
		})
		at += cols
	}
	return l
}

// firstOf returns the first of n channels that group g has.
func firstOf(g, n, groups int) int { return g * n / groups }

// InLen returns the number of input channels.
func (l *MaskedConv) InLen() int { return l.in }

// OutLen returns the number of output channels.
func (l *MaskedConv) OutLen() int { return l.out }

// Kernel returns the side of the kernel.
func (l *MaskedConv) Kernel() int { return l.kernel }

// Mask returns the type of the mask.
func (l *MaskedConv) Mask() MaskType { return l.mask }

// Groups returns the number of groups of channels.
func (l *MaskedConv) Groups() int { return len(l.groups) }

// Group returns the weights [inputs, outputs] of group g in panels, inputs in the
// order of the chain, its biases, and at which value of a pixel its outputs
// begin. They are l's own.
func (l *MaskedConv) Group(g int) (w kernels.Matrix, bias []float32, at int) {
	return l.groups[g].W, l.groups[g].Bias, l.groups[g].at
}

// Width returns the values of a pixel of the result: OutLen, but for the output
// layer of a PixelCNN, whose groups are padded.
func (l *MaskedConv) Width() int {
	last := l.groups[len(l.groups)-1]
	return last.at + last.W.Cols
}

// Params returns the number of parameters as stored, closed taps included:
// k²·In·Out + Out.
func (l *MaskedConv) Params() int { return l.kernel*l.kernel*l.in*l.out + l.out }

// Effective returns the number of parameters that have an effect: open taps and
// biases.
func (l *MaskedConv) Effective() int {
	n := l.out
	for _, g := range l.groups {
		n += g.W.Rows * g.n
	}
	return n
}

// Type returns the type of its ConvSpec.
func (l *MaskedConv) Type() string {
	return ConvSpec{Kernel: l.kernel, Mask: l.mask, Groups: len(l.groups)}.Type()
}

// Values implements Module.
func (l *MaskedConv) Values() (list [][]float32) {
	for i := range l.groups {
		list = append(list, l.groups[i].W.Data, l.groups[i].Bias)
	}
	return list
}

// Parameters returns weight [Out, In, k, k] and bias [Out]. Values of closed taps have
// no effect; they are read as 0.
func (l *MaskedConv) Parameters(suffix string) []Parameter {
	area := l.kernel * l.kernel
	return []Parameter{
		{
			Name: "weight" + suffix, Shape: []int{l.out, l.in, l.kernel, l.kernel}, Effective: l.Effective() - l.out,
			Init: Init{Rule: InitGlorot, FanIn: area * l.in, FanOut: area * l.out},
			Set: func(data []float32) {
				if len(data) != l.Params()-l.out {
					panic("layers: Parameter: Set: wrong length")
				}
				l.each(func(g *convGroup, p, j, at int) { g.W.Set(p, j, data[at]) })
			},
			Get: func() []float32 {
				data := make([]float32, l.Params()-l.out)
				l.each(func(g *convGroup, p, j, at int) { data[at] = g.W.At(p, j) })
				return data
			},
		},
		{
			Name: "bias" + suffix, Shape: []int{l.out}, Effective: l.out,
			Set: func(data []float32) {
				if len(data) != l.out {
					panic("layers: Parameter: Set: wrong length")
				}
				for i := range l.groups {
					g := &l.groups[i]
					copy(g.Bias, data[g.first:][:g.n])
				}
			},
			Get: func() []float32 {
				data := make([]float32, l.out)
				for _, g := range l.groups {
					copy(data[g.first:], g.Bias[:g.n])
				}
				return data
			},
		},
	}
}

// SetWeights packs weights in PyTorch's layout: weight [Out, In, k, k] row-major,
// bias [Out]. Values of closed taps have no effect. It panics if a length is wrong.
func (l *MaskedConv) SetWeights(weight, bias []float32) {
	if len(weight) != l.Params()-l.out || len(bias) != l.out {
		panic("layers: MaskedConv: SetWeights: wrong length")
	}
	p := l.Parameters("")
	p[0].Set(weight)
	p[1].Set(bias)
}

// Weights returns copies in PyTorch's layout, as SetWeights takes them, closed
// taps being 0.
func (l *MaskedConv) Weights() (weight, bias []float32) {
	p := l.Parameters("")
	return p[0].Get(), p[1].Get()
}

// each calls f for input p and output j of every group with where the weight lies
// in PyTorch's layout.
func (l *MaskedConv) each(f func(g *convGroup, p, j, at int)) {
	area := l.kernel * l.kernel
	for i := range l.groups {
		g := &l.groups[i]
		for p := range g.W.Rows {
			tap, in := p/l.in, p%l.in
			for j := range g.n {
				f(g, p, j, ((g.first+j)*l.in+in)*area+tap)
			}
		}
	}
}

// A FeatureMap is a view of pixels of feature maps, in lines: a whole image, one pixel
// of each of many, or pixels along a diagonal. Channel i of pixel (line, pixel) is
//
//	Data[At + line·LineStride + pixel·PixelStride + i]
type FeatureMap struct {
	Data          []float32
	At            int // of the first value
	Lines, Pixels int // pixels: Lines·Pixels
	LineStride    int // from a line to the next
	PixelStride   int // from a pixel of a line to the next
	RowStride     int // from a pixel to the one below it in the image
}

// Grid returns cols channels from channel first on.
func (m *FeatureMap) Grid(first, cols int) kernels.Grid {
	return kernels.Grid{
		Data: m.Data, At: m.At + first, Cols: cols, Panel: kernels.PanelWidth,
		Lines: m.Lines, Pixels: m.Pixels, LineStride: m.LineStride, PixelStride: m.PixelStride,
	}
}

// Windows returns the first k inputs of the layer's chain for each pixel of x. In x,
// pixels of a row adjoin, each of InLen values.
func (l *MaskedConv) Windows(x *FeatureMap, k int) kernels.Windows {
	span, m := l.kernel*l.in, l.kernel/2
	return kernels.Windows{
		Data: x.Data, At: x.At - m*x.RowStride - m*l.in, K: k,
		Lines: x.Lines, Pixels: x.Pixels, LineStride: x.LineStride, PixelStride: x.PixelStride,
		Step: 1, Segment: span, Skip: x.RowStride - span,
	}
}

// Apply computes the outputs of groups [from, to) for each pixel of x. Around the image
// x has a border of zeros, kernel/2 wide, on top and on the sides. dst has pixels of
// Width values and must not overlap x. Apply panics if a view leaves its data. It does
// not allocate.
func (l *MaskedConv) Apply(dst, x *FeatureMap, from, to int, f kernels.Finish) {
	for i := from; i < to; i++ {
		g := &l.groups[i]
		kernels.Conv(dst.Grid(g.at, g.W.Cols), l.Windows(x, g.W.Rows), g.W, g.Bias, f)
	}
}

// Above computes, for a row of pixels of a 3×3 layer, the parts of the chains that end
// with the row above them, whose maps x holds. A chain may be cut anywhere, so the parts
// of a whole row are computed at once when the row above is complete; Rest continues
// them pixel by pixel. Both sides of x are zeros. dst has pixels of Width values. Above
// panics if the kernel is not 3×3.
func (l *MaskedConv) Above(dst, x *FeatureMap) {
	if l.kernel != 3 {
		panic("layers: MaskedConv: Above: the kernel is not 3×3")
	}
	for i := range l.groups {
		g := &l.groups[i]
		kernels.Conv(dst.Grid(g.at, g.W.Cols), l.span(x, 3*l.in), g.W.SubRows(0, 3*l.in), g.Bias, kernels.AsIs)
	}
}

// Rest computes groups [from, to) of one pixel: it continues the chains in above, which
// l.Above has written, with the pixel on its left and the pixel itself, in x.
func (l *MaskedConv) Rest(dst, x, above *FeatureMap, from, to int, f kernels.Finish) {
	for i := from; i < to; i++ {
		g := &l.groups[i]
		k := g.W.Rows - 3*l.in
		kernels.Conv(dst.Grid(g.at, g.W.Cols), l.span(x, k), g.W.SubRows(3*l.in, k), above.Data[above.At+g.at:][:g.W.Cols], f)
	}
}

// span returns k adjacent values for each pixel of x, from its left neighbour on.
func (l *MaskedConv) span(x *FeatureMap, k int) kernels.Windows {
	return kernels.Windows{
		Data: x.Data, At: x.At - l.in, K: k, Step: 1,
		Lines: x.Lines, Pixels: x.Pixels, LineStride: x.LineStride, PixelStride: x.PixelStride,
	}
}
