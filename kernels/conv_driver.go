//go:build !purego && (amd64 || arm64)

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// conv runs the tile kernel over every panel and line. The inputs of a window are
// never cut into blocks: the residual sum needs its chain whole, and a few
// hundred inputs by 64 columns stay in the second-level cache.
func conv(c *convolution) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		convGeneric(c)
		return
	}
	c.race()
	dst, x := &c.dst, &c.x
	if dst.Line == dst.Pixels*dst.Pixel && x.Line == x.Pixels*x.Pixel {
		// Lines follow each other without a gap: they are one.
		dst.Pixels *= dst.Lines
		x.Pixels *= x.Lines
		dst.Lines, x.Lines = 1, 1
	}
	for q := range c.w.Panels() {
		c.panel(isa, q)
	}
}

// panel computes panel q, each line in strips of even height so that no strip is
// much lower than the kernel is made for. Columns that do not fill a block of 16
// go through a tile on the stack.
func (c *convolution) panel(isa cpu.ISA, q int) {
	var start [PanelWidth]float32
	var edge [tileRows * PanelWidth]float32
	dst, x := &c.dst, &c.x
	cols := min(PanelWidth, dst.Cols-q*PanelWidth)
	direct := cols%16 == 0
	if c.bias != nil {
		copy(start[:], c.bias[q*PanelWidth:][:cols])
	}
	t := asm.Tile{
		CRow: dst.Pixel,
		ARow: x.Pixel, AStep: x.Step, Segment: x.Segment, ASkip: x.Skip,
		BRow: c.w.Row, BBlock: 16,
		K: x.K, Blocks: (cols + 15) / 16, Finish: int(c.finish),
	}
	if t.K > 0 {
		t.B = &c.w.Data[q*c.w.Panel]
	}
	if !direct {
		t.CRow, t.Finish = PanelWidth, asm.FinishNone
	}
	strips := (x.Pixels + tileRows - 1) / tileRows
	low, high := x.Pixels/strips, x.Pixels%strips // so many strips are a row higher
	most := max(1, callWork/(tileRows*PanelWidth*max(t.K, 1)))
	if !direct {
		most = 1
	}
	for line := range x.Lines {
		a, y := x.At+line*x.Line, dst.At+line*dst.Line+q*dst.Panel
		for left := strips; left > 0; left -= t.Strips {
			t.Rows, t.Strips = low, min(left, most)
			if h := high - (strips - left); h > 0 {
				t.Rows, t.Strips = low+1, min(h, most)
			}
			if t.K > 0 {
				t.A = &x.Data[a]
			}
			if direct {
				t.C = &dst.Data[y]
			} else {
				t.C = &edge[0]
				for i := 0; i < t.Rows && c.add; i++ {
					copy(edge[i*PanelWidth:][:cols], dst.Data[y+i*dst.Pixel:])
				}
			}
			t.From, t.FromRow = &start[0], 0
			if c.add {
				t.From, t.FromRow = t.C, t.CRow
			}
			tile(isa, &t)
			if !direct {
				for i := range t.Rows {
					c.finish.apply(dst.Data[y+i*dst.Pixel:][:cols], edge[i*PanelWidth:][:cols])
				}
			}
			a += t.Rows * t.Strips * x.Pixel
			y += t.Rows * t.Strips * dst.Pixel
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
		raceRead(x.Data[r.lo : r.hi+1])
		raceReadMatrix(c.w)
	}
	raceRead(c.bias)
	for line := range c.dst.Lines {
		for pixel := range c.dst.Pixels {
			for q := range c.w.Panels() {
				at := c.dst.At + line*c.dst.Line + pixel*c.dst.Pixel + q*c.dst.Panel
				raceWrite(c.dst.Data[at:][:min(PanelWidth, c.dst.Cols-q*PanelWidth)])
			}
		}
	}
}
