package onnx

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// nodeTests is where Debian's package libonnx-testdata has ONNX' own test cases.
const nodeTests = "/usr/share/libonnx-testdata/data/node"

// ONNX' own cases of the recurrent operators. Their weights are inputs of the graph and
// become tensors of it here.
func TestNodeCases(t *testing.T) {
	if _, err := os.Stat(nodeTests); err != nil {
		t.Skip("the package libonnx-testdata is not installed: ", err)
	}
	for name, want := range map[string]string{
		"test_gru_batchwise":                "GRU(2→6)",
		"test_gru_defaults":                 "GRU(2→5)",
		"test_gru_seq_length":               "GRU(3→5)",
		"test_gru_with_initial_bias":        "GRU(3→3)",
		"test_lstm_batchwise":               "LSTM(2→7)",
		"test_lstm_defaults":                "LSTM(2→3)",
		"test_lstm_with_initial_bias":       "LSTM(3→4)",
		"test_lstm_with_peepholes":          `node "Y_h" (LSTM): it has peepholes (input P), which a layer here has not`,
		"test_rnn_seq_length":               "RNN(3→5)",
		"test_simple_rnn_batchwise":         "RNN(2→4)",
		"test_simple_rnn_defaults":          "RNN(2→4)",
		"test_simple_rnn_with_initial_bias": "RNN(3→5)",
	} {
		t.Run(name, func(t *testing.T) {
			m := readModel(t, filepath.Join(nodeTests, name, "model.onnx"))
			node := &m.Graph.Nodes[0]
			given := make(map[string]*Tensor)
			for kind, names := range map[string][]string{"input": node.Inputs, "output": node.Outputs} {
				names = slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "" })
				for i, in := range names {
					b, err := os.ReadFile(filepath.Join(nodeTests, name, "test_data_set_0", fmt.Sprintf("%s_%d.pb", kind, i)))
					if err != nil {
						t.Fatal(err)
					}
					if given[in], err = ReadTensor(bytes.NewReader(b), int64(len(b))); err != nil {
						t.Fatal(err)
					}
					if in == "W" || in == "R" || in == "B" {
						m.Graph.Initializers = append(m.Graph.Initializers, *given[in])
					}
				}
			}
			n, err := m.Network()
			if err != nil {
				if err.Error() != want {
					t.Errorf("%v, want %s", err, want)
				}
				return
			}
			if got := strings.TrimSuffix(describe(n), " final"); got != want {
				t.Errorf("network %s, want %s", got, want)
			}
			layout, x := node.Attribute("layout") != nil, given["X"]
			T, B := x.Shape[0], x.Shape[1]
			if layout {
				T, B = B, T
			}
			n.Steps[0].Final = false
			for b := range B {
				got, h, _ := evaluate(n, sequenceOf(x, T, B, b, !layout), nil, nil)
				if y := given["Y"]; y != nil {
					for i, v := range sequenceOf(y, T, B, b, !layout) {
						if d := furthest(got[i], v); !(d <= 1.2e-7) {
							t.Errorf("Y of sequence %d, position %d: %g from ONNX'", b, i, d)
						}
					}
				}
				if y := given["Y_h"]; y != nil {
					if d := furthest(h[0], floatsOf(y)[b*len(h[0]):][:len(h[0])]); !(d <= 1.2e-7) {
						t.Errorf("Y_h of sequence %d: %g from ONNX'", b, d)
					}
				}
			}
		})
	}
}
