package model

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

var smallClassifier = ClassifierConfig{
	Symbols: 7, Embedding: 3, Length: 4,
	Layers:  []layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 5}}},
	Classes: []string{"Dessert", "\"<é>\\\n", "other"},
}

const smallClassifierJSON = `{"kind":"classifier","symbols":7,"embedding":3,"layers":[{"type":"bidirectional","layer":{"type":"gru","units":5}}],"classes":["Dessert","\"<é>\\\u000a","other"],"length":4}`

func randomClassifier(t testing.TB) *Classifier {
	t.Helper()
	m := NewClassifier(smallClassifier, words(t))
	randomise(m.Stack)
	return m
}

func TestClassifierRoundTrip(t *testing.T) {
	m := randomClassifier(t)
	if got := m.Config.String(); got != smallClassifierJSON {
		t.Errorf("config %s, want %s", got, smallClassifierJSON)
	}
	m.Metadata = map[string]string{"author": "A. N. Other"}
	first := encode(t, m.File())
	for name, f := range map[string]*weights.File{"model": m.File(), "checkpoint": checkpoint(m.File())} {
		read, err := weights.Read(bytes.NewReader(encode(t, f)), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ClassifierFromFile(read)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !got.Config.Equal(smallClassifier) || got.Stack.Symbols() != 3 {
			t.Errorf("%s: config %s, %d outputs", name, got.Config, got.Stack.Symbols())
		}
		if !bytes.Equal(encode(t, got.File()), first) {
			t.Errorf("%s: written again, the bytes differ", name)
		}
	}
}

// A layer in both directions has twice the parameters: the 121,200.
func TestClassifierParams(t *testing.T) {
	c := ClassifierConfig{
		Symbols: 10000, Embedding: 100, Length: 200, Classes: []string{"a", "b"},
		Layers: []layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 100}}},
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	list := c.Describe()
	if l := list[1]; l.Params != 121200 || l.In != 100 || l.Out != 200 || l.Type != "Bidirectional(GRU)" {
		t.Errorf("layer %+v, want 121,200 parameters and 200 outputs of 100 inputs", l)
	}
	if want := int64(1000000 + 121200 + 402); c.Sizes().Params != want {
		t.Errorf("%d parameters, want %d", c.Sizes().Params, want)
	}
}

func TestClassifierAppend(t *testing.T) {
	m := randomClassifier(t)
	for text, want := range map[string][]int{
		"":                       {9, m.Tokenizer.Stop()},
		" \n":                    {9, m.Tokenizer.Stop()},
		"the salt":               {9, 3, 4},
		"the salt. the":          {9, 3, 4, 2, 3},
		"salt the the salt salt": {9, 4, 3, 3, 4},
		"pepper":                 {9, m.Tokenizer.Unknown()},
	} {
		if got := m.Append([]int{9}, text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestClassifierErrors(t *testing.T) {
	edit := func(old, new string) string {
		if !strings.Contains(smallClassifierJSON, old) {
			t.Fatalf("%q is not in the config", old)
		}
		return strings.Replace(smallClassifierJSON, old, new, 1)
	}
	classes := `["Dessert","\"<é>\\\u000a","other"]`
	many := `["0"` + strings.Repeat(`,"1"`, MaxClasses) + `]`
	for _, c := range []struct{ key, value, want string }{
		{KeyTokenizer, "-", `"tokenizer" is missing`},
		{KeyTokenizer, `{"version":3,"keep_case":false,"strip_punctuation":false,"no_stop":true,"vocabulary":["[UNK]","a"]}`, "no stop token"},
		{KeyTokenizer, `{"version":3,"keep_case":false,"strip_punctuation":false,"no_unknown":true,"vocabulary":["","a"]}`, "no unknown token"},
		{KeyConfig, edit(`"classifier"`, `"text"`), `kind "text" (of text), want "classifier"`},
		{KeyConfig, "{}", `"kind, symbols, embedding, layers, classes, length"`},
		{KeyConfig, edit(classes, `[]`), "the number of classes is 0"},
		{KeyConfig, edit(classes, `["a"]`), "the number of classes is 1"},
		{KeyConfig, edit(classes, many), "more than 65536 classes"},
		{KeyConfig, edit(classes, `"a"`), `"a", want "["`},
		{KeyConfig, edit(classes, `["a",1]`), `"1", want a string`},
		{KeyConfig, edit(classes, `["a",null]`), "want a string"},
		{KeyConfig, edit(classes, `["a",["b"]]`), "want a string"},
		{KeyConfig, edit(classes, `["a","b"`), `member "classes"`},
		{KeyConfig, edit(classes, `["a","b","a"]`), `classes 0 and 2 have one name, "a"`},
		{KeyConfig, edit(classes, `["a",""]`), "class 1 has no name"},
		{KeyConfig, edit(classes, `["a","`+strings.Repeat("é", 128)+`x"]`), "the name of class 1 has 257 bytes"},
		{KeyConfig, edit(classes, "[\"a\",\"\xff\"]"), "not valid UTF-8"},
		{KeyConfig, edit(`"length":4`, `"length":4,"tied":true`), `unknown member "tied"`},
		{KeyConfig, edit(`"length":4`, `"length":0`), "length is 0"},
		{KeyConfig, edit(`"units":5`, `"units":65536`), "layer 0 has 131072 outputs"},
		{KeyConfig, edit(`[{"type":"bidirectional","layer":{"type":"gru","units":5}}]`, `[]`), "0 layers"},
		{KeyConfig, edit(`{"type":"gru","units":5}`, `{"type":"bidirectional","layer":{"type":"gru","units":5}}`), "layers lie in layers"},
		{KeyConfig, edit(`{"type":"gru","units":5}`, `{"type":"gru","units":6}`), "weight_ih_l0"},
		{KeyConfig, edit(classes, `["a","b"]`), "output.weight"},
	} {
		f := randomClassifier(t).File()
		if f.Metadata[c.key] = c.value; c.value == "-" {
			delete(f.Metadata, c.key)
		}
		m, err := ClassifierFromFile(f)
		if err == nil || m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %.300s: got %v, %v; want an error with %q", c.key, c.value, m, err, c.want)
		}
	}
	if _, err := FromFile(randomClassifier(t).File()); !errors.Is(err, ErrKind) {
		t.Errorf("a classifier read as a text model: %v, want an error about its kind", err)
	}
}

// Sizes that a file only names are not allocated.
func TestClassifierHostileSizes(t *testing.T) {
	for _, c := range []string{
		strings.Replace(smallClassifierJSON, `"units":5`, `"units":5000`, 1),
		strings.Replace(smallClassifierJSON, `"symbols":7`, `"symbols":16777216`, 1),
	} {
		f := randomClassifier(t).File()
		f.Metadata[KeyConfig] = c
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := ClassifierFromFile(f)
		runtime.ReadMemStats(&after)
		if m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), "parameters") {
			t.Errorf("%s: got %v, %v; want an error about the parameters", c, m, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<10 {
			t.Errorf("%s: %d bytes allocated", c, used)
		}
	}
}

func FuzzClassifierConfig(f *testing.F) {
	f.Add([]byte(smallClassifierJSON))
	f.Add([]byte(`{"kind":"classifier","classes":["a",["b"`))
	f.Add([]byte(strings.Replace(smallClassifierJSON, "Dessert", `\ud800`, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c, again ClassifierConfig
		if c.parse(b) != nil {
			return
		}
		if err := again.parse(c.appendJSON(nil)); err != nil || !again.Equal(c) {
			t.Errorf("%q: %+v came back as %+v, %v", b, c, again, err)
		}
	})
}
