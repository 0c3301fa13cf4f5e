package convert

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/layers"
)

// arraysAt returns arrays of so many dimensions at paths, with values that depend on what
// stands before the path: "lstm.0 model_weights/lstm/kernel:0".
func arraysAt(t *testing.T, lines string) *kerasArrays {
	shapes := map[string][]int{
		"lstm.0": {2, 12}, "lstm.1": {3, 12}, "lstm.2": {12},
		"gru.0": {3, 6}, "gru.1": {2, 6}, "gru.2": {2, 6},
		"dense.0": {2, 1}, "dense.1": {1},
	}
	var list []tensor
	for _, line := range strings.Fields(lines) {
		what, path, _ := strings.Cut(line, "=")
		shape, n := shapes[what], 1
		if shape == nil {
			t.Fatalf("no array %q", what)
		}
		for _, d := range shape {
			n *= d
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(i+1)/16 + float32(len(what)) + float32(what[len(what)-1])
		}
		list = append(list, tensor{name: path, shape: shape, read: func() ([]float32, error) { return data, nil }})
	}
	return newKerasArrays(list)
}

// named are the arrays of an LSTM, a GRU and a Dense layer under names in a pattern, whose
// verbs are the layer, its cell and the array.
func named(pattern string) string {
	var out []string
	for _, l := range []struct{ layer, cell string }{{"lstm", "lstm_cell"}, {"gru", "gru_cell"}} {
		for i, name := range []string{"kernel", "recurrent_kernel", "bias"} {
			out = append(out, fmt.Sprintf("%s.%d=%s", l.layer, i, fmt.Sprintf(pattern, l.layer, l.cell, name, i)))
		}
	}
	return strings.Join(out, " ")
}

const (
	denseNamed   = " dense.0=model_weights/dense/dense/kernel:0 dense.1=model_weights/dense/dense/bias:0"
	denseCounted = " dense.0=layers/dense/vars/0 dense.1=layers/dense/vars/1 "
)

// A layer of a Functional model in the words of Keras 3 and of Keras 2.
func keras3(class, name, before, config string) string {
	nodes := ""
	if before != "" {
		nodes = `{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null, 3], "dtype": "float32", "keras_history": ["` + before + `", 0, 0]}}], "kwargs": {"training": false, "mask": null}}`
	}
	return `{"module": "keras.layers", "class_name": "` + class + `", "registered_name": null, "build_config": {"input_shape": [null, 3]}, "name": "` + name + `",
		"config": {"name": "` + name + `", "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}` + config + `}, "inbound_nodes": [` + nodes + `]}`
}

func keras2(class, name, before, config string) string {
	nodes := ""
	if before != "" {
		nodes = `[["` + before + `", 0, 0, {}]]`
	}
	return `{"class_name": "` + class + `", "name": "` + name + `", "config": {"name": "` + name + `", "trainable": true, "dtype": "float32"` + config + `}, "inbound_nodes": [` + nodes + `]}`
}

func model3(class string, layers ...string) string {
	return `{"class_name": "` + class + `", "config": {"name": "net", "layers": [` + strings.Join(layers, ",") + `]}, "compile_config": {"optimizer": "adam"}}`
}

const (
	lstmConfig = `, "units": 3, "return_sequences": true, "stateful": true, "unroll": true, "return_state": false, "go_backwards": false, "time_major": false, "implementation": 2`
	gruConfig  = `, "units": 2, "reset_after": true, "return_sequences": true`
	cellLSTM   = `{"class_name": "LSTMCell", "config": {"name": "lstm_cell", "units": 3}}`
	cellGRU    = `{"class_name": "GRUCell", "config": {"name": "gru_cell", "units": 2, "reset_after": true}}`
	input3     = `, "batch_shape": [null, null, 2], "sparse": false, "ragged": false, "optional": false`
	input2     = `, "batch_input_shape": [null, null, 2], "sparse": false, "ragged": false`
)

