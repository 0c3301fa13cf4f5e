package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/internal/onnx"
)

// A testSequence is inputs [steps, Inputs] and the outputs that are known for them, of each
// step or of the last.
type testSequence struct{ x, y []float32 }

// A comparison is how far outputs are from those that are known.
type comparison struct {
	steps, sequences       int
	worst, most            float64 // the largest difference, the largest output
	sequence, step, output int     // of the largest difference
	got, want              float32
}

// compare runs the model over inputs for which outputs are known: those of --compare, or
// the test vectors that lie beside the file by the custom of its format. It returns nil if
// there are none, and what has been compared.
func (j *importJob) compare(path string, in *convert.Imported) (*comparison, string, error) {
	if j.vectors != "" && in.Kind != "vectors" {
		return nil, "", usagef("--compare is for models of vectors, but this is one of %s", in.Kind)
	}
	if in.Kind != "vectors" {
		return nil, "", nil
	}
	var file bytes.Buffer
	if _, err := in.WriteTo(&file); err != nil {
		return nil, "", err
	}
	m, err := autoreg.Load[*autoreg.VectorModel](&file, nil)
	if err != nil {
		return nil, "", err
	}
	if j.vectors != "" {
		x, y, _ := strings.Cut(j.vectors, ",")
		list, err := readTestVectors(m, x, y)
		if err != nil {
			return nil, "", err
		}
		return compareOutputs(m, list), y, nil
	}
	if name, ok := strings.CutSuffix(path, ".json"); ok && strings.HasPrefix(in.Format, "RTNeural") {
		x, y := name+"_x_python.csv", name+"_y_python.csv"
		if !isFile(x) || !isFile(y) {
			return nil, "", nil
		}
		list, err := readTestVectors(m, x, y)
		if err != nil {
			j.note("not compared: %v", err)
			return nil, "", nil
		}
		return compareOutputs(m, list), y, nil
	}
	dir := filepath.Join(filepath.Dir(path), "test_data_set_0")
	if !strings.HasPrefix(in.Format, "ONNX") || !isFile(filepath.Join(dir, "input_0.pb")) || !isFile(filepath.Join(dir, "output_0.pb")) {
		return nil, "", nil
	}
	// Sequences lie one after the other or side by side, which shapes need not tell.
	orders, err := readTestTensors(m, dir)
	if err != nil {
		j.note("not compared: %s: %v", dir, err)
		return nil, "", nil
	}
	best := compareOutputs(m, orders[0])
	for _, list := range orders[1:] {
		if c := compareOutputs(m, list); c.worst < best.worst {
			best = c
		}
	}
	return best, filepath.Join(dir, "output_0.pb"), nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// readTestVectors reads a sequence of inputs and outputs.
func readTestVectors(m *autoreg.VectorModel, xs, ys string) ([]testSequence, error) {
	x, err := readRows(xs, m.Inputs())
	if err != nil {
		return nil, err
	}
	y, err := readRows(ys, m.Outputs())
	if err != nil {
		return nil, err
	}
	T, have := len(x)/m.Inputs(), len(y)/m.Outputs()
	switch {
	case T == 0:
		return nil, &fileError{xs, errors.New("it has no numbers")}
	case have != T && have != 1:
		return nil, &fileError{ys, fmt.Errorf("it has %s for %s of inputs: want as many, or that of the last", counted(have, "line"), counted(T, "line"))}
	case m.RunBytes(T) > defaultRunMemory<<20:
		return nil, &fileError{xs, fmt.Errorf("a sequence of %d steps takes more than %d MiB: give a shorter one", T, defaultRunMemory)}
	}
	return []testSequence{{x, y}}, nil
}

// readRows reads a file of numbers.
func readRows(path string, columns int) ([]float32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := newRowReader(f, columns)
	r.header = func() {}
	var list []float32
	for {
		row, err := r.next()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, &fileError{path, err}
		}
		if list = append(list, row...); len(list) > defaultRunMemory<<17 {
			return nil, &fileError{path, fmt.Errorf("line %d: the lines up to here take more than %d MiB", r.line, defaultRunMemory>>1)}
		}
	}
}

