package kernels

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// A convCase is one call of Conv or ConvFrom, with what it reads and what dst must
// hold afterwards. Every slice ends with the last value that may be touched.
type convCase struct {
	dst    Grid
	x      Windows
	w      Matrix
	bias   []float32
	finish Finish
	add    bool
	from   Grid      // with add: where the chains begin; without Data it is dst
	want   []float32 // all of dst.Data
	how    string
}

// A convShape says how large a case is and how its operands lie. Of x, the
// first input and the length follow.
type convShape struct {
	lines, pixels, cols, k           int
	line, pixel, step, segment, skip int // of x
	dst, w                           string
	from                             string // with add: how from lies; "" means that it is dst
	finish                           Finish
	add, bias                        bool
}

// convGrids are the ways that vectors may lie: adjacent, so that lines may be
// one; with gaps between vectors and lines; adjacent in lines with a pixel
// between them; in panels; backwards with panels that are far apart.
var convGrids = []string{"rows", "wide", "padded", "panels", "backwards"}

func convGrid(how string, lines, pixels, cols int) Grid {
	g := Grid{Lines: lines, Pixels: pixels, Cols: cols, PixelStride: cols, LineStride: pixels * cols, Panel: PanelWidth}
	panels := (cols + PanelWidth - 1) / PanelWidth
	switch how {
	case "wide":
		g.At, g.PixelStride, g.LineStride = 3, cols+9, pixels*(cols+9)+7
	case "padded":
		g.At, g.LineStride = cols, (pixels+1)*cols
	case "panels":
		g.PixelStride, g.LineStride, g.Panel = PanelWidth, pixels*PanelWidth, lines*pixels*PanelWidth
	case "backwards": // the last panel first
		g.PixelStride, g.LineStride = -PanelWidth, -pixels*PanelWidth-1
		g.Panel = -(lines*pixels*PanelWidth + lines + 2)
		g.At = -panels * g.Panel
	}
	n := 0
	for l := range lines {
		for i := range pixels {
			for j := range cols {
				n = max(n, convPlace(&g, l, i, j)+1)
			}
		}
	}
	g.Data = make([]float32, n)
	return g
}

// convPlace and convInput say again what Grid and Windows document.
func convPlace(g *Grid, line, pixel, j int) int {
	return g.At + line*g.LineStride + pixel*g.PixelStride + j/64*g.Panel + j%64
}

func convInput(x *Windows, line, pixel, p int) int {
	segment := x.Segment
	if segment == 0 {
		segment = x.K
	}
	return x.At + line*x.LineStride + pixel*x.PixelStride + p*x.Step + p/segment*x.Skip
}

// convMatrix returns a rows×cols matrix, row-major with what must be readable
// behind it, row-major with longer rows, in panels, or the inner rows of one in
// panels.
func convMatrix(layout string, rows, cols int) Matrix {
	n := gemmLen(layout, rows, cols)
	if layout == "rows" && rows > 0 {
		n = (rows-1)*cols + roundUp(cols, 16)
	}
	return gemmView(layout, make([]float32, n), rows, cols)
}

func newConvCase(s convShape, fill func(dst []float32, seed uint64)) *convCase {
	c := &convCase{finish: s.finish, add: s.add, how: fmt.Sprintf("%+v", s)}
	c.dst = convGrid(s.dst, s.lines, s.pixels, s.cols)
	c.x = Windows{Lines: s.lines, Pixels: s.pixels, K: s.k, LineStride: s.line, PixelStride: s.pixel, Step: s.step, Segment: s.segment, Skip: s.skip}
	c.w = convMatrix(s.w, s.k, s.cols)
	if s.bias {
		c.bias = make([]float32, s.cols)
	}
	lo, hi := 0, -1
	for l := range s.lines {
		for i := range s.pixels {
			for p := range s.k {
				at := convInput(&c.x, l, i, p)
				lo, hi = min(lo, at), max(hi, at)
			}
		}
	}
	c.x.At = -lo
	c.x.Data = make([]float32, hi-lo+1)
	fill(c.dst.Data, 1)
	fill(c.x.Data, 2)
	fill(c.w.Data, 3)
	fill(c.bias, 4)

	if s.add && s.from != "" {
		c.from = convGrid(s.from, s.lines, s.pixels, s.cols)
		fill(c.from.Data, 5)
	}

	c.want = slices.Clone(c.dst.Data)
	for l := range s.lines {
		for i := range s.pixels {
			for j := range s.cols {
				y, at := float32(0), convPlace(&c.dst, l, i, j)
				switch {
				case s.add && s.from != "":
					y = c.from.Data[convPlace(&c.from, l, i, j)]
				case s.add:
					y = c.want[at]
				case s.bias:
					y = c.bias[j]
				}
				for p := range s.k {
					y = fma32(c.x.Data[convInput(&c.x, l, i, p)], c.w.At(p, j), y)
				}
				if s.finish != AsIs && y <= 0 {
					y = 0
				}
				if s.finish == ReLUAdd {
					y = c.want[at] + y
				}
				c.want[at] = y
			}
		}
	}
	return c
}

