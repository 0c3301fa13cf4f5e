package convert_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/hdf5"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/internal/testkit"
)

// A reference64 evaluates layers over the arrays of an HDF5 file.
type reference64 struct {
	path   string // under models, or "" for the file itself
	inputs int
	layers []*layer64
	arrays []string // of each layer: * stands for kernel, recurrent_kernel and bias, # for 0, 1 and 2
}

// keras returns the reference of a Keras network; list are layers, each with the names of
// its arrays.
func keras(path string, inputs int, list ...any) *reference64 {
	r := &reference64{path: path, inputs: inputs}
	for i := 0; i < len(list); i += 2 {
		r.layers, r.arrays = append(r.layers, list[i].(*layer64)), append(r.arrays, list[i+1].(string))
	}
	return r
}

// random evaluates the layers over a sequence of random inputs.
func (r *reference64) random(t *testing.T, path string) (x, y [][]float64) {
	return r.over(t, path, randomInputs(40, r.inputs))
}

// randomInputs returns a sequence of vectors whose values float32 has.
func randomInputs(steps, width int) (x [][]float64) {
	rng := rand.New(rand.NewPCG(11, uint64(width)))
	for range steps {
		row := make([]float64, width)
		for i := range row {
			row[i] = float64(float32(2*rng.Float64() - 1))
		}
		x = append(x, row)
	}
	return x
}

// over evaluates the layers over x.
func (r *reference64) over(t *testing.T, path string, x [][]float64) (_, y [][]float64) {
	t.Helper()
	if r.path != "" {
		path = testkit.DataFile(t, "models/"+r.path)
	}
	arrays, y := readArrays(t, path), x
	for i, l := range r.layers {
		array := func(k int, name string) []float64 {
			name = strings.NewReplacer("*", name, "#", strconv.Itoa(k)).Replace(r.arrays[i])
			if arrays[name] == nil {
				t.Fatalf("%s: there is no %s", path, name)
			}
			return arrays[name]
		}
		one := *l
		one.kernel = array(0, "kernel")
		if one.kind == "Dense" {
			one.bias = array(1, "bias")
			one.units = len(one.bias)
		} else {
			one.recurrent, one.bias = array(1, "recurrent_kernel"), array(2, "bias")
			one.units = len(one.kernel) / len(y[0]) / map[string]int{"LSTM": 4, "GRU": 3, "SimpleRNN": 1}[one.kind]
		}
		y = one.run(y)
	}
	return x, y
}

// readArrays returns the arrays of numbers of an .h5 file, or of the one in a .keras file.
func readArrays(t *testing.T, path string) map[string][]float64 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".keras") {
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		f, err := z.Open("model.weights.h5")
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(f); err != nil {
			t.Fatal(err)
		}
	}
	f, err := hdf5.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	arrays := make(map[string][]float64)
	err = f.Walk(func(path string, d *hdf5.Dataset, err error) error {
		if err != nil || strings.HasPrefix(path, "/optimizer") {
			return err
		}
		data, err := d.Float32s()
		arrays[strings.TrimPrefix(path, "/")] = float64s(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return arrays
}

func float64s(data []float32) []float64 {
	out := make([]float64, len(data))
	for i, v := range data {
		out[i] = float64(v)
	}
	return out
}

// published returns the inputs and outputs that lie beside a file of RTNeural.
func published(t *testing.T, path string) (x, y [][]float64) {
	t.Helper()
	for _, c := range []struct {
		to   *[][]float64
		name string
	}{{&x, "_x_python.csv"}, {&y, "_y_python.csv"}} {
		b, err := os.ReadFile(strings.TrimSuffix(path, ".json") + c.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range strings.Fields(string(b)) {
			v, err := strconv.ParseFloat(word, 64)
			if err != nil {
				t.Fatal(err)
			}
			*c.to = append(*c.to, []float64{v})
		}
	}
	return x, y
}

// nam evaluates an LSTM of Neural Amp Modeler.
func nam(t *testing.T, path string) (x, y [][]float64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Config struct {
			Inputs int `json:"input_size"`
			Units  int `json:"hidden_size"`
			Layers int `json:"num_layers"`
		}
		Weights []float32
	}
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	x = randomInputs(200, f.Config.Inputs)
	y = x
	for _, l := range nam64(float64s(f.Weights), f.Config.Inputs, f.Config.Units, f.Config.Layers) {
		y = l.run(y)
	}
	return x, y
}

func readONNX(t *testing.T, path string) *onnx.Model {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// onnxGRU evaluates the GRU of an ONNX graph that has nothing else; ONNX has the gates in
// Keras' order, and its matrices are Keras' transposed.
func onnxGRU(t *testing.T, path string) (x, y [][]float64) {
	t.Helper()
	m := readONNX(t, path)
	l := &layer64{kind: "GRU", act: "tanh", gate: "sigmoid", after: true}
	for _, node := range m.Graph.Nodes {
		if node.Op != "GRU" {
			continue
		}
		for _, w := range m.Graph.Initializers {
			data, err := w.Float32s()
			switch {
			case err != nil || len(w.Shape) < 2:
			case w.Name == node.Inputs[1]:
				l.kernel = transposed(float64s(data), w.Shape[2])
				x = randomInputs(40, w.Shape[2])
			case w.Name == node.Inputs[2]:
				l.recurrent, l.units = transposed(float64s(data), w.Shape[2]), w.Shape[2]
			case w.Name == node.Inputs[3]:
				l.bias = float64s(data)
			}
		}
	}
	return x, l.run(x)
}

// transposed returns a matrix of so many columns transposed.
func transposed(m []float64, cols int) (out []float64) {
	for j := range cols {
		for i := j; i < len(m); i += cols {
			out = append(out, m[i])
		}
	}
	return out
}
