package tokenizer

import (
	"slices"
	"testing"
)

// The words are those whose ids Append and AppendRaw give.
func TestWords(t *testing.T) {
	for _, o := range []*Options{nil, {Case: KeepCase}, {Punctuation: StripPunctuation}, {UnicodePunctuation: true}} {
		tok, err := New([]string{"", "[UNK]", "don", "'", "t", "dont", "Don't", "a\\b", "\uFFFD", "x\u00a0y", "x", "y", "."}, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"", " \t", "Don't", "dont  don't.", "a\\b A\\B", "\xff\xfe x", "x\u00a0y x\u2003y x\x1cy.", "it ends ", "\uFEFFx “y”\uFEFF x\u00a0y\u00a0x"} {
			for how, c := range map[string]struct{ words, ids []int }{
				"Words":    {lookUp(tok, slices.Collect(tok.Words(text))), tok.Append(nil, text)},
				"RawWords": {lookUp(tok, slices.Collect(tok.RawWords(text))), tok.AppendRaw(nil, text)},
			} {
				if !slices.Equal(c.words, c.ids) {
					t.Errorf("%+v: %s(%q) has ids %v, want %v", o, how, text, c.words, c.ids)
				}
			}
		}
	}
	tok, _ := New([]string{"", "[UNK]", "don"}, nil)
	if got, want := slices.Collect(tok.Words("Don't STOP.")), []string{"don", "'", "t", "stop", "."}; !slices.Equal(got, want) {
		t.Errorf("Words = %q, want %q", got, want)
	}
	again := tok.Words("one two")
	for range 2 {
		if got, want := slices.Collect(again), []string{"one", "two"}; !slices.Equal(got, want) {
			t.Errorf("Words = %q, want %q each time", got, want)
		}
	}
	for w := range again {
		if w != "one" {
			t.Errorf("after a break comes %q", w)
		}
		break
	}
}

func lookUp(tok *Tokenizer, words []string) []int {
	var ids []int
	for _, w := range words {
		id, _ := tok.ID(w)
		ids = append(ids, id)
	}
	return ids
}