// kerasForms are one network, LSTM, GRU and Dense, as versions and ways of building it say
// it.
var kerasForms = []struct{ name, config, arrays string }{
	{"Sequential of TensorFlow in .h5",
		model3("Sequential", keras2("InputLayer", "in", "", input2), keras2("LSTM", "lstm", "", lstmConfig), keras2("GRU", "gru", "", gruConfig), keras2("Dense", "dense", "", `, "units": 1`)),
		named("model_weights/%[1]s/%[1]s/%[2]s/%[3]s:0") + denseNamed},
	{"Sequential without the shape of its input",
		model3("Sequential", keras2("LSTM", "lstm", "", lstmConfig), keras2("GRU", "gru", "", gruConfig), keras2("Dense", "dense", "", `, "units": 1`)),
		named("%[1]s/%[1]s/%[2]s/%[3]s:0") + strings.ReplaceAll(denseNamed, "model_weights/", "")},
	{"Keras 3 in .h5, without :0",
		model3("Sequential", keras3("InputLayer", "in", "", input3), keras3("LSTM", "lstm", "", lstmConfig), keras3("GRU", "gru", "", gruConfig), keras3("Dense", "dense", "", `, "units": 1, "quantization_config": null`)),
		named("model_weights/%[1]s/%[1]s/%[2]s/%[3]s") + denseNamed},
	{"Keras 3",
		model3("Functional", keras3("InputLayer", "in", "", input3), keras3("LSTM", "a", "in", lstmConfig), keras3("GRU", "b", "a", gruConfig), keras3("GaussianNoise", "n", "b", `, "stddev": 0.1, "seed": null`), keras3("Dense", "c", "n", `, "units": 1, "lora_rank": null`)),
		named("layers/%[1]s/cell/vars/%[4]d") + denseCounted},
	{"Keras 2.13",
		model3("Sequential", keras2("LSTM", "a", "", lstmConfig+input2), keras2("GRU", "b", "", gruConfig), keras2("TimeDistributed", "t", "", `, "layer": {"class_name": "Dense", "config": {"name": "dense", "units": 1, "activation": "linear"}}`)),
		named("_layer_checkpoint_dependencies/%[1]s/cell/vars/%[4]d") + " dense.0=_layer_checkpoint_dependencies/time_distributed/layer/vars/0 dense.1=_layer_checkpoint_dependencies/time_distributed/layer/vars/1"},
	{"a Sequential in a Functional, by name",
		model3("Functional", keras2("InputLayer", "in", "", input2), keras2("Sequential", "inner", "in", `, "layers": [`+keras2("LSTM", "lstm", "", lstmConfig)+","+keras2("GRU", "gru", "", gruConfig)+`]`), keras2("Dense", "dense", "inner", `, "units": 1`)),
		named("model_weights/inner/%[1]s/%[2]s/%[3]s:0") + denseNamed},
	{"a Sequential in a Functional, counted",
		model3("Functional", keras3("InputLayer", "in", "", input3), keras3("Sequential", "inner", "in", `, "layers": [`+keras3("LSTM", "lstm", "", lstmConfig)+","+keras3("GRU", "gru", "", gruConfig)+`]`), keras3("Dense", "dense", "inner", `, "units": 1`)),
		named("layers/sequential/layers/%[1]s/cell/vars/%[4]d") + denseCounted},
	{"RNN of cells, by name",
		model3("Sequential", keras2("RNN", "r1", "", input2+`, "return_sequences": true, "cell": `+cellLSTM), keras2("RNN", "r2", "", `, "return_sequences": true, "cell": `+cellGRU), keras2("Dense", "dense", "", `, "units": 1`)),
		strings.NewReplacer("/lstm/", "/r1/", "/gru/", "/r2/").Replace(named("model_weights/%[1]s/x/%[2]s/%[3]s:0")) + denseNamed},
	{"RNN of a stack of cells, by name",
		model3("Sequential", keras2("RNN", "rnn", "", input2+`, "return_sequences": true, "cell": {"class_name": "StackedRNNCells", "config": {"name": "s", "cells": [`+cellLSTM+","+cellGRU+`]}}`), keras2("Dense", "dense", "", `, "units": 1`)),
		named("model_weights/rnn/rnn/s/%[2]s/%[3]s:0") + denseNamed},
	{"RNN of a stack of cells, counted",
		model3("Sequential", keras3("RNN", "rnn", "", input3+`, "return_sequences": true, "cell": {"class_name": "StackedRNNCells", "config": {"name": "s", "cells": [`+cellLSTM+","+cellGRU+`]}}`), keras3("Dense", "dense", "", `, "units": 1`)),
		named("layers/rnn/cell/cells/%[2]s/vars/%[4]d") + denseCounted},
	{"masks of Keras 3",
		model3("Functional", keras3("InputLayer", "in", "", input3), keras3("NotEqual", "ne", "in", ""), keras3("Masking", "m", "in", `, "mask_value": 0.0`), keras3("Any", "any", "ne", ""),
			strings.Replace(keras3("LSTM", "a", "m", lstmConfig), `"mask": null`, `"mask": {"class_name": "__keras_tensor__", "config": {"keras_history": ["any", 0, 0]}}`, 1), keras3("GRU", "b", "a", gruConfig), keras3("Dense", "c", "b", `, "units": 1`)),
		named("layers/%[1]s/cell/vars/%[4]d") + denseCounted},
}

