package model

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

var small = Config{Symbols: 7, Embedding: 3, Layers: lstms(5), Length: 20}

// lstms returns the specs of one LSTM for each number of units.
func lstms(units ...int) (list []layers.Spec) {
	for _, H := range units {
		list = append(list, &layers.LSTMSpec{Units: H})
	}
	return list
}

func words(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.New([]string{"", "[UNK]", ".", "the", "salt", "\\\"<é>"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// random returns a model with weights that are all different and not 0.
func random(t testing.TB, c Config) *Text {
	t.Helper()
	m := New(c, words(t))
	randomise(m.Stack)
	return m
}

// randomise gives all parameters of a network values that are all different and not 0.
func randomise(net layers.Network) {
	seed := uint64(1)
	for _, p := range layers.ParametersOf(net) {
		if !p.StoredOnly {
			data := make([]float32, p.Len())
			testkit.Values(data, seed, 1)
			p.Set(data)
			seed++
		}
	}
}

func encode(t testing.TB, f *weights.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checkpoint adds to f what makes it one.
func checkpoint(f *weights.File) *weights.File {
	f.Metadata[KeyCheckpoint] = "{}"
	f.Tensors = append(f.Tensors,
		weights.Tensor{Name: "optimizer.m.output.bias", Shape: []int{2}, Data: make([]float32, 2)},
		weights.Tensor{Name: "optimizer.v.output.bias", Shape: []int{2}, Data: make([]float32, 2)})
	return f
}

// A model that is written, read and written again gives the same bytes, and so
// do the weights: negative zero and denormal numbers included.
func TestRoundTrip(t *testing.T) {
	m := random(t, small)
	negZero := float32(math.Copysign(0, -1))
	for _, p := range layers.ParametersOf(m.Stack) {
		if !p.StoredOnly {
			data := p.Get()
			copy(data[1:], []float32{negZero, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32})
			p.Set(data)
		}
	}
	first := encode(t, m.File())
	for name, f := range map[string]*weights.File{"model": m.File(), "checkpoint": checkpoint(m.File())} {
		read, err := weights.Read(bytes.NewReader(encode(t, f)), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		got, err := FromFile(read)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !got.Config.Equal(small) {
			t.Errorf("%s: Config = %+v, want %+v", name, got.Config, small)
		}
		if got.Tokenizer.Len() != 6 || got.Stack.Symbols() != 7 {
			t.Errorf("%s: %d words and %d symbols, want 6 and 7", name, got.Tokenizer.Len(), got.Stack.Symbols())
		}
		if !bytes.Equal(encode(t, got.File()), first) {
			t.Errorf("%s: written again, the bytes differ", name)
		}
	}
}

// What other programs add to the metadata is ignored, kept, and written again; what
// describes the model cannot be replaced that way.
func TestFreeMetadata(t *testing.T) {
	added := map[string]string{"author": "A. N. Other", "licence": "CC0\n\"é\"", "": "", "Config": "{}", "training": "[]"}
	for name, f := range map[string]*weights.File{
		"text": random(t, small).File(), "checkpoint": checkpoint(random(t, small).File()),
		"pixels": randomPixels(smallPixels).File(), "pixels' checkpoint": checkpoint(randomPixels(smallPixels).File()),
	} {
		maps.Copy(f.Metadata, added)
		read, err := weights.Read(bytes.NewReader(encode(t, f)), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		var again *weights.File
		if m, err := FromFile(read); err == nil {
			got, again = m.Metadata, m.File()
		} else if m, err := PixelFromFile(read); err == nil {
			got, again = m.Metadata, m.File()
		} else {
			t.Fatalf("%s: %v", name, err)
		}
		if !maps.Equal(got, added) {
			t.Errorf("%s: Metadata = %q, want %q", name, got, added)
		}
		want := maps.Clone(f.Metadata)
		delete(want, KeyCheckpoint)
		if !maps.Equal(again.Metadata, want) {
			t.Errorf("%s: written again with metadata %q, want %q", name, again.Metadata, want)
		}
	}
	m, p := random(t, small), randomPixels(smallPixels)
	want, wantPixels := m.File().Metadata, p.File().Metadata
	m.Metadata = map[string]string{KeyFormat: "x", KeyVersion: "x", KeyConfig: "x", KeyTokenizer: "x", KeyCheckpoint: "x", weights.KeyChecksum: "x"}
	p.Metadata = m.Metadata
	if got := m.File().Metadata; !maps.Equal(got, want) {
		t.Errorf("own keys replaced: %q, want %q", got, want)
	}
	if got := p.File().Metadata; !maps.Equal(got, wantPixels) {
		t.Errorf("own keys replaced: %q, want %q", got, wantPixels)
	}
}

// The checksum covers what has a meaning here, and nothing that is free.
func TestChecksumCoversOwnMetadata(t *testing.T) {
	sum := func(f *weights.File) string {
		read, err := weights.Read(bytes.NewReader(encode(t, f)), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return read.Metadata[weights.KeyChecksum]
	}
	want := sum(checkpoint(random(t, small).File()))
	for _, key := range append([]string{"author", "training"}, ownKeys...) {
		f := checkpoint(random(t, small).File())
		f.Metadata[key] += "x"
		covered := slices.Contains(ownKeys, key) && key != weights.KeyChecksum
		if got := sum(f); (got != want) != covered {
			t.Errorf("metadata %q changed: checksum %s, was %s; want it covered: %v", key, got, want, covered)
		}
	}
}

// PyTorch has two biases: the model's is their sum.
func TestBiasesFold(t *testing.T) {
	f := random(t, small).File()
	ih, hh := f.Lookup("lstm.bias_ih_l0").Data, f.Lookup("lstm.bias_hh_l0").Data
	testkit.Values(hh, 9, 1)
	m, err := FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	got := parameter(t, m.Stack, "lstm.bias_ih_l0").Get()
	for i := range got {
		if want := ih[i] + hh[i]; got[i] != want {
			t.Errorf("bias[%d] = %v, want %v + %v = %v", i, got[i], ih[i], hh[i], want)
		}
	}
}

// parameter returns the parameter of that name.
func parameter(t testing.TB, net layers.Network, name string) layers.Parameter {
	t.Helper()
	for _, p := range layers.ParametersOf(net) {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("there is no parameter %s", name)
	return layers.Parameter{}
}

func TestParams(t *testing.T) {
	c := Config{Symbols: 10000, Embedding: 100, Layers: lstms(128), Length: 200}
	if got := c.Params(); got != 2_407_248 {
		t.Errorf("Params = %d, want 2407248", got)
	}
	m := random(t, small)
	got, want := 0, int(small.Params())
	for _, p := range m.Stack.Parts() {
		n, _ := layers.Count(p.Module)
		got += n
	}
	if got != want {
		t.Errorf("the layers have %d parameters, the config %d", got, want)
	}
}

func TestNewPanics(t *testing.T) {
	for _, c := range []Config{
		{Symbols: 5, Embedding: 3, Layers: lstms(5), Length: 1}, // fewer than words
		{Symbols: 7, Embedding: 0, Layers: lstms(5), Length: 1},
	} {
		func() {
			defer func() {
				if got := recover(); got != "model: New: invalid config" {
					t.Errorf("New(%+v): panic %v", c, got)
				}
			}()
			New(c, words(t))
		}()
	}
}

func TestMetadataErrors(t *testing.T) {
	const good = `{"kind":"text","symbols":7,"embedding":3,"layers":[{"type":"lstm","units":5}],"length":20}`
	edit := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the config", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, c := range []struct{ key, value, want string }{
		{KeyFormat, "", "not an autoreg model"},
		{KeyFormat, "pt", `"pt"`},
		{KeyFormat, "-", `no metadata "format"`},
		{KeyVersion, "2", `"2"`},
		{KeyVersion, "-", `format_version`},
		{KeyConfig, "-", `"config" is missing`},
		{KeyTokenizer, "-", `"tokenizer" is missing`},
		{KeyTokenizer, "{}", "tokenizer"},
		{KeyTokenizer, `{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]","a","b","c","d","e","f"]}`, "8 words"},
		{KeyConfig, "", "not valid JSON"},
		{KeyConfig, "[]", `"["`},
		{KeyConfig, "null", "<nil>"},
		{KeyConfig, good[:40], "not valid JSON"},
		{KeyConfig, good + "x", "something follows"},
		{KeyConfig, good + good, "something follows"},
		{KeyConfig, "{}", `"kind, symbols, embedding, layers, length"`},
		{KeyConfig, edit(`"text"`, `"pixels"`), `kind "pixels"`},
		{KeyConfig, `{"kind":"pixels","levels":4}`, `kind "pixels"`},
		{KeyConfig, edit(`"text"`, `1`), `"1", want a string`},
		{KeyConfig, edit(`"kind"`, `"Kind"`), `unknown member "Kind"`},
		{KeyConfig, edit(`"length":20`, `"symbols":7`), "comes twice"},
		{KeyConfig, edit(`"length":20`, `"length":2e1`), "integer"},
		{KeyConfig, edit(`"length":20`, `"length":20.5`), "integer"},
		{KeyConfig, edit(`"length":20`, `"length":"20"`), "integer"},
		{KeyConfig, edit(`"length":20`, `"length":99999999999999999999`), "integer"},
		{KeyConfig, edit(`"length":20`, `"length":0`), "length is 0"},
		{KeyConfig, edit(`"symbols":7`, `"symbols":-7`), "symbols is -7"},
		{KeyConfig, edit(`"symbols":7`, `"symbols":2147483647`), "symbols is 2147483647"},
		{KeyConfig, edit(`"units":5`, `"units":65536`), "parameters"},
		{KeyConfig, edit(`"units":5`, `"units":65537`), "units is 65537"},
		{KeyConfig, edit(`"embedding":3`, `"embedding":70000`), "embedding is 70000"},
		{KeyConfig, edit(`"lstm"`, `"tcn"`), `type "tcn"`},
		{KeyConfig, edit(`,"units":5`, ``), `"units"`},
		{KeyConfig, edit(`[{"type":"lstm","units":5}]`, `[]`), "0 layers"},
		{KeyConfig, edit(`[{"type":"lstm","units":5}]`, `{}`), `"{"`},
	} {
		f := random(t, small).File()
		f.Metadata[KeyConfig] = good
		if f.Metadata[c.key] = c.value; c.value == "-" {
			delete(f.Metadata, c.key)
		}
		m, err := FromFile(f)
		if err == nil || m != nil || !errors.Is(err, weights.ErrFormat) || strings.HasPrefix(err.Error(), "model: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %s: got %v, %v; want an error with %q", c.key, c.value, m, err, c.want)
		}
	}
}

// What other programs write is read as well.
func TestConfigForms(t *testing.T) {
	for _, s := range []string{
		string(small.appendJSON(nil)),
		` { "length" : 20, "layers" : [ { "units" : 5, "type" : "lstm" } ], "embedding" : 3, "symbols": 7, "kind": "t\u0065xt" } ` + "\n",
	} {
		var c Config
		if err := c.parse([]byte(s)); err != nil || !c.Equal(small) {
			t.Errorf("%s: got %+v, %v; want %+v", s, c, err, small)
		}
	}
}

func TestTensorErrors(t *testing.T) {
	for i, tensor := range random(t, small).File().Tensors {
		for what, edit := range map[string]func(f *weights.File){
			"missing": func(f *weights.File) { f.Tensors = slices.Delete(f.Tensors, i, i+1) },
			"renamed": func(f *weights.File) { f.Tensors[i].Name += "_reverse" },
			"reshaped": func(f *weights.File) {
				f.Tensors[i].Shape = []int{1, len(tensor.Data)}
			},
			"longer": func(f *weights.File) {
				f.Tensors[i].Shape = slices.Clone(tensor.Shape)
				f.Tensors[i].Shape[0]++
				f.Tensors[i].Data = append(slices.Clone(tensor.Data), make([]float32, len(tensor.Data)/tensor.Shape[0])...)
			},
		} {
			for _, cp := range []bool{false, true} {
				f := random(t, small).File()
				edit(f)
				if cp {
					checkpoint(f)
				}
				m, err := FromFile(f)
				if m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), tensor.Name) {
					t.Errorf("%s %s: got %v, %v; want an error that names it", tensor.Name, what, m, err)
				}
			}
		}
	}
}

// A file that says that there is one layer more than it has.
func TestLayerMissing(t *testing.T) {
	two := small
	two.Layers = lstms(5, 5)
	f := random(t, small).File()
	f.Metadata[KeyConfig] = two.String()
	m, err := FromFile(f)
	if m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), `tensor "lstm.weight_ih_l1" is missing`) {
		t.Errorf("got %v, %v; want an error that names the first tensor that is missing", m, err)
	}
}

// A checkpoint of an optimizer that keeps nothing has no tensors of its own.
func TestCheckpointWithoutState(t *testing.T) {
	f := random(t, small).File()
	f.Metadata[KeyCheckpoint] = "{}"
	if m, err := FromFile(f); err != nil || !bytes.Equal(encode(t, m.File()), encode(t, random(t, small).File())) {
		t.Errorf("text: %v, or another model", err)
	}
	f = randomPixels(smallPixels).File()
	f.Metadata[KeyCheckpoint] = "{}"
	if m, err := PixelFromFile(f); err != nil || !bytes.Equal(encode(t, m.File()), encode(t, randomPixels(smallPixels).File())) {
		t.Errorf("images: %v, or another model", err)
	}
}

func TestLeftOver(t *testing.T) {
	extra := func(f *weights.File, name string) *weights.File {
		f.Tensors = append(f.Tensors, weights.Tensor{Name: name, Shape: []int{1}, Data: make([]float32, 1)})
		return f
	}
	for _, c := range []struct {
		f    *weights.File
		want string
	}{
		{extra(random(t, small).File(), "lstm.weight_ih_l1"), "lstm.weight_ih_l1"},
		{extra(random(t, small).File(), "optimizer.m.x"), `no metadata "checkpoint"`},
		{extra(checkpoint(random(t, small).File()), "lstm.weight_ih_l1"), "lstm.weight_ih_l1"},
		{extra(checkpoint(random(t, small).File()), "optimizer"), `"optimizer"`},
	} {
		if m, err := FromFile(c.f); m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, %v; want an error with %q", m, err, c.want)
		}
	}
}

// A config may promise anything: nothing is allocated before the tensors that
// are there have been found to fit.
func TestHostileSizes(t *testing.T) {
	for _, c := range []string{
		`{"kind":"text","symbols":16777216,"embedding":1,"layers":[{"type":"lstm","units":1}],"length":1}`,
		`{"kind":"text","symbols":7,"embedding":3,"layers":[{"type":"lstm","units":8000}],"length":1}`,
		`{"kind":"text","symbols":7,"embedding":65536,"layers":[{"type":"lstm","units":512}],"length":1}`,
	} {
		f := random(t, small).File()
		f.Metadata[KeyConfig] = c
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := FromFile(f)
		runtime.ReadMemStats(&after)
		if m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), "parameters") {
			t.Errorf("%s: got %v, %v; want an error about the parameters", c, m, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<10 {
			t.Errorf("%s: %d bytes allocated", c, used)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add(small.appendJSON(nil))
	f.Add([]byte(`{"kind":"text","layers":[{"type":"lstm"`))
	f.Add([]byte(`{"symbols":1e99,"layers":[[[[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c, again Config
		if c.parse(b) != nil {
			return
		}
		if err := again.parse(c.appendJSON(nil)); err != nil || !again.Equal(c) {
			t.Errorf("%q: %+v came back as %+v, %v", b, c, again, err)
		}
	})
}
