package kernels

import "math"

// A ConvCall is a call of Conv or ConvFrom that is made many times, with operands that
// begin elsewhere each time and are otherwise the same. Their shapes are checked once: of
// a small product, building operands and checking them takes a third of the time.
type ConvCall struct {
	c            convolution
	dst, from, x extent
}

// An extent is how far a view reaches from where it begins.
type extent struct{ below, above int }

// NewConvCall returns the call Conv(dst, x, w, bias, f), or if from is not nil
// ConvFrom(dst, *from, x, w, f), without bias. It panics where these do, but for where views
// begin: At has no meaning here.
func NewConvCall(dst Grid, from *Grid, x Windows, w Matrix, bias []float32, f Finish) ConvCall {
	call := ConvCall{c: convolution{dst: dst, x: x, w: w, bias: bias, finish: f}}
	if from != nil {
		call.c.from, call.c.more, call.c.bias = *from, true, nil
	}
	call.c.check()
	if call.c.empty() {
		return call
	}
	call.dst, call.from, call.x = call.c.dst.extent(), call.c.from.extent(), call.c.x.extent()
	return call
}

// Run makes the call with views that begin at the given values of their data; from has no
// meaning without a from. It panics if a view leaves its data.
func (call *ConvCall) Run(dst, from, x int) {
	c := &call.c
	if c.empty() {
		return
	}
	if call.dst.leaves(dst, len(c.dst.Data)) || c.more && call.from.leaves(from, len(c.from.Data)) ||
		c.x.K > 0 && call.x.leaves(x, len(c.x.Data)) {
		panic("kernels: Conv: a view leaves its data")
	}
	c.dst.At, c.from.At, c.x.At = dst, from, x
	conv(c)
}

func (e *extent) leaves(at, n int) bool {
	return at < e.below || at >= n-e.above
}

// extent returns how far g reaches, farther than any data if that cannot be an index.
func (g Grid) extent() extent {
	const middle = math.MaxInt / 2
	g.At = middle
	if g.Lines <= 0 || g.Pixels <= 0 || g.Cols <= 0 {
		return extent{}
	}
	r, ok := g.reach(math.MaxInt)
	return extentOf(r, ok)
}

// extent is Grid.extent for windows.
func (x Windows) extent() extent {
	if x.K <= 0 {
		return extent{}
	}
	x.At = math.MaxInt / 2
	r, ok := x.reachIn(math.MaxInt)
	return extentOf(r, ok)
}

func extentOf(r reach, ok bool) extent {
	if !ok {
		return extent{math.MaxInt, 0}
	}
	return extent{math.MaxInt/2 - r.first, r.last - math.MaxInt/2}
}
