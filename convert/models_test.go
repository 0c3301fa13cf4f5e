package convert_test

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
)

// A modelFile is a file of AUTOREG_DATA/models and what Import must say of it.
type modelFile struct {
	path    string
	refused string // the message; "" for a file that is imported

	kind   string
	params int
	notes  int
	bound  float64 // of the differences from the reference

	// reference returns inputs and outputs that the model must have.
	reference func(t *testing.T, path string) (x, y [][]float64)
}

const noModel = "the file begins like none of the formats that are read"

// modelFiles are all of them. Bounds of RTNeural's files are those of its own tests,
// tests/functional/test_configs.hpp and torch_gru_test.cpp, torch_lstm_test.cpp; the
// others are what was measured, rounded up.
var modelFiles = []modelFile{
	{path: "README.md", refused: noModel},
	{path: "dtln/model.h5", refused: `the file has weights only, and its array "conv1d/conv1d/kernel:0" of shape [1 512 256] is of no layer that can be read`},
	{path: "dtln/model_1.onnx", kind: "vectors", params: 362369, notes: 2, bound: 2.4e-6, reference: keras("dtln/model.h5", 257,
		&layer64{kind: "LSTM", act: "tanh", gate: "sigmoid"}, "lstm/lstm/*:0", &layer64{kind: "LSTM", act: "tanh", gate: "sigmoid"}, "lstm_1/lstm_1/*:0",
		&layer64{kind: "Dense", act: "sigmoid"}, "dense/dense/*:0").random},
	{path: "dtln/model_2.onnx", refused: "the graph computes the cell of a recurrent layer out of MatMul, Sigmoid, Tanh and Mul: want the layer as one node, LSTM or GRU: export it so, or take the model that it was made from"},
	{path: "gonnx/gru.onnx", kind: "vectors", params: 150, notes: 1, bound: 6.3e-8, reference: onnxGRU},
	{path: "gonnx/ndm.onnx", refused: `node "Concat_14" (Concat): it joins values, which has no place in a list of layers`},
	{path: "keras/gru100x2-3.5.0.h5", kind: "vectors", params: 93101, notes: 2, bound: 2.8e-7, reference: keras("", 6,
		&layer64{kind: "GRU", act: "tanh", gate: "sigmoid", after: true}, "model_weights/gru/sequential/gru/gru_cell/*",
		&layer64{kind: "GRU", act: "tanh", gate: "sigmoid", after: true}, "model_weights/gru_1/sequential/gru_1/gru_cell/*",
		&layer64{kind: "Dense"}, "model_weights/dense/sequential/dense/*").random},
	{path: "keras/gru128-3.11.2.keras", kind: "vectors", params: 50433, notes: 2, bound: 3.3e-7, reference: keras("", 1,
		&layer64{kind: "GRU", act: "tanh", gate: "sigmoid", after: true}, "layers/gru/cell/vars/#", &layer64{kind: "Dense"}, "layers/dense/vars/#").random},
	{path: "keras/lstm128-3.11.2.keras", kind: "vectors", params: 66689, notes: 2, bound: 1.7e-7, reference: keras("", 1,
		&layer64{kind: "LSTM", act: "tanh", gate: "sigmoid"}, "layers/lstm/cell/vars/#", &layer64{kind: "Dense"}, "layers/dense/vars/#").random},
	{path: "keras/lstm50x2-3.3.3.keras", kind: "vectors", params: 36527, notes: 2, bound: 7.7e-7, reference: keras("", 24,
		&layer64{kind: "LSTM", act: "tanh", gate: "sigmoid"}, "layers/lstm/cell/vars/#", &layer64{kind: "LSTM", act: "tanh", gate: "sigmoid"}, "layers/lstm_1/cell/vars/#",
		&layer64{kind: "Dense"}, "layers/dense/vars/#", &layer64{kind: "Dense"}, "layers/dense_1/vars/#").random},
	{path: "keras/shakespeare-2.2.4.h5", kind: "vectors", params: 94140, notes: 1, bound: 1.1e-6, reference: keras("", 60,
		&layer64{kind: "LSTM", act: "tanh", gate: "hard_sigmoid"}, "model_weights/lstm_1/lstm_1/*:0", &layer64{kind: "Dense", act: "softmax"}, "model_weights/dense_1/dense_1/*:0").random},
	{path: "phlippe/PixelCNN.ckpt", refused: `module "conv_vstack": its tensor "conv_vstack.mask" of shape [1 1 3 3] is that of a convolution`},
	{path: "rtneural/bad_lstm.json", refused: "layer 0: lstm 0 of 1 inputs and 16 units has weights of shapes [1 80], [20 80], [80]: want [1 64], [16 64], [64]"},
	{path: "rtneural/dense.json", kind: "vectors", params: 338, bound: 1e-6, reference: published},
	{path: "rtneural/full_model.json", refused: `layer 1: a layer of type "conv1d", which has no counterpart here: lstm, gru, dense, time-distributed-dense, activation are read`},
	{path: "rtneural/gru.json", kind: "vectors", params: 529, bound: 5e-6, reference: published},
	{path: "rtneural/gru_1d.json", kind: "vectors", params: 345, bound: 1e-6, reference: published},
	{path: "rtneural/gru_torch.json", kind: "vectors", params: 1569, bound: 1e-6, reference: published},
	{path: "rtneural/lstm.json", kind: "vectors", params: 569, bound: 1e-6, reference: published},
	{path: "rtneural/lstm_1d.json", kind: "vectors", params: 329, bound: 1e-6, reference: published},
	{path: "rtneural/lstm_torch.json", kind: "vectors", params: 1961, bound: 1e-6, reference: published},
	{path: "rtneural/lstm.nam", kind: "vectors", params: 70, notes: 2, bound: 6.3e-8, reference: nam},
	{path: "silero/silero_vad.jit", refused: `it is a TorchScript archive, whose code is in the file: in Python, torch.save(torch.jit.load(FILE).state_dict(), "weights.pt") and import that, or export the model to ONNX`},
	{path: "silero/silero_vad_16k.safetensors", refused: `module "stft_conv": its tensor "stft_conv.weight" of shape [258 1 256] is that of a convolution`},
	{path: "silero/silero_vad_16k_op15.onnx", refused: `node "/model/decoder/If_1" (If): it chooses between graphs of its own: want a graph without conditions, exported with the form of its input fixed`},
	{path: "textgenrnn/hacker_news.hdf5", refused: `the file has weights only, and its array "attention/attention/attention_W:0" of shape [356 1] is of no layer that can be read`},
	{path: "textgenrnn/textgenrnn_vocab.json", refused: "the JSON object is no model"},
	{path: "textgenrnn/textgenrnn_weights.hdf5", refused: `the file has weights only, and its array "attention/attention/attention_W:0" of shape [356 1] is of no layer that can be read`},
}

