package layers_test

import (
	"slices"
	"testing"

	"github.com/autoreg/autoreg/layers"
)

// TestOperations holds the operations of networks over pixels to their layers: each layer
// is there once, with its weights and one bias, and operations read only those before.
func TestOperations(t *testing.T) {
	for _, spec := range []layers.PixelSpec{
		layers.PixelCNN{Channels: 3, Levels: 4, Filters: 7, Blocks: 1, Kernel: 5},
		layers.PixelCNNMixture{Channels: 1, Components: 2, Filters: 3, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 5, Direct: true, Condition: 2},
		layers.PixelCNNMixture{Channels: 3, Components: 2, Filters: 3, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3},
	} {
		net := layers.NewPixelNet(spec)
		next := float32(0)
		for _, p := range layers.ParametersOf(net) {
			values := make([]float32, p.Len())
			for i := range values {
				next++
				values[i] = next
			}
			p.Set(values)
		}
		inputs, biases := make(map[string]int), make(map[string]int)
		for i, o := range net.Operations() {
			from := slices.Clone(o.From)
			for _, term := range o.Terms {
				from = append(from, term.From)
				inputs[term.Name] += term.N
				if term.Bias != nil {
					biases[term.Name]++
				}
				if s := term.Spec; len(term.Weight) != s.Out*term.N*s.Rows*s.Cols {
					t.Errorf("%T: %s has %d weights", spec, term.Name, len(term.Weight))
				}
			}
			if (len(from) == 0) != (o.Kind == layers.PixelInput || o.Kind == layers.PixelCondition) || len(from) > 0 && slices.Max(from) >= i {
				t.Errorf("%T: operation %d, of kind %d, reads %d", spec, i, o.Kind, from)
			}
			for _, l := range net.Convs() {
				s := l.Spec()
				if s.WeightNorm || len(o.Terms) == 0 || o.Terms[0].Name != l.Name || o.Terms[0].N != s.In {
					continue
				}
				weight, bias := l.Weights()
				if !slices.Equal(o.Terms[0].Weight, weight) || !slices.Equal(o.Terms[0].Bias, bias) {
					t.Errorf("%T: %s has other weights than its layer", spec, l.Name)
				}
			}
		}
		for _, l := range net.Convs() {
			if inputs[l.Name] != l.InLen() || biases[l.Name] != 1 {
				t.Errorf("%T: %s is there with %d inputs of %d and %d biases", spec, l.Name, inputs[l.Name], l.InLen(), biases[l.Name])
			}
		}
	}
}
