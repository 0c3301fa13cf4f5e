package layers

import "github.com/autoreg/autoreg/kernels"

// What is done to values that lie apart, and is too little for a kernel of package kernels.

// copyGrid copies src.
func copyGrid(dst, src *kernels.Grid) {
	for line := range dst.Lines {
		for pixel := range dst.Pixels {
			copy(dst.Data[dst.At+line*dst.LineStride+pixel*dst.PixelStride:][:dst.Cols], src.Data[src.At+line*src.LineStride+pixel*src.PixelStride:])
		}
	}
}

// addGrids sets dst to a + b.
func addGrids(dst, a, b *kernels.Grid) {
	for line := range dst.Lines {
		for pixel := range dst.Pixels {
			kernels.Add(dst.Data[dst.At+line*dst.LineStride+pixel*dst.PixelStride:][:dst.Cols],
				a.Data[a.At+line*a.LineStride+pixel*a.PixelStride:][:dst.Cols],
				b.Data[b.At+line*b.LineStride+pixel*b.PixelStride:][:dst.Cols])
		}
	}
}

// reluGrid sets y to max(x, 0), which is ReLUGradient of x by itself: there is no kernel of
// its own.
func reluGrid(y, x *kernels.Grid) {
	for line := range y.Lines {
		for pixel := range y.Pixels {
			from := x.Data[x.At+line*x.LineStride+pixel*x.PixelStride:][:x.Cols]
			kernels.ReLUGradient(y.Data[y.At+line*y.LineStride+pixel*y.PixelStride:][:y.Cols], from, from)
		}
	}
}

// reluGradients sets the gradients dy of y = max(x, 0) to those of x.
func reluGradients(dy, y *kernels.Grid) {
	for line := range dy.Lines {
		for pixel := range dy.Pixels {
			d := dy.Data[dy.At+line*dy.LineStride+pixel*dy.PixelStride:][:dy.Cols]
			kernels.ReLUGradient(d, d, y.Data[y.At+line*y.LineStride+pixel*y.PixelStride:][:y.Cols])
		}
	}
}
