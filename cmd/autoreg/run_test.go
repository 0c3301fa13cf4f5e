package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// vectorFile writes a model of random weights, of 2 inputs and 2 outputs.
func vectorFile(t testing.TB, dir, name string, scale float32, list ...layers.Spec) string {
	t.Helper()
	m := model.NewVectors(model.VectorConfig{Inputs: 2, Layers: list})
	for i, p := range layers.ParametersOf(m.Stack) {
		if !p.StoredOnly {
			v := make([]float32, p.Len())
			testkit.Values(v, uint64(i+1), scale)
			p.Set(v)
		}
	}
	var b bytes.Buffer
	if _, err := m.File().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return write(t, dir, name, b.String())
}

// csvOf returns lines of numbers.
func csvOf(x []float32, columns int) string {
	var b strings.Builder
	for i, v := range x {
		fmt.Fprintf(&b, "%v", v)
		if b.WriteByte(','); (i+1)%columns == 0 {
			b.WriteString("\n")
		}
	}
	return strings.ReplaceAll(b.String(), ",\n", "\n")
}

// The outputs of run are those of the library, from a file, standard input, with a header,
// blanks, other line ends, and into a file; in both directions too.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	models := []string{
		vectorFile(t, dir, "steps.safetensors", 0.6, &layers.LSTMSpec{Units: 9}, &layers.DenseSpec{Units: 2}),
		vectorFile(t, dir, "both.safetensors", 0.6, &layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 4}}, &layers.DenseSpec{Units: 2, Activation: "softmax"}),
	}
	xs := make([]float32, 2*3000)
	testkit.Values(xs, 9, 2)
	text := csvOf(xs, 2)
	in := write(t, dir, "in.csv", text)
	for k, path := range models {
		m, err := autoreg.Open[*autoreg.VectorModel](path)
		if err != nil {
			t.Fatal(err)
		}
		ys := make([]float32, 2*3000)
		m.Run(ys, xs)
		want := csvOf(ys, 2)
		for _, given := range []string{text, "\uFEFFleft,right\n" + text, strings.ReplaceAll(text, "\n", "\r\n"), strings.ReplaceAll(text, ",", " ,\t"), strings.TrimSuffix(text, "\n"), text + "\n \n"} {
			r := commandIn(given, "run", "--model", path)
			if r.code != exitOK || r.out != want {
				t.Fatalf("model %d, input %.30q: status %d, %s, or other outputs", k, given, r.code, r.err)
			}
			if header := strings.Contains(given, "left"); (r.err == "autoreg: line 1 is a header: left out\n") != header {
				t.Errorf("input %.30q: message %q", given, r.err)
			}
		}
		if got := ok(t, "run", "-m", path, in); got != want {
			t.Errorf("model %d: other outputs for the file", k)
		}
		out := filepath.Join(dir, "out.csv")
		if got := ok(t, "run", "-m", path, in, "-o", out); got != "" || string(read(t, out)) != want {
			t.Errorf("model %d: --output: %.50q is printed, or other outputs are written", k, got)
		}
		if r := commandIn("", "run", "-m", path); r.code != exitOK || r.out != "" {
			t.Errorf("model %d: no input: status %d, %q", k, r.code, r.out)
		}
	}
	if info := ok(t, "info", models[0]); !strings.Contains(info, "vectors of 2 numbers, one by one") || !strings.Contains(info, "dense_l1 (Dense)") {
		t.Errorf("info prints %s", info)
	}
	if info := ok(t, "info", models[1], "--json"); !strings.Contains(info, `"sequential": false`) {
		t.Errorf("info prints %s", info)
	}
}

// Outputs are printed before more input comes.
func TestRunStreams(t *testing.T) {
	path := vectorFile(t, t.TempDir(), "m.safetensors", 0.6, &layers.RNNSpec{Units: 2})
	r, w := io.Pipe()
	answer, out := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	status := make(chan int, 1)
	var errOut bytes.Buffer
	go func() { status <- run(ctx, []string{"run", "-m", path}, r, out, &errOut) }()
	buf := make([]byte, 1000)
	for i := range 3 {
		fmt.Fprintf(w, "%d,1\n0.5", i)
		n, err := answer.Read(buf)
		if err != nil || bytes.Count(buf[:n], []byte("\n")) != 1 {
			t.Fatalf("line %d: %q, %v", i, buf[:n], err)
		}
	}
	cancel() // while it waits for the rest of a line
	select {
	case code := <-status:
		if code != exitInterrupted {
			t.Errorf("status %d: %s", code, errOut.String())
		}
	case <-time.After(10 * time.Second):
		t.Error("an interruption while it waits for input does not end it")
	}
}

// A fullWriter takes nothing.
type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

// Memory does not grow with the number of lines.
func TestRunMemory(t *testing.T) {
	path := vectorFile(t, t.TempDir(), "m.safetensors", 0.6, &layers.RNNSpec{Units: 2})
	in := &longInput{left: 200}
	if code := run(context.Background(), []string{"run", "-m", path}, in, io.Discard, io.Discard); code != exitOK {
		t.Fatalf("status %d", code)
	}
	if in.late > in.early+64<<10 {
		t.Errorf("%d bytes are in use in the end, %d in the beginning", in.late, in.early)
	}
}

// A longInput is lines in pieces of 4000 bytes. It measures what memory is in use when the
// first and the last but one have been read.
type longInput struct {
	left        int
	early, late uint64
}

func (l *longInput) Read(p []byte) (int, error) {
	if l.left--; l.left < 0 {
		return 0, io.EOF
	}
	if l.early == 0 || l.left == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		if l.late = m.HeapAlloc; l.early == 0 && l.left < 198 {
			l.early = m.HeapAlloc
		}
	}
	return copy(p, strings.Repeat("0.25,-1\n", 500)), nil
}

