package layers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// An onnxCase is a case of testdata/golden/onnx_recurrent.json.
type onnxCase struct {
	Name, Op        string
	Attributes      map[string]any
	Inputs, Outputs map[string]tensor
}

// onnxCases is ONNX' own node tests of the three operators, and how far float32 is from
// them: their values are float32 roundings of what NumPy computes. A reason says why a
// case is refused.
var onnxCases = map[string]struct {
	tol    float64
	reason string
}{
	"test_gru_batchwise":                {tol: 4e-8},
	"test_gru_defaults":                 {tol: 2e-8},
	"test_gru_seq_length":               {tol: 1.2e-7},
	"test_gru_with_initial_bias":        {tol: 2e-8},
	"test_lstm_batchwise":               {tol: 6e-8},
	"test_lstm_defaults":                {tol: 3e-8},
	"test_lstm_with_initial_bias":       {tol: 7e-8},
	"test_lstm_with_peepholes":          {reason: "P: an LSTM here has no peepholes"},
	"test_rnn_seq_length":               {tol: 1e-7},
	"test_simple_rnn_batchwise":         {tol: 9e-8},
	"test_simple_rnn_defaults":          {tol: 1e-7},
	"test_simple_rnn_with_initial_bias": {tol: 1e-7},
}

func TestONNXRecurrent(t *testing.T) {
	raw, err := os.ReadFile("../testdata/golden/onnx_recurrent.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []onnxCase }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != len(onnxCases) {
		t.Errorf("%d cases, want %d", len(file.Cases), len(onnxCases))
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		var table strings.Builder
		for _, c := range file.Cases {
			want, ok := onnxCases[c.Name]
			if !ok {
				t.Errorf("%s: unknown case", c.Name)
			}
			g, reason := c.golden()
			if reason != want.reason {
				t.Errorf("%s: refused for %q, want %q", c.Name, reason, want.reason)
			}
			if reason != "" {
				fmt.Fprintf(&table, "\n%-34s refused: %s", c.Name, reason)
				continue
			}
			most := 0.0
			for _, form := range []goldenForm{stepForm, batchForm} {
				y, final := g.forward(t, form)
				most = max(most, c.compare(t, y, final, want.tol))
			}
			// Sequences start from zero, as these cases do; their last states are their
			// last outputs.
			p := g.sequences(t, layers.NewThreads(1))
			y := fromRows(p.in[1], p.layout, g.Lengths)
			final := map[string][][]float32{}
			for _, row := range y {
				final["h_l0"] = append(final["h_l0"], row[len(row)-1])
			}
			most = max(most, c.compare(t, y, final, want.tol))
			class := "passed"
			if !(most <= want.tol) { // compare has said where
				class = "failed"
			}
			fmt.Fprintf(&table, "\n%-34s %s, largest difference %.1e", c.Name, class, most)
		}
		t.Log(table.String())
	})
}

// golden returns the case in the form of recurrent.json, or why this library has no
// layer for it.
func (c *onnxCase) golden() (g *goldenCase, reason string) {
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		switch name {
		case "hidden_size", "layout", "linear_before_reset":
		default:
			return nil, name + ": the attribute is not translated"
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Inputs)) {
		switch name {
		case "X", "W", "R", "B":
		case "P":
			return nil, "P: an LSTM here has no peepholes"
		case "sequence_lens", "initial_h", "initial_c":
			return nil, name + ": the input is not translated"
		default:
			return nil, name + ": unknown input"
		}
	}
	attribute := func(name string) int {
		v, _ := c.Attributes[name].(float64)
		return int(v)
	}
	H, X := attribute("hidden_size"), c.Inputs["X"]
	T, B, In := X.Shape[0], X.Shape[1], X.Shape[2]
	if attribute("layout") == 1 {
		T, B = B, T
	} else {
		// [T, B, In] -> [B, T, In]
		data := make([]float64, 0, len(X.Data))
		for b := range B {
			for i := range T {
				data = append(data, X.Data[(i*B+b)*In:][:In]...)
			}
		}
		X = tensor{Data: data}
	}
	X.Shape = []int{B, T, In}

	// ONNX' gates in PyTorch's order: of a GRU z, r, h -> r, z, n, of an LSTM i, o, f,
	// c -> i, f, g, o.
	layer, order := goldenLayer{Kind: "rnn", Hidden: H, Activation: "tanh"}, []int{0}
	switch c.Op {
	case "GRU":
		layer = goldenLayer{Kind: "gru", Hidden: H, ResetAfter: attribute("linear_before_reset") != 0}
		order = []int{1, 0, 2}
	case "LSTM":
		layer, order = goldenLayer{Kind: "lstm", Hidden: H}, []int{0, 2, 3, 1}
	}
	G := len(order)
	gates := func(data []float64, shape ...int) tensor {
		n := len(data) / G
		var out []float64
		for _, gate := range order {
			out = append(out, data[gate*n:][:n]...)
		}
		return tensor{Shape: shape, Data: out}
	}
	bias := c.Inputs["B"].Data
	if bias == nil {
		bias = make([]float64, 2*G*H)
	}
	g = &goldenCase{
		Name: c.Name, In: In, Batch: B, Steps: T, Layers: []goldenLayer{layer},
		Lengths: slices.Repeat([]int{T}, B),
		Inputs: map[string]tensor{
			"x":            X,
			"weight_ih_l0": gates(c.Inputs["W"].Data, G*H, In),
			"weight_hh_l0": gates(c.Inputs["R"].Data, G*H, H),
			"bias_ih_l0":   gates(bias[:G*H], G*H),
			"bias_hh_l0":   gates(bias[G*H:], G*H),
		},
	}
	if layer.Kind == "gru" && !layer.ResetAfter {
		// Both biases of a gate are outside the product with the reset: they add up.
		sum := g.Inputs["bias_ih_l0"]
		for i, v := range g.Inputs["bias_hh_l0"].Data {
			sum.Data[i] += v
		}
		delete(g.Inputs, "bias_hh_l0")
	}
	return g, ""
}

// compare compares with the outputs that the case has: Y [T, 1, B, H] or, layout 1, [B,
// T, 1, H], and Y_h [1, B, H] or [B, 1, H].
func (c *onnxCase) compare(t *testing.T, y batch, final map[string][][]float32, tol float64) (most float64) {
	t.Helper()
	B, T, H := len(y), len(y[0]), len(y[0][0])
	for name, want := range c.Outputs {
		for b := range B {
			switch name {
			case "Y":
				for i := range T {
					at := i*B + b
					if c.Attributes["layout"] == 1.0 {
						at = b*T + i
					}
					most = max(most, worstRow(t, fmt.Sprintf("%s: Y[%d, %d]", c.Name, b, i), y[b][i], want.Data[at*H:][:H], tol))
				}
			case "Y_h":
				most = max(most, worstRow(t, fmt.Sprintf("%s: Y_h[%d]", c.Name, b), final["h_l0"][b], want.Data[b*H:][:H], tol))
			default:
				t.Errorf("%s: unknown output %s", c.Name, name)
			}
		}
	}
	return most
}
