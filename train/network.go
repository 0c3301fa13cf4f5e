package train

import (
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A network is the parameters of a model, or something that each of them has: a
// gradient, a moment. It is what the loop, the optimiser and the checkpoints know
// of a model.
type network interface {
	// parameters returns all parameters as slices, in a fixed order, padding
	// included. They are the network's own.
	parameters() [][]float32
	// like returns a network of zeros with the same shapes.
	like() network
	// tensors returns the parameters in PyTorch's layout, each name with a prefix.
	// Some may be the network's own memory, the others are copies.
	tensors(prefix string) []weights.Tensor
	// set sets the parameters from the data of tensors.
	set(data [][]float32)
}

// copyParameters sets the parameters of dst to those of src.
func copyParameters(dst, src network) {
	from := src.parameters()
	for i, to := range dst.parameters() {
		copy(to, from[i])
	}
}

// A textNetwork is the network of a text model.
type textNetwork struct{ *layers.Stack }

func (n textNetwork) parameters() [][]float32 { return parameters(n.Stack) }
func (n textNetwork) like() network           { return textNetwork{newLike(n.Stack)} }
func (n textNetwork) tensors(prefix string) []weights.Tensor {
	return parameterTensors(prefix, n.Stack)
}

func (n textNetwork) set(data [][]float32) {
	copy(n.Embedding.Weight, data[0])
	lstmOf(n.Stack).SetWeights(data[1], data[2], data[3])
	n.Head.SetWeights(data[4], data[5])
}

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

func parameters(net *layers.Stack) [][]float32 {
	lstm := lstmOf(net)
	return [][]float32{net.Embedding.Weight, lstm.W.Data, lstm.Bias, net.Head.W.Data, net.Head.Bias}
}

// parameterTensors returns the parameters of net as tensors, each name with a
// prefix. The LSTM's two biases are one here.
func parameterTensors(prefix string, net *layers.Stack) []weights.Tensor {
	V, E := net.Embedding.Symbols, net.Embedding.Dim
	H := lstmOf(net).OutLen()
	wih, whh, bias := lstmOf(net).Weights()
	out, outBias := net.Head.Weights()
	return []weights.Tensor{
		{Name: prefix + nameEmbedding, Shape: []int{V, E}, Data: net.Embedding.Weight},
		{Name: prefix + nameInput, Shape: []int{4 * H, E}, Data: wih},
		{Name: prefix + nameRecurrent, Shape: []int{4 * H, H}, Data: whh},
		{Name: prefix + nameLSTMBias, Shape: []int{4 * H}, Data: bias},
		{Name: prefix + nameHead, Shape: []int{V, H}, Data: out},
		{Name: prefix + nameHeadBias, Shape: []int{V}, Data: outBias},
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
