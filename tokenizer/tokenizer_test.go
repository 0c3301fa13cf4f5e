package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// words returns a tokenizer of the reserved ids and the given words, from id 2 on.
func words(t testing.TB, o *Options, list ...string) *Tokenizer {
	t.Helper()
	tok, err := New(append([]string{"", "[UNK]"}, list...), o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// vocabulary returns all spellings of tok.
func vocabulary(tok *Tokenizer) []string {
	list := make([]string, tok.Len())
	for id := range list {
		list[id] = tok.Word(id)
	}
	return list
}

func TestNew(t *testing.T) {
	list := []string{"", "[UNK]", "salt", "1\u00a0cup", `\`, "É"}
	tok, err := New(list, &Options{VocabularySize: 6, Case: KeepCase})
	if err != nil {
		t.Fatal(err)
	}
	list[2] = "changed by the caller"
	if got := tok.Word(2); got != "salt" {
		t.Errorf("Word(2) = %q after the caller changed its list, want salt", got)
	}
	if got, want := tok.Options(), (Options{Unit: Words, Case: KeepCase, Punctuation: SplitPunctuation}); got != want {
		t.Errorf("Options() = %+v, want %+v", got, want)
	}
	for id, w := range []string{"", "[UNK]", "salt", "1\u00a0cup", `\`, "É"} {
		if got, ok := tok.ID(w); got != id || !ok {
			t.Errorf("ID(%q) = %d, %v, want %d, true", w, got, ok, id)
		}
	}
	if got, ok := tok.ID("Salt"); got != tok.Unknown() || got != 1 || ok {
		t.Errorf("ID(Salt) = %d, %v, want 1, false", got, ok)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		list []string
		o    *Options
		want string // part of the error
	}{
		{"nothing", nil, nil, "has 0 entries"},
		{"no word", []string{"", "[UNK]"}, nil, "has 2 entries"},
		{"no padding", []string{"[UNK]", "", "a"}, nil, "entry 0"},
		{"no unknown", []string{"", "a", "b"}, nil, "entry 1"},
		{"repeated", []string{"", "[UNK]", "a", "b", "a"}, nil, `entry 4 of the vocabulary, "a", repeats entry 2`},
		{"repeated unknown", []string{"", "[UNK]", "[UNK]"}, nil, "repeats entry 1"},
		{"empty", []string{"", "[UNK]", "a", ""}, nil, "entry 3 of the vocabulary is empty"},
		{"space", []string{"", "[UNK]", "a b"}, nil, "holds a blank"},
		{"vertical tab", []string{"", "[UNK]", "a\vb"}, nil, "holds a blank"},
		{"invalid", []string{"", "[UNK]", "a\xff"}, nil, "not valid UTF-8"},
		{"too many", []string{"", "[UNK]", "a", "b"}, &Options{VocabularySize: 3}, "more than VocabularySize (3)"},
		{"negative", []string{"", "[UNK]", "a"}, &Options{VocabularySize: -1}, "VocabularySize is -1"},
	} {
		tok, err := New(c.list, c.o)
		if err == nil || tok != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "tokenizer: ") {
			t.Errorf("New, %s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestWordPanics(t *testing.T) {
	tok := words(t, nil, "a")
	for _, id := range []int{-1, 3} {
		for name, f := range map[string]func(){
			"Word":         func() { tok.Word(id) },
			"AppendText":   func() { tok.AppendText(nil, id) },
			"AppendPretty": func() { tok.AppendPretty(nil, id) },
		} {
			func() {
				defer func() {
					if got := recover(); got != "tokenizer: Word: id out of range" {
						t.Errorf("%s(%d): panic %v", name, id, got)
					}
				}()
				f()
			}()
		}
	}
}

func TestLearn(t *testing.T) {
	learn := func(o *Options, texts ...string) string {
		t.Helper()
		tok, err := Learn(slices.Values(texts), o)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(vocabulary(tok)[2:], " ")
	}
	for _, c := range []struct {
		name  string
		o     *Options
		texts []string
		want  string
	}{
		{"count before bytes", nil, []string{"b a c", "c b", "c"}, "c b a"},
		{"ties fall", nil, []string{"apple zest", "zest apple mint"}, "zest apple mint"},
		{"longer is larger", nil, []string{"oat oats"}, "oats oat"},
		{"bytes, not letters", &Options{Case: KeepCase}, []string{"Zest apple éclair"}, "éclair apple Zest"},
		{"limit counts the reserved ids", &Options{VocabularySize: 4}, []string{"a a a b b c"}, "a b"},
		{"one word", nil, []string{"salt Salt SALT"}, "salt"},
		{"spelling of the reserved", nil, []string{"[UNK]"}, "unk ] ["},
		{"spelling of the reserved, stripped", &Options{Case: KeepCase, Punctuation: StripPunctuation}, []string{"[UNK]"}, "UNK"},
		{"punctuation", nil, []string{"don't, don't"}, "t don ' ,"},
		{"invalid bytes", nil, []string{"a\xff\xfeb a\xffb"}, "a\uFFFDb"},
	} {
		if got := learn(c.o, c.texts...); got != c.want {
			t.Errorf("Learn, %s: %q, want %q", c.name, got, c.want)
		}
	}
	if a, b := learn(nil, "x y", "z y"), learn(nil, "y z", "y x"); a != b {
		t.Errorf("Learn depends on the order of texts: %q and %q", a, b)
	}
}

func TestLearnDefaultLimit(t *testing.T) {
	texts := func(yield func(string) bool) {
		for i := range DefaultVocabularySize + 5 {
			if !yield(fmt.Sprintf("w%d", i)) {
				return
			}
		}
	}
	tok, err := Learn(texts, nil)
	if err != nil || tok.Len() != DefaultVocabularySize {
		t.Fatalf("Learn: %d entries, %v, want %d", tok.Len(), err, DefaultVocabularySize)
	}
	if got := tok.Word(2); got != "w9999" {
		t.Errorf("first of equally frequent words is %q, want w9999", got)
	}
}

func TestLearnRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		o    *Options
		want string
	}{
		{"a", &Options{VocabularySize: 2}, "at least 3"},
		{"a", &Options{VocabularySize: -1}, "at least 3"},
		{" \t\n", nil, "no word"},
		{"-- ...", &Options{Punctuation: StripPunctuation}, "no word"},
	} {
		if _, err := Learn(slices.Values([]string{c.text}), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Learn(%q, %+v): error %v, want one with %q", c.text, c.o, err, c.want)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	tok := words(t, nil, "recipe", "for", "ham", "'", "s")
	text := strings.Repeat("Recipe for HAM's unknown ", 20)
	ids := tok.Append(nil, text)
	pretty := string(tok.AppendPretty(nil, ids...))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				got := tok.Append(nil, text)
				if !slices.Equal(got, ids) || string(tok.AppendPretty(nil, got...)) != pretty {
					t.Error("a concurrent run differs from the serial one")
				}
			}
		})
	}
	wg.Wait()
}