// All ways of saying a network give the same one.
func TestKerasForms(t *testing.T) {
	want := ""
	for _, f := range kerasForms {
		list, err := kerasConfig([]byte(f.config))
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		n, err := readKeras("3.5.0", list, arraysAt(t, f.arrays), nil)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		got := fmt.Sprint(n.input)
		for _, p := range n.parts {
			got += fmt.Sprint(layers.FormatSpecs([]layers.Spec{p.spec}), p.values)
		}
		if want == "" {
			want = got
		}
		if got != want || len(n.parts) != 3 || !reflect.DeepEqual(n.vocabulary, []string(nil)) {
			t.Errorf("%s: another network: %s\nwant %s", f.name, got, want)
		}
	}
}

// Weights alone are read by the order of their layers, where the configuration has other
// names; versions say what hard_sigmoid and the defaults are.
func TestKerasLike(t *testing.T) {
	b, err := os.ReadFile("testdata/weights.h5")
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("testdata/weights.json")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(config), `"lstm"`, `"lstm_7"`), `"dense"`, `"out"`)
	n, err := read(bytes.NewReader(b), int64(len(b)), &ImportOptions{Like: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	if n.parts[0].name != "lstm" || !contains(n.notes, "the layers have other names in the configuration than in the file: taken in their order, as Keras does") {
		t.Errorf("layer %q, notes %q", n.parts[0].name, n.notes)
	}
	for text, want := range map[string]string{
		`{"keras_version": "2.10.0"}`:                          "hard_sigmoid_keras2",
		`{"config": {"batch_input_shape": [null]}}`:            "hard_sigmoid_keras2",
		`{"config": {"batch_shape": [null]}}`:                  "hard_sigmoid_keras3",
		`{"config": {"dtype": {"class_name": "DTypePolicy"}}}`: "hard_sigmoid_keras3",
	} {
		if got := kerasVersion(versionOf([]byte(text))).hardSigmoid(); got != want {
			t.Errorf("%s: hard_sigmoid is %s, want %s", text, got, want)
		}
	}
	for v, want := range map[kerasVersion]bool{"2.0.8": true, "2.2.4": true, "2.2.4-tf": false, "2.3.0": false, "2.10.0": false, "2.15.0": false, "3.1.0": false, "2": false} {
		if v.old() != want {
			t.Errorf("Keras %s has the old defaults: %v, want %v", v, v.old(), want)
		}
	}
}

// What a configuration says beside the chain of layers is refused, not dropped.
func TestKerasFormsRefused(t *testing.T) {
	three, two := kerasForms[3], kerasForms[5]
	for _, c := range []struct {
		name, config, old, new, want string
	}{
		{"a first state", three.config, `["a", 0, 0]}}], "kwargs": {`, `["a", 0, 0]}}], "kwargs": {"initial_state": [{"config": {"keras_history": ["x", 0, 0]}}], `, `layer "b" is called with initial_state`},
		{"a first state of Keras 2", two.config, `["inner", 0, 0, {}]`, `["inner", 0, 0, {"initial_state": [["h", 0, 0]]}]`, `layer "dense" is called with initial_state`},
		{"a mask of something else", three.config, `["a", 0, 0]}}], "kwargs": {"training": false, "mask": null`, `["a", 0, 0]}}], "kwargs": {"mask": {"config": {"keras_history": ["in", 0, 0]}}`, `layer "b" is called with mask`},
		{"a state as input", three.config, `["a", 0, 0]`, `["a", 0, 1]`, `layer "b" reads output 1 of layer "a"`},
		{"two outputs", three.config, `"config": {"name": "net"`, `"config": {"name": "net", "output_layers": [["b", 0, 0], ["c", 0, 0]]`, `the model has 2 outputs, "b", "c"`},
		{"an output in the middle", three.config, `"config": {"name": "net"`, `"config": {"name": "net", "output_layers": ["b", 0, 0]`, `output 0 of layer "b", not that of the last layer, "c"`},
		{"an unknown class with weights", three.config, `"class_name": "GRU"`, `"class_name": "Attention"`, `layer "b" (Attention): a layer of this class has no counterpart`},
		{"a custom class", three.config, `"class_name": "GRU"`, `"class_name": "Custom>My"`, `layer "b" (My): a layer of this class has no counterpart`},
		{"a cell", kerasForms[7].config, `"LSTMCell"`, `"MyCell"`, `layer "r1" (RNN): its cell is a "MyCell"`},
	} {
		text := strings.Replace(c.config, c.old, c.new, 1)
		if text == c.config {
			t.Fatalf("%s: %s is not in the configuration", c.name, c.old)
		}
		list, err := kerasConfig([]byte(text))
		if err == nil {
			_, err = readKeras("3.5.0", list, arraysAt(t, three.arrays), nil)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// A Bidirectional whose second layer is another one is refused.
func TestKerasBackwardRefused(t *testing.T) {
	const layer = `{"class_name": "LSTM", "config": {"name": "lstm", "units": 3, "return_sequences": true, "go_backwards": %v, "activation": "%s"}}`
	both := func(back, merge string) string {
		return model3("Sequential", keras3("Bidirectional", "both", "", input3+`, "layer": `+fmt.Sprintf(layer, false, "tanh")+`, "backward_layer": `+back+`, "merge_mode": `+merge))
	}
	var arrays []string
	for _, d := range []string{"forward", "backward"} {
		for i := range 3 {
			arrays = append(arrays, fmt.Sprintf("lstm.%d=layers/bidirectional/%s_layer/cell/vars/%[1]d", i, d))
		}
	}
	for _, c := range []struct{ back, merge, want string }{
		{fmt.Sprintf(layer, true, "tanh"), `"concat"`, ""},
		{"null", `"sum"`, ""},
		{fmt.Sprintf(layer, true, "relu"), `"concat"`, "its backward layer is not as its forward layer"},
		{fmt.Sprintf(layer, false, "tanh"), `"concat"`, "its backward layer does not go backwards"},
		{fmt.Sprintf(layer, true, "tanh"), "null", "its merge_mode null has no counterpart"},
	} {
		list, err := kerasConfig([]byte(both(c.back, c.merge)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = readKeras("3.5.0", list, arraysAt(t, strings.Join(arrays, " ")), nil)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, %s: error %v, want %q", c.back, c.merge, err, c.want)
		}
	}
}
