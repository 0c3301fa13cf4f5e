package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// lstmOf returns the one recurrent layer of a text model.
func lstmOf(net *layers.Stack) *layers.LSTM { return net.Layers[0].(*layers.LSTM) }

// newLike returns a network of zeros with the shapes of net. Gradients and
// moments are held as such, so that what belongs to a parameter has its place.
func newLike(net *layers.Stack) *layers.Stack {
	lstm := lstmOf(net)
	return &layers.Stack{
		Embedding: layers.NewEmbedding(net.Embedding.Symbols, net.Embedding.Dim),
		Layers:    []layers.Layer{layers.NewLSTM(lstm.InLen(), lstm.OutLen())},
		Head:      layers.NewLinear(net.Head.InLen(), net.Head.OutLen()),
	}
}

// parameters returns all parameters of net as slices, in a fixed order, padding
// included. They are net's own.
func parameters(net *layers.Stack) [][]float32 {
	lstm := lstmOf(net)
	return [][]float32{net.Embedding.Weight, lstm.W.Data, lstm.Bias, net.Head.W.Data, net.Head.Bias}
}

// copyParameters sets the parameters of dst to those of src.
func copyParameters(dst, src *layers.Stack) {
	from := parameters(src)
	for i, to := range parameters(dst) {
		copy(to, from[i])
	}
}

// clearPadding sets the columns of a panel matrix beyond its last to zero.
func clearPadding(m kernels.Matrix) {
	if n := m.Cols % kernels.PanelWidth; n > 0 {
		for i := range m.Rows {
			clear(m.Segment(i, m.Panels()-1)[n:])
		}
	}
}