// Errors name line and column and leave what came before.
func TestRunErrors(t *testing.T) {
	dir := t.TempDir()
	path := vectorFile(t, dir, "m.safetensors", 0.6, &layers.RNNSpec{Units: 2})
	both := vectorFile(t, dir, "b.safetensors", 0.6, &layers.BidirectionalSpec{Layer: &layers.RNNSpec{Units: 100}}, &layers.DenseSpec{Units: 2})
	large := vectorFile(t, dir, "l.safetensors", 3e38, &layers.DenseSpec{Units: 2}, &layers.DenseSpec{Units: 2})
	for _, c := range []struct{ in, want string }{
		{"1,2\n3\n", "standard input: line 2 has 1 column: want 2"},
		{"1,2,3\n", "line 1 has 3 columns: want 2"},
		{"1,2\n3,\n", `line 2, column 2: "" is not a number`},
		{"1,x\n", `line 1, column 2: "x" is not a number`},
		{"a,b\n1,2\nc,d\n", `line 3, column 1: "c" is not a number`},
		{"1,2\n3,NaN\n", `line 2, column 2: "NaN" is not finite`},
		{"-inf,1\n", `line 1, column 1: "-inf" is not finite`},
		{"1,1e39\n", `line 1, column 2: "1e39" is too large for a float32`},
		{"1,2\n\n\n3,4\n", "line 2 is empty: want 2 numbers"},
		{"\n3,4\n", "line 1 is empty: want 2 numbers"},
		{" , \n3,4\n", `line 1, column 1: "" is not a number`},
		{"1e400,2\n", `line 1, column 1: "1e400" is too large for a float32`},
		{"1,2\r3,4", "line 1 has 3 columns: want 2"},
		{"1,2\n\"1\",2\n", `line 2, column 1: "\"1\"" is not a number`},
		{"1;2\n3;4\n", "line 2 has 1 column: want 2"},
		{"\xFF\xFE1\x00,\x002\x00\n\x00", "standard input: line 2 has 1 column: want 2"}, // UTF-16
		{"1,2\n3,4\x00\n", `line 2, column 2: "4\x00" is not a number`},
		{"1,2\n1," + strings.Repeat("0", 9000) + "\n", "line 2 has more than 5120 bytes: want 2 numbers"},
		{"1,2\n1," + strings.Repeat("0", 900000), "line 2 has more than 5120 bytes"},
	} {
		r := commandIn(c.in, "run", "-m", path)
		if r.code != exitError || !strings.Contains(r.err, c.want) {
			t.Errorf("%.40q: status %d, %q; want %q", c.in, r.code, r.err, c.want)
		}
		if lines := strings.Count(r.out, "\n"); strings.Contains(c.in, "1,2\n") != (lines == 1) {
			t.Errorf("%.40q: %d lines of output", c.in, lines)
		}
		r = commandIn(c.in, "run", "-m", path, "-o", filepath.Join(dir, "out.csv"))
		if r.code != exitError || !strings.Contains(r.err, c.want) || strings.Contains(r.err, "saving") {
			t.Errorf("%.40q into a file: status %d, %q", c.in, r.code, r.err)
		}
		if _, err := os.Stat(filepath.Join(dir, "out.csv")); err == nil {
			t.Errorf("%.40q: a file is left", c.in)
		}
	}
	if r := commandIn("1e38,1\n", "run", "-m", large); r.code != exitError || !strings.Contains(r.err, "line 1: output 1 is ") {
		t.Errorf("status %d, %s", r.code, r.err)
	}
	if r := commandIn(strings.Repeat("1,2\n", 2000), "run", "-m", both, "--max-memory", "1"); r.code != exitError || !strings.Contains(r.err, "take more than 1 MiB: raise --max-memory") {
		t.Errorf("status %d, %s", r.code, r.err)
	}
	// What cannot be written is no error of the input.
	for _, text := range []string{"1,2\n", strings.Repeat("1,2\n", 30000)} {
		var errOut bytes.Buffer
		code := run(context.Background(), []string{"run", "-m", path}, strings.NewReader(text), fullWriter{}, &errOut)
		if code != exitError || strings.Contains(errOut.String(), "standard input") || !strings.Contains(errOut.String(), "disk is full") {
			t.Errorf("%d bytes to a full disk: status %d, %q", len(text), code, errOut.String())
		}
	}
	in := write(t, dir, "in.csv", "1,2\n")
	if r := commandIn(string(read(t, path)), "run", "-m", "-"); r.code == exitOK || !strings.Contains(r.err, "standard input can be read only once") {
		t.Errorf("the model and the numbers from standard input: status %d, %q", r.code, r.err)
	}
	fails(t, exitUsage, "give --model FILE", "run", in)
	fails(t, exitUsage, "are two files", "run", "-m", path, in, in)
	fails(t, exitUsage, "is the file to read", "run", "-m", path, in, "-o", in)
	fails(t, exitUsage, "are the same file", "run", "-m", path, in, "-o", path)
	fails(t, exitError, "no such file", "run", "-m", path, filepath.Join(dir, "nothing"))
	fails(t, exitError, "write with it by autoreg generate, or name a model over sequences of vectors", "run", "-m", cookbooksName, in)
	fails(t, exitError, "run it by autoreg run", "generate", "-m", path, "a")
	fails(t, exitUsage, "which predict nothing that could be scored", "score", "-m", path, in)
	fails(t, exitError, "train it in PyTorch", "train", "text", "--from", path, "--data", small().data, "-o", filepath.Join(dir, "on.safetensors"))
	fails(t, exitUsage, "which has no vocabulary", "info", path, "--vocabulary")
}
