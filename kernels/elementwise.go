package kernels

// An elementwise is one call of a kernel that treats the values of vectors one by
// one: those of the same place in dst, a and b belong together.
type elementwise struct {
	kernel    elementKernel
	dst, a, b *Grid // b is nil where there are no more than two
	cols      int   // values of a part of a vector
	half      int   // from the first part of a vector to the second; 0 where none has two
}

type elementKernel int

const (
	ofELU elementKernel = iota
	ofConcatELU
	ofELUGradient
	ofConcatELUGradient
	ofConcatELUGradientAdd
	ofGate
	ofGateGradient
)

// alike reports whether the operands have the same lines and pixels.
func (e *elementwise) alike() bool {
	return e.dst.Lines == e.a.Lines && e.dst.Pixels == e.a.Pixels &&
		(e.b == nil || e.dst.Lines == e.b.Lines && e.dst.Pixels == e.b.Pixels)
}

// rowMajor reports whether the values of each vector of the operands adjoin and lie
// inside their data.
func (e *elementwise) rowMajor() bool {
	return e.dst.rowMajor() && e.a.rowMajor() && (e.b == nil || e.b.rowMajor())
}

// empty reports whether there is nothing to do.
func (e *elementwise) empty() bool { return e.dst.Lines == 0 || e.dst.Pixels == 0 || e.cols == 0 }

// rowMajor reports whether the values of each vector adjoin and lie inside Data.
func (g *Grid) rowMajor() bool {
	if g.Panel != PanelWidth {
		return false
	}
	if g.Lines == 1 && g.Pixels == 1 && g.Cols >= 1 {
		// For one pixel the checks below would take as long as the work.
		return g.At >= 0 && g.Cols <= len(g.Data)-g.At
	}
	if g.Lines <= 0 || g.Pixels <= 0 || g.Cols <= 0 {
		return g.Lines >= 0 && g.Pixels >= 0 && g.Cols >= 0
	}
	r, ok := vectors(len(g.Data), g.At, g.Lines, g.LineStride, g.Pixels, g.PixelStride)
	return ok && r.along(g.Cols, 1)
}

// start returns the index of the first value of a vector.
func (g *Grid) start(line, pixel int) int {
	return g.At + line*g.LineStride + pixel*g.PixelStride
}

// vector returns a vector of row-major ones.
func (g *Grid) vector(line, pixel int) []float32 { return g.Data[g.start(line, pixel):][:g.Cols] }
