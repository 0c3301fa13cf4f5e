package toonnx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/internal/testkit"
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

// The order of inputs and outputs is what users see.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		testCase
		inputs, outputs []string
	}{} {
		_, m := c.encode(t)
		if !slices.Equal(names(m.Graph.Inputs), c.inputs) || !slices.Equal(names(m.Graph.Outputs), c.outputs) {
			t.Errorf("%s: %q to %q", c.name, names(m.Graph.Inputs), names(m.Graph.Outputs))
		}
	}
}

func names(values []onnx.Value) (list []string) {
	for _, v := range values {
		list = append(list, v.Name)
	}
	return list
}
