package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A pixelLayer is a convolution of a PixelCNN in the backward pass: with its gradients,
// and with its weights transposed,
//
//	wt [taps·Width, In]    row (tap, o), column i: W[o, i, tap], 0 where that is closed
//
// The gradient of an input pixel is one chain over wt: taps in the order of the
// output pixels that they lead to, those of the row below from left to right, then
// the pixel itself and what is right of it; outputs inside a tap.
type pixelLayer struct {
	conv, grad *layers.MaskedConv
	wt         kernels.Matrix // none for the first layer: gradients of levels are not computed
}

// newPixelLayers returns the layers of net in order.
func newPixelLayers(net, grad *layers.PixelCNN) []pixelLayer {
	var list []pixelLayer
	grads := grad.Convs()
	for i, c := range net.Convs() {
		l := pixelLayer{conv: c.MaskedConv, grad: grads[i].MaskedConv}
		if i > 0 {
			l.wt = kernels.NewPanels(backTaps(c.MaskedConv)*c.Width(), c.InLen())
		}
		list = append(list, l)
	}
	return list
}

// backTaps returns the number of outputs that read an input of a layer of type B.
func backTaps(l *layers.MaskedConv) int { return (l.Kernel()*l.Kernel() + 1) / 2 }

// backOrder is the place of each tap of a 3×3 kernel in the chain of an input's
// gradient: the tap above and left of a pixel leads to the output below and right of it.
var backOrder = [...]int{2, 1, 0, 4, 3}

// transpose copies the weights anew.
func (l *pixelLayer) transpose() {
	in, width, taps := l.conv.InLen(), l.conv.Width(), backTaps(l.conv)
	for g := range l.conv.Groups() {
		w, _, at := l.conv.Group(g)
		for tap := range taps {
			place := 0
			if taps > 1 {
				place = backOrder[tap]
			}
			open := min(in, w.Rows-tap*in)
			dst := l.wt.SubRows(place*width+at, w.Cols)
			dst.Cols = open // the columns beyond are closed and stay 0
			kernels.Transpose(dst, w.SubRows(tap*in, open))
		}
	}
}

// back computes the gradients dx of the layer's inputs from those of its outputs,
// dy: anew, or added to what dx holds. Around the image dy of a 3×3 kernel has zeros
// below and on the sides.
func (l *pixelLayer) back(dx, dy *layers.FeatureMap, add bool) {
	width := l.conv.Width()
	x := kernels.Windows{
		Data: dy.Data, At: dy.At, K: l.wt.Rows, Step: 1,
		Lines: dy.Lines, Pixels: dy.Pixels, LineStride: dy.LineStride, PixelStride: dy.PixelStride,
	}
	if l.conv.Kernel() > 1 {
		x.At += dy.RowStride - width
		x.Segment, x.Skip = 3*width, -dy.RowStride-2*width
	}
	if add {
		kernels.ConvFrom(dx.Grid(0, l.wt.Cols), dx.Grid(0, l.wt.Cols), x, l.wt, kernels.AsIs)
		return
	}
	kernels.Conv(dx.Grid(0, l.wt.Cols), x, l.wt, nil, kernels.AsIs)
}

// A weightTask is a part of the gradients of a layer's weights: of one group, inputs
// [from, from+n) of its chain, which lie in one row of the kernel. The task with from 0
// also has the biases.
type weightTask struct{ layer, group, from, n int }

// taskInputs is the most inputs of a task: small enough to share out evenly.
const taskInputs = 24

// weightTasks cuts the gradients of all layers into tasks.
func weightTasks(list []pixelLayer) (tasks []weightTask) {
	for i := range list {
		l := list[i].conv
		span := l.Kernel() * l.InLen()
		for g := range l.Groups() {
			w, _, _ := l.Group(g)
			for row := 0; row == 0 || row < w.Rows; row += span {
				end := min(row+span, w.Rows)
				for at := row; at == 0 || at < end; at += taskInputs {
					tasks = append(tasks, weightTask{i, g, at, min(taskInputs, end-at)})
				}
			}
		}
	}
	return tasks
}

// shares cuts tasks into n ranges of about the same work and returns their bounds.
func shares(list []pixelLayer, tasks []weightTask, n int) []int {
	work := func(t weightTask) int {
		w, _, _ := list[t.layer].conv.Group(t.group)
		return (t.n + 1) * w.Panels()
	}
	total, done := 0, 0
	for _, t := range tasks {
		total += work(t)
	}
	bounds := []int{0}
	for i, t := range tasks {
		// A task belongs to the range in which the middle of its work lies.
		for w := work(t); (2*done+w)*n > 2*total*len(bounds); {
			bounds = append(bounds, i)
		}
		done += work(t)
	}
	for len(bounds) <= n {
		bounds = append(bounds, len(tasks))
	}
	return bounds
}

// accumulate adds one image to the gradients of t: x holds the layer's inputs and dy the
// gradients of its outputs.
//
//	grad W[tap, i, o] += Σ_pixels x[pixel + tap, i]·dy[pixel, o]    grad b[o] += Σ_pixels dy[pixel, o]
//
// dy has no gaps between its pixels and at least 16 values behind the last.
func (l *pixelLayer) accumulate(t weightTask, x, dy *layers.FeatureMap) {
	w, bias, at := l.grad.Group(t.group)
	pixels := dy.Lines * dy.Pixels
	d := kernels.Matrix{Data: dy.Data[dy.At+at:], Rows: pixels, Cols: w.Cols, Row: dy.PixelStride, Panel: kernels.PanelWidth}
	if t.from == 0 {
		kernels.AddRows(bias, d)
	}
	if t.n == 0 {
		return
	}
	first := l.conv.Windows(x, 0)
	span := first.Segment
	segment, skip := x.Pixels, x.LineStride-x.Pixels*x.PixelStride
	if skip == 0 {
		segment = pixels
	}
	grad := kernels.Grid{
		Data: w.Data, At: t.from * kernels.PanelWidth, Cols: w.Cols, Panel: w.Panel,
		Lines: 1, Pixels: t.n, PixelStride: kernels.PanelWidth,
	}
	kernels.ConvFrom(grad, grad,
		kernels.Windows{
			Data: x.Data, At: first.At + t.from/span*x.RowStride + t.from%span, K: pixels,
			Lines: 1, Pixels: t.n, PixelStride: 1,
			Step: x.PixelStride, Segment: segment, Skip: skip,
		},
		d, kernels.AsIs)
}
