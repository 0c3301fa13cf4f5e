package kernels

// A Grid is a view of vectors that lie in lines, such as the pixels of an image:
// value j of vector (line, pixel) is
//
//	Data[At + line·Line + pixel·Pixel + j/64·Panel + j%64]
//
// Strides may be anything that stays inside Data. Row-major vectors have
// Panel = PanelWidth.
type Grid struct {
	Data          []float32
	At            int // of the first value
	Lines, Pixels int // vectors: Lines·Pixels
	Cols          int // values of a vector
	Line, Pixel   int // from line to line, from pixel to pixel
	Panel         int // from 64 values of a vector to the next 64
}

// Windows are a grid of inputs that may overlap, such as the neighbourhoods of
// pixels: input p of window (line, pixel) is
//
//	Data[At + line·Line + pixel·Pixel + p·Step + p/Segment·Skip]
//
// The neighbourhood of a pixel is a few spans of adjacent values, each a row of
// the image: Step is 1, Segment the length of a span and Skip what leads from
// its end to the beginning of the next. The last span may be shorter. With Step
// the distance of pixels and Segment their number in a line, the inputs are the
// pixels and the windows their channels, as the gradient of a weight needs.
type Windows struct {
	Data          []float32
	At            int // of the first input of the first window; strides may be negative
	Lines, Pixels int // windows: Lines·Pixels
	K             int // inputs of a window
	Line, Pixel   int // from line to line, from pixel to pixel
	Step          int // from input to input
	Segment, Skip int // Skip more after each Segment inputs; a Segment of 0 means K
}

// A Finish is what becomes of a finished chain y before it is stored.
type Finish int

const (
	AsIs    Finish = iota // y
	ReLU                  // max(y, 0); NaN stays NaN, -0 becomes +0
	ReLUAdd               // dst + max(y, 0)
)

// Conv multiplies windows by a matrix:
//
//	dst[l, i, j] = finish(bias[j] + Σ_p x[l, i, p]·w[p, j])
//
//	dst  Lines × Pixels × n  overwritten (ReLUAdd: updated); must not overlap x
//	x    Lines × Pixels × k
//	w    [k, n]              panels, or row-major with 16 readable columns where the last are fewer
//	bias [n]                 nil means 0
//
// Each value is one chain: bias, then p in rising order. So a convolution over
// whole images, over rows, over the pixels of many images and over one pixel
// give the same bits. NaN and Inf propagate. Conv panics if shapes differ from
// the above or a view leaves its data.
func Conv(dst Grid, x Windows, w Matrix, bias []float32, f Finish) {
	if bias != nil && len(bias) != dst.Cols {
		panic("kernels: Conv: len(bias) != dst.Cols")
	}
	if f < AsIs || f > ReLUAdd {
		panic("kernels: Conv: no such Finish")
	}
	convolve(&convolution{dst: dst, x: x, w: w, bias: bias, finish: f})
}

// ConvAdd continues the chains in dst: dst[l, i, j] += Σ_p x[l, i, p]·w[p, j],
// otherwise like Conv.
func ConvAdd(dst Grid, x Windows, w Matrix) {
	convolve(&convolution{dst: dst, x: x, w: w, add: true})
}

// A convolution is one call of Conv or ConvAdd.
type convolution struct {
	dst    Grid
	x      Windows
	w      Matrix
	bias   []float32
	finish Finish
	add    bool
}

func convolve(c *convolution) {
	if c.x.Segment <= 0 {
		c.x.Segment = max(c.x.K, 1)
	}
	if c.dst.Lines != c.x.Lines || c.dst.Pixels != c.x.Pixels || c.dst.Cols != c.w.Cols || c.x.K != c.w.Rows {
		panic("kernels: Conv: shapes do not match")
	}
	if c.dst.Lines <= 0 || c.dst.Pixels <= 0 || c.dst.Cols <= 0 {
		return
	}
	if !c.dst.ok() || !c.x.ok() || !c.w.readable() {
		panic("kernels: Conv: a view leaves its data")
	}
	conv(c)
}

// extent returns the least and the largest value of i·stride for 0 <= i < n.
func extent(n, stride int) (lo, hi int) {
	last := (n - 1) * stride
	return min(0, last), max(0, last)
}

// ok reports whether every value lies inside Data.
func (g *Grid) ok() bool {
	l0, l1 := extent(g.Lines, g.Line)
	p0, p1 := extent(g.Pixels, g.Pixel)
	last := (g.Cols - 1) / PanelWidth
	q0, q1 := extent(last+1, g.Panel)
	in := min(g.Cols, PanelWidth)
	if last > 0 && g.Cols%PanelWidth != 0 && q1 > 0 {
		in = (g.Cols-1)%PanelWidth + 1
		if g.Panel < PanelWidth-in { // the panel before the last ends later
			in += PanelWidth
		}
	}
	return g.At+l0+p0+q0 >= 0 && g.At+l1+p1+q1+in <= len(g.Data)
}

// spans returns the least and the largest offset of an input in its window.
func (x *Windows) spans() (lo, hi int) {
	if x.K == 0 {
		return 0, 0
	}
	full, rest := x.K/x.Segment, x.K%x.Segment
	next := x.Segment*x.Step + x.Skip // from a span to the next
	span := func(i, n int) {
		a, b := extent(n, x.Step)
		lo, hi = min(lo, i*next+a), max(hi, i*next+b)
	}
	if full > 0 {
		span(0, x.Segment)
		span(full-1, x.Segment)
	}
	if rest > 0 {
		span(full, rest)
	}
	return lo, hi
}

// ok reports whether every input lies inside Data.
func (x *Windows) ok() bool {
	if x.K <= 0 {
		return x.K == 0
	}
	l0, l1 := extent(x.Lines, x.Line)
	p0, p1 := extent(x.Pixels, x.Pixel)
	s0, s1 := x.spans()
	return x.At+l0+p0+s0 >= 0 && x.At+l1+p1+s1 < len(x.Data)
}

// readable reports whether whole groups of 16 columns of every row lie inside
// Data.
func (m Matrix) readable() bool {
	if !m.ok() {
		return false
	}
	if m.Rows == 0 || m.Cols == 0 {
		return true
	}
	last := roundUp(m.Cols, 16) - 1
	return m.index(m.Rows-1, last) < len(m.Data)
}
