package convert

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/onnx"
)

const (
	classTokens, classWidth, classUnits = 6, 3, 2
)

var classVocabulary = []string{"", "[UNK]", "and", "salt", "pepper", "the"}

// classArrays are the arrays of an embedding, an LSTM in both directions and a Dense layer
// of some outputs, as Keras numbers them.
func classArrays(outputs int) map[string]*tensor {
	list := make(map[string]*tensor)
	gates := 4 * classUnits
	for k, a := range []struct {
		name  string
		shape []int
	}{
		{"embedding/vars/0", []int{classTokens, classWidth}},
		{"bidirectional/forward_layer/cell/vars/0", []int{classWidth, gates}},
		{"bidirectional/forward_layer/cell/vars/1", []int{classUnits, gates}},
		{"bidirectional/forward_layer/cell/vars/2", []int{gates}},
		{"bidirectional/backward_layer/cell/vars/0", []int{classWidth, gates}},
		{"bidirectional/backward_layer/cell/vars/1", []int{classUnits, gates}},
		{"bidirectional/backward_layer/cell/vars/2", []int{gates}},
		{"dense/vars/0", []int{2 * classUnits, outputs}},
		{"dense/vars/1", []int{outputs}},
	} {
		n := 1
		for _, d := range a.shape {
			n *= d
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(math.Sin(float64(1 + i*(k+3) + 5*k)))
		}
		list[a.name] = &tensor{name: "layers/" + a.name, shape: a.shape, read: func() ([]float32, error) { return data, nil }}
	}
	return list
}

func classData(a map[string]*tensor, name string) []float32 {
	data, _ := a[name].read()
	return data
}

// classConfig is the network as Keras 3 says it; more are layers behind it.
func classConfig(outputs int, activation, sequences string, more ...string) string {
	list := []string{
		keras3("InputLayer", "in", "", `, "batch_shape": [null, 20]`),
		keras3("TextVectorization", "tv", "", `, "standardize": "lower_and_strip_punctuation", "split": "whitespace", "output_sequence_length": 20, "vocabulary": ["and", "salt", "pepper", "the"]`),
		keras3("Embedding", "e", "", `, "input_dim": 6, "output_dim": 3, "mask_zero": true`),
		keras3("Bidirectional", "both", "", `, "layer": {"class_name": "LSTM", "config": {"name": "l", "units": 2, "return_sequences": `+sequences+`}}`),
	}
	list = append(append(list, more...), keras3("Dense", "d", "", fmt.Sprintf(`, "units": %d, "activation": %q`, outputs, activation)))
	return model3("Sequential", list...)
}

