package kernels

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

func TestConvContract(t *testing.T) {
	const lines, pixels, cols, k = 3, 4, 20, 10
	dstBuf, xBuf := testkit.NewBuffer(lines*pixels*cols, 0).Values(1, 1), testkit.NewBuffer(lines*pixels*k, 0).Values(2, 1)
	weights := RowMajor(make([]float32, k*cols+12), k, cols) // 12 more to be readable: 32 columns in the last row
	const shapes, leaves = "kernels: Conv: shapes do not match", "kernels: Conv: a view leaves its data"
	type call struct {
		dst Grid
		x   Windows
		w   Matrix
	}
	good := call{
		Grid{Data: dstBuf.S, Lines: lines, Pixels: pixels, Cols: cols, LineStride: pixels * cols, PixelStride: cols, Panel: PanelWidth},
		Windows{Data: xBuf.S, Lines: lines, Pixels: pixels, K: k, LineStride: pixels * k, PixelStride: k, Step: 1},
		weights,
	}
	for _, bad := range []struct {
		name, want string
		change     func(c *call)
	}{
		{"lines", shapes, func(c *call) { c.x.Lines-- }},
		{"pixels", shapes, func(c *call) { c.dst.Pixels-- }},
		{"columns", shapes, func(c *call) { c.dst.Cols-- }},
		{"inputs", shapes, func(c *call) { c.x.K-- }},
		{"no vectors but more windows", shapes, func(c *call) { c.dst.Lines = 0 }},

		{"lines below 0", leaves, func(c *call) { c.dst.Lines, c.x.Lines = -1, -1 }},
		{"pixels below 0", leaves, func(c *call) { c.dst.Pixels, c.x.Pixels = -1, -1 }},
		{"columns below 0", leaves, func(c *call) { c.dst.Cols, c.w.Cols = -1, -1 }},
		{"inputs below 0", leaves, func(c *call) { c.x.K, c.w.Rows = -1, -1 }},
		{"segment below 0", leaves, func(c *call) { c.x.Segment = -1 }},

		{"dst too short", leaves, func(c *call) { c.dst.Data = c.dst.Data[:len(c.dst.Data)-1] }},
		{"dst starts late", leaves, func(c *call) { c.dst.At = 1 }},
		{"dst starts early", leaves, func(c *call) { c.dst.At = -1 }},
		{"dst line", leaves, func(c *call) { c.dst.LineStride++ }},
		{"dst line backwards", leaves, func(c *call) { c.dst.LineStride = -1 }},
		{"dst pixel", leaves, func(c *call) { c.dst.PixelStride++ }},
		{"dst pixel backwards", leaves, func(c *call) { c.dst.PixelStride = -1 }},
		{"dst empty", leaves, func(c *call) { c.dst.Data = nil }},
		{"dst line overflows", leaves, func(c *call) { c.dst.LineStride = math.MaxInt/2 + 1 }},
		{"dst pixel overflows", leaves, func(c *call) { c.dst.PixelStride = math.MinInt }},

		{"x too short", leaves, func(c *call) { c.x.Data = c.x.Data[:len(c.x.Data)-1] }},
		{"x starts late", leaves, func(c *call) { c.x.At = 1 }},
		{"x starts early", leaves, func(c *call) { c.x.At = -1 }},
		{"x line", leaves, func(c *call) { c.x.LineStride++ }},
		{"x line backwards", leaves, func(c *call) { c.x.LineStride = -1 }},
		{"x pixel", leaves, func(c *call) { c.x.PixelStride++ }},
		{"x step", leaves, func(c *call) { c.x.Step++ }},
		{"x step backwards", leaves, func(c *call) { c.x.Step = -1 }},
		{"x skip", leaves, func(c *call) { c.x.Segment, c.x.Skip = 9, 1 }},
		{"x skip backwards", leaves, func(c *call) { c.x.Segment, c.x.Skip = 9, -10 }},
		{"x first span of several", leaves, func(c *call) { c.x.Segment, c.x.Skip, c.x.Step = 9, 1000, -1 }},
		{"x empty", leaves, func(c *call) { c.x.Data = nil }},
		{"x line overflows", leaves, func(c *call) { c.x.LineStride = math.MinInt }},
		{"x skip overflows", leaves, func(c *call) { c.x.Segment, c.x.Skip = 2, math.MaxInt }},

		{"w too short", leaves, func(c *call) { c.w.Data = c.w.Data[:len(c.w.Data)-13] }},
		{"w without 16 readable columns", leaves, func(c *call) { c.w.Data = c.w.Data[:len(c.w.Data)-1] }},
		{"w row", leaves, func(c *call) { c.w.Row += 2 }},
	} {
		for _, how := range []func(c call){
			func(c call) { Conv(c.dst, c.x, c.w, nil, ReLU) },
			func(c call) { ConvFrom(c.dst, c.dst, c.x, c.w, ReLU) },
		} {
			t.Run(bad.name, func(t *testing.T) {
				c := good
				bad.change(&c)
				testkit.Panics(t, bad.want, func() { how(c) })
				if d := dstBuf.Unchanged() + xBuf.Unchanged(); d != "" {
					t.Error(d)
				}
			})
		}
	}
	bias := "kernels: Conv: len(bias) != dst.Cols"
	testkit.Panics(t, bias, func() { Conv(good.dst, good.x, good.w, make([]float32, cols-1), AsIs) })
	testkit.Panics(t, bias, func() { Conv(good.dst, good.x, good.w, []float32{}, AsIs) })
	for _, f := range []Finish{-1, ReLUAdd + 1} {
		testkit.Panics(t, "kernels: Conv: no such Finish", func() { Conv(good.dst, good.x, good.w, nil, f) })
		testkit.Panics(t, "kernels: Conv: no such Finish", func() { ConvFrom(good.dst, good.dst, good.x, good.w, f) })
	}
	for _, from := range []Grid{
		{Data: good.dst.Data, Lines: good.dst.Lines + 1, Pixels: good.dst.Pixels, Cols: cols},
		{Data: good.dst.Data, Lines: good.dst.Lines, Pixels: good.dst.Pixels - 1, Cols: cols},
		{Data: good.dst.Data, Lines: good.dst.Lines, Pixels: good.dst.Pixels, Cols: cols - 1},
	} {
		testkit.Panics(t, "kernels: ConvFrom: from is not of the shape of dst", func() { ConvFrom(good.dst, from, good.x, good.w, AsIs) })
	}
	from := good.dst
	from.Data = from.Data[:len(from.Data)-1]
	testkit.Panics(t, leaves, func() { ConvFrom(good.dst, from, good.x, good.w, AsIs) })
	if d := dstBuf.Unchanged(); d != "" {
		t.Error(d)
	}
	Conv(good.dst, good.x, good.w, nil, AsIs) // what all of them differ from
}

