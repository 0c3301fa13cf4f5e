package layers

import (
	"math"

	"github.com/autoreg/autoreg/kernels"
)

// Weight normalisation: the weights of an output are a direction and a length,
//
//	W[o] = g[o] · v[o]/‖v[o]‖    ‖v[o]‖² at least 10⁻¹²
//
// the norm being over all open taps and input channels. Training changes v and g; W is
// computed from them by Refresh. Norms, quotients and sums of gradients are computed in
// float64 and rounded to float32.
//
// Salimans and Kingma, Weight Normalization, 2016.

// A convNorm is what a weight-normalised layer is trained by.
type convNorm struct {
	v []kernels.Matrix // of each piece, as its W
	g []float32        // [outputs]

	squares []float64 // [outputs] scratch
	scale   []float64
}

func newConvNorm(l *Conv) *convNorm {
	n := &convNorm{g: kernels.Alloc(l.spec.Out), squares: make([]float64, l.spec.Out), scale: make([]float64, l.spec.Out)}
	for i := range l.pieces {
		n.v = append(n.v, kernels.NewPanels(l.pieces[i].rows, l.pieces[i].cols))
	}
	return n
}

// eachRow calls f for each input of each piece and each panel of outputs with those
// inputs' directions and weights, the first of which belong to output o.
func (l *Conv) eachRow(f func(v, w []float32, o int)) {
	for i := range l.pieces {
		p := &l.pieces[i]
		for k := range p.rows {
			for q := range p.W.Panels() {
				n := min(kernels.PanelWidth, p.n-q*kernels.PanelWidth)
				f(l.norm.v[i].Segment(k, q)[:n], p.W.Segment(k, q)[:n], p.first+q*kernels.PanelWidth)
			}
		}
	}
}

// norms computes the squares of the norms.
func (l *Conv) norms() []float64 {
	squares := l.norm.squares
	clear(squares)
	l.eachRow(func(v, _ []float32, o int) {
		for j, x := range v {
			squares[o+j] += float64(float64(x) * float64(x))
		}
	})
	for o, s := range squares {
		squares[o] = max(s, 1e-12)
	}
	return squares
}

// Refresh computes the weights of a weight-normalised layer after its Values have changed.
func (l *Conv) Refresh() {
	if l.norm == nil {
		return
	}
	scale := l.norm.scale
	for o, s := range l.norms() {
		scale[o] = float64(l.norm.g[o]) / math.Sqrt(s)
	}
	l.eachRow(func(v, w []float32, o int) {
		for j, x := range v {
			w[j] = float32(float64(x) * scale[o+j])
		}
	})
}

// gather goes from the gradients of the weights of l, which grad has in place of weights,
// to those of directions and lengths:
//
//	dg = Σ dW·v / ‖v‖    dv = g/‖v‖ · (dW - v·dg/‖v‖)
func (l *Conv) gather(grad *Conv) {
	if l.norm == nil {
		return
	}
	squares, sums := l.norms(), grad.norm.squares
	clear(sums)
	for i := range l.pieces {
		p := &l.pieces[i]
		for k := range p.rows {
			for q := range p.W.Panels() {
				n, o := min(kernels.PanelWidth, p.n-q*kernels.PanelWidth), p.first+q*kernels.PanelWidth
				dw, sum := grad.pieces[i].W.Segment(k, q), sums[o:]
				for j, x := range l.norm.v[i].Segment(k, q)[:n] {
					sum[j] += float64(float64(x) * float64(dw[j]))
				}
			}
		}
	}
	scale := l.norm.scale
	for o, s := range squares {
		norm := math.Sqrt(s)
		grad.norm.g[o] = float32(sums[o] / norm)
		sums[o] /= s
		scale[o] = float64(l.norm.g[o]) / norm
	}
	for i := range l.pieces {
		p := &l.pieces[i]
		for k := range p.rows {
			for q := range p.W.Panels() {
				n, o := min(kernels.PanelWidth, p.n-q*kernels.PanelWidth), p.first+q*kernels.PanelWidth
				dw, dv := grad.pieces[i].W.Segment(k, q), grad.norm.v[i].Segment(k, q)
				for j, x := range l.norm.v[i].Segment(k, q)[:n] {
					dv[j] = float32(scale[o+j] * (float64(dw[j]) - float64(float64(x)*sums[o+j])))
				}
			}
		}
	}
}
