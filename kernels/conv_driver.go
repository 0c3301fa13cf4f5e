//go:build !purego && (amd64 || arm64)

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// conv runs the tile kernel over every panel and line. The inputs of a window are
// never cut into blocks: the residual sum needs its chain whole, and a few
// hundred inputs by 64 columns stay in the second-level cache. (A gradient's inputs
// are pixels, those of one image a call.)
func conv(c *convolution) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		convGeneric(c)
		return
	}
	c.race()
	if dst, x := &c.dst, &c.x; dst.Lines > 1 &&
		dst.LineStride == dst.Pixels*dst.PixelStride && x.LineStride == x.Pixels*x.PixelStride &&
		(!c.more || c.from.LineStride == dst.Pixels*c.from.PixelStride) {
		// Lines follow each other without a gap: they are one.
		one := *c
		one.dst.Pixels *= dst.Lines
		one.x.Pixels *= dst.Lines
		one.dst.Lines, one.x.Lines = 1, 1
		c = &one
	}
	if c.isVector() {
		c.vector(isa)
		return
	}
	for q := range c.w.Panels() {
		if cols := min(PanelWidth, c.dst.Cols-q*PanelWidth); cols%16 == 0 {
			c.panel(isa, q, cols)
		} else {
			c.edge(isa, q, cols)
		}
	}
}

// isVector reports whether there is one window of adjacent inputs, and columns that the
// kernel for matrix-vector products takes, which waits less for weights than a tile of one
// row does. A pixel of a canvas takes 0.8 times as long with it (Zen 5).
func (c *convolution) isVector() bool {
	return c.dst.Lines*c.dst.Pixels == 1 && c.x.K > 0 && c.x.K <= c.x.Segment && c.x.Step == 1 &&
		c.w.Row == PanelWidth && c.dst.Cols%vectorCols == 0
}

// vector computes the one window, panel by panel; a tile without inputs finishes.
func (c *convolution) vector(isa cpu.ISA) {
	var y [PanelWidth]float32
	x := &c.x.Data[c.x.At]
	for q := range c.w.Panels() {
		cols := min(PanelWidth, c.dst.Cols-q*PanelWidth)
		dst, w := &c.dst.Data[c.dst.At+q*c.dst.Panel], &c.w.Data[q*c.w.Panel]
		var start *float32
		switch {
		case c.more:
			start = &c.from.Data[c.from.At+q*c.from.Panel]
		case c.bias != nil:
			start = &c.bias[q*PanelWidth]
		}
		if c.finish == AsIs {
			vectorTimes(isa, dst, w, x, start, c.x.K, cols)
			continue
		}
		vectorTimes(isa, &y[0], w, x, start, c.x.K, cols)
		tile(isa, &asm.Tile{C: dst, From: &y[0], Segment: 1, Rows: 1, Strips: 1, Blocks: cols / 16, BBlock: 16, Finish: int(c.finish)})
	}
}

// tile sets what the calls for panel q have in common. (A tile that is returned is copied,
// which waits for its values to reach the cache.)
func (c *convolution) tile(t *asm.Tile, q, cols int) {
	x := &c.x
	t.CRow = c.dst.PixelStride
	t.ARow, t.AStep, t.Segment, t.ASkip = x.PixelStride, x.Step, x.Segment, x.Skip
	t.BRow, t.BBlock = c.w.Row, 16
	t.K, t.Blocks, t.Finish = x.K, (cols+15)/16, int(c.finish)
	if t.K > 0 {
		t.B = &c.w.Data[q*c.w.Panel]
	}
}

// zeros begins chains without a bias. It is never written.
var zeros [PanelWidth]float32

