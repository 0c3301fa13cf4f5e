package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/onnx"
)

// doubler is a network of RTNeural that gives 2·a - b + 0.5.
const doubler = `{"in_shape": [2], "layers": [{"type": "dense", "shape": [1], "weights": [[[2], [-1]], [0.5]]}]}`

// Import writes the model, prints its layers, and ends with a comparison of outputs where
// there are known ones: of --compare, or beside the file.
func TestImport(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "net.json", doubler)
	out := filepath.Join(dir, "m.safetensors")
	r := command("import", file, "-o", out)
	if r.code != exitOK || !strings.Contains(r.out, "dense (Dense)") || strings.Contains(r.out, "compared") ||
		r.err != "autoreg: read RTNeural JSON, wrote "+out+", a model of vectors\n" {
		t.Errorf("status %d, %s%s", r.code, r.out, r.err)
	}
	if m, err := autoreg.Open[*autoreg.VectorModel](out); err != nil || m.Params() != 3 {
		t.Errorf("%v", err)
	}
	fails(t, exitError, "give --overwrite to replace it", "import", file, "-o", out)
	fails(t, exitUsage, "give --output FILE", "import", file)

	x := write(t, dir, "x.csv", "a,b\n1,2\n3,4\n")
	for _, c := range []struct{ y, want, warning string }{
		{"0.5\n2.5\n", "compared with Y: 2 steps, the largest difference is 0, at step 1, output 1: 0.5 for 0.5; outputs up to 2.5\n", ""},
		{"0.5\n2.51\n", "compared with Y: 2 steps, the largest difference is 0.01, at step 2, output 1: 2.5 for 2.51; outputs up to 2.51\n", "autoreg: the outputs differ from those of Y by more than a thousandth of the largest: the model does something else than the one that gave them\n"},
		{"2.5\n", "2 steps, the largest difference is 0, at step 2, output 1", ""},
	} {
		y := write(t, dir, "y.csv", c.y)
		r := command("import", file, "--compare", x+","+y, "-o", out, "--overwrite")
		if want := strings.ReplaceAll(c.want, "Y", y); r.code != exitOK || !strings.Contains(r.out, want) {
			t.Errorf("%q: status %d, %s%s; want %s", c.y, r.code, r.out, r.err, want)
		}
		if _, warning, _ := strings.Cut(r.err, "a model of vectors\n"); warning != strings.ReplaceAll(c.warning, "Y", y) {
			t.Errorf("%q: %q", c.y, r.err)
		}
	}
	none := filepath.Join(dir, "none.safetensors")
	for y, want := range map[string]string{
		"1\n2\n3\n": "it has 3 lines for 2 lines of inputs: want as many, or that of the last",
		"":          "it has 0 lines",
		"1,2\n":     "line 1 has 2 columns: want 1",
		"NaN\n":     "is not finite",
	} {
		fails(t, exitError, want, "import", file, "--compare", x+","+write(t, dir, "y.csv", y), "-o", none)
	}
	fails(t, exitError, "it has no numbers", "import", file, "--compare", write(t, dir, "empty.csv", "")+","+write(t, dir, "y.csv", "1\n"), "-o", none)
	fails(t, exitError, "no such file", "import", file, "--compare", x+","+filepath.Join(dir, "nothing"), "-o", none)
	for _, list := range []string{x, x + ",", "," + x, x + "," + x + "," + x} {
		fails(t, exitUsage, "want two files, IN.csv,OUT.csv", "import", file, "--compare", list, "-o", none)
	}
	vocabulary := write(t, dir, "v.txt", "a\nb\n")
	text := write(t, dir, "text.json", `{"a.weight": [[1], [2]], "r.weight_ih_l0": [[1]], "r.weight_hh_l0": [[1]], "b.weight": [[1], [2]], "b.bias": [1, 2]}`)
	fails(t, exitUsage, "--compare is for models of vectors, but this is one of text", "import", text, "--vocabulary", vocabulary, "--compare", x+","+x, "-o", none)
	if _, err := os.Stat(none); err == nil {
		t.Error("a model is written though there is nothing to compare it with")
	}

	// RTNeural's vectors are found by their names.
	write(t, dir, "net_x_python.csv", "1,2\n3,4\n")
	y := write(t, dir, "net_y_python.csv", "0.5\n2.5\n")
	if r := command("import", file, "-o", out, "--overwrite"); r.code != exitOK || !strings.Contains(r.out, "compared with "+y+": 2 steps, the largest difference is 0,") {
		t.Errorf("status %d, %s%s", r.code, r.out, r.err)
	}
	write(t, dir, "net_y_python.csv", "0.5\nx\n")
	if r := command("import", file, "-o", out, "--overwrite"); r.code != exitOK || strings.Contains(r.out, "compared") || !strings.Contains(r.err, `autoreg: not compared: `) {
		t.Errorf("vectors that cannot be read: status %d, %s%s", r.code, r.out, r.err)
	}
}

// The test vectors of an ONNX file are found beside it, in either order of sequences.
func TestImportCompareONNX(t *testing.T) {
	for name, want := range map[string]string{
		"both":   "8 steps of 2 sequences, the largest difference is ",
		"last":   "8 steps of 2 sequences, the largest difference is ",
		"hidden": "8 steps of 2 sequences, the largest difference is ",
	} {
		dir, from := t.TempDir(), "../../internal/onnx/testdata/"+name
		file := write(t, dir, "model.onnx", string(read(t, from+".onnx")))
		vectors := filepath.Join(dir, "test_data_set_0")
		if err := os.Mkdir(vectors, 0o777); err != nil {
			t.Fatal(err)
		}
		for b, names := read(t, from+".pb"), []string{"input_0.pb", "output_0.pb"}; len(names) > 0; names = names[1:] {
			n := binary.LittleEndian.Uint32(b)
			write(t, vectors, names[0], string(b[4:4+n]))
			b = b[4+n:]
		}
		out := filepath.Join(dir, "m.safetensors")
		r := command("import", file, "-o", out)
		if r.code != exitOK || !strings.Contains(r.out, "compared with "+filepath.Join(vectors, "output_0.pb")+": "+want) || strings.Contains(r.err, "differ") {
			t.Errorf("%s: status %d, %s%s; want %s", name, r.code, r.out, r.err, want)
		}
		for first, want := range map[float32]bool{0: true, 1: false} {
			x := onnx.NewFloats("h", []int{1, 2}, []float32{0, first})
			b, err := x.AppendTo(nil)
			if err != nil {
				t.Fatal(err)
			}
			write(t, vectors, "input_1.pb", string(b))
			r := command("import", file, "-o", out, "--overwrite")
			if r.code != exitOK || strings.Contains(r.out, "compared") != want || strings.Contains(r.err, "input_1.pb has a first state, and the model begins with zeros") == want {
				t.Errorf("%s, a first state of %v: status %d, %s%s", name, first, r.code, r.out, r.err)
			}
		}
		write(t, vectors, "input_1.pb", string(bytes.Repeat([]byte{0xff}, 20)))
		if r := command("import", file, "-o", out, "--overwrite"); r.code != exitOK || !strings.Contains(r.err, "not compared: ") {
			t.Errorf("%s, damaged vectors: status %d, %s", name, r.code, r.err)
		}
	}
}
