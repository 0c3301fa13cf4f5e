package convert_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/internal/testkit"
)

// use imports b and runs a few steps of the imported model. b may be damaged.
// It reports whether there is one.
func use(t testing.TB, b []byte, o *convert.ImportOptions) bool {
	in, err := convert.Import(bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		if !strings.HasPrefix(err.Error(), "convert: ") {
			t.Fatalf("an error without the name of the package: %v", err)
		}
		return false
	}
	var file bytes.Buffer
	if _, err := in.WriteTo(&file); err != nil {
		t.Fatalf("writing: %v", err)
	}
	m, err := autoreg.Load[autoreg.Model](&file, nil)
	if err != nil {
		t.Fatalf("reading what was written: %v", err)
	}
	names := map[string]string{"pixelcnn": "images", "classifier": "classes of texts"}
	if want := cmp.Or(names[m.Kind()], m.Kind()); want != in.Kind {
		t.Fatalf("a model of %s, said to be one of %s", m.Kind(), in.Kind)
	}
	switch m := m.(type) {
	case *autoreg.VectorModel:
		y := make([]float32, 3*m.Outputs())
		m.Run(y, make([]float32, 3*m.Inputs()))
		if s, err := m.NewStream(); err == nil {
			s.Step(y[:m.Outputs()], make([]float32, m.Inputs()))
		}
	case *autoreg.ImageModel:
		c, err := m.NewCanvas(2, 2)
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(0)
		c.Logits(make([]float32, m.Levels()))
	case *autoreg.TextModel:
		s := m.NewStream()
		s.AllowUnknown(true)
		for i := range 3 {
			s.Advance(i % m.Symbols())
		}
		s.Logits(make([]float32, m.Symbols()))
	}
	return true
}

// words are a vocabulary for the networks over tokens of the tests.
var words = strings.Split("abcdef", "")

// FuzzImport begins with a small file of every format.
func FuzzImport(f *testing.F) {
	for _, pattern := range []string{"testdata/*.keras", "testdata/*.h5", "testdata/*.pt", "testdata/*.safetensors", onnxDir + "*.onnx", "../internal/torchfile/testdata/*.pt", "../internal/torchfile/testdata/*.ckpt"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("%s: %d files, %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b, !strings.Contains(path, "pixel"))
		}
	}
	b, _ := namFile(f, 1, 2, 2)
	f.Add(b, false)
	f.Add([]byte(rtneuralText), false)
	f.Add([]byte(`{"a.weight": [[1, 2], [3, 4]], "b.weight": [[1, 2], [3, 4]], "b.bias": [1, 2]}`), true)
	f.Fuzz(func(t *testing.T, b []byte, tokens bool) {
		o := &convert.ImportOptions{}
		if tokens {
			o.Vocabulary = words[:5]
		}
		use(t, b, o)
		if l, err := convert.List(bytes.NewReader(b), int64(len(b))); (l == nil) == (err == nil) {
			t.Errorf("List: %v, %v", l, err)
		}
	})
}

// A configuration is a JSON text that mutants are made of, and what it is part of.
type configuration struct {
	name string
	text []byte
	file func(text []byte) ([]byte, *convert.ImportOptions)
}

// configurations are those of each format.
func configurations(t *testing.T) (list []configuration) {
	plain := func(text []byte) ([]byte, *convert.ImportOptions) { return text, nil }
	amp, _ := namFile(t, 1, 2, 2)
	list = append(list, configuration{"NAM", amp, plain}, configuration{"RTNeural", []byte(rtneuralText), plain},
		configuration{"tensors", []byte(`{"a.weight": [[1, 2], [3, 4]], "r.weight_ih_l0": [[1, 2], [2, 1]], "r.weight_hh_l0": [[1, 2], [2, 1]], "b.weight": [[1, 2], [3, 4]], "b.bias": [1, 2]}`),
			func(text []byte) ([]byte, *convert.ImportOptions) {
				return text, &convert.ImportOptions{Vocabulary: words[:2]}
			}})
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	weights := read("testdata/weights.h5")
	list = append(list, configuration{"weights.h5", read("testdata/weights.json"), func(text []byte) ([]byte, *convert.ImportOptions) {
		return weights, &convert.ImportOptions{Like: text}
	}})
	for _, name := range []string{"new.keras", "both_concat.keras", "text.keras"} {
		z, err := zip.OpenReader("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		members := make(map[string][]byte)
		for _, f := range z.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			if members[f.Name], err = io.ReadAll(in); err != nil {
				t.Fatal(err)
			}
		}
		list = append(list, configuration{name, members["config.json"], func(text []byte) ([]byte, *convert.ImportOptions) {
			var b bytes.Buffer
			w := zip.NewWriter(&b)
			for member, data := range members {
				if member == "config.json" {
					data = text
				}
				out, err := w.CreateHeader(&zip.FileHeader{Name: member, Method: zip.Store})
				if err != nil {
					t.Fatal(err)
				}
				out.Write(data)
			}
			w.Close()
			return b.Bytes(), nil
		}})
	}
	return list
}

