package totorch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// maxLines is what a program may have at most: "under 150 lines".
const maxLines = 149

// A test case is a model, what PyTorch is to compute with it, and the results.
type testCase struct {
	name string
	file *weights.File
	in   map[string]any // of testdata/logits.py
	out  []float32
	loss float64
	ids  [][]int
}

// random gives a network weights that make the outputs of all layers differ.
func random(net layers.Network, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, p := range layers.ParametersOf(net) {
		values := p.Get()
		scale := 1 / math.Sqrt(float64(len(values))/float64(max(p.Shape[0], 1)))
		for i := range values {
			values[i] = float32(scale * rng.NormFloat64())
		}
		p.Set(values)
	}
}

// sizes of the models of the tests.
const (
	symbols   = 9
	embedding = 5
	units     = 6
)

func vocabulary(t testing.TB, o *tokenizer.Options) *tokenizer.Tokenizer {
	t.Helper()
	words := []string{"", "[UNK]", "a", "b", "c", "don", "t", "'", "ab"}
	if o != nil && o.Unit == tokenizer.Characters {
		words = []string{"", "[UNK]", "a", "b", "c", "é", " ", "'", "\n"}
	}
	if o != nil && o.NoUnknown {
		words = append(words[:1:1], words[2:]...)
	}
	if o != nil && o.NoStop {
		words = words[1:]
	}
	if o != nil && o.UnknownWord != "" {
		words[len(words)-8] = o.UnknownWord // that of the unknown token
		if i := slices.Index(words[len(words)-7:], o.UnknownWord); i >= 0 {
			words[len(words)-7+i] = "x"
		}
	}
	if o != nil && o.Unit == tokenizer.Bytes {
		words = nil
	}
	tok, err := tokenizer.New(words, o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// texts returns sequences of ids, of several lengths.
func texts() (list [][]int) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, n := range []int{7, 1, 12} {
		ids := make([]int, n)
		for i := range ids {
			ids[i] = rng.IntN(symbols)
		}
		list = append(list, ids)
	}
	return list
}

// textCase is a model of text of these layers.
func textCase(t testing.TB, name string, tied bool, list ...layers.Spec) testCase {
	c := model.Config{Symbols: symbols, Embedding: embedding, Layers: list, Length: 4, Tied: tied}
	if tied {
		c.Embedding = units
	}
	m := model.New(c, vocabulary(t, nil))
	random(m.Stack, 5)
	tc := testCase{name: name, file: m.File(), in: map[string]any{"ids": texts()}}
	logits := make([]float32, symbols)
	for _, ids := range texts() {
		state := m.Stack.NewState()
		for _, id := range ids {
			state.Advance(id)
			state.Logits(logits)
			tc.out = append(tc.out, logits...)
		}
	}
	return tc
}

// classCase is a classifier of these layers.
func classCase(t testing.TB, name string, list ...layers.Spec) testCase {
	c := model.ClassifierConfig{Symbols: symbols, Embedding: embedding, Layers: list, Classes: []string{"x", "'''\n\"\"\"; import os", "{{.}}"}, Length: 20}
	m := model.NewClassifier(c, vocabulary(t, nil))
	random(m.Stack, 6)
	docs := texts()
	e := m.Stack.NewEncoder(layers.BatchSize{Rows: 40, Sequences: 3, Steps: 20}, 1)
	out := kernels.RowMajor(make([]float32, 9), 3, 3)
	e.Logits(out, docs)
	return testCase{name: name, file: m.File(), in: map[string]any{"ids": docs}, out: out.Data[:9]}
}

// vectorCase is a model over sequences of vectors, of these layers.
func vectorCase(name string, first bool, list ...layers.Spec) testCase {
	const in, T = 3, 9
	m := model.NewVectors(model.VectorConfig{Inputs: in, Layers: list, FirstState: first})
	random(m.Stack, 8)
	tc := testCase{name: name, file: m.File()}
	rng := rand.New(rand.NewPCG(4, 4))
	var sequences [][][]float32
	for range 2 {
		var rows [][]float32
		for range T {
			rows = append(rows, []float32{rng.Float32(), -rng.Float32(), 2 * rng.Float32()})
		}
		y := kernels.RowMajor(make([]float32, T*m.Stack.OutLen()), T, m.Stack.OutLen())
		m.Stack.NewSequence(T).Run(y, kernels.RowMajor(slices.Concat(rows...), T, in))
		sequences, tc.out = append(sequences, rows), append(tc.out, y.Data...)
	}
	tc.in = map[string]any{"x": sequences}
	return tc
}

// imageCase is a model of images, the logits of two images and their mean loss.
func imageCase(name string, height, width int, spec layers.PixelSpec) testCase {
	m := model.NewPixel(model.PixelConfig{Height: height, Width: width, PixelSpec: spec})
	random(m.Net, 7)
	m.Net.Refresh()
	channels, count := spec.Shape()
	tc := testCase{name: name, file: m.File()}
	rng := rand.New(rand.NewPCG(9, 9))
	f := m.Net.NewForward(height, width)
	var images [][][][]int
	var classes []int
	for k := range 2 {
		levels := make([]uint8, height*width*channels)
		image := make([][][]int, channels)
		for c := range image {
			image[c] = make([][]int, height)
			for y := range height {
				image[c][y] = make([]int, width)
			}
		}
		for i := range levels {
			levels[i] = uint8(rng.IntN(count))
			if rng.IntN(4) == 0 {
				levels[i] = uint8((count - 1) * rng.IntN(2))
			}
			image[i%channels][i/channels/width][i/channels%width] = int(levels[i])
		}
		images = append(images, image)
		if n := spec.ConditionLen(); n > 0 {
			classes = append(classes, (k+1)%n)
			condition := make([]float32, n)
			condition[classes[k]] = 1
			f.SetCondition(condition)
		}
		out := f.Outputs(levels)
		for i := range height * width {
			row := out.Data[i*out.Row:][:out.Cols]
			pixel := levels[i*channels:][:channels]
			if s, ok := spec.(layers.PixelCNNMixture); ok {
				tc.out = append(tc.out, row...)
				mixture := layers.Mixture{Channels: channels, Components: s.Components}
				tc.loss -= mixture.LogProb(row, pixel, mixture.NewScratch())
				continue
			}
			for c, level := range pixel {
				logits := row[c*len(row)/channels:][:count]
				tc.out = append(tc.out, logits...)
				sum := 0.0
				for _, v := range logits {
					sum += math.Exp(float64(v))
				}
				tc.loss += math.Log(sum) - float64(logits[level])
			}
		}
	}
	tc.loss /= float64(2 * height * width * channels)
	tc.in = map[string]any{"levels": images}
	if classes != nil {
		tc.in["condition"] = classes
	}
	return tc
}

// cases are models of every kind.
func cases(t testing.TB) (list []testCase) {
	for i, s := range netkit.Specs(units) {
		name := fmt.Sprintf("%d, %s", i, layers.FormatSpecs([]layers.Spec{s}))
		if layers.Sequential(s) {
			list = append(list, textCase(t, "text "+name, false, s))
		}
		list = append(list, classCase(t, "classifier "+name, s), vectorCase("vectors "+name, false, s))
	}
	lstm, gru := &layers.LSTMSpec{Units: units}, &layers.GRUSpec{Units: 4, Reset: "before"}
	hard := &layers.LSTMSpec{Units: 7, RecurrentActivation: "hard_sigmoid_keras3"}
	both := &layers.BidirectionalSpec{Layer: gru, Merge: "average"}
	list = append(list,
		textCase(t, "tied", true, gru, lstm),
		textCase(t, "stack", false, lstm, hard, gru, &layers.RNNSpec{Units: 3, Activation: "relu"}),
		classCase(t, "classifier of a stack", hard, both, &layers.BidirectionalSpec{Layer: lstm}, lstm),
		vectorCase("vectors with a first state", true, lstm, &layers.DenseSpec{Units: 4, Activation: "relu"}, gru, hard,
			&layers.RNNSpec{Units: 3, Activation: "sigmoid"}, &layers.GRUSpec{Units: 4}, &layers.DenseSpec{Units: 2}),
		vectorCase("vectors in both directions", false, lstm, both, &layers.BidirectionalSpec{Layer: hard, Merge: "multiply"}, &layers.DenseSpec{Units: 2, Activation: "softmax"}),
		classCase(t, "classifier of stacked directions", lstm, both, &layers.BidirectionalSpec{Layer: hard, Merge: "multiply"}),
	)
	for _, channels := range []int{1, 3} {
		for _, levels := range []int{2, 4, 17} {
			spec := layers.PixelCNN{Channels: channels, Levels: levels, Filters: 11, Blocks: 2, Kernel: 5}
			list = append(list, imageCase(fmt.Sprintf("PixelCNN of %d channels, %d levels", channels, levels), 5, 6, spec))
		}
		list = append(list, imageCase(fmt.Sprintf("PixelCNN of %d channels without blocks", channels), 5, 6, layers.PixelCNN{Channels: channels, Levels: 4, Filters: 8, Kernel: 3}))
		for resolutions := 1; resolutions <= 3; resolutions++ {
			for i, activation := range []layers.PixelActivation{layers.ConcatELU, layers.ELU, layers.ReLU} {
				for k := range 4 {
					spec := layers.PixelCNNMixture{
						Channels: channels, Components: 3, Filters: 5, Blocks: 1 + k%2, Resolutions: resolutions,
						Rows: 3 + i, Cols: 3 + 2*(k%2), Activation: activation, Direct: k%2 == i%2, Condition: k / 2 * 3,
					}
					list = append(list, imageCase(fmt.Sprintf("mixture %+v", spec), 8, 4, spec))
				}
			}
		}
	}
	return list
}

// write puts a case into a folder.
func (c *testCase) write(t testing.TB, dir string) {
	t.Helper()
	program, err := Program(c.file.Metadata)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	if n := bytes.Count(program, []byte("\n")); n > maxLines {
		t.Errorf("%s: model.py has %d lines, want at most %d", c.name, n, maxLines)
	}
	var file bytes.Buffer
	if _, err := c.file.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(c.in)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"model.py": program, "model.safetensors": file.Bytes(), "case.json": in} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A result is what testdata/logits.py prints for a case.
type result struct {
	Out  []float64
	Loss float64
	IDs  [][]int
}

// compute runs the cases in one Python.
func compute(t testing.TB, list []testCase) (results []result) {
	t.Helper()
	python, dir := testkit.Torch(t), t.TempDir()
	args := []string{"testdata/logits.py"}
	for i := range list {
		d := filepath.Join(dir, fmt.Sprint(i))
		list[i].write(t, d)
		args = append(args, d)
	}
	cmd := exec.Command(python, args...)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	d := json.NewDecoder(bytes.NewReader(out))
	for d.More() {
		var r result
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	if err != nil || len(results) != len(list) {
		t.Fatalf("%s: %v: %s", list[len(results)].name, err, errors.String())
	}
	return results
}

// TestLogits holds logits and losses of models of every kind to ours: to 1e-5, of the
// largest where that is more than 1.
func TestLogits(t *testing.T) {
	list := cases(t)
	most := 0.0
	for i, r := range compute(t, list) {
		c := &list[i]
		if len(r.Out) != len(c.out) {
			t.Errorf("%s: %d logits, want %d", c.name, len(r.Out), len(c.out))
			continue
		}
		largest, difference := 1.0, 0.0
		for k, want := range c.out {
			largest = max(largest, math.Abs(float64(want)))
			difference = max(difference, math.Abs(float64(want)-r.Out[k]))
		}
		most = max(most, difference/largest)
		if !(difference <= 1e-5*largest) {
			t.Errorf("%s: logits differ by %.3g, the largest is %.3g", c.name, difference, largest)
		}
		if !(math.Abs(r.Loss-c.loss) <= 1e-5*max(1, c.loss)) {
			t.Errorf("%s: the loss is %.9g, want %.9g", c.name, r.Loss, c.loss)
		}
	}
	t.Logf("%d models, logits differ by %.2g at most", len(list), most)
}