// Every file that other people's tools have written is imported, with the outputs of an
// independent evaluation, or refused with a reason.
func TestModels(t *testing.T) {
	dir := testkit.DataFile(t, "models")
	listed := make(map[string]bool)
	for _, c := range modelFiles {
		listed[c.path] = true
		t.Run(c.path, func(t *testing.T) {
			path := filepath.Join(dir, c.path)
			if c.refused != "" {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				_, err = convert.Import(bytes.NewReader(b), int64(len(b)), nil)
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("error %v, want %q", err, c.refused)
				}
				t.Logf("%s | refused | %v", c.path, err)
				return
			}
			in, m := importFile[*autoreg.VectorModel](t, path, nil)
			if in.Kind != c.kind || m.Params() != c.params || len(in.Notes) != c.notes {
				t.Errorf("a model of %s with %d parameters and the notes %q: want %s, %d and %d notes", in.Kind, m.Params(), in.Notes, c.kind, c.params, c.notes)
			}
			x, y := c.reference(t, path)
			worst, most := furthest(t, outputs(m, x), y)
			if !(worst <= c.bound) {
				t.Errorf("off by %.2g, at most %.2g", worst, c.bound)
			}
			t.Logf("%s | %s, a model of %s, %d parameters | %.1e in %d steps, outputs up to %.2g", c.path, in.Format, in.Kind, m.Params(), worst, len(x), most)
		})
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_python.csv") { // test vectors
			return err
		}
		if name, _ := filepath.Rel(dir, path); !listed[filepath.ToSlash(name)] {
			t.Errorf("%s is not in the table", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Keras' character model, which reads one-hot vectors, is a model of text with its
// characters: what the sampler makes of the logits are the probabilities of its softmax.
func TestModelOfCharacters(t *testing.T) {
	path := testkit.DataFile(t, "models/keras/shakespeare-2.2.4.h5")
	o := &convert.ImportOptions{}
	for i := range 60 {
		o.Vocabulary = append(o.Vocabulary, string(rune('0'+i)))
	}
	in, m := importFile[*autoreg.TextModel](t, path, o)
	if in.Kind != "text" || m.Symbols() != 60 || len(in.Notes) != 3 {
		t.Errorf("a model of %s with %d symbols, notes %q", in.Kind, m.Symbols(), in.Notes)
	}
	x := make([][]float64, 30)
	var got [][]float32
	s := m.NewStream()
	for i := range x {
		x[i] = make([]float64, 60)
		k := i * i % 60
		x[i][k] = 1
		s.Advance(m.Tokenizer().Append(nil, string(rune('0'+k)))[0])
		logits := make([]float32, 60)
		s.Logits(logits)
		got = append(got, softmax(logits))
	}
	_, y := keras("", 60, &layer64{kind: "LSTM", act: "tanh", gate: "hard_sigmoid"}, "model_weights/lstm_1/lstm_1/*:0",
		&layer64{kind: "Dense", act: "softmax"}, "model_weights/dense_1/dense_1/*:0").over(t, path, x)
	if worst, _ := furthest(t, got, y); !(worst <= 8.2e-7) {
		t.Errorf("off by %.2g", worst)
	}
}

// Silero's formats: the TorchScript archive holds the storages of every tensor of the ONNX
// file, to the bit. The safetensors file is another training of the same network: of its
// tensors only the basis of the Fourier transform is the same.
func TestTwins(t *testing.T) {
	path := testkit.DataFile(t, "models/silero/silero_vad_16k_op15.onnx")
	m := readONNX(t, path)
	z, err := zip.OpenReader(filepath.Join(filepath.Dir(path), "silero_vad.jit"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	storages := make(map[string]bool)
	for _, f := range z.File {
		if in, err := f.Open(); err != nil {
			t.Fatal(err)
		} else if b, err := io.ReadAll(in); err != nil {
			t.Fatal(err)
		} else {
			storages[string(b)] = true
		}
	}
	b, err := os.ReadFile(filepath.Join(filepath.Dir(path), "silero_vad_16k.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := weights.ReadForeign(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(other.Tensors) != len(m.Graph.Initializers) {
		t.Fatalf("%d tensors, want %d: %v", len(other.Tensors), len(m.Graph.Initializers), err)
	}
	byName := make(map[string][]float32)
	for _, x := range other.Tensors {
		byName[x.Name] = x.Data
	}
	names := strings.Fields("stft_conv.weight conv1.weight conv1.bias conv2.weight conv2.bias conv3.weight conv3.bias conv4.weight conv4.bias lstm_cell.weight_ih lstm_cell.weight_hh lstm_cell.bias_ih lstm_cell.bias_hh final_conv.weight final_conv.bias")
	for i, x := range m.Graph.Initializers {
		if !storages[string(x.Data)] {
			t.Errorf("%s is not in the TorchScript archive", x.Name)
		}
		data, err := x.Float32s()
		if err != nil || len(data) != len(byName[names[i]]) {
			t.Fatalf("%s: %d values, %v; %s has %d", x.Name, len(data), err, names[i], len(byName[names[i]]))
		}
		if same := slices.Equal(data, byName[names[i]]); same != (i == 0) {
			t.Errorf("%s and %s are the same: %t", x.Name, names[i], same)
		}
	}
}

// The recurrent cell of Silero's network by itself, named by its module.
func TestModelOfACell(t *testing.T) {
	path := testkit.DataFile(t, "models/silero/silero_vad_16k.safetensors")
	steps, err := convert.ParseSteps("lstm_cell,stft_conv=none,conv1=none,conv2=none,conv3=none,conv4=none,final_conv=none")
	if err != nil {
		t.Fatal(err)
	}
	in, m := importFile[*autoreg.VectorModel](t, path, &convert.ImportOptions{Steps: steps})
	if m.Params() != 512*(128+128+1) || len(in.Notes) != 6 {
		t.Errorf("%d parameters, notes %q", m.Params(), in.Notes)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := weights.ReadForeign(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	w := make(map[string][]float64)
	for _, x := range f.Tensors {
		w[strings.TrimPrefix(x.Name, "lstm_cell.")] = float64s(x.Data)
	}
	l := torch64("LSTM", w, "")
	x := randomInputs(40, 128)
	worst, _ := furthest(t, outputs(m, x), l.run(x))
	if t.Logf("largest difference %.1e", worst); !(worst <= 1.5e-6) {
		t.Errorf("off by %.2g", worst)
	}
}

// importFile imports a file of another tool and opens the imported model.
func importFile[M autoreg.Model](t *testing.T, path string, o *convert.ImportOptions) (*convert.Imported, M) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return importBytes[M](t, b, o)
}

func importBytes[M autoreg.Model](t *testing.T, b []byte, o *convert.ImportOptions) (*convert.Imported, M) {
	t.Helper()
	in, err := convert.Import(bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := in.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	m, err := autoreg.Load[M](&file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return in, m
}

// outputs runs a model over a sequence.
func outputs(m *autoreg.VectorModel, x [][]float64) (y [][]float32) {
	var in []float32
	for _, row := range x {
		for _, v := range row {
			in = append(in, float32(v))
		}
	}
	out := make([]float32, len(x)*m.Outputs())
	m.Run(out, in)
	return slices.Collect(slices.Chunk(out, m.Outputs()))
}

// furthest returns the largest difference, NaN if there is one, and the largest output.
func furthest(t *testing.T, got [][]float32, want [][]float64) (worst, most float64) {
	t.Helper()
	if len(got) != len(want) || len(got) < 1 || len(got[0]) != len(want[0]) {
		t.Fatalf("%d outputs, want %d, or others at a step", len(got), len(want))
	}
	for i, row := range got {
		for k, v := range row {
			worst, most = max(worst, math.Abs(float64(v)-want[i][k])), max(most, math.Abs(want[i][k]))
		}
	}
	return worst, most
}

func softmax(logits []float32) []float32 {
	p, sum := make([]float32, len(logits)), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v))
	}
	for i, v := range logits {
		p[i] = float32(math.Exp(float64(v)) / sum)
	}
	return p
}
