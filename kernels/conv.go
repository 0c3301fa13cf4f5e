package kernels

import (
	"math"
	"math/bits"
)

// A Grid is a view of vectors that lie in lines, such as the pixels of an image:
// value j of vector (line, pixel) is
//
//	Data[At + line·LineStride + pixel·PixelStride + j/64·Panel + j%64]
//
// Strides may be anything that stays inside Data. Row-major vectors have
// Panel = PanelWidth.
type Grid struct {
	Data          []float32
	At            int // of the first value
	Lines, Pixels int // vectors: Lines·Pixels
	Cols          int // values of a vector
	LineStride    int // from a line to the next
	PixelStride   int // from a pixel of a line to the next
	Panel         int // from 64 values of a vector to the next 64
}

// Windows are a grid of inputs that may overlap, such as the neighbourhoods of
// pixels: input p of window (line, pixel) is
//
//	Data[At + line·LineStride + pixel·PixelStride + p·Step + p/Segment·Skip]
//
// The neighbourhood of a pixel is a few spans of adjacent values, each a row of
// the image: Step is 1, Segment the length of a span and Skip the distance from
// its end to the beginning of the next. The last span may be shorter. With Step
// the distance of pixels and Segment their number in a line, the inputs are the
// pixels and the windows their channels, as the gradient of a weight needs.
type Windows struct {
	Data          []float32
	At            int // of the first input of the first window; strides may be negative
	Lines, Pixels int // windows: Lines·Pixels
	K             int // inputs of a window
	LineStride    int // from a line to the next
	PixelStride   int // from a pixel of a line to the next
	Step          int // from input to input
	Segment, Skip int // Skip more after each Segment inputs; a Segment of 0 means K
}

// A Finish is the function of a finished chain y that is stored.
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
//	dst  Lines × Pixels × n  overwritten (ReLUAdd: updated); must not overlap x,
//	                         nor its vectors each other
//	x    Lines × Pixels × k
//	w    [k, n]              panels, or row-major with 16 readable columns where the last are fewer
//	bias [n]                 nil means 0
//
// Each value is one chain: bias, then p in rising order. So a convolution over
// whole images, over rows, over the pixels of many images and over one pixel
// give the same bits. NaN and Inf propagate. Conv panics if shapes differ from
// the above or a view leaves its data.
func Conv(dst Grid, x Windows, w Matrix, bias []float32, f Finish) {
	c := convolution{dst: dst, x: x, w: w, bias: bias, finish: f}
	c.run()
}

// ConvFrom continues chains:
//
//	dst[l, i, j] = finish(from[l, i, j] + Σ_p x[l, i, p]·w[p, j])
//
//	from Lines × Pixels × n  may be dst; otherwise they must not overlap
//
// It is otherwise like Conv.
func ConvFrom(dst, from Grid, x Windows, w Matrix, f Finish) {
	c := convolution{dst: dst, from: from, more: true, x: x, w: w, finish: f}
	c.run()
}

// A convolution is the operands of Conv, or with more of ConvFrom.
type convolution struct {
	dst, from Grid
	x         Windows
	w         Matrix
	bias      []float32
	finish    Finish
	more      bool
}

// run checks the operands and computes.
func (c *convolution) run() {
	c.check()
	if !c.dst.ok() || c.more && !c.from.ok() || !c.x.ok() {
		panic("kernels: Conv: a view leaves its data")
	}
	if !c.empty() {
		conv(c)
	}
}

// check checks everything but where views lie, and sets x.Segment where it is 0.
func (c *convolution) check() {
	if c.bias != nil && len(c.bias) != c.dst.Cols {
		panic("kernels: Conv: len(bias) != dst.Cols")
	}
	if c.finish < AsIs || c.finish > ReLUAdd {
		panic("kernels: Conv: no such Finish")
	}
	if c.more && (c.from.Lines != c.dst.Lines || c.from.Pixels != c.dst.Pixels || c.from.Cols != c.dst.Cols) {
		panic("kernels: ConvFrom: from is not of the shape of dst")
	}
	if c.x.Segment == 0 {
		c.x.Segment = max(c.x.K, 1)
	}
	if c.dst.Lines != c.x.Lines || c.dst.Pixels != c.x.Pixels || c.dst.Cols != c.w.Cols || c.x.K != c.w.Rows {
		panic("kernels: Conv: shapes do not match")
	}
	if !c.w.readable() {
		panic("kernels: Conv: a view leaves its data")
	}
}

