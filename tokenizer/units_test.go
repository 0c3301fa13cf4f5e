package tokenizer

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// learned returns a tokenizer learned from texts.
func learned(t testing.TB, o Options, texts ...string) *Tokenizer {
	t.Helper()
	tok, err := Learn(slices.Values(texts), &o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// pennTreebank are the options for the Penn Treebank as it is distributed.
var pennTreebank = Options{Case: KeepCase, Punctuation: KeepPunctuation, LineEnds: true, NoStop: true, UnknownWord: "<unk>"}

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		text string
		want []string
	}{
		{"characters", Options{Unit: Characters}, "Aé\n 🙂.", []string{"A", "é", "\n", " ", "🙂", "."}},
		{"characters, folded", Options{Unit: Characters, Case: FoldCase}, "AÉz", []string{"a", "É", "z"}},
		{"characters that are not valid", Options{Unit: Characters}, "a\xff\xfe\xe2\x82b\uFEFFc", []string{"a", "\uFFFD", "b", "c"}},
		{"characters that combine", Options{Unit: Characters}, "e\u0301", []string{"e", "\u0301"}},
		{"bytes", Options{Unit: Bytes}, "Aé\xff\x00\uFEFF", []string{"A", "\xc3", "\xa9", "\xff", "\x00", "\xef", "\xbb", "\xbf"}},
		{"bytes, folded", Options{Unit: Bytes, Case: FoldCase}, "AÉz", []string{"a", "\xc3", "\x89", "z"}},
		{"punctuation kept", Options{Punctuation: KeepPunctuation}, "Don't, (e.g.) \"Why?\"  a—b", []string{"don't,", "(e.g.)", `"why?"`, "a—b"}},
		{"line ends", Options{LineEnds: true}, "a\nb\r\n\n c\n", []string{"a", "\n", "b", "\n", "\n", "c", "\n"}},
		{"line ends, stripped", Options{LineEnds: true, Punctuation: StripPunctuation}, "a.\n...\nb\rc", []string{"a", "\n", "\n", "b", "c"}},
		{"Penn Treebank", pennTreebank, " mr. <unk> is N years\n the u.s. n't\n", []string{"mr.", "<unk>", "is", "N", "years", "\n", "the", "u.s.", "n't", "\n"}},
		{"unknown word among punctuation", Options{UnknownWord: "<unk>"}, "the <unk>, (<unk>) <Unk> <unk>s x<unk>", strings.Fields("the <unk> , ( <unk> ) < unk > < unk > s x <unk>")},
		{"unknown word, stripped", Options{UnknownWord: "<unk>", Punctuation: StripPunctuation}, "the <unk>. (<unk>) <unk>s", strings.Fields("the <unk> <unk> unks")},
		{"unknown word of letters", Options{UnknownWord: "UNK"}, "UNK unk UNKs aUNK UNK… UNK", strings.Fields("UNK unk unks aunk unk… UNK")},
		{"unknown word before a dash", Options{UnknownWord: "UNK", UnicodePunctuation: true}, "UNK—UNKé", strings.Fields("UNK — unké")},
		{"the usual unknown word", Options{Punctuation: KeepPunctuation}, "[UNK] [UNK]. a", strings.Fields("[UNK] [unk]. a")},
		{"no unknown word", Options{Punctuation: KeepPunctuation, NoUnknown: true}, "[UNK]", []string{"[unk]"}},
		{"stems", Options{Stem: "english"}, "Cooking cooked cooks, COOK's ’ '' é", strings.Fields("cook cook cook , cook ' s ’ ' ' é")},
		{"stems, punctuation kept", Options{Stem: "english", Punctuation: KeepPunctuation}, "the cook's ''' ’’’", strings.Fields("the cook ''' ’’’")},
		{"stems in French", Options{Stem: "french"}, "continuellement", []string{"continuel"}},
		{"stems and the unknown word", Options{Stem: "english", UnknownWord: "cooking"}, "cooking Cooking", []string{"cooking", "cook"}},
		{"nothing", Options{Unit: Characters}, "\uFEFF", nil},
	} {
		tok := learned(t, c.o, c.text+" x y")
		if got := slices.Collect(tok.Words(c.text)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		var ids []int
		for _, w := range c.want {
			id, ok := tok.ID(w)
			if !ok {
				t.Errorf("%s: the vocabulary %q lacks %q", c.name, vocabulary(tok), w)
			}
			ids = append(ids, id)
		}
		if got := tok.Append(nil, c.text); !slices.Equal(got, ids) {
			t.Errorf("%s: ids %v, want %v", c.name, got, ids)
		}
	}
}

// Reserved ids come first where there are any, and learned ones follow by falling count.
func TestReserved(t *testing.T) {
	for _, c := range []struct {
		o             Options
		text          string
		stop, unknown int
		want          []string
	}{
		{Options{}, "b a b", 0, 1, []string{"", "[UNK]", "b", "a"}},
		{Options{NoStop: true}, "b a b", -1, 0, []string{"[UNK]", "b", "a"}},
		{Options{NoUnknown: true}, "b a b", 0, -1, []string{"", "b", "a"}},
		{Options{NoStop: true, NoUnknown: true}, "b a b", -1, -1, []string{"b", "a"}},
		{Options{Unit: Characters}, "bab", 0, 1, []string{"", "[UNK]", "b", "a"}},
		{Options{Unit: Characters, UnknownWord: "?"}, "bab?", 0, 1, []string{"", "?", "b", "a"}},
		{Options{Unit: Characters, NoStop: true, NoUnknown: true}, "a", -1, -1, []string{"a"}},
		{pennTreebank, "a <unk>\n<unk> <unk>", -1, 0, []string{"<unk>", "a", "\n"}},
	} {
		tok := learned(t, c.o, c.text)
		if tok.Stop() != c.stop || tok.Unknown() != c.unknown || !slices.Equal(vocabulary(tok), c.want) {
			t.Errorf("%+v: stop %d, unknown %d, %q, want %d, %d, %q", c.o, tok.Stop(), tok.Unknown(), vocabulary(tok), c.stop, c.unknown, c.want)
		}
		if id, ok := tok.ID("nowhere"); ok || id != c.unknown {
			t.Errorf("%+v: ID of a word that is not there: %d, %v", c.o, id, ok)
		}
	}
	for first, o := range map[int]Options{0: {Unit: Bytes, NoStop: true}, 1: {Unit: Bytes}} {
		tok := learned(t, o) // of no text at all
		if tok.Stop() != first-1 || tok.Unknown() != -1 || tok.Len() != first+256 {
			t.Errorf("bytes: stop %d, unknown %d, %d ids", tok.Stop(), tok.Unknown(), tok.Len())
		}
		for b := range 256 {
			if got := tok.Append(nil, string([]byte{byte(b)})); !slices.Equal(got, []int{first + b}) {
				t.Errorf("byte %d has the ids %v", b, got)
			}
		}
	}
}

func TestMinCount(t *testing.T) {
	const text = "a a a b b c c d"
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{MinCount: 1}, "a c b d"},
		{Options{MinCount: 2}, "a c b"},
		{Options{MinCount: 3}, "a"},
		{Options{MinCount: 2, VocabularySize: 4}, "a c"},
		{Options{MinCount: 2, VocabularySize: 4, NoStop: true}, "a c b"},
	} {
		tok := learned(t, c.o, text)
		if got := strings.Join(vocabulary(tok)[c.o.reserved():], " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.o, got, c.want)
		}
	}
	_, err := Learn(slices.Values([]string{text}), &Options{MinCount: 4})
	var option *OptionError
	if !errors.As(err, &option) || option.Field != "MinCount" || !strings.Contains(err.Error(), "no word occurs more than 3 times") {
		t.Errorf("error %v", err)
	}
}

