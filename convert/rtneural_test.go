package convert_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
)

// rtneuralText is a network in RTNeural's JSON, of one layer of each kind.
const rtneuralText = `{"in_shape": [null, null, 1], "author": "me", "layers": [
{"type": "time-distributed-dense", "activation": "tanh", "shape": [null, null, 2], "weights": [[[0.5, -0.25]], [0.125, 0.75]]},
{"type": "lstm", "activation": "", "shape": [null, null, 1], "weights": [[[0.1, 0.2, 0.3, 0.4], [0.5, -0.6, 0.7, 0.8]], [[0.9, 1.0, -1.1, 1.2]], [0.01, 0.02, 0.03, 0.04]]},
{"type": "gru", "activation": "tanh", "shape": [null, null, 1], "weights": [[[0.3, -0.4, 0.5]], [[0.6, 0.7, -0.8]], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]]},
{"type": "dense", "activation": "", "shape": [null, 2], "weights": [[[1.5, -2.5]]]},
{"type": "activation", "activation": "elu", "shape": [null, 2], "weights": []}]}`

func TestRTNeural(t *testing.T) {
	in, m := importBytes[*autoreg.VectorModel](t, []byte(rtneuralText), nil)
	if notes := strings.Join(in.Notes, "; "); in.Format != "RTNeural JSON" || notes != "left out: author, which says nothing about the network" {
		t.Errorf("%s, notes %q", in.Format, notes)
	}
	x := randomInputs(20, 1)
	y := x
	for _, l := range []*layer64{
		{kind: "Dense", act: "tanh", units: 2, kernel: []float64{0.5, -0.25}, bias: []float64{0.125, 0.75}},
		{kind: "LSTM", act: "tanh", gate: "sigmoid", units: 1, kernel: []float64{0.1, 0.2, 0.3, 0.4, 0.5, -0.6, 0.7, 0.8}, recurrent: []float64{0.9, 1, -1.1, 1.2}, bias: []float64{0.01, 0.02, 0.03, 0.04}},
		{kind: "GRU", act: "tanh", gate: "sigmoid", after: true, units: 1, kernel: []float64{0.3, -0.4, 0.5}, recurrent: []float64{0.6, 0.7, -0.8}, bias: []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6}},
		{kind: "Dense", act: "elu", units: 2, kernel: []float64{1.5, -2.5}, bias: []float64{0, 0}},
	} {
		y = l.run(y)
	}
	if worst, _ := furthest(t, outputs(m, x), y); !(worst <= 2e-7) {
		t.Errorf("off by %.2g", worst)
	}
}

func TestRTNeuralRefused(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"in_shape": [null, null, 1]`, `"in_shape": [null, null]`, `in_shape is "[null, null]": want a list that ends with the number of inputs`},
		{`"in_shape": [null, null, 1]`, `"in_shape": [1.5]`, `want a list that ends with the number of inputs`},
		{`"in_shape": [null, null, 1]`, `"in_shape": {}`, `want a list that ends with the number of inputs`},
		{`"in_shape": [null, null, 1]`, `"in_shape": [9999999]`, `in_shape ends with 9999999 inputs: want 1 to 65536`},
		{`"in_shape": [null, null, 1]`, `"in_shape": [2]`, `layer 0: time-distributed-dense 0 of 2 inputs and 2 outputs has weights of other shapes, the first [1 2]`},
		{`"layers": [`, `"layers": 3, "other": [`, `layers is not a list`},
		{`"layers": [`, `"layers": [7,`, `layer 0: not a JSON object`},
		{`"type": "lstm"`, `"type": "prelu"`, `layer 1: a layer of type "prelu", which has no counterpart here`},
		{`"type": "lstm"`, `"type": 3`, `layer 1: its type is "3": want a name`},
		{`"type": "lstm"`, `"type": "lstm", "type": "gru"`, `layer 1: the member "type" comes twice`},
		{`"type": "lstm"`, `"type": "lstm", "stateful": true`, `layer 1: lstm 1 has a member "stateful", whose meaning is not known`},
		{`"type": "lstm", "activation": ""`, `"type": "lstm", "activation": "relu"`, `lstm 1 with the activation "relu": RTNeural computes tanh`},
		{`"type": "lstm", "activation": ""`, `"type": "lstm", "activation": []`, `its activation is "[]": want a name`},
		{`"activation": "elu"`, `"activation": "prelu"`, `layer 4: the activation "prelu" has no counterpart here: want linear, tanh, sigmoid, relu, elu, softmax`},
		{`"shape": [null, null, 2]`, `"shape": 2`, `layer 0: its shape is "2": want a list that ends with the number of outputs`},
		{`"shape": [null, null, 2]`, `"shape": [0]`, `layer 0: it has 0 outputs: want 1 to 65536`},
		{`"weights": []`, `"weights": [[1]]`, `an activation with 1 arrays of weights`},
		{`"weights": [[[1.5, -2.5]]]`, `"weights": []`, `dense 3 has 0 arrays of weights: want a kernel and a bias`},
		{`"weights": [[[1.5, -2.5]]]`, `"weights": [[[1.5, -2.5]], [0]]`, `dense 3 of 1 inputs and 2 outputs has weights of other shapes`},
		{`"weights": [[[1.5, -2.5]]]`, `"weights": 1`, `its weights are not a list`},
		{`[[1.5, -2.5]]`, `[[1.5], [1, 2]]`, `array 0 of its weights: arrays of 1 and of 2 values side by side`},
		{`, [0.01, 0.02, 0.03, 0.04]]`, `]`, `lstm 1 has 2 arrays of weights: want 3, kernel, recurrent kernel and bias`},
		{`[0.4, 0.5, 0.6]`, `[0.4, 0.5]`, `arrays of 3 and of 2 values side by side`},
		{`, [0.4, 0.5, 0.6]]`, `]`, `gru 2 of 1 inputs and 1 units has weights of shapes [1 3], [1 3], [1 3]: want [1 3], [1 3], [2 3]`},
		{`"in_shape"`, `"shape"`, `the JSON object is no model`},
	} {
		text := strings.Replace(rtneuralText, c.old, c.new, 1)
		if text == rtneuralText {
			t.Errorf("%s is not in the text", c.old)
		}
		if _, err := convert.Import(strings.NewReader(text), int64(len(text)), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.new, err, c.want)
		}
	}
	for text, want := range map[string]string{
		`{`: "not valid JSON",
		`{"a": ` + strings.Repeat("[", 1<<17) + strings.Repeat("]", 1<<17) + `}`:      "not valid JSON",
		`{"a.weight": ` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`: "at most 4 deep",
		`{"a.weight": [[]], "a.bias": []}`:                                            "",
		`{"a.weight": [[1, 2], [3, 4]]}`:                                              "the network reads 2 tokens",
		`{"in_shape": [1], "layers": []}`:                                             "the file has no layer",
		"{\"a\xff.weight\": [[1]]}":                                                   "the network reads 1 tokens",
		`{"a.weight": [[1e400]]}`:                                                     "beyond the range of float32",
		`{"a.weight": [[NaN]]}`:                                                       "not valid JSON",
	} {
		if _, err := convert.Import(strings.NewReader(text), int64(len(text)), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: error %.200v, want %s", text, fmt.Sprint(err), want)
		}
	}
}