// empty reports whether there is nothing to compute.
func (c *convolution) empty() bool { return c.dst.Lines == 0 || c.dst.Pixels == 0 || c.dst.Cols == 0 }

// A reach is the range of indices [first, last] of a part of a view, which must lie
// in [0, limit).
type reach struct{ first, last, limit int }

// along extends r by i·stride for 0 <= i < n and reports whether it stays within
// the limit. n is at least 1.
func (r *reach) along(n, stride int) bool {
	// A division for each check would take as long as a small product.
	if stride < 0 {
		far, ok := product2(n-1, -stride)
		r.first -= far
		return ok && r.first >= 0
	}
	far, ok := product2(n-1, stride)
	if !ok || far > r.limit-1-r.last {
		return false
	}
	r.last += far
	return true
}

// product2 returns a·b, and whether that can be an index. a is not negative; b may
// be -math.MinInt, which is math.MinInt.
func product2(a, b int) (int, bool) {
	hi, lo := bits.Mul(uint(a), uint(b))
	return int(lo), hi == 0 && lo <= math.MaxInt
}

// vectors returns the reach of the first values of lines × pixels vectors, and
// whether it stays within limit.
func vectors(limit, at, lines, line, pixels, pixel int) (reach, bool) {
	r := reach{at, at, limit}
	return r, at >= 0 && at < limit && r.along(lines, line) && r.along(pixels, pixel)
}

// ok reports whether every value lies inside Data.
func (g *Grid) ok() bool {
	if g.Lines <= 0 || g.Pixels <= 0 || g.Cols <= 0 {
		return g.Lines >= 0 && g.Pixels >= 0 && g.Cols >= 0
	}
	_, ok := g.reach(len(g.Data))
	return ok
}

// reach returns the range of indices that the values take, and whether they all lie in
// [0, limit). There is at least one.
func (g *Grid) reach(limit int) (reach, bool) {
	r, ok := vectors(limit, g.At, g.Lines, g.LineStride, g.Pixels, g.PixelStride)
	full, last := (g.Cols-1)/PanelWidth, (g.Cols-1)%PanelWidth+1
	panels := r // but for the last
	ok = ok && r.along(full+1, g.Panel) && r.along(last, 1) &&
		(full == 0 || panels.along(full, g.Panel) && panels.along(PanelWidth, 1))
	if full > 0 {
		r.first, r.last = min(r.first, panels.first), max(r.last, panels.last)
	}
	return r, ok
}

// reach returns the range of indices that the inputs take, and whether they all
// lie inside Data. There is at least one.
func (x *Windows) reach() (reach, bool) { return x.reachIn(len(x.Data)) }

// reachIn is reach for data of a length.
func (x *Windows) reachIn(limit int) (reach, bool) {
	r, ok := vectors(limit, x.At, x.Lines, x.LineStride, x.Pixels, x.PixelStride)
	if x.K <= x.Segment {
		ok = ok && r.along(x.K, x.Step)
		return r, ok
	}
	full, rest := x.K/x.Segment, x.K%x.Segment
	next := x.Segment*x.Step + x.Skip // from a span to the next
	last := r
	if ok && full > 0 {
		ok = r.along(x.Segment, x.Step) && r.along(full, next)
	}
	if ok && rest > 0 {
		ok = last.along(full+1, next) && last.along(rest, x.Step)
	}
	return reach{min(r.first, last.first), max(r.last, last.last), r.limit}, ok
}

// ok reports whether every input lies inside Data.
func (x *Windows) ok() bool {
	if x.Lines < 0 || x.Pixels < 0 || x.K < 0 || x.Segment < 1 {
		return false
	}
	if x.Lines == 0 || x.Pixels == 0 || x.K == 0 {
		return true
	}
	_, ok := x.reach()
	return ok
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