func classNetwork(t *testing.T, config string, outputs int) *network {
	t.Helper()
	list, err := kerasConfig([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	var arrays []tensor
	for _, a := range classArrays(outputs) {
		arrays = append(arrays, *a)
	}
	n, err := readKeras("3.5.0", list, newKerasArrays(arrays), nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// lstm64 returns the last output of an LSTM in Keras' layout, in float64.
func lstm64(kernel, recurrent, bias []float32, x [][]float32) []float64 {
	u := len(bias) / 4
	h, c := make([]float64, u), make([]float64, u)
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	for _, v := range x {
		z := make([]float64, 4*u)
		for g := range z {
			z[g] = float64(bias[g])
			for i := range v {
				z[g] += float64(v[i]) * float64(kernel[i*4*u+g])
			}
			for i := range h {
				z[g] += h[i] * float64(recurrent[i*4*u+g])
			}
		}
		for k := range h {
			c[k] = sigmoid(z[u+k])*c[k] + sigmoid(z[k])*math.Tanh(z[2*u+k])
			h[k] = sigmoid(z[3*u+k]) * math.Tanh(c[k])
		}
	}
	return h
}

// classLogits are the logits of a text in float64.
func classLogits(a map[string]*tensor, outputs int, ids []int) []float64 {
	var x [][]float32
	for _, id := range ids {
		x = append(x, classData(a, "embedding/vars/0")[id*classWidth:][:classWidth])
	}
	dir := func(d string, x [][]float32) []float64 {
		p := "bidirectional/" + d + "_layer/cell/vars/"
		return lstm64(classData(a, p+"0"), classData(a, p+"1"), classData(a, p+"2"), x)
	}
	h := dir("forward", x)
	slices.Reverse(x)
	h = append(h, dir("backward", x)...)
	out := make([]float64, outputs)
	for o := range out {
		out[o] = float64(classData(a, "dense/vars/1")[o])
		for i, v := range h {
			out[o] += v * float64(classData(a, "dense/vars/0")[i*outputs+o])
		}
	}
	return out
}

// classifierOf returns the classifier that a network makes.
func classifierOf(t *testing.T, n *network, o *ImportOptions) *autoreg.Classifier {
	t.Helper()
	in, err := n.model(o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := in.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	m, err := autoreg.Load[*autoreg.Classifier](&b, nil)
	if err != nil || in.Kind != "classes of texts" {
		t.Fatalf("%v, kind %q", err, in.Kind)
	}
	return m
}

// A network that ends with the last outputs of both directions is a classifier: of two
// classes with one output and sigmoid, of several with softmax.
func TestKerasClassifier(t *testing.T) {
	for outputs, activation := range map[int]string{1: "sigmoid", 3: "softmax"} {
		m := classifierOf(t, classNetwork(t, classConfig(outputs, activation, "false"), outputs), &ImportOptions{})
		got, err := m.Classify("Salt and, pepper zest")
		if err != nil {
			t.Fatal(err)
		}
		z := classLogits(classArrays(outputs), outputs, []int{3, 2, 4, 1})
		if outputs == 1 {
			z = []float64{0, z[0]}
		}
		sum := 0.0
		for _, v := range z {
			sum += math.Exp(v)
		}
		for i, v := range z {
			if d := math.Abs(float64(got[i]) - math.Exp(v)/sum); !(d <= 2e-7) {
				t.Errorf("%d outputs: probability of class %d is %v, off by %.2g", outputs, i, got[i], d)
			}
		}
		if m.Length() != 20 || m.Classes()[1] != "1" {
			t.Errorf("length %d, classes %q", m.Length(), m.Classes())
		}
	}
}

// The same weights in an ONNX graph and in a PyTorch state dict make the same classifier.
func TestOtherClassifiers(t *testing.T) {
	a := classArrays(1)
	o := &ImportOptions{Vocabulary: classVocabulary, Classes: []string{"dull", "tasty"}}
	o.Tokenizer.Punctuation = "strip"
	want, err := classifierOf(t, classNetwork(t, classConfig(1, "sigmoid", "false"), 1), &ImportOptions{}).Classify("salt pepper")
	if err != nil {
		t.Fatal(err)
	}
	var weights []onnx.Weight
	var tensors []tensor
	add := func(torch, name, file string, data []float32, shape ...int) {
		weights = append(weights, onnx.Weight{Name: name, Data: data})
		tensors = append(tensors, tensor{name: torch + name, shape: shape, read: func() ([]float32, error) { return data, nil }})
	}
	g, u := 4*classUnits, classUnits
	for _, d := range []string{"forward", "backward"} {
		suffix, p := "_l0", "bidirectional/"+d+"_layer/cell/vars/"
		if d == "backward" {
			suffix += "_reverse"
		}
		add("rnn.", "weight_ih"+suffix, d, gateRows(classData(a, p+"0"), classWidth, u, lstmGates), g, classWidth)
		add("rnn.", "weight_hh"+suffix, d, gateRows(classData(a, p+"1"), u, u, lstmGates), g, u)
		add("rnn.", "bias_ih"+suffix, d, classData(a, p+"2"), g)
		add("rnn.", "bias_hh"+suffix, d, make([]float32, g), g)
	}
	n := &network{}
	if err := n.addSteps([]onnx.Step{
		{Op: "Embedding", Name: "e", In: classTokens, Out: classWidth, Weights: []onnx.Weight{{Name: "weight", Data: classData(a, "embedding/vars/0")}}},
		{Op: "LSTM", Name: "l", In: classWidth, Out: 2 * u, Direction: "bidirectional", Final: true, Weights: weights},
		{Op: "Dense", Name: "d", In: 2 * u, Out: 1, Weights: []onnx.Weight{{Name: "weight", Data: classData(a, "dense/vars/0")}, {Name: "bias", Data: classData(a, "dense/vars/1")}}},
		{Op: "Sigmoid", Name: "s"},
	}); err != nil {
		t.Fatal(err)
	}
	weights = nil
	add("embed.", "weight", "", classData(a, "embedding/vars/0"), classTokens, classWidth)
	add("fc.", "weight", "", classData(a, "dense/vars/0"), 1, 2*u)
	add("fc.", "bias", "", classData(a, "dense/vars/1"), 1)
	steps, err := ParseSteps("embed=embedding,rnn,fc")
	if err != nil {
		t.Fatal(err)
	}
	torch, err := readStateDict("PyTorch", tensors, steps)
	if err != nil {
		t.Fatal(err)
	}
	for format, n := range map[string]*network{"ONNX": n, "PyTorch": torch} {
		m := classifierOf(t, n, o)
		got, err := m.Classify("salt pepper")
		if err != nil || !slices.Equal(got, want) || m.Classes()[0] != "dull" {
			t.Errorf("%s: %v, %v, classes %q; want %v", format, err, got, m.Classes(), want)
		}
	}
}

func TestClassifierRefused(t *testing.T) {
	hidden := keras3("Dense", "h", "", `, "units": 1, "activation": "sigmoid"`)
	for _, c := range []struct {
		outputs    int
		activation string
		sequences  string
		o          ImportOptions
		want       string
	}{
		{3, "sigmoid", "false", ImportOptions{}, `the last layer, "d", has 3 outputs and the activation sigmoid`},
		{3, "softmax", "false", ImportOptions{Classes: []string{"a", "b"}}, "2 classes are named, and the network has 3"},
		{3, "softmax", "false", ImportOptions{Vocabulary: []string{"a", "b"}}, "the vocabulary has to have an empty token"},
		{3, "softmax", "true", ImportOptions{}, "the network reads 6 tokens and has 3 outputs"},
		{6, "softmax", "false", ImportOptions{}, `layer "both" gives the last outputs of its two directions`},
	} {
		_, err := classNetwork(t, classConfig(c.outputs, c.activation, c.sequences), c.outputs).model(&c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d outputs, %s: error %v, want %q", c.outputs, c.activation, err, c.want)
		}
	}
	n := classNetwork(t, classConfig(1, "sigmoid", "false"), 1)
	n.parts = append(n.parts, n.parts[2]) // a Dense layer between
	if _, err := n.model(&ImportOptions{}); err == nil || !strings.Contains(err.Error(), "a Dense layer between") {
		t.Errorf("%s: error %v", hidden, err)
	}
}
