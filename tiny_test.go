package autoreg

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

var update = flag.Bool("update", false, "rewrite the files in testdata that tests make")

// tinyFile is the model of the examples: made by hand, not trained, so that it
// needs no corpus and its text can be read.
const tinyFile = "testdata/tiny.safetensors"

var tinyTexts = []string{
	"recipe for roasted carrots | chop the carrots and roast them until tender.",
	"recipe for roasted beets | slice the beets and bake them until brown.",
	"recipe for baked onions | peel the onions and roast them until brown.",
	"recipe for roasted carrots | slice the carrots and bake them until tender.",
}

// textModel returns a model whose weights fill has set; they are 0 at first.
func textModel(t testing.TB, c model.Config, tok *tokenizer.Tokenizer, fill func(weights func(name string) []float32)) *TextModel {
	t.Helper()
	return edited(t, newTextModel(model.New(c, tok)), fill)
}

// edited returns a copy of m with weights that edit has changed.
func edited(t testing.TB, m *TextModel, edit func(weights func(name string) []float32)) *TextModel {
	t.Helper()
	f := m.file()
	edit(func(name string) []float32 { return f.Lookup(name).Data })
	text, err := model.FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	return newTextModel(text)
}

// tiny returns the model of tinyFile. Its LSTM remembers the last word only: the
// gates stand open (i, o) or shut (f), and unit j answers to word j. After a word, the
// logit of one that followed it in tinyTexts is about 9 larger than that of one that did
// not, and about 0.8 more for each further time. All weights are small integers.
func tiny(t testing.TB) *TextModel {
	t.Helper()
	tok, err := tokenizer.Learn(slices.Values(tinyTexts), nil)
	if err != nil {
		t.Fatal(err)
	}
	V := tok.Len()
	return textModel(t, model.Config{Symbols: V, Embedding: V, Layers: []layers.Spec{&layers.LSTMSpec{Units: V}}, Length: 20}, tok, func(weights func(string) []float32) {
		bias, wih := weights("lstm.bias_ih_l0"), weights("lstm.weight_ih_l0")
		for j := range V {
			weights("embedding.weight")[j*V+j] = 1
			bias[0*V+j], bias[1*V+j], bias[3*V+j] = 20, -20, 20
			wih[(2*V+j)*V+j] = 20
		}
		w := weights("output.weight")
		for i := range w {
			w[i] = -6
		}
		for _, text := range tinyTexts {
			ids := append(tok.Append(nil, text), tok.Stop())
			for i, next := range ids[1:] {
				at := next*V + ids[i]
				w[at] = max(w[at], 5) + 1
			}
		}
	})
}

// random returns a model of random weights, whose vocabulary has the given number
// of words and whose symbols may be more.
func random(t testing.TB, words int, c model.Config) *TextModel {
	t.Helper()
	list := []string{"", "[UNK]"}
	for i := len(list); i < words; i++ {
		list = append(list, "w"+strings.Repeat("x", i%5)+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)))
	}
	tok, err := tokenizer.New(list, nil)
	if err != nil {
		t.Fatal(err)
	}
	return textModel(t, c, tok, func(weights func(string) []float32) {
		testkit.Values(weights("embedding.weight"), 1, 1)
		testkit.Values(weights("lstm.weight_ih_l0"), 2, 0.5)
		testkit.Values(weights("lstm.weight_hh_l0"), 3, 0.5)
		testkit.Values(weights("lstm.bias_ih_l0"), 4, 0.5)
		testkit.Values(weights("output.weight"), 5, 1)
		testkit.Values(weights("output.bias"), 6, 1)
	})
}

// small is a model with odd sizes and symbols that no word names.
func small(t testing.TB) *TextModel {
	return random(t, 11, model.Config{Symbols: 13, Embedding: 5, Layers: []layers.Spec{&layers.LSTMSpec{Units: 7}}, Length: 20})
}

func encode(t testing.TB, m *TextModel) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("WriteTo = %d, %v; %d bytes written", n, err, b.Len())
	}
	return b.Bytes()
}

func openTiny(t testing.TB) *TextModel {
	t.Helper()
	m, err := Open[*TextModel](tinyFile)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTinyFile(t *testing.T) {
	want := encode(t, tiny(t))
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(tinyFile, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(tinyFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what this test makes: run go test -run TestTinyFile -update .", tinyFile)
	}
}
