package promises

import (
	"bytes"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// goldenVectors are hashes of the outputs of models over sequences of vectors, with every
// kind of layer, every activation and a first state.
var goldenVectors = []struct {
	layers, want string
	first        bool
}{
	{"dense:9:activation=tanh,lstm:17,dense:3:activation=sigmoid", "6ddf95aacf78213420253d95276d282b24e0a01e446c27a2cbe6cd3fe30eab69", false},
	{"lstm:7:activation=relu,lstm:16:activation=sigmoid:recurrent_activation=hard_sigmoid_keras2,lstm:5:activation=linear,dense:2:activation=softmax", "762cd965a16e6c5bac232638b9b632b2d795247225ed2c83f7eeeca68bb81647", false},
	{"gru:7:activation=relu:recurrent_activation=hard_sigmoid_keras3,gru:66:reset=before:activation=sigmoid,gru:5:activation=linear,dense:2:activation=relu", "b4e0c7d5f5e72710cf118c287fd5c3d4dcba8785416eb94ad4d4a2fd80ba2c00", false},
	{"rnn:7:activation=sigmoid,rnn:65:activation=linear,rnn:3:activation=relu,dense:70", "744228c4189b6d087efb233030469591b77123f646b8b72c3f8222dfe748d3b8", false},
	{"bidirectional(lstm:5:activation=relu):merge=sum,bidirectional(gru:4),dense:3:activation=softmax", "a9ed677b4008576cf234d21692a65cb307226d1ca724ef110d7352ca3f862f27", false},
	{"lstm:16,lstm:33,dense:1", "02bab8f390e66339c46450339f7d317c2a72597b9a28da4c66bfe582dc4fe847", false},
	{"gru:17,gru:32:reset=before,rnn:16,dense:1:activation=tanh", "3d0878295eb144963f84049f970bb42a29720c26cfa8178f3caebfea3b2cc448", false},
	{"bidirectional(rnn:17):merge=multiply,bidirectional(lstm:3):merge=average,dense:1", "f91f402558a9f56a99f74e36636f3e4a9b099f862ec0c79768686b14ec3598e2", false},
	{"lstm:9,dense:4:activation=relu,gru:17,rnn:5:activation=relu,gru:3:reset=before,dense:2", "2f77698e03b8f39d270fc6f7f0f7584dc4ac1d64aef7b0c1a8248e13a14d5d3b", true},
}

// TestGoldenVectors takes a sequence through models from their files: as a whole and, where
// they go so, step by step, alone and in a group.
func TestGoldenVectors(t *testing.T) {
	const in, T = 3, 40
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for k, c := range goldenVectors {
			list, err := layers.ParseSpecs(c.layers)
			if err != nil {
				t.Fatal(err)
			}
			made := model.NewVectors(model.VectorConfig{Inputs: in, Layers: list, FirstState: c.first})
			for i, p := range layers.ParametersOf(made.Stack) {
				if !p.StoredOnly {
					v := make([]float32, p.Len())
					testkit.Values(v, uint64(100*k+i+1), 0.4)
					p.Set(v)
				}
			}
			var file bytes.Buffer
			if _, err := made.File().WriteTo(&file); err != nil {
				t.Fatal(err)
			}
			m, err := autoreg.Load[*autoreg.VectorModel](&file, nil)
			if err != nil {
				t.Fatal(err)
			}
			out := m.Outputs()
			xs, ys := make([]float32, in*T), make([]float32, out*T)
			testkit.Values(xs, 9, 2)
			m.Run(ys, xs)
			if got := hashFloats(ys); got != c.want {
				t.Errorf("%s: %s: hash %s, want %s; outputs begin %v", isa, c.layers, got, c.want, ys[:2])
			}
			if !m.Sequential() {
				continue
			}
			alone, err := m.NewStream()
			if err != nil {
				t.Fatal(err)
			}
			g, err := m.NewGroup(nil)
			if err != nil {
				t.Fatal(err)
			}
			s, err := m.NewStream()
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Join(s); err != nil {
				t.Fatal(err)
			}
			y := make([]float32, out)
			steps := T
			if testing.Short() {
				steps = 8
			}
			for i := range steps {
				for k, s := range []*autoreg.VectorStream{alone, s} {
					s.Step(y, xs[i*in:][:in])
					if d := testkit.Diff(y, ys[i*out:][:out]); d != "" {
						t.Fatalf("%s: %s: step %d, alone or in a group (%d): %s", isa, c.layers, i, k, d)
					}
				}
			}
			g.Leave(s)
		}
	})
}
