package kernels

import (
	"fmt"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// A viewKernel is an element-wise kernel on grids, said again as a function of the
// values of one place.
type viewKernel struct {
	name  string
	parts [3]int // of the vectors of dst, a and b: 1 or 2, or 0 where there is no b
	apart bool   // whether parts may lie further apart than their length
	alias string // the operands that dst may be
	call  func(dst, a, b Grid)

	// The new values of dst from its first old one and the values of a and b.
	define func(d float32, a, b [2]float32) [2]float32
}

var viewKernels = []viewKernel{
	{"ELU", [3]int{1, 1, 0}, false, "a", func(dst, a, _ Grid) { ELU(dst, a) },
		func(_ float32, a, _ [2]float32) [2]float32 { return [2]float32{elu32(a[0])} }},
	{"ConcatELU", [3]int{2, 1, 0}, true, "", func(dst, a, _ Grid) { ConcatELU(dst, a) },
		func(_ float32, a, _ [2]float32) [2]float32 { return [2]float32{elu32(a[0]), elu32(-a[0])} }},
	{"ELUGradient", [3]int{1, 1, 1}, false, "ab", ELUGradient,
		func(_ float32, a, b [2]float32) [2]float32 { return [2]float32{float32(a[0] * slopeOfELU(b[0]))} }},
	{"ConcatELUGradient", [3]int{1, 2, 2}, true, "", ConcatELUGradient,
		func(_ float32, a, b [2]float32) [2]float32 {
			return [2]float32{float32(a[0]*slopeOfELU(b[0])) - float32(a[1]*slopeOfELU(b[1]))}
		}},
	{"ConcatELUGradientAdd", [3]int{1, 2, 2}, true, "", ConcatELUGradientAdd,
		func(d float32, a, b [2]float32) [2]float32 {
			change := float32(a[0]*slopeOfELU(b[0])) - float32(a[1]*slopeOfELU(b[1]))
			return [2]float32{d + change}
		}},
	{"Gate", [3]int{1, 1, 2}, false, "a", Gate,
		func(_ float32, a, b [2]float32) [2]float32 { return [2]float32{fma32(b[0], sigmoid32(b[1]), a[0])} }},
	{"GateGradient", [3]int{2, 1, 2}, false, "b", GateGradient,
		func(_ float32, a, b [2]float32) [2]float32 {
			s := sigmoid32(b[1])
			return [2]float32{float32(a[0] * s), float32(float32(a[0]*b[0]) * fma32(-s, s, s))}
		}},
}

// slopeOfELU is eluSlope32 in other words.
func slopeOfELU(y float32) float32 {
	if y <= 0 || y != y {
		return y + 1
	}
	return 1
}

// viewLayouts are the ways that vectors may lie: adjacent, with gaps between vectors
// and lines, adjacent in lines with gaps between those, and backwards.
var viewLayouts = []string{"adjacent", "gaps", "lines", "backwards"}

// layView returns a view of such vectors and the length of its data. It ends with the
// last value of its last vector.
func layView(layout string, lines, pixels, cols int) (g Grid, length int) {
	g = Grid{Lines: lines, Pixels: pixels, Cols: cols, PixelStride: cols, LineStride: pixels * cols, Panel: PanelWidth}
	switch layout {
	case "gaps":
		g.At, g.PixelStride, g.LineStride = 2, cols+5, pixels*(cols+5)+11
	case "lines":
		g.LineStride += 3
	case "backwards":
		g.PixelStride, g.LineStride = -cols-1, -pixels*(cols+1)
		g.At = (lines*pixels - 1) * (cols + 1)
	}
	last := g.At + (lines-1)*g.LineStride + (pixels-1)*g.PixelStride
	return g, max(g.At, last) + cols
}

// A viewCase is one call: operands in guarded buffers, and all that dst's must hold
// afterwards.
type viewCase struct {
	k                 *viewKernel
	lines, pixels, n  int
	gap               int // between the parts
	layout            string
	off               int
	alias             byte // 'a' or 'b' where dst is that operand, else 0
	dst, a, b         Grid
	dstBuf, aBuf, bBf *testkit.Buffer
	want              []float32
}

func (c *viewCase) String() string {
	return fmt.Sprintf("%s(%d×%d×%d, gap=%d, %s, off=%d, in place of %q)", c.k.name, c.lines, c.pixels, c.n, c.gap, c.layout, c.off, c.alias)
}

// place makes the operands; fill gives the buffers their values.
func (c *viewCase) place(fill func(b *testkit.Buffer, seed uint64)) {
	operand := func(i int) (Grid, *testkit.Buffer) {
		parts := c.k.parts[i]
		if parts == 0 {
			return Grid{}, nil
		}
		cols := c.n
		if parts == 2 {
			cols += c.n + c.gap
		}
		layout := c.layout
		if i > 0 && c.alias == 0 { // views that differ
			layout = viewLayouts[(slices.Index(viewLayouts, layout)+i*(c.off%2))%len(viewLayouts)]
		}
		g, length := layView(layout, c.lines, c.pixels, cols)
		b := testkit.NewBuffer(length, (c.off*(2*i+1)+i)%16)
		fill(b, uint64(i+1))
		g.Data = b.S
		return g, b
	}
	c.dst, c.dstBuf = operand(0)
	c.a, c.aBuf = operand(1)
	c.b, c.bBf = operand(2)
	switch c.alias {
	case 'a':
		c.dst, c.dstBuf = c.a, c.aBuf
	case 'b':
		c.dst, c.dstBuf = c.b, c.bBf
	}
	c.expect()
}

// expect computes want value by value from the indices that Grid documents.
func (c *viewCase) expect() {
	at := func(g *Grid, line, pixel, part, j int) int {
		return g.At + line*g.LineStride + pixel*g.PixelStride + part*(c.n+c.gap) + j
	}
	c.want = slices.Clone(c.dst.Data)
	for line := range c.lines {
		for pixel := range c.pixels {
			for j := range c.n {
				var v [3][2]float32
				for i, g := range []*Grid{&c.dst, &c.a, &c.b} {
					for part := range c.k.parts[i] {
						v[i][part] = g.Data[at(g, line, pixel, part, j)]
					}
				}
				y := c.k.define(v[0][0], v[1], v[2])
				for part := range c.k.parts[0] {
					c.want[at(&c.dst, line, pixel, part, j)] = y[part]
				}
			}
		}
	}
}

// check runs the case and compares every value of every buffer.
func (c *viewCase) check(t *testing.T, isa string) {
	t.Helper()
	c.k.call(c.dst, c.a, c.b)
	d := testkit.Diff(c.dst.Data, c.want) + c.dstBuf.Stray()
	for _, b := range []*testkit.Buffer{c.aBuf, c.bBf} {
		if b != nil && b != c.dstBuf {
			d += b.Unchanged()
		}
	}
	if d != "" {
		t.Fatalf("[%s] %v: %s", isa, c, d)
	}
}

// eachViewKernel runs f for every kernel on every instruction set, and for every
// operand that dst may be.
func eachViewKernel(t *testing.T, f func(t *testing.T, isa string, k *viewKernel, alias byte)) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i := range viewKernels {
			k := &viewKernels[i]
			t.Run(k.name, func(t *testing.T) {
				for _, alias := range append([]byte{0}, k.alias...) {
					f(t, isa, k, alias)
				}
			})
		}
	})
}