// TestMutants changes several places of a configuration at once: values, names, places,
// depths. AUTOREG_MUTANTS is the number of mutants of each configuration, AUTOREG_SEED
// their seed.
func TestMutants(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 20
	}
	n, seed := testkit.Mutants(t, n)
	total, models := 0, 0
	for i, c := range configurations(t) {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		if b, o := c.file(c.text); !use(t, b, o) {
			t.Errorf("%s: the configuration itself is refused", c.name)
		}
		whole, most := parseJSON(t, c.text), 0
		for range n {
			tree := whole.clone()
			var all []*jsonNode
			tree.list(&all)
			for range 1 + rng.IntN(4) {
				mutateJSON(rng, all)
			}
			text := tree.append(nil, 0)
			b, o := c.file(text)
			func() {
				defer func() {
					if r := recover(); r != nil {
						t.Fatalf("%s: panic %v for\n%s", c.name, r, text)
					}
				}()
				if use(t, b, o) {
					most++
				}
			}()
		}
		t.Logf("%s: %d mutants, %d of them models", c.name, n, most)
		total, models = total+n, models+most
	}
	t.Logf("%d mutants, %d of them models", total, models)
	if models == 0 || models == total {
		t.Error("want some of each kind")
	}
}

// A jsonNode is a value of a JSON text, which may be written more than once, or deeper.
type jsonNode struct {
	open   byte // '{', '[', or 0 for what text is
	names  []string
	nodes  []*jsonNode
	text   string
	copies int
	depth  int // of lists around it
}

func parseJSON(t *testing.T, text []byte) *jsonNode {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var parse func() *jsonNode
	parse = func() *jsonNode {
		tok, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		n := &jsonNode{copies: 1}
		delim, ok := tok.(json.Delim)
		if !ok {
			b, err := json.Marshal(tok)
			if err != nil {
				t.Fatal(err)
			}
			n.text = string(b)
			return n
		}
		for n.open = byte(delim); d.More(); {
			name := ""
			if n.open == '{' {
				tok, err := d.Token()
				if err != nil {
					t.Fatal(err)
				}
				name = fmt.Sprint(tok)
			}
			n.names, n.nodes = append(n.names, name), append(n.nodes, parse())
		}
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		return n
	}
	return parse()
}

func (n *jsonNode) list(all *[]*jsonNode) {
	*all = append(*all, n)
	for _, c := range n.nodes {
		c.list(all)
	}
}

func (n *jsonNode) clone() *jsonNode {
	c := *n
	c.names, c.nodes = append([]string(nil), n.names...), nil
	for _, x := range n.nodes {
		c.nodes = append(c.nodes, x.clone())
	}
	return &c
}

func (n *jsonNode) append(b []byte, level int) []byte {
	if level > 64 || len(b) > 1<<20 {
		return append(b, "null"...)
	}
	b = append(b, strings.Repeat("[", n.depth)...)
	if n.open == 0 {
		b = append(b, n.text...)
	} else {
		b = append(b, n.open)
		first := true
		for i, c := range n.nodes {
			for range c.copies {
				if !first {
					b = append(b, ',')
				}
				if first = false; n.open == '{' {
					b = append(strconv.AppendQuote(b, n.names[i]), ':')
				}
				b = c.append(b, level+1)
			}
		}
		b = append(b, n.open+2) // ] and } are two behind [ and {
	}
	return append(b, strings.Repeat("]", n.depth)...)
}

// jsonScalars are values that a member seldom has.
var jsonScalars = []string{
	"null", "true", "false", "0", "1", "-1", "2", "3", "4", "0.5", "65536", "65537", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
	"18446744073709551616", "1e9", "1e40", "1e400", "-0", `""`, `"a"`, `"\u0000"`, `"LSTM"`, `"GRU"`, `"SimpleRNN"`, `"Dense"`, `"Embedding"`, `"Bidirectional"`, `"TimeDistributed"`, `"Softmax"`, `"Activation"`,
	`"lstm"`, `"gru"`, `"dense"`, `"activation"`, `"relu"`, `"tanh"`, `"softmax"`, `"hard_sigmoid"`, `"elu"`, `"sum"`, `"Functional"`, `"Sequential"`, "[]", "{}", "[null]", "[[]]", `[""]`, "x", `"`, "NaN",
}

// mutateJSON changes one value, often to what another one is.
func mutateJSON(rng *rand.Rand, all []*jsonNode) {
	n, other := all[rng.IntN(len(all))], all[rng.IntN(len(all))]
	switch k := rng.IntN(12); {
	case k == 0:
		n.copies = 0
	case k == 1:
		n.copies = []int{2, 3, 50}[rng.IntN(3)]
	case k == 2:
		n.depth = []int{1, 1, 2, 4, 20, rng.IntN(400)}[rng.IntN(6)]
		if rng.IntN(100) == 0 {
			n.depth = 12000 // more than encoding/json reads
		}
	case k == 3 && len(n.names) > 0 && len(other.names) > 0:
		n.names[rng.IntN(len(n.names))] = other.names[rng.IntN(len(other.names))]
	case k == 4 && len(n.nodes) > 1:
		rng.Shuffle(len(n.nodes), func(i, j int) { n.nodes[i], n.nodes[j] = n.nodes[j], n.nodes[i] })
	case k == 5 && len(n.nodes) > 0:
		n.nodes = n.nodes[:rng.IntN(len(n.nodes))]
	case k < 8:
		copies := n.copies
		*n = *other.clone()
		n.copies = copies
	default:
		*n = jsonNode{text: jsonScalars[rng.IntN(len(jsonScalars))], copies: 1}
	}
}