// A text of stems is read as these stems.
func TestStemsReadBack(t *testing.T) {
	tok := learned(t, Options{Stem: "english"}, "universities cooking universe")
	const want = "univers cook univ"
	for _, text := range []string{"universities cooking univ", "Universe Cook univ", want} {
		// The stem of "univers" is "univ", which is not in the vocabulary.
		if got := strings.Join(slices.Collect(tok.Words(text)), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	ids := tok.Append(nil, "universities cooking")
	if again := tok.Append(nil, string(tok.AppendText(nil, ids...))); !slices.Equal(again, ids) || slices.Contains(ids, tok.Unknown()) {
		t.Errorf("ids %v are read back as %v", ids, again)
	}
	if missing := slices.Collect(tok.Missing("univers universal univ")); !slices.Equal(missing, []string{"univ"}) {
		t.Errorf("missing %q", missing)
	}
}

func TestMissing(t *testing.T) {
	for _, c := range []struct {
		o          Options
		text, want string
		ids        string // spelled out
	}{
		{Options{}, "b X a x", "b x x", "[UNK] [UNK] a [UNK]"},
		{Options{NoUnknown: true}, "b X a x", "b x x", "a"},
		{Options{Unit: Characters, NoUnknown: true}, "ab\xff", "b \uFFFD", "a"},
		{Options{Unit: Characters}, "ab", "b", "a[UNK]"},
		{Options{Unit: Bytes}, "ab\xff", "", "ab\xff"},
	} {
		tok := learned(t, c.o, "a")
		if got := slices.Collect(tok.Missing(c.text)); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%+v: Missing(%q) = %q, want %q", c.o, c.text, got, c.want)
		}
		if got := string(tok.AppendText(nil, tok.Append(nil, c.text)...)); got != c.ids {
			t.Errorf("%+v: %q is read as %q, want %q", c.o, c.text, got, c.ids)
		}
		for range tok.Missing("q r") {
			break // which the sequence must take
		}
	}
}

func TestAppendRawUnits(t *testing.T) {
	for _, c := range []struct {
		o    Options
		text string
		want []string
	}{
		{Options{Unit: Characters, Case: FoldCase}, "aA\uFEFF\xff", []string{"a", "A", "\uFEFF", "\uFFFD"}},
		{Options{Unit: Bytes, Case: FoldCase}, "aA\xff", []string{"a", "A", "\xff"}},
		{Options{LineEnds: true}, "a .\n  \u2003B \r\n", []string{"a", ".", "\n", "B", "\n"}},
		{Options{Stem: "english"}, "cooking", []string{"cooking"}},
	} {
		tok := learned(t, c.o, "a .\n")
		if got := slices.Collect(tok.RawWords(c.text)); !slices.Equal(got, c.want) {
			t.Errorf("%+v: RawWords(%q) = %q, want %q", c.o, c.text, got, c.want)
		}
		var ids []int
		for _, w := range c.want {
			if id, _ := tok.ID(w); id >= 0 {
				ids = append(ids, id)
			}
		}
		if got := tok.AppendRaw(nil, c.text); !slices.Equal(got, ids) {
			t.Errorf("%+v: AppendRaw(%q) = %v, want %v", c.o, c.text, got, ids)
		}
	}
}

func TestOptionsRefused(t *testing.T) {
	for _, c := range []struct {
		o           Options
		field, want string
	}{
		{Options{Unit: "rune"}, "Unit", `Unit is "rune": want "word", "character" or "byte"`},
		{Options{Case: "upper"}, "Case", `Case is "upper"`},
		{Options{Punctuation: "drop"}, "Punctuation", `Punctuation is "drop"`},
		{Options{Stem: "klingon"}, "Stem", `Stem is "klingon": want one of english`},
		{Options{Stem: "english", Case: KeepCase}, "Stem", "folds case"},
		{Options{MinCount: -1}, "MinCount", "MinCount is -1"},
		{Options{MaxBytes: -1}, "MaxBytes", "MaxBytes is -1"},
		{Options{UnicodePunctuation: true, Punctuation: KeepPunctuation}, "UnicodePunctuation", `has no meaning where Punctuation is "keep"`},
		{Options{Unit: Characters, Punctuation: StripPunctuation}, "Punctuation", `is for words: leave it out where Unit is "character"`},
		{Options{Unit: Bytes, UnicodePunctuation: true}, "UnicodePunctuation", "is for words"},
		{Options{Unit: Bytes, LineEnds: true}, "LineEnds", "is for words"},
		{Options{Unit: Characters, Stem: "english", Case: FoldCase}, "Stem", "is for words"},
		{Options{NoUnknown: true, UnknownWord: "<unk>"}, "UnknownWord", "there is no unknown token"},
		{Options{Unit: Bytes, UnknownWord: "<unk>"}, "UnknownWord", "there is no unknown token"},
		{Options{UnknownWord: "a b"}, "UnknownWord", "without blanks"},
		{Options{UnknownWord: "a\n"}, "UnknownWord", "without blanks"},
		{Options{UnknownWord: "\xff"}, "UnknownWord", "valid UTF-8"},
		{Options{VocabularySize: 1, NoUnknown: true}, "VocabularySize", "at least 2, for 1 of them"},
		{Options{VocabularySize: 256, Unit: Bytes}, "VocabularySize", "at least 257, for 1 of them are reserved and there are 256 bytes"},
		{Options{MinCount: 2, Unit: Bytes}, "MinCount", "MinCount is 2, but bytes are not counted"},
		{Options{VocabularySize: 255, Unit: Bytes, NoStop: true}, "VocabularySize", "at least 256"},
	} {
		_, err := Learn(slices.Values([]string{"a"}), &c.o)
		_, err2 := New([]string{"", "[UNK]", "a"}, &c.o)
		for i, err := range []error{err, err2, c.o.Check()} {
			var option *OptionError
			if !errors.As(err, &option) || option.Field != c.field || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "tokenizer: ") {
				t.Errorf("%+v, %d: error %v, want one about %s with %q", c.o, i, err, c.field, c.want)
			}
		}
	}
	if err := (Options{VocabularySize: 1, NoUnknown: true, NoStop: true}).Check(); err != nil {
		t.Error(err)
	}
}

