package toonnx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// encode returns the file of a case, and the graph as it is read again.
func (c *testCase) encode(t testing.TB) ([]byte, *onnx.Model) {
	t.Helper()
	m, err := Model(c.file)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	b, err := m.Append(nil)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	again, err := onnx.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return b, again
}

// write puts a case into a folder for testdata/run.js.
func (c *testCase) write(t testing.TB, dir string) {
	t.Helper()
	file, m := c.encode(t)
	given := map[string]any{"feeds": c.feeds, "output": c.output}
	if c.states {
		states := make(map[string][]int)
		for _, v := range m.Graph.Inputs[1:] {
			states[v.Name] = []int{1, batch, int(v.Shape[2].Size)}
		}
		given["states"], given["steps"] = states, c.steps
	}
	in, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"model.onnx": file, "case.json": in} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A result is what testdata/run.js prints for a case.
type result struct {
	Dims            []int
	Whole           []float64
	Stepped         [][]float64
	Inputs, Outputs []string
}

// compute runs the cases in one Node.js.
func compute(t testing.TB, list []testCase) (results []result) {
	t.Helper()
	node, dir := testkit.ONNXRuntime(t), t.TempDir()
	args := []string{"testdata/run.js"}
	for i := range list {
		d := filepath.Join(dir, fmt.Sprint(i))
		list[i].write(t, d)
		args = append(args, d)
	}
	cmd := exec.Command(node, args...)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
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
		name := "after the last one"
		if len(results) < len(list) {
			name = list[len(results)].name
		}
		t.Fatalf("%s: %v: %s", name, err, errOut.String())
	}
	if errOut.Len() > 0 {
		t.Errorf("ONNX Runtime says %s", errOut.String())
	}
	return results
}

// TestONNXRuntime holds the outputs of ONNX Runtime to ours, to 1e-5, of the largest where
// that is more than 1: of models of every kind, all steps at once and one by one.
func TestONNXRuntime(t *testing.T) {
	list := cases(t)
	most := 0.0
	for i, r := range compute(t, list) {
		c := &list[i]
		stepped := make([]float64, len(c.want))
		if width := len(c.want) / batch / steps; c.states && len(r.Stepped) == steps {
			for k, rows := range r.Stepped {
				for b := range batch {
					copy(stepped[(b*steps+k)*width:], rows[b*width:][:width])
				}
			}
		}
		for way, got := range map[string][]float64{"whole": r.Whole, "stepped": stepped} {
			if way == "stepped" && !c.states {
				continue
			}
			if len(got) != len(c.want) {
				t.Errorf("%s: %d values, want %d", c.name, len(got), len(c.want))
				continue
			}
			largest, difference := 1.0, 0.0
			for k, want := range c.want {
				largest = max(largest, math.Abs(float64(want)))
				difference = max(difference, math.Abs(float64(want)-got[k]))
			}
			most = max(most, difference/largest)
			if !(difference <= 1e-5*largest) {
				t.Errorf("%s, %s: the outputs differ by %.3g, the largest is %.3g", c.name, way, difference, largest)
			}
		}
	}
	t.Logf("%d models, outputs differ by %.2g at most", len(list), most)
}

// TestForm holds what users see of a graph: names and shapes of inputs and outputs in their
// order, and the metadata.
func TestForm(t *testing.T) {
	lstm, gru := &layers.LSTMSpec{Units: 6}, &layers.GRUSpec{Units: 4}
	both := &layers.BidirectionalSpec{Layer: gru}
	mixture := layers.PixelCNNMixture{Channels: 3, Components: 2, Filters: 3, Blocks: 1, Resolutions: 1, Rows: 3, Cols: 3, Condition: 5}
	for _, c := range []struct {
		testCase
		want string
	}{
		{textCase(t, "", false, lstm, gru), "tokens int64 [batch sequence], lstm_h float [1 batch 6], lstm_c float [1 batch 6], gru_l1_h float [1 batch 4]" +
			" -> logits float [batch sequence 9], lstm_h_out float [1 batch 6], lstm_c_out float [1 batch 6], gru_l1_h_out float [1 batch 4]"},
		{classCase(t, "", lstm, both), "tokens int64 [batch sequence] -> logits float [batch 3]"},
		{vectorCase("", true, gru), "inputs float [batch sequence 3], gru_h float [1 batch 4] -> outputs float [batch sequence 4], gru_h_out float [1 batch 4]"},
		{vectorCase("", false, gru, both), "inputs float [batch sequence 3] -> outputs float [batch sequence 8]"},
		{imageCase("", 4, 4, layers.PixelCNN{Channels: 3, Levels: 4, Filters: 6, Kernel: 3}), "levels uint8 [batch 3 height width] -> logits float [batch 3 4 height width]"},
		{imageCase("", 4, 4, mixture), "levels uint8 [batch 3 height width], condition float [batch 5] -> parameters float [batch 2 10 height width]"},
	} {
		_, m := c.encode(t)
		if got := values(m.Graph.Inputs) + " -> " + values(m.Graph.Outputs); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		for _, v := range slices.Concat(m.Graph.Inputs, m.Graph.Outputs) {
			if v.Doc == "" {
				t.Errorf("%s says nothing of itself", v.Name)
			}
		}
		meta := make(map[string]string)
		for _, e := range m.Metadata {
			meta[e.Key] = e.Value
		}
		if !maps.Equal(meta, c.file.Metadata) {
			t.Errorf("metadata %v, want %v", meta, c.file.Metadata)
		}
	}
}

func values(list []onnx.Value) string {
	var words []string
	for _, v := range list {
		var shape []string
		for _, d := range v.Shape {
			if d.Known {
				d.Name = fmt.Sprint(d.Size)
			}
			shape = append(shape, d.Name)
		}
		words = append(words, fmt.Sprintf("%s %s %s", v.Name, v.DType, shape))
	}
	return strings.Join(words, ", ")
}

// A model that is none of ours is an error.
func TestErrors(t *testing.T) {
	c := textCase(t, "", false, &layers.LSTMSpec{Units: 6})
	for want, change := range map[string]func(f *weights.File){
		`models of kind "speech"`: func(f *weights.File) { f.Metadata[model.KeyConfig] = `{"kind":"speech"}` },
		`models of kind ""`:       func(f *weights.File) { delete(f.Metadata, model.KeyConfig) },
		`"lstm.weight_ih_l0"`:     func(f *weights.File) { f.Tensors = slices.Delete(f.Tensors, 1, 2) },
		`metadata "tokenizer"`:    func(f *weights.File) { delete(f.Metadata, model.KeyTokenizer) },
		`not finite`:              func(f *weights.File) { f.Tensors[0].Data[0] = float32(math.NaN()) },
	} {
		f := &weights.File{Metadata: maps.Clone(c.file.Metadata)}
		for _, x := range c.file.Tensors {
			x.Data = slices.Clone(x.Data)
			f.Tensors = append(f.Tensors, x)
		}
		change(f)
		if _, err := Model(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %s", err, want)
		}
	}
}
