//go:build !purego && (amd64 || arm64)

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// partsOf says how many parts of cols values the vectors of dst, a and b have.
var partsOf = [...][3]int{
	ofELU:                  {1, 1, 0},
	ofConcatELU:            {2, 1, 0},
	ofELUGradient:          {1, 1, 1},
	ofConcatELUGradient:    {1, 2, 2},
	ofConcatELUGradientAdd: {1, 2, 2},
	ofGate:                 {1, 1, 2},
	ofGateGradient:         {2, 1, 2},
}

// run calls assembly for as many vectors at once as adjoin or lie evenly, and as may
// be in one call, which cannot be preempted.
func (e *elementwise) run() {
	isa := cpu.Active()
	if isa == cpu.Generic {
		e.generic()
		return
	}
	if e.empty() {
		return
	}
	e.race()
	lines, pixels, cols := e.dst.Lines, e.dst.Pixels, e.cols
	if lines > 1 && e.oneLine() {
		pixels *= lines
		lines = 1
	}
	if pixels > 1 && e.half == 0 && e.oneVector() {
		cols *= pixels
		pixels = 1
	}
	var v asm.Vectors // field by field: a literal is copied, which delays what loads the fields
	v.DstStride, v.AStride, v.Half = e.dst.PixelStride, e.a.PixelStride, e.half
	if e.b != nil {
		v.BStride = e.b.PixelStride
	}
	most := 1
	if pixels > 1 { // for one, the division would take longer than the call
		most = max(1, elementsCall/cols)
	}
	for line := range lines {
		for i := 0; i < pixels; i += most {
			v.N = min(most, pixels-i)
			dst, a, b := e.dst.start(line, i), e.a.start(line, i), 0
			if e.b != nil {
				b = e.b.start(line, i)
			}
			for left := cols; left > 0; left -= elementsCall {
				v.Cols = min(left, elementsCall)
				e.call(isa, &v, dst, a, b)
				dst, a, b = dst+elementsCall, a+elementsCall, b+elementsCall
			}
		}
	}
}

// oneLine reports whether the lines of all operands follow each other as their pixels
// do, without a gap.
func (e *elementwise) oneLine() bool {
	return e.dst.oneLine() && e.a.oneLine() && (e.b == nil || e.b.oneLine())
}

func (g *Grid) oneLine() bool { return g.LineStride == g.Pixels*g.PixelStride }

// oneVector reports whether the vectors of a line of all operands follow each other
// without a gap.
func (e *elementwise) oneVector() bool {
	return e.dst.PixelStride == e.cols && e.a.PixelStride == e.cols && (e.b == nil || e.b.PixelStride == e.cols)
}

// race reports to the race detector what the kernels touch.
func (e *elementwise) race() {
	if !raceEnabled {
		return
	}
	for line := range e.dst.Lines {
		for pixel := range e.dst.Pixels {
			for i, g := range []*Grid{e.dst, e.a, e.b} {
				for part := range partsOf[e.kernel][i] {
					s := g.Data[g.start(line, pixel)+part*e.half:][:e.cols]
					if i == 0 {
						raceWrite(s)
					} else {
						raceRead(s)
					}
				}
			}
		}
	}
}
