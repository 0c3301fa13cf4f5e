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

// tiny returns the model of tinyFile. Its LSTM remembers the last word only: the
// gates stand open (i, o) or shut (f), and unit j answers to word j. After a word, one
// that followed it in tinyTexts scores about 9 more than one that did not, and
// about 0.8 more for each further time. All weights are small integers.
func tiny(t testing.TB) *model.Text {
	t.Helper()
	tok, err := tokenizer.Learn(slices.Values(tinyTexts), nil)
	if err != nil {
		t.Fatal(err)
	}
	V := tok.Len()
	m := model.New(model.Config{Symbols: V, Embedding: V, Units: V, Length: 20}, tok)
	wih, whh, bias := m.LSTM().Weights()
	w, b := m.Stack.Head.Weights()
	for j := range V {
		m.Stack.Embedding.Weight[j*V+j] = 1
		bias[0*V+j], bias[1*V+j], bias[3*V+j] = 20, -20, 20
		wih[(2*V+j)*V+j] = 20
	}
	for i := range w {
		w[i] = -6
	}
	for _, text := range tinyTexts {
		ids := append(tok.Append(nil, text), tokenizer.Stop)
		for i, next := range ids[1:] {
			at := next*V + ids[i]
			w[at] = max(w[at], 5) + 1
		}
	}
	m.LSTM().SetWeights(wih, whh, bias)
	m.Stack.Head.SetWeights(w, b)
	return m
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
	m := model.New(c, tok)
	testkit.Values(m.Stack.Embedding.Weight, 1, 1)
	wih, whh, bias := m.LSTM().Weights()
	testkit.Values(wih, 2, 0.5)
	testkit.Values(whh, 3, 0.5)
	testkit.Values(bias, 4, 0.5)
	m.LSTM().SetWeights(wih, whh, bias)
	w, b := m.Stack.Head.Weights()
	testkit.Values(w, 5, 1)
	testkit.Values(b, 6, 1)
	m.Stack.Head.SetWeights(w, b)
	return &TextModel{m}
}

// small is a model with odd sizes and symbols that no word names.
func small(t testing.TB) *TextModel {
	return random(t, 11, model.Config{Symbols: 13, Embedding: 5, Units: 7, Length: 20})
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
	want := encode(t, &TextModel{tiny(t)})
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
