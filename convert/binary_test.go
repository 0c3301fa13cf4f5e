package convert_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/internal/testkit"
)

// tryOut opens a model that was imported and takes some steps with it.
func tryOut(t *testing.T, in *convert.Imported) {
	var file bytes.Buffer
	if _, err := in.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	m, err := autoreg.Load[autoreg.Model](&file, nil)
	if err != nil {
		t.Fatalf("what was written cannot be read: %v", err)
	}
	switch m := m.(type) {
	case *autoreg.VectorModel:
		x, y := make([]float32, 3*m.Inputs()), make([]float32, 3*m.Outputs())
		for i := range x {
			x[i] = float32(i%7) - 3
		}
		m.Run(y, x)
		if s, err := m.NewStream(); err == nil {
			s.Step(y[:m.Outputs()], x[:m.Inputs()])
		}
	case *autoreg.TextModel:
		s := m.NewStream()
		s.AllowUnknown(true)
		for i := range 3 {
			s.Advance(i % m.Symbols())
			s.Logits(make([]float32, m.Symbols()))
		}
	}
}

// scribble changes several fields of a text of bytes at once: to limits, or to what stands
// elsewhere in it.
func scribble(rng *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + rng.IntN(4) {
		size := 1 << rng.IntN(4)
		at, from := rng.IntN(len(b)-size+1), rng.IntN(len(b)-size+1)
		if rng.IntN(2) == 0 {
			at -= at % size
		}
		switch field := b[at:][:size]; rng.IntN(5) {
		case 0:
			copy(field, b[from:][:size])
		case 1:
			copy(field, bytes.Repeat([]byte{[]byte{0, 1, 0x7f, 0x80, 0xff}[rng.IntN(5)]}, size))
		case 2:
			field[0] += byte(1 - 2*rng.IntN(2))
		case 3:
			field[rng.IntN(size)] ^= 1 << rng.IntN(8)
		case 4:
			copy(field, binary.LittleEndian.AppendUint64(nil, 1<<rng.IntN(64)))
		}
	}
	return string(b)
}

// A mutable makes mutants of a file.
type mutable struct {
	name   string
	mutant func(rng *rand.Rand) []byte
}

// mutables are files of each format, taken apart so that checksums and lengths around what
// is changed fit.
func mutables(t *testing.T) (list []mutable) {
	for _, pattern := range []string{"testdata/*.keras", "testdata/*.h5", "../internal/torchfile/testdata/lstm.pt", "../internal/onnx/testdata/*.onnx"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			b, name := readBytes(t, path), filepath.Base(path)
			switch {
			case strings.HasPrefix(string(b), "PK"):
				members := unzipped(t, b)
				list = append(list, mutable{name, func(rng *rand.Rand) []byte {
					m := slices.Clone(members)
					for i := 0; i < len(m); i += 2 {
						if strings.HasSuffix(m[i], ".h5") || strings.HasSuffix(m[i], ".pkl") {
							m[i+1] = scribble(rng, m[i+1])
						}
					}
					return zipped(t, m...)
				}})
			case strings.HasSuffix(name, ".onnx"):
				list = append(list, mutable{name, func(rng *rand.Rand) []byte { return mutateGraph(t, rng, b) }})
			default:
				list = append(list, mutable{name, func(rng *rand.Rand) []byte { return []byte(scribble(rng, string(b))) }})
			}
		}
	}
	parts := []string{"a.bias", "F32", "[3]", "0,12", "a.weight", "F32", "[3,2]", "12,36", "b.bias", "F16", "[2]", "36,40", "b.weight", "BF16", "[2,3]", "40,52"}
	list = append(list, mutable{"safetensors", func(rng *rand.Rand) []byte {
		p := slices.Clone(parts)
		for range rng.IntN(3) {
			at, values := rng.IntN(len(p)), []string{"[]", "[0]", "[3,2]", "[2,3]", "[6]", "[2147483647,2]", "[4294967296]", "[-1]", "0,0", "0,12", "52,52", "9223372036854775807,0", "I8", "F64", "BOOL", "", "a.weight_ih_l0", "a.weight_hh_l0"}
			p[at] = values[rng.IntN(len(values))]
			if rng.IntN(3) == 0 {
				p[at] = p[rng.IntN(len(p))]
			}
		}
		var entries []string
		for i := 0; i < len(p); i += 4 {
			entries = append(entries, fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":[%s]}`, p[i], p[i+1], p[i+2], p[i+3]))
		}
		return tensors("{"+strings.Join(entries, ",")+"}", 52)
	}})
	return list
}

