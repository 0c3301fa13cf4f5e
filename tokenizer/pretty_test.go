package tokenizer

import (
	"slices"
	"strings"
	"testing"
)

// learnOne makes a tokenizer that knows every word of the texts.
func learnOne(t testing.TB, o *Options, texts ...string) *Tokenizer {
	t.Helper()
	tok, err := Learn(slices.Values(texts), o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestPretty(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"recipe", "recipe for ham | chop 1 / 4 cup .", "Recipe for ham | Chop 1/4 cup."},
		{"sentences", "stir well . serve ! now ? yes .", "Stir well. Serve! Now? Yes."},
		{"steps", "1 . mix . 2 . bake .", "1. Mix. 2. Bake."},
		{"a digit begins a sentence", "stop . 2 cups", "Stop. 2 cups"},
		{"commas", "salt , pepper ; oil : all", "Salt, pepper; oil: all"},
		{"hyphen", "a fine - mesh sieve", "A fine-mesh sieve"},
		{"range", "5 - to 6 - inch , 9 - by 13 - inch , 2 - 3", "5- to 6-inch, 9- by 13-inch, 2-3"},
		{"mixed number", "1 1 / 2 cups", "1 1/2 cups"},
		{"not", "don ' t , we ' ll , they ' ve", "Don't, we'll, they've"},
		{"genitive", "cook ' s wine", "Cook's wine"},
		{"plural genitive", "confectioners ' sugar", "Confectioners' sugar"},
		{"elision", "poire d ' anjou at five o ' clock", "Poire d'anjou at five o'clock"},
		{"opening apostrophe", "( ' tis", "('Tis"},
		{"brackets", "heat oil ( or fat ) [ see note ]", "Heat oil (or fat) [see note]"},
		{"bracketed sentence", "done . ( serve hot . ) enjoy", "Done. (Serve hot.) Enjoy"},
		{"quotes", `a " real " one , " or " not`, `A "real" one, "or" not`},
		{"quoted sentence", `stir . " taste " it`, `Stir. "Taste" it`},
		{"inches", `cut 1 / 2 " thick`, `Cut 1/2" thick`},
		{"quoted number", `the " 2 " one`, `The "2" one`},
		{"ellipsis", "wait . . . then", "Wait... then"},
		{"money and share", "$ 5 and 10 %", "$5 and 10%"},
		{"footnote", "* available here", "*Available here"},
		{"ampersand", "salt & pepper", "Salt & pepper"},
		{"other letters", "élan ß éclair . über", "Élan ß éclair. Über"},
		{"degree", "350°f . bake", "350°f. Bake"},
		{"unknown", "[ unk ]", "[Unk]"},
		{"empty", "", ""},
	} {
		tok := learnOne(t, nil, c.text, "x")
		ids := tok.Append(nil, c.text)
		if got := string(tok.AppendPretty(nil, ids...)); got != c.want {
			t.Errorf("AppendPretty, %s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPrettyKeepsCase(t *testing.T) {
	text := "ham . and Eggs | iOS"
	tok := learnOne(t, &Options{KeepCase: true}, text)
	if got, want := string(tok.AppendPretty(nil, tok.Append(nil, text)...)), "ham. and Eggs | iOS"; got != want {
		t.Errorf("AppendPretty = %q, want %q", got, want)
	}
}

func TestPrettyStops(t *testing.T) {
	tok := words(t, nil, "a", "b", `"`, "(")
	for _, c := range []struct {
		ids  []int
		want string
	}{
		{[]int{0, 0}, ""},
		{[]int{0, 2}, "A"},
		{[]int{2, 3, 0, 0}, "A b"},
		{[]int{2, 0, 3, 0, 0, 2}, "A\nB\nA"},
		{[]int{2, 4, 0, 4, 3}, "A \"\n\"B"}, // an open quotation ends with its text
		{[]int{2, 5, 0, 3}, "A (\nB"},
		{[]int{1, 1}, "[UNK] [UNK]"},
	} {
		if got := string(tok.AppendPretty(nil, c.ids...)); got != c.want {
			t.Errorf("AppendPretty(%v) = %q, want %q", c.ids, got, c.want)
		}
	}
	if got := string(tok.AppendPretty([]byte("so: "), 2, 3)); got != "so: A b" {
		t.Errorf("AppendPretty behind a prefix: %q, want %q", got, "so: A b")
	}
}

// TestDetokenizerIsIncremental prints one id a call, and forks half way.
func TestDetokenizerIsIncremental(t *testing.T) {
	text := `recipe for 1 / 4 " cake " | don ' t stir . ( ' tis 5 - to 6 - inch . . . ) d ' or`
	tok := learnOne(t, nil, text)
	ids := tok.Append(nil, text)
	ids = append(append(ids, 0, 0), ids...)
	want := string(tok.AppendPretty(nil, ids...))
	for cut := range ids {
		d := tok.Detokenizer()
		var out []byte
		for _, id := range ids[:cut] {
			out = d.Append(out, id)
		}
		fork := d
		if got := string(d.Append(slices.Clone(out), ids[cut:]...)); got != want {
			t.Fatalf("cut at %d: %q, want %q", cut, got, want)
		}
		if got := string(fork.Append(out, ids[cut:]...)); got != want {
			t.Fatalf("fork at %d: %q, want %q", cut, got, want)
		}
	}
	if strings.Count(want, "\n") != 1 {
		t.Errorf("%q: want the two texts on a line each", want)
	}
}