// Places are the indices of a view, summed up as integers that have no end.
type places struct{ lo, hi *big.Int }

func (p *places) add(at int, steps ...int) {
	sum := big.NewInt(int64(at))
	for i := 0; i < len(steps); i += 2 {
		sum.Add(sum, new(big.Int).Mul(big.NewInt(int64(steps[i])), big.NewInt(int64(steps[i+1]))))
	}
	if p.lo == nil || sum.Cmp(p.lo) < 0 {
		p.lo = sum
	}
	if p.hi == nil || sum.Cmp(p.hi) > 0 {
		p.hi = sum
	}
}

// length returns how many values to offer: as many as it takes or a few more or
// less.
func (p *places) length(r *rand.Rand) int {
	n := 50
	if p.hi != nil && p.hi.IsInt64() && p.hi.Int64() >= 0 && p.hi.Int64() < 10_000 {
		n = int(p.hi.Int64()) + 1
	}
	return max(0, n+[]int{0, 0, -1, 1, -64, 64}[r.IntN(6)])
}

// within reports whether all of them lie in n values.
func (p *places) within(n int) bool {
	return p.lo == nil || p.lo.Sign() >= 0 && p.hi.Cmp(big.NewInt(int64(n))) < 0
}

// TestViewsStayInside compares the checks of views with a look at every index,
// where strides are small, huge and in between.
func TestViewsStayInside(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	memory := make([]float32, 12_000)
	huge := []int{math.MaxInt, math.MinInt, math.MaxInt / 2, math.MaxInt/2 + 1, math.MinInt / 2, math.MaxInt / 3, math.MaxInt - 64, math.MinInt + 64, math.MaxInt / 64, math.MaxInt/64 + 1}
	stride := func() int {
		if r.IntN(25) == 0 {
			return huge[r.IntN(len(huge))] + r.IntN(2)
		}
		return []int{r.IntN(7) - 3, r.IntN(7), r.IntN(150), r.IntN(150) - 75}[r.IntN(4)]
	}
	count := func() int { return r.IntN(5) }
	at := func() int { return r.IntN(200) * r.IntN(2) }
	cols := func() int { return []int{0, 1, 16, 17, 20, 48, 49, 63, 64, 65, 127, 128, 130, 200}[r.IntN(14)] }

	checks := []struct {
		name string
		draw func() (got, want bool, view any, n int)
	}{
		{"Grid", func() (bool, bool, any, int) {
			g := Grid{At: at() - r.IntN(2), Lines: count(), Pixels: count(), Cols: cols(), LineStride: stride(), PixelStride: stride(), Panel: stride()}
			var p places
			for l := range g.Lines {
				for i := range g.Pixels {
					for j := range g.Cols {
						p.add(g.At, l, g.LineStride, i, g.PixelStride, j/64, g.Panel, j%64, 1)
					}
				}
			}
			n := p.length(r)
			g.Data = memory[:n]
			got := g.ok()
			g.Data = nil
			return got, p.within(n), g, n
		}},
		{"Windows", func() (bool, bool, any, int) {
			x := Windows{At: at() - r.IntN(2), Lines: count(), Pixels: count(), K: r.IntN(9), LineStride: stride(), PixelStride: stride(), Step: stride(), Segment: 1 + r.IntN(5), Skip: stride()}
			if r.IntN(20) == 0 {
				x.Segment = max(1, huge[r.IntN(len(huge))])
			}
			next := x.Segment*x.Step + x.Skip // as integers of the machine have it
			var p places
			for l := range x.Lines {
				for i := range x.Pixels {
					for k := range x.K {
						p.add(x.At, l, x.LineStride, i, x.PixelStride, k%x.Segment, x.Step, k/x.Segment, next)
					}
				}
			}
			n := p.length(r)
			x.Data = memory[:n]
			got := x.ok()
			x.Data = nil
			return got, p.within(n), x, n
		}},
		{"Matrix", func() (bool, bool, any, int) {
			m := Matrix{Rows: count(), Cols: cols(), Row: stride(), Panel: stride()}
			if r.IntN(2) == 0 {
				m.Panel = PanelWidth * (1 + r.IntN(4))
			}
			if r.IntN(3) == 0 {
				m.Row = PanelWidth
			}
			if r.IntN(50) == 0 {
				m.Cols = huge[r.IntN(len(huge))]
			}
			// No stride backwards, no panels that share columns; then, with some
			// value at all, as many columns as there are values at most.
			want := m.Cols >= 0 && m.Row >= 0 && m.Panel >= 0 && (m.Cols <= PanelWidth || m.Rows == 0 || m.Panel >= PanelWidth)
			var p places
			n := r.IntN(500)
			if want && m.Cols <= len(memory) {
				end := roundUp(m.Cols, 16)
				if m.padded() {
					end = roundUp(m.Cols, PanelWidth)
				}
				for i := range m.Rows {
					for j := range end {
						p.add(0, i, m.Row, j/64, m.Panel, j%64, 1)
					}
				}
				n = p.length(r)
			}
			m.Data = memory[:n]
			got := m.readable()
			m.Data = nil
			return got, want && p.within(n) && (m.Rows == 0 || m.Cols <= n), m, n
		}},
	}
	for _, c := range checks {
		inside := 0
		turns := 4000
		if testing.Short() {
			turns = 1000
		}
		for range turns {
			got, want, view, n := c.draw()
			if got != want {
				t.Fatalf("%T %+v of %d values: inside is %v, want %v", view, view, n, got, want)
			}
			if want {
				inside++
			}
		}
		if inside < turns/8 || inside > turns*7/8 {
			t.Errorf("%s: %d of %d views lie inside their data; the test wants both", c.name, inside, turns)
		}
	}
}