func TestNewUnits(t *testing.T) {
	for _, c := range []struct {
		o    Options
		list []string
		want string
	}{
		{Options{Unit: Characters}, []string{"", "[UNK]", "a", "é", "\n", " "}, ""},
		{Options{Unit: Characters, NoStop: true, NoUnknown: true}, []string{"a"}, ""},
		{Options{Unit: Bytes}, nil, ""},
		{pennTreebank, []string{"<unk>", "\n"}, ""},
		{Options{Unit: Characters}, []string{"", "[UNK]", "ab"}, `entry 2 of the vocabulary, "ab", is not one character`},
		{Options{Unit: Characters}, []string{"", "[UNK]", "a", "a"}, "repeats entry 2"},
		{Options{Unit: Characters}, []string{"", "[UNK]", "\xff"}, "not valid UTF-8"},
		{Options{Unit: Characters}, []string{"", "[UNK]"}, `has 2 entries: want "", "[UNK]" and at least one character`},
		{Options{Unit: Bytes}, []string{"a"}, "has 1 entries: want none"},
		{Options{NoStop: true}, []string{"", "[UNK]", "a"}, `entry 0 of the vocabulary is "": want "[UNK]" (the unknown token)`},
		{Options{NoStop: true}, []string{"[UNK]", "a", ""}, "entry 2 of the vocabulary is empty"},
		{Options{NoUnknown: true, NoStop: true}, nil, "has 0 entries: want at least one word"},
		{pennTreebank, []string{"[UNK]", "\n"}, `entry 0 of the vocabulary is "[UNK]": want "<unk>"`},
		{pennTreebank, []string{"<unk>", "\n\n"}, "holds a blank"},
		{pennTreebank, []string{"<unk>", "\r"}, "holds a blank"},
		{Options{}, []string{"", "[UNK]", "\n"}, "holds a blank"},
	} {
		tok, err := New(c.list, &c.o)
		if c.want == "" {
			if err != nil {
				t.Errorf("New(%q, %+v): %v", c.list, c.o, err)
			}
			continue
		}
		if err == nil || tok != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%q, %+v): error %v, want one with %q", c.list, c.o, err, c.want)
		}
	}
}

// Hostile words have stems, or stay as they are.
func TestStemsOfAnything(t *testing.T) {
	text := "' '' ''' ’ ’s s' 'tis y yy yyy İ K ſ ß ŉ ǅ a\u0301 \u00a0\u00a0 \u2003x\u2003 " + strings.Repeat("ies", 1000) + " \x00 \uFFFD"
	for _, language := range Stemmers() {
		for _, marks := range []Punctuation{SplitPunctuation, KeepPunctuation} {
			tok := learned(t, Options{Stem: language, Punctuation: marks}, text)
			if got, want := len(slices.Collect(tok.Words(text))), len(slices.Collect(learned(t, Options{Punctuation: marks}, text).Words(text))); got != want {
				t.Errorf("%s: %d stems of %d words", language, got, want)
			}
			for w := range tok.Words(text) {
				if !utf8.ValidString(w) || strings.ContainsAny(w, asciiBlanks) {
					t.Errorf("%s: stem %q", language, w)
				}
			}
		}
	}
}
