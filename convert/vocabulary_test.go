package convert_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/tokenizer"
)

func TestParseVocabulary(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"a\nb\nc\n", []string{"a", "b", "c"}},
		{"a\r\nb\r\nc", []string{"a", "b", "c"}},
		{"\n[UNK]\n \nc", []string{"", "[UNK]", " ", "c"}},
		{"[UNK]\nthe", []string{"[UNK]", "the"}}, // lines, though they begin like a list
		{"{\n}\n\"\n", []string{"{", "}", "\""}},
		{"[\n]", []string{"[", "]"}},
		{` ["a", "", "\n"]`, []string{"a", "", "\n"}},
		{`{"b": 1, "a": 0}`, []string{"a", "b"}},
		{`{"b": 2, "a": 1}`, []string{"", "a", "b"}}, // 0 is for padding
		{`{"0": "a", "1": "b"}`, []string{"a", "b"}},
		{`{"1": 0, "2": 1}`, []string{"1", "2"}}, // digits that are tokens
	} {
		if got, err := convert.ParseVocabulary([]byte(c.text)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, %v; want %q", c.text, got, err, c.want)
		}
	}
	for text, want := range map[string]string{
		"a\xff":                          "the vocabulary is not UTF-8",
		`{"a": 0, "b": 0}`:               "two tokens of the number 0",
		`{"a": 0, "b": 3}`:               `gives "b" the number 3, and has 2 tokens`,
		`{"a": -1}`:                      `gives "a" the number -1`,
		`{"a": 1.5}`:                     `has "a": 1.5, want a token and its number`,
		`{"a": "b"}`:                     `has "a": "b", want a token and its number`,
		`{"01": "b"}`:                    `want a token and its number`,
		`{"a": [0]}`:                     `want a token and its number`,
		`{"a": 99999999999999999999999}`: `want a token and its number`,
		"":                               "the vocabulary is empty",
		"\n":                             "the vocabulary is empty",
		"[]":                             "the vocabulary is empty",
		"[\"a\", 1]":                     "begins like a JSON list of strings and is none",
		"{\"a\": 0, \"a\": 1}":           `begins like a JSON map and is none: the member "a" comes twice`,
		"{}":                             "the vocabulary is empty",
	} {
		if got, err := convert.ParseVocabulary([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, error %v, want %s", text, got, err, want)
		}
	}
}

// The tokens of a file keep their meaning: the padding and the unknown token go in front,
// wherever the file has them, and their rows with them.
func TestVocabulary(t *testing.T) {
	b, err := os.ReadFile("testdata/F32.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	logits := func(words []string, o tokenizer.Options) map[string]float32 {
		_, m := importBytes[*autoreg.TextModel](t, b, &convert.ImportOptions{Vocabulary: words, Tokenizer: o})
		s := m.NewStream()
		s.AllowUnknown(true)
		s.Advance(m.Tokenizer().Append(nil, "c")[0])
		row, byWord := make([]float32, 5), map[string]float32{}
		s.Logits(row)
		for i := range m.Tokenizer().Len() {
			byWord[m.Tokenizer().Word(i)] = row[i]
		}
		return byWord
	}
	want := logits([]string{"a", "b", "c", "d", "e"}, tokenizer.Options{})
	for _, c := range []struct {
		words []string
		o     tokenizer.Options
		as    map[string]string // of the words that differ
	}{
		{[]string{"", "<unk>", "c", "d", "e"}, tokenizer.Options{}, map[string]string{"": "a", "<unk>": "b"}},
		{[]string{"a", "b", "c", "[UNK]", ""}, tokenizer.Options{}, map[string]string{"": "e", "[UNK]": "d"}},
		{[]string{"a", "?", "c", "d", "e"}, tokenizer.Options{UnknownWord: "?"}, map[string]string{"?": "b"}},
		{[]string{"a", "b", "c"}, tokenizer.Options{}, nil}, // fewer than the network has
	} {
		got := logits(c.words, c.o)
		for _, w := range c.words {
			as := w
			if c.as[w] != "" {
				as = c.as[w]
			}
			if got[w] != want[as] {
				t.Errorf("%q: the logit of %q is %v, want %v", c.words, w, got[w], want[as])
			}
		}
	}
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"a", "b", "c", "d", "e", "f"}, "the vocabulary has 6 tokens, the network 5"},
		{[]string{"a", "", "b", ""}, "the numbers 1 and 3 of the vocabulary have no token"},
		{[]string{"a", "a"}, `the vocabulary: `},
	} {
		_, err := convert.Import(bytes.NewReader(b), int64(len(b)), &convert.ImportOptions{Vocabulary: c.words})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %s", c.words, err, c.want)
		}
	}
}
