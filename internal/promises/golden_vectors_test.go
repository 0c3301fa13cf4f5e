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
// activation.
var goldenVectors = []struct{ layers, want string }{
	{"dense:9:activation=tanh,lstm:17,dense:3:activation=sigmoid", "6ddf95aacf78213420253d95276d282b24e0a01e446c27a2cbe6cd3fe30eab69"},
	{"lstm:7:activation=relu,lstm:16:activation=sigmoid:recurrent_activation=hard_sigmoid_keras2,lstm:5:activation=linear,dense:2:activation=softmax", "762cd965a16e6c5bac232638b9b632b2d795247225ed2c83f7eeeca68bb81647"},
	{"gru:7:activation=relu:recurrent_activation=hard_sigmoid_keras3,gru:66:reset=before:activation=sigmoid,gru:5:activation=linear,dense:2:activation=relu", "b4e0c7d5f5e72710cf118c287fd5c3d4dcba8785416eb94ad4d4a2fd80ba2c00"},
	{"rnn:7:activation=sigmoid,rnn:65:activation=linear,rnn:3:activation=relu,dense:70", "744228c4189b6d087efb233030469591b77123f646b8b72c3f8222dfe748d3b8"},
	{"bidirectional(lstm:5:activation=relu):merge=sum,bidirectional(gru:4),dense:3:activation=softmax", "a9ed677b4008576cf234d21692a65cb307226d1ca724ef110d7352ca3f862f27"},
}

// TestGoldenVectors takes a sequence through models from their files: as a whole and, where
// they go so, step by step in streams that a group steps.
func TestGoldenVectors(t *testing.T) {
	const in, T = 3, 40
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for k, c := range goldenVectors {
			list, err := layers.ParseSpecs(c.layers)
			if err != nil {
				t.Fatal(err)
			}
			made := model.NewVectors(model.VectorConfig{Inputs: in, Layers: list})
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
			for i := range T {
				s.Step(y, xs[i*in:][:in])
				if d := testkit.Diff(y, ys[i*out:][:out]); d != "" {
					t.Fatalf("%s: %s: step %d: %s", isa, c.layers, i, d)
				}
			}
			g.Leave(s)
		}
	})
}