// readTestTensors reads the test vectors of an ONNX file: inputs [steps, sequences, Inputs],
// and in a second order [sequences, steps, Inputs].
func readTestTensors(m *autoreg.VectorModel, dir string) (orders [][]testSequence, err error) {
	x, shape, err := readTensor(filepath.Join(dir, "input_0.pb"))
	if err != nil {
		return nil, err
	}
	y, _, err := readTensor(filepath.Join(dir, "output_0.pb"))
	if err != nil {
		return nil, err
	}
	if len(shape) == 2 {
		shape = []int{shape[0], 1, shape[1]}
	}
	if len(shape) != 3 || shape[2] != m.Inputs() || len(x) == 0 {
		return nil, fmt.Errorf("input_0.pb has the shape %v: want [steps, sequences, %d]", shape, m.Inputs())
	}
	for i := 1; isFile(filepath.Join(dir, fmt.Sprintf("input_%d.pb", i))); i++ {
		name := fmt.Sprintf("input_%d.pb", i)
		first, _, err := readTensor(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(first, func(v float32) bool { return v != 0 }) {
			return nil, fmt.Errorf("%s has a first state, and the model begins with zeros", name)
		}
	}
	for _, sideBySide := range []bool{true, false} {
		T, B := shape[0], shape[1]
		row := func(data []float32, t, b, width int) []float32 { return data[(t*B+b)*width:][:width] }
		if !sideBySide {
			T, B = B, T
			row = func(data []float32, t, b, width int) []float32 { return data[(b*T+t)*width:][:width] }
		}
		whole := len(y) == T*B*m.Outputs()
		if !whole && len(y) != B*m.Outputs() || m.RunBytes(T) > defaultRunMemory<<20 {
			continue
		}
		list := make([]testSequence, B)
		for b := range list {
			for t := range T {
				list[b].x = append(list[b].x, row(x, t, b, m.Inputs())...)
				if whole {
					list[b].y = append(list[b].y, row(y, t, b, m.Outputs())...)
				}
			}
			if !whole {
				list[b].y = y[b*m.Outputs():][:m.Outputs()]
			}
		}
		orders = append(orders, list)
	}
	if orders == nil {
		return nil, fmt.Errorf("output_0.pb has %d values: they are not those of %d outputs for inputs of the shape %v", len(y), m.Outputs(), shape)
	}
	return orders, nil
}

// readTensor reads a file of one tensor.
func readTensor(path string) ([]float32, []int, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > maxSmall {
		return nil, nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it has %d bytes: want at most %d", info.Size(), maxSmall)}
	}
	t, err := onnx.ReadTensor(f, info.Size())
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	data, err := t.Float32s()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return data, t.Shape, nil
}

// compareOutputs runs the model over sequences.
func compareOutputs(m *autoreg.VectorModel, list []testSequence) *comparison {
	c := &comparison{sequences: len(list), worst: -1}
	n := m.Outputs()
	for i, s := range list {
		T := len(s.x) / m.Inputs()
		c.steps += T
		y := make([]float32, T*n)
		m.Run(y, s.x)
		from := T - len(s.y)/n
		for k, want := range s.y {
			got := y[from*n+k]
			d := math.Abs(float64(got) - float64(want))
			if math.IsNaN(d) {
				d = math.Inf(1)
			}
			c.most = max(c.most, math.Abs(float64(want)))
			if d > c.worst {
				c.worst, c.sequence, c.step, c.output, c.got, c.want = d, i, from+k/n, k%n, got, want
			}
		}
	}
	return c
}

// tolerated is the part of the largest output by which outputs may differ without a
// warning.
const tolerated = 1e-3

// differ reports whether the outputs are others.
func (c *comparison) differ() bool { return c.worst > tolerated*c.most || math.IsNaN(c.most) }

// String returns the comparison in a line.
func (c *comparison) String() string {
	where := fmt.Sprintf("step %d, output %d", c.step+1, c.output+1)
	steps := counted(c.steps, "step")
	if c.sequences > 1 {
		where = fmt.Sprintf("sequence %d, %s", c.sequence+1, where)
		steps += " of " + counted(c.sequences, "sequence")
	}
	return fmt.Sprintf("%s, the largest difference is %.2g, at %s: %v for %v; outputs up to %.3g", steps, c.worst, where, c.got, c.want, c.most)
}