// mutateGraph changes nodes, attributes and shapes of a graph.
func mutateGraph(t *testing.T, rng *rand.Rand, b []byte) []byte {
	m, err := onnx.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	g := m.Graph
	ops := []string{"LSTM", "GRU", "RNN", "Gemm", "MatMul", "Add", "Relu", "Tanh", "Softmax", "Transpose", "Squeeze", "Reshape", "Identity", "Gather", "Concat"}
	numbers := []int64{0, 1, 2, 3, -1, 1 << 31, 1 << 62}
	for range 1 + rng.IntN(3) {
		n := &g.Nodes[rng.IntN(len(g.Nodes))]
		switch rng.IntN(7) {
		case 0:
			n.Op = ops[rng.IntN(len(ops))]
		case 1:
			if len(n.Attributes) > 0 {
				a := &n.Attributes[rng.IntN(len(n.Attributes))]
				a.I = numbers[rng.IntN(len(numbers))]
				if len(a.Ints) > 0 {
					a.Ints[rng.IntN(len(a.Ints))] = numbers[rng.IntN(len(numbers))]
				}
			}
		case 2:
			if len(n.Attributes) > 0 {
				n.Attributes = n.Attributes[1:]
			}
		case 3:
			if len(n.Inputs) > 0 {
				n.Inputs[rng.IntN(len(n.Inputs))] = g.Nodes[rng.IntN(len(g.Nodes))].Outputs[0]
			}
		case 4:
			if len(n.Inputs) > 0 && len(g.Initializers) > 0 {
				n.Inputs[rng.IntN(len(n.Inputs))] = g.Initializers[rng.IntN(len(g.Initializers))].Name
			}
		case 5: // the same elements in another shape
			if len(g.Initializers) > 0 {
				x := &g.Initializers[rng.IntN(len(g.Initializers))]
				slices.Reverse(x.Shape)
			}
		case 6: // a node less
			if len(n.Inputs) > 0 && len(n.Outputs) > 0 {
				out, in := n.Outputs[0], n.Inputs[0]
				for i := range g.Nodes {
					for k, name := range g.Nodes[i].Inputs {
						if name == out {
							g.Nodes[i].Inputs[k] = in
						}
					}
				}
			}
		}
	}
	out, err := m.Append(nil)
	if err != nil {
		return b
	}
	return out
}

// No mutant of a file makes Import panic; what it makes a model of can be used.
// AUTOREG_MUTANTS is the number of mutants of each file, AUTOREG_SEED their seed.
func TestBinaryMutants(t *testing.T) {
	n := 25
	if testing.Short() {
		n = 5
	}
	n, seed := testkit.Mutants(t, n)
	total, models := 0, 0
	for i, m := range mutables(t) {
		rng, good := rand.New(rand.NewPCG(seed, uint64(i))), 0
		for k := range n {
			b := m.mutant(rng)
			func() {
				defer func() {
					if r := recover(); r != nil {
						file := filepath.Join(t.ArtifactDir(), "mutant")
						t.Fatalf("%s, mutant %d, in %s: panic: %v, %v", m.name, k, file, r, os.WriteFile(file, b, 0o600))
					}
				}()
				in, err := convert.Import(bytes.NewReader(b), int64(len(b)), optionsFor(t, m.name))
				if err == nil {
					good++
					tryOut(t, in)
				}
				convert.List(bytes.NewReader(b), int64(len(b)))
			}()
		}
		t.Logf("%s: %d mutants, %d of them models", m.name, n, good)
		total, models = total+n, models+good
	}
	t.Logf("%d mutants, %d of them models", total, models)
	if models == 0 || models == total {
		t.Error("want some of each kind")
	}
}

// optionsFor returns what a file does not say.
func optionsFor(t *testing.T, name string) *convert.ImportOptions {
	switch name {
	case "text.onnx", "unfolded.onnx":
		return &convert.ImportOptions{Vocabulary: []string{"a", "b", "c"}}
	case "weights.h5":
		return &convert.ImportOptions{Like: readBytes(t, "testdata/weights.json")}
	case "safetensors":
		return &convert.ImportOptions{Steps: []convert.Step{{Module: "a", Activation: "relu"}, {Module: "b"}}}
	}
	return nil
}
