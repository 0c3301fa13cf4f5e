package train

import (
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A pixelNetwork is the network of an image model.
type pixelNetwork struct{ *layers.PixelCNN }

func (n pixelNetwork) parameters() [][]float32 { return n.Parameters() }
func (n pixelNetwork) like() network           { return pixelNetwork{layers.NewPixelCNN(n.PixelConfig)} }

func (n pixelNetwork) tensors(prefix string) []weights.Tensor {
	return model.PixelTensors(prefix, n.PixelCNN)
}

func (n pixelNetwork) set(data [][]float32) {
	for i, l := range n.Convs() {
		l.SetWeights(data[2*i], data[2*i+1])
	}
}

// initialisePixels gives a network the starting values that Keras draws: kernels
// uniform in ±√(6/(k²·In + k²·Out)), biases 0. A kernel is drawn as a whole, closed
// taps too, in the order of [Out, In, k, k], each from a source of its own.
//
// Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward
// Neural Networks, 2010.
func initialisePixels(net *layers.PixelCNN, seed uint64) {
	for _, l := range net.Convs() {
		in, out, area := l.InLen(), l.OutLen(), l.Kernel()*l.Kernel()
		w := make([]float32, out*in*area)
		uniform(w, newDraws(seed, l.Name+".weight"), glorot(area*in, area*out))
		l.SetWeights(w, make([]float32, out))
	}
}