// panel computes panel q, whose columns are whole blocks of 16: each line in strips
// of even height, so that none is much lower than the kernel is made for.
func (c *convolution) panel(isa cpu.ISA, q, cols int) {
	dst, x := &c.dst, &c.x
	var t asm.Tile
	c.tile(&t, q, cols)
	t.From = &zeros[0]
	if c.bias != nil {
		t.From = &c.bias[q*PanelWidth]
	}
	rows := stripRows(isa, t.Blocks)
	strips := (x.Pixels + rows - 1) / rows
	low, high := x.Pixels/strips, x.Pixels%strips // rows of a strip; strips with one row more
	most := max(1, callWork/(tileRows*PanelWidth*max(t.K, 1)))
	for line := range x.Lines {
		a, y := x.At+line*x.LineStride, dst.At+line*dst.LineStride+q*dst.Panel
		from := c.from.At + line*c.from.LineStride + q*c.from.Panel
		for left := strips; left > 0; left -= t.Strips {
			t.Rows, t.Strips = low, min(left, most)
			if h := high - (strips - left); h > 0 {
				t.Rows, t.Strips = low+1, min(h, most)
			}
			if t.K > 0 {
				t.A = &x.Data[a]
			}
			t.C = &dst.Data[y]
			if c.more {
				t.From, t.FromRow = &c.from.Data[from], c.from.PixelStride
				from += t.Rows * t.Strips * c.from.PixelStride
			}
			tile(isa, &t)
			a += t.Rows * t.Strips * x.PixelStride
			y += t.Rows * t.Strips * dst.PixelStride
		}
	}
}

// edge computes panel q, whose columns do not fill blocks of 16, by way of a tile on
// the stack, a strip at a time.
func (c *convolution) edge(isa cpu.ISA, q, cols int) {
	var start [PanelWidth]float32
	var edge [tileRows * PanelWidth]float32
	dst, x := &c.dst, &c.x
	if c.bias != nil {
		copy(start[:], c.bias[q*PanelWidth:][:cols])
	}
	var t asm.Tile
	c.tile(&t, q, cols)
	t.C, t.CRow, t.Finish = &edge[0], 16*t.Blocks, asm.FinishNone
	t.From, t.Strips = &start[0], 1
	rows := stripRows(isa, t.Blocks)
	if c.more {
		t.From, t.FromRow = t.C, t.CRow
	}
	for line := range x.Lines {
		a, y := x.At+line*x.LineStride, dst.At+line*dst.LineStride+q*dst.Panel
		strips := (x.Pixels + rows - 1) / rows
		for i := 0; i < x.Pixels; i += t.Rows {
			t.Rows = (x.Pixels - i + strips - 1) / strips
			strips--
			if t.K > 0 {
				t.A = &x.Data[a+i*x.PixelStride]
			}
			for r := 0; r < t.Rows && c.more; r++ {
				copy(edge[r*t.CRow:][:cols], c.from.Data[c.from.At+line*c.from.LineStride+q*c.from.Panel+(i+r)*c.from.PixelStride:])
			}
			tile(isa, &t)
			for r := range t.Rows {
				c.finish.apply(dst.Data[y+(i+r)*dst.PixelStride:][:cols], edge[r*t.CRow:][:cols])
			}
		}
	}
}

// race reports to the race detector what the kernel touches: of dst, w and bias
// exactly that, of x all between the first and the last input.
func (c *convolution) race() {
	if !raceEnabled {
		return
	}
	if x := &c.x; x.K > 0 {
		r, _ := x.reach()
		raceRead(x.Data[r.first : r.last+1])
		raceReadMatrix(c.w)
	}
	raceRead(c.bias)
	if c.more {
		c.eachVector(&c.from, raceRead)
	}
	c.eachVector(&c.dst, raceWrite)
}

// eachVector calls f with each part of g that lies together.
func (c *convolution) eachVector(g *Grid, f func([]float32)) {
	for line := range g.Lines {
		for pixel := range g.Pixels {
			for q := range c.w.Panels() {
				at := g.At + line*g.LineStride + pixel*g.PixelStride + q*g.Panel
				f(g.Data[at:][:min(PanelWidth, g.Cols-q*PanelWidth)])
			}
		}
	}
}
