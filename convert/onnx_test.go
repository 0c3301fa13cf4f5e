package convert_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/internal/onnx"
)

const onnxDir = "../internal/onnx/testdata/"

// onnxPairs reads the tensors that PyTorch took and gave when it exported a file.
func onnxPairs(t *testing.T, name string) map[string]*onnx.Tensor {
	t.Helper()
	b, err := os.ReadFile(onnxDir + name + ".pb")
	if err != nil {
		t.Fatal(err)
	}
	pairs := make(map[string]*onnx.Tensor)
	for len(b) > 4 {
		n := binary.LittleEndian.Uint32(b)
		x, err := onnx.ReadTensor(bytes.NewReader(b[4:4+n]), int64(n))
		if err != nil {
			t.Fatal(err)
		}
		pairs[x.Name], b = x, b[4+n:]
	}
	return pairs
}

// A model that is made of an ONNX file gives what PyTorch gave, which exported it.
func TestONNX(t *testing.T) {
	const tolerance = 1.8e-7 // of what was measured, rounded up
	for _, c := range []struct {
		name      string
		timeFirst bool
		last      bool // the file gives the last step's output
	}{{"both", true, false}, {"last", false, true}, {"hidden", true, true}, {"top", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			_, m := importFile[*autoreg.VectorModel](t, onnxDir+c.name+".onnx", nil)
			pairs := onnxPairs(t, c.name)
			x, y := pairs["x"], pairs["y"]
			in, err := x.Float32s()
			if err != nil {
				t.Fatal(err)
			}
			out, err := y.Float32s()
			if err != nil {
				t.Fatal(err)
			}
			T, B, at := x.Shape[1], x.Shape[0], func(i, b, T, B int) int { return b*T + i }
			if c.timeFirst {
				T, B, at = B, T, func(i, b, T, B int) int { return i*B + b }
			}
			worst := 0.0
			for b := range B {
				var xs [][]float64
				for i := range T {
					xs = append(xs, float64s(in[at(i, b, T, B)*m.Inputs():][:m.Inputs()]))
				}
				got := outputs(m, xs)
				for i, row := range got {
					k := at(i, b, T, B)
					if c.last {
						if i < T-1 {
							continue
						}
						k = b
					}
					for j, v := range out[k*m.Outputs():][:m.Outputs()] {
						worst = max(worst, math.Abs(float64(row[j])-float64(v)))
					}
				}
			}
			if t.Logf("largest difference %.2g", worst); !(worst <= tolerance) {
				t.Errorf("off by %.2g", worst)
			}
		})
	}
	t.Run("text", func(t *testing.T) {
		in, m := importFile[*autoreg.TextModel](t, onnxDir+"text.onnx", &convert.ImportOptions{Vocabulary: strings.Split("abcdef", "")})
		if notes := strings.Join(in.Notes, "; "); !strings.Contains(notes, "without the logarithm") {
			t.Errorf("notes %q", notes)
		}
		pairs := onnxPairs(t, "text")
		ids, err := pairs["x"].Int64s()
		if err != nil {
			t.Fatal(err)
		}
		want, err := pairs["y"].Float32s()
		if err != nil {
			t.Fatal(err)
		}
		T, worst := pairs["x"].Shape[1], 0.0
		var s *autoreg.Stream
		for i, id := range ids {
			if i%T == 0 {
				s = m.NewStream()
			}
			s.Advance(int(id))
			row := make([]float32, 6)
			s.Logits(row)
			for k, p := range softmax(row) {
				worst = max(worst, math.Abs(float64(p)-math.Exp(float64(want[6*i+k]))))
			}
		}
		if t.Logf("largest difference %.2g", worst); !(worst <= tolerance) {
			t.Errorf("off by %.2g", worst)
		}
	})
	b, err := os.ReadFile(onnxDir + "carried.onnx")
	if err != nil {
		t.Fatal(err)
	}
	in, err := convert.Import(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil || len(in.Notes) == 0 || !strings.Contains(in.Notes[0], `its first state, the input "h" of the graph, is taken to be zeros`) {
		t.Errorf("a graph that is given its first state: %v, notes %q", err, in.Notes)
	}
}
