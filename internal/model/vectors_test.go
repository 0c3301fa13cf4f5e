package model

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

var smallVectors = VectorConfig{Inputs: 2, Layers: []layers.Spec{
	&layers.BidirectionalSpec{Layer: &layers.LSTMSpec{Units: 3, Activation: "relu", RecurrentActivation: "hard_sigmoid_keras2"}},
	&layers.DenseSpec{Units: 4, Activation: "softmax"},
}}

const smallVectorsJSON = `{"kind":"vectors","inputs":2,"layers":[{"type":"bidirectional","layer":{"type":"lstm","units":3,"activation":"relu","recurrent_activation":"hard_sigmoid_keras2"}},{"type":"dense","units":4,"activation":"softmax"}]}`

func randomVectors() *Vectors {
	m := NewVectors(smallVectors)
	randomise(m.Stack)
	return m
}

func TestVectorsRoundTrip(t *testing.T) {
	m := randomVectors()
	if got := m.Config.String(); got != smallVectorsJSON {
		t.Errorf("config %s, want %s", got, smallVectorsJSON)
	}
	m.Metadata = map[string]string{"author": "A. N. Other"}
	first := encode(t, m.File())
	f, err := weights.Read(bytes.NewReader(first), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range f.Tensors {
		names = append(names, x.Name)
	}
	slices.Sort(names)
	if want := []string{
		"bidirectional.bias_hh_l0", "bidirectional.bias_hh_l0_reverse", "bidirectional.bias_ih_l0", "bidirectional.bias_ih_l0_reverse",
		"bidirectional.weight_hh_l0", "bidirectional.weight_hh_l0_reverse", "bidirectional.weight_ih_l0", "bidirectional.weight_ih_l0_reverse",
		"dense.bias_l1", "dense.weight_l1",
	}; !slices.Equal(names, want) {
		t.Errorf("tensors %q, want %q", names, want)
	}
	got, err := VectorsFromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encode(t, got.File()), first) {
		t.Error("written again, the bytes differ")
	}
}

// A first state is among the tensors: h of every layer that has a state, and c of an LSTM.
func TestVectorsFirstState(t *testing.T) {
	const config = `{"kind":"vectors","inputs":2,"layers":[{"type":"lstm","units":3},{"type":"dense","units":4},{"type":"gru","units":5}],"first_state":true}`
	m := NewVectors(VectorConfig{Inputs: 2, FirstState: true, Layers: []layers.Spec{&layers.LSTMSpec{Units: 3}, &layers.DenseSpec{Units: 4}, &layers.GRUSpec{Units: 5}}})
	randomise(m.Stack)
	first := encode(t, m.File())
	f, err := weights.Read(bytes.NewReader(first), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]int{"first_state.h_l0": 3, "first_state.c_l0": 3, "first_state.h_l2": 5} {
		if x := f.Lookup(name); x == nil || len(x.Data) != n {
			t.Errorf("no tensor %s of %d values", name, n)
		}
	}
	got, err := VectorsFromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encode(t, got.File()), first) || f.Metadata[KeyConfig] != config {
		t.Errorf("written again, the bytes differ, or the config is %s", f.Metadata[KeyConfig])
	}
	for value, want := range map[string]string{
		strings.Replace(config, `,"first_state":true`, "", 1):                                                                   `"first_state.`,
		strings.Replace(config, "true", "false", 1):                                                                             `"first_state.`,
		strings.Replace(config, "true", "1", 1):                                                                                 `"first_state"`,
		strings.Replace(config, `"lstm"`, `"rnn"`, 1):                                                                           "tensor",
		strings.Replace(config, `"inputs"`, `"first_state":true,"inputs"`, 1):                                                   `"first_state" comes twice`,
		`{"kind":"vectors","inputs":2,"layers":[{"type":"dense","units":4}],"first_state":true}`:                                "no layer has a state",
		`{"kind":"vectors","inputs":2,"layers":[{"type":"bidirectional","layer":{"type":"gru","units":4}}],"first_state":true}`: "reads in both directions",
	} {
		f := m.File()
		f.Metadata[KeyConfig] = value
		if m, err := VectorsFromFile(f); m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want an error with %q", value, err, want)
		}
	}
}

func TestVectorsErrors(t *testing.T) {
	edit := func(old, new string) string {
		if !strings.Contains(smallVectorsJSON, old) {
			t.Fatalf("%q is not in the config", old)
		}
		return strings.Replace(smallVectorsJSON, old, new, 1)
	}
	for _, c := range []struct{ key, value, want string }{
		{KeyTokenizer, "{}", `"tokenizer" belongs to a model of text`},
		{KeyConfig, "{}", `no member "kind, inputs, layers"`},
		{KeyConfig, edit(`"vectors"`, `"text"`), `kind "text" (of text), want "vectors" (of sequences of vectors)`},
		{KeyConfig, edit(`"inputs":2`, `"inputs":0`), "inputs is 0: want 1 to 65536"},
		{KeyConfig, edit(`"inputs":2`, `"inputs":65537`), "inputs is 65537"},
		{KeyConfig, edit(`"inputs":2`, `"inputs":1.5`), "integer"},
		{KeyConfig, edit(`"inputs":2`, `"inputs":2,"inputs":2`), `"inputs" comes twice`},
		{KeyConfig, edit(`"inputs":2`, `"inputs":2,"embedding":3`), `unknown member "embedding"`},
		{KeyConfig, edit(`"inputs":2`, `"inputs":3`), `tensor "bidirectional.weight_ih_l0"`},
		{KeyConfig, edit(`,{"type":"dense","units":4,"activation":"softmax"}`, ``), `the model does not use 2 of the tensors: "dense.`},
		{KeyConfig, edit(`"softmax"`, `"selu"`), `activation is "selu": want linear or tanh or sigmoid or relu or elu or softmax`},
		{KeyConfig, edit(`"relu"`, `"softmax"`), `activation is "softmax": want tanh or relu or sigmoid or linear`},
		{KeyConfig, edit(`"units":4`, `"units":65536`), "a model of this shape has"},
		{KeyConfig, `{"kind":"vectors","inputs":2,"layers":[]}`, "there are 0 layers"},
		{KeyConfig, `{"kind":"vectors","inputs":65536,"layers":[` + strings.Repeat(`{"type":"dense","units":65536},`, 63) + `{"type":"lstm","units":65536}]}`, "parameters: want at most"},
		{KeyConfig, `{"kind":"vectors","inputs":2,"layers":[` + strings.Repeat(`{"type":"dense","units":1},`, 64) + `{"type":"dense","units":1}]}`, "more than 64 layers"},
	} {
		f := randomVectors().File()
		f.Metadata[c.key] = c.value
		var m *Vectors
		var err error
		used := testkit.Allocated(func() { m, err = VectorsFromFile(f) })
		if m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.200s: got %v, %v; want an error with %q", c.value, m, err, c.want)
		}
		if used > 256<<10 {
			t.Errorf("%.200s: %d bytes allocated", c.value, used)
		}
	}
	f := randomVectors().File()
	f.Tensors[0].Data[3] = float32(nan())
	if _, err := VectorsFromFile(f); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), `tensor "bidirectional.weight_ih_l0"`) {
		t.Errorf("a weight that is NaN: %v", err)
	}
}

func nan() (x float64) { return x / x }