func (c *convCase) call(dst, from Grid, x Windows, w Matrix, bias []float32) {
	if c.add {
		if from.Data == nil {
			from = dst
		}
		ConvFrom(dst, from, x, w, c.finish)
	} else {
		Conv(dst, x, w, bias, c.finish)
	}
}

// check runs the case in guarded buffers and compares every value of them.
func (c *convCase) check(t *testing.T, isa string, off int) {
	t.Helper()
	place := func(s []float32, off int) *testkit.Buffer {
		b := testkit.NewBuffer(len(s), off%16)
		if len(s) > 0 {
			b.Fill(s)
		}
		return b
	}
	d, x, w, b := place(c.dst.Data, off), place(c.x.Data, off*3+1), place(c.w.Data, off*5+2), place(c.bias, off*7+3)
	f := place(c.from.Data, off*11+4)
	dst, from, in, weights, bias := c.dst, c.from, c.x, c.w, c.bias
	dst.Data, in.Data, weights.Data = d.S, x.S, w.S
	if from.Data != nil {
		from.Data = f.S
	}
	if bias != nil {
		bias = b.S
	}
	c.call(dst, from, in, weights, bias)
	if diff := testkit.Diff(d.S, c.want) + d.Stray() + x.Unchanged() + w.Unchanged() + b.Unchanged() + f.Unchanged(); diff != "" {
		t.Fatalf("Conv[%s](%s, off=%d): dst%s", isa, c.how, off, diff)
	}
}

// checkPageEnd runs the case with the end of every operand at an unreadable page.
func (c *convCase) checkPageEnd(t *testing.T, isa string) {
	t.Helper()
	atEnd := func(s []float32) []float32 {
		if s == nil {
			return nil
		}
		end := testkit.AtPageEnd(t, len(s))
		copy(end, s)
		return end
	}
	dst, from, x, w := c.dst, c.from, c.x, c.w
	dst.Data, from.Data, x.Data, w.Data = atEnd(dst.Data), atEnd(from.Data), atEnd(x.Data), atEnd(w.Data)
	c.call(dst, from, x, w, atEnd(c.bias))
	if diff := testkit.Diff(dst.Data, c.want); diff != "" {
		t.Fatalf("Conv[%s](%s), at page ends: dst%s", isa, c.how, diff)
	}
}

// convKinds are the ways that windows may lie, see convShape.windows.
var convKinds = []string{"image", "rows", "spans", "back", "gradient", "any"}

// windows sets the strides of x.
func (s *convShape) windows(r *rand.Rand, kind string) {
	s.step, s.segment, s.skip = 1, 0, 0
	switch kind {
	case "image": // neighbourhoods of pixels of a few channels, in padded lines
		c := 1 + r.IntN(5)
		row := (s.pixels + 2) * c
		s.pixel, s.line, s.segment = c, row, 3*c
		s.skip = row - s.segment
	case "rows": // vectors that follow each other: all lines may be one
		s.pixel = s.k + r.IntN(2)
		s.line = s.pixels * s.pixel
	case "spans":
		s.pixel, s.line = r.IntN(20), r.IntN(100)
		s.segment, s.skip = 1+r.IntN(s.k+2), r.IntN(40)
	case "back":
		s.pixel, s.line = -r.IntN(20), -r.IntN(100)
		s.segment = 1 + r.IntN(s.k+2)
		s.skip = -r.IntN(2*s.segment + 2)
	case "gradient": // inputs are pixels, windows their channels
		s.pixel, s.step = 1, s.pixels+r.IntN(9)
		s.line, s.segment = s.step, 1+r.IntN(20)
		s.skip = s.step * r.IntN(3)
	default:
		some := func() int { return r.IntN(21) - 10 }
		s.pixel, s.line, s.step, s.segment, s.skip = some(), some(), some(), r.IntN(12), some()
	}
}

// randomConv returns a case of that size, the rest of which is drawn.
func randomConv(r *rand.Rand, kind string, lines, pixels, cols, k int, fill func([]float32, uint64)) *convCase {
	s := convShape{lines: lines, pixels: pixels, cols: cols, k: k,
		dst: convGrids[r.IntN(len(convGrids))], w: gemmLayouts[r.IntN(len(gemmLayouts))],
		finish: Finish(r.IntN(3)), add: r.IntN(3) == 0, bias: r.IntN(3) > 0}
	if r.IntN(2) == 0 {
		s.from = convGrids[r.IntN(len(convGrids))]
	}
	s.windows(r, kind)
	return newConvCase(s, fill)
}
