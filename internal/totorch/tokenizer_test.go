package totorch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// options are tokenizers of every unit, and of all that a program for words can do.
func options() (list []tokenizer.Options) {
	for _, c := range []tokenizer.Case{tokenizer.FoldCase, tokenizer.KeepCase} {
		for _, stop := range []bool{false, true} {
			list = append(list,
				tokenizer.Options{Unit: tokenizer.Bytes, Case: c, NoStop: stop},
				tokenizer.Options{Unit: tokenizer.Characters, Case: c, NoStop: stop},
				tokenizer.Options{Unit: tokenizer.Characters, Case: c, NoStop: stop, NoUnknown: true})
		}
		for _, p := range []tokenizer.Punctuation{tokenizer.SplitPunctuation, tokenizer.StripPunctuation, tokenizer.KeepPunctuation} {
			for i := range 16 {
				o := tokenizer.Options{Case: c, Punctuation: p, LineEnds: i&1 != 0, UnicodePunctuation: i&2 != 0}
				if p == tokenizer.KeepPunctuation && o.UnicodePunctuation {
					continue
				}
				switch i >> 2 {
				case 1:
					o.UnknownWord = "<Unk>"
				case 2:
					o.UnknownWord, o.NoStop = "b", true
				case 3:
					o.NoUnknown = true
				}
				list = append(list, o)
			}
		}
	}
	return list
}

// someTexts returns texts of what pipelines cut at, and of what they might stumble over.
func someTexts(n int) (list []string) {
	parts := []string{"a", "b", "ab", "A", "B", "don't", "<Unk>", "[UNK]", "<unk>", " ", "  ", "\n", "\t", "\r\n", ".", "-", "\\", "`", "]", "^", "_", "“", "”", "’", "…", "。", "·",
		"é", "É", "\u00a0", "\u2028", "\x1c", "\x85", "\x00", "\ufeff", "ẞ", "İ", "😀", "{{", "'''", "\"\"\"", "%s"}
	rng := rand.New(rand.NewPCG(11, 12))
	list = append(list, "", "a", strings.Join(parts, ""), strings.Join(parts, " "), strings.Join(parts, "a"))
	for len(list) < n {
		var b strings.Builder
		for range rng.IntN(12) {
			b.WriteString(parts[rng.IntN(len(parts))])
		}
		list = append(list, b.String())
	}
	return list
}

// TestTokenizer holds the ids of programs for text to ours, and the programs to their length.
func TestTokenizer(t *testing.T) {
	var list []testCase
	var toks []*tokenizer.Tokenizer
	texts := someTexts(200)
	var in [][]int
	for _, text := range texts {
		bytes := make([]int, len(text))
		for i := range bytes {
			bytes[i] = int(text[i])
		}
		in = append(in, bytes)
	}
	for _, o := range options() {
		tok := vocabulary(t, &o)
		toks = append(toks, tok)
		symbols := max(symbols, tok.Len())
		dense, reset := &layers.DenseSpec{Units: 3}, &layers.GRUSpec{Units: 2, Reset: "before"} // the longest programs
		c := model.Config{Symbols: symbols, Embedding: 2, Layers: []layers.Spec{dense, reset}, Length: 4}
		list = append(list, testCase{name: fmt.Sprintf("text of %+v", o), file: model.New(c, tok).File(), in: map[string]any{"texts": in}})
		if !o.NoStop && !o.NoUnknown {
			c := model.ClassifierConfig{Symbols: symbols, Embedding: 2, Layers: []layers.Spec{dense, &layers.BidirectionalSpec{Layer: reset}}, Classes: []string{"x", "y"}, Length: 4}
			toks = append(toks, tok)
			list = append(list, testCase{name: fmt.Sprintf("classifier of %+v", o), file: model.NewClassifier(c, tok).File(), in: map[string]any{"texts": in}})
		}
	}
	wrong := 0
	for i, r := range compute(t, list) {
		o := toks[i].Options()
		for k, got := range r.IDs {
			// The tokenizer passes over ASCII that it drops in search of a given spelling of the
			// unknown token, but over no typographic marks: a program passes over both.
			if o.UnicodePunctuation && o.Punctuation == tokenizer.StripPunctuation && o.UnknownWord == "<Unk>" && strings.ContainsAny(texts[k], "“”’…。") {
				continue
			}
			if want := toks[i].Append(nil, texts[k]); !slices.Equal(got, want) && wrong < 20 {
				wrong++
				t.Errorf("%s: %q gives %v, want %v", list[i].name, texts[k], got, want)
			}
		}
		if len(r.IDs) != len(texts) {
			t.Errorf("%s: %d texts, want %d", list[i].name, len(r.IDs), len(texts))
		}
	}
}

// TestStems refuses a model that no program can be written for.
func TestStems(t *testing.T) {
	tok := vocabulary(t, &tokenizer.Options{Stem: "english"})
	c := model.Config{Symbols: symbols, Embedding: 2, Layers: []layers.Spec{&layers.LSTMSpec{Units: 2}}, Length: 4}
	if b, err := Program(model.New(c, tok).File().Metadata); err == nil || !strings.Contains(err.Error(), "stem") {
		t.Errorf("the program has %d bytes and the error is %v", len(b), err)
	}
	if _, err := Program(map[string]string{model.KeyConfig: `{"kind":"x"}`}); err == nil {
		t.Error("a model of an unknown kind has a program")
	}
}

// TestNothingPasted gives models names that would be code, and wants them nowhere in it.
func TestNothingPasted(t *testing.T) {
	evil := "Evil\"\"\"\n'''\\\nimport os #{{.Title}}"
	tok, err := tokenizer.New([]string{"", "[UNK]", evil}, &tokenizer.Options{Unit: tokenizer.Characters})
	if err != nil {
		tok, err = tokenizer.New([]string{"", "Evil'\"", "a"}, &tokenizer.Options{Unit: tokenizer.Words, UnknownWord: "Evil'\""})
	}
	if err != nil {
		t.Fatal(err)
	}
	m := model.NewClassifier(model.ClassifierConfig{Symbols: tok.Len(), Embedding: 2, Layers: []layers.Spec{&layers.LSTMSpec{Units: 2}}, Classes: []string{evil, "y"}, Length: 4}, tok)
	m.Metadata = map[string]string{"title": evil, evil: "x"}
	p, err := Program(m.File().Metadata)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(p), "Evil") {
		t.Errorf("the program has a name of the model's in it:\n%s", p)
	}
	random(m.Stack, 1)
	compute(t, []testCase{{name: "evil", file: m.File(), in: map[string]any{"ids": [][]int{{1}}}}})
}
