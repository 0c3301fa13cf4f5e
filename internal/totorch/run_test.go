package totorch

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// idx returns an IDX file of bytes in these dimensions.
func idx(levels int, dims ...uint32) string {
	b := []byte{0, 0, 8, byte(len(dims))}
	n := 1
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
		n *= int(d)
	}
	for i := range n {
		b = append(b, byte(i*i%levels))
	}
	return string(b)
}

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

// TestRun samples from programs of every kind and trains them on. What they save are models
// of the same description with other weights.
func TestRun(t *testing.T) {
	python, dir := testkit.Torch(t), t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, "data-"+name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mixture := layers.PixelCNNMixture{Channels: 3, Components: 2, Filters: 3, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3, Condition: 3}
	list := []struct {
		testCase
		sample, train []string
		image         string // how the image begins that sample writes
	}{
		{textCase(t, "text", false, &layers.LSTMSpec{Units: 4}), []string{"--prompt", "a b", "--tokens", "5"},
			[]string{"--data", file("text", "a b c ab\na a b c\r\nb b b b\n"), "--length", "3"}, ""},
		{classCase(t, "classes", &layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 3}}), []string{"--text", "a b"},
			[]string{"--data", file("classes", "x\ta b\n{{.}}\tb c a b\nx\t\n")}, ""},
		{vectorCase("vectors", true, &layers.LSTMSpec{Units: 4}, &layers.GRUSpec{Units: 3, Activation: "sigmoid"}, &layers.DenseSpec{Units: 2}),
			[]string{"--inputs", file("run.csv", "\uFEFFa,b,c\r\n1,2,3\r\n-0.5, 1e-3,4\r\n")},
			[]string{"--data", file("in.csv", strings.Repeat("1,2,3\n0.5,1,2\n", 5)), "--targets", file("out.csv", strings.Repeat("1,2\n-1,0.5\n", 5)), "--length", "3"}, ""},
		{imageCase("PixelCNN", 4, 6, layers.PixelCNN{Channels: 1, Levels: 4, Filters: 6, Blocks: 1, Kernel: 3}), []string{"--count", "2"},
			[]string{"--data", file("grey.gz", zipped(idx(256, 5, 4, 6)))}, "P5 12 4 255\n"},
		{imageCase("mixture", 4, 2, mixture), []string{"--count", "3", "--label", "2"},
			[]string{"--data", file("colour", idx(256, 5, 4, 2, 3)), "--labels", file("labels", idx(3, 5))}, "P6 6 4 255\n"},
	}
	var commands [][]string
	for i := range list {
		c := &list[i]
		d := filepath.Join(dir, c.name)
		c.write(t, d)
		program := filepath.Join(d, "model.py")
		sample := append([]string{program}, c.sample...)
		if c.image != "" {
			sample = append(sample, "--image", filepath.Join(d, "image"))
		}
		commands = append(commands, sample, append([]string{program, "--epochs", "2", "--batch", "2", "--output", filepath.Join(d, "trained")}, c.train...))
	}
	text, err := json.Marshal(commands)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/run.py", string(text))
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "CUDA_VISIBLE_DEVICES=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if n := strings.Count(string(out), "epoch 2: loss "); n != len(list) || !strings.HasPrefix(string(out), "a b ") {
		t.Errorf("the programs print\n%s", out)
	}
	checkRows(t, string(out), list[2].file, []float32{1, 2, 3, -0.5, 1e-3, 4})
	for _, c := range list {
		d := filepath.Join(dir, c.name)
		if b, err := os.ReadFile(filepath.Join(d, "image")); c.image != "" && (err != nil || !strings.HasPrefix(string(b), c.image)) {
			t.Errorf("%s: the image begins with %.12q, %v", c.name, b, err)
		}
		b, err := os.ReadFile(filepath.Join(d, "trained"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := weights.Read(bytes.NewReader(b), 1<<20)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		switch model.KindOf(f.Metadata) {
		case model.KindText:
			_, err = model.FromFile(f)
		case model.KindClassifier:
			_, err = model.ClassifierFromFile(f)
		case model.KindVectors:
			_, err = model.VectorsFromFile(f)
		default:
			_, err = model.PixelFromFile(f)
		}
		if err != nil || f.Metadata[model.KeyConfig] != c.file.Metadata[model.KeyConfig] {
			t.Errorf("%s: the trained model is another one: %v", c.name, err)
		}
		same := 0
		for _, tensor := range f.Tensors {
			if string(tensorBytes(tensor.Data)) == string(tensorBytes(c.file.Lookup(tensor.Name).Data)) {
				same++
			}
		}
		if same > 0 {
			t.Errorf("%s: %d of %d tensors have not changed", c.name, same, len(f.Tensors))
		}
	}
}

// checkRows looks in what the programs print for the outputs of a model over vectors.
func checkRows(t *testing.T, printed string, f *weights.File, xs []float32) {
	t.Helper()
	m, err := model.VectorsFromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	s, rows := m.Stack.NewState(), regexp.MustCompile(`(?m)^(-?[0-9.e-]+),(-?[0-9.e-]+)$`).FindAllStringSubmatch(printed, -1)
	if len(rows) != len(xs)/3 {
		t.Fatalf("%d rows are printed, want %d:\n%s", len(rows), len(xs)/3, printed)
	}
	y := make([]float32, 2)
	for i, row := range rows {
		s.Step(y, xs[3*i:][:3])
		for k, want := range y {
			if got, err := strconv.ParseFloat(row[k+1], 64); err != nil || math.Abs(got-float64(want)) > 1e-5 {
				t.Errorf("row %d: output %d is %s, want %v", i, k, row[k+1], want)
			}
		}
	}
}

func tensorBytes(data []float32) []byte {
	b, _ := binary.Append(nil, binary.LittleEndian, data)
	return b
}
