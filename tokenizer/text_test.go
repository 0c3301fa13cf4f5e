package tokenizer

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// asWords encodes text and spells the ids out, unknown words as [UNK].
func asWords(tok *Tokenizer, ids []int) string {
	return string(tok.AppendText(nil, ids...))
}

func TestAppend(t *testing.T) {
	list := []string{"don", "'", "t", "1", "/", "4", "fine", "-", "mesh", `back\slash`, "_", "350°f",
		"é", "É", "a\u00a0b", "recipe", "for", "ham", "|", ".", "a", "b", "A", "dont", "ab", "14", "\uFFFD", "“", "’", "”"}
	for _, c := range []struct {
		name, text string
		o          *Options
		want       string
	}{
		{"apostrophe", "don't", nil, "don ' t"},
		{"fraction", "1/4", nil, "1 / 4"},
		{"hyphen", "fine-mesh", nil, "fine - mesh"},
		{"run", "--", nil, "- -"},
		{"backslash stays", `back\slash`, nil, `back\slash`},
		{"underscore does not", "a_b", nil, "a _ b"},
		{"degree sign stays", "350°F", nil, "350°f"},
		{"ASCII case only", "É é A", nil, "É é a"},
		{"no-break space joins", "a\u00a0b", nil, "a\u00a0b"},
		{"every ASCII blank", "\ta\nb\va\fb\r a  ", nil, "a b a b a"},
		{"recipe", "Recipe for Ham  | A.", nil, "recipe for ham | a ."},
		{"end of a text", "a.", nil, "a ."},
		{"unknown", "a zebra b", nil, "a [UNK] b"},
		{"reserved spelling", "[UNK]", nil, "[UNK] [UNK] [UNK]"},
		{"empty", "", nil, ""},
		{"blank", " \n ", nil, ""},
		{"keep case", "A a", &Options{Case: KeepCase}, "A a"},
		{"strip", "don't a_b 1/4 -- .", &Options{Punctuation: StripPunctuation}, "dont ab 14"},
		{"strip the backslash too", `a\b`, &Options{Punctuation: StripPunctuation}, "ab"},
		{"invalid run", "a \xff\xfe\xc3 b", nil, "a \uFFFD b"},
		{"cut-off rune", "a \xe2\x82", nil, "a \uFFFD"},
		{"curly quotes stay", "“a” b", nil, "[UNK] b"},
		{"curly quotes apart", "“Don’t—1”…", &Options{UnicodePunctuation: true}, "“ don ’ t [UNK] 1 ” [UNK]"},
		{"curly quotes dropped", "“Don’t—1”…", &Options{UnicodePunctuation: true, Punctuation: StripPunctuation}, "[UNK]"},
		{"byte order marks", "\uFEFFrecipe for h\uFEFFam\uFEFF", nil, "recipe for ham"},
		{"only a byte order mark", "\uFEFF", nil, ""},
	} {
		tok := words(t, c.o, list...)
		if got := asWords(tok, tok.Append(nil, c.text)); got != c.want {
			t.Errorf("Append, %s: %q gives %q, want %q", c.name, c.text, got, c.want)
		}
	}
	tok := words(t, nil, "a")
	if got := tok.Append([]int{7}, "a b"); !slices.Equal(got, []int{7, 2, 1}) {
		t.Errorf("Append to [7]: %v, want [7 2 1]", got)
	}
}

// TestPaddingSet counts the characters that stand alone: 31, all of ASCII
// punctuation but the backslash.
func TestPaddingSet(t *testing.T) {
	c := classes(&Options{})
	n := 0
	for b := range 256 {
		punct := b > ' ' && b < 0x7f && !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", rune(b))
		if want := punct && b != '\\'; (c[b] == alone) != want {
			t.Errorf("byte %q: stands alone: %v, want %v", rune(b), c[b] == alone, want)
		}
		if c[b] == alone {
			n++
		}
	}
	if n != 31 {
		t.Errorf("%d characters stand alone, want 31", n)
	}
	if c := classes(&Options{Punctuation: StripPunctuation}); c['\\'] != dropped || c['-'] != dropped {
		t.Error("StripPunctuation does not drop both the backslash and the hyphen")
	}
}

var (
	padSet   = regexp.MustCompile("[!\"#$%&'()*+,-.\\/:;<=>?@\\[\\]^_`{|}~]")
	stripSet = regexp.MustCompile("[!\"#$%&()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~']")
	spaces   = regexp.MustCompile(" +")
)

// reference is the pipeline as its source words it: two substitutions, lowering,
// splitting; and of each line, where the ends of lines are words.
func reference(text string, o Options) (list []string) {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.ReplaceAll(text, "\uFEFF", "")
	if o.LineEnds {
		o.LineEnds = false
		for i, line := range strings.Split(text, "\n") {
			if i > 0 {
				list = append(list, "\n")
			}
			list = append(list, reference(line, o)...)
		}
		return list
	}
	if o.UnicodePunctuation {
		var b strings.Builder
		for _, r := range text {
			switch {
			case !isTypographic(r):
				b.WriteRune(r)
			case o.Punctuation != StripPunctuation:
				b.WriteString(" " + string(r) + " ")
			}
		}
		text = b.String()
	}
	if o.Punctuation == StripPunctuation {
		text = stripSet.ReplaceAllString(text, "")
	} else if o.Punctuation != KeepPunctuation {
		text = padSet.ReplaceAllString(text, " $0 ")
		text = spaces.ReplaceAllString(text, " ")
	}
	if o.Case != KeepCase {
		b := []byte(text)
		for i, c := range b {
			if 'A' <= c && c <= 'Z' {
				b[i] = c + 'a' - 'A'
			}
		}
		text = string(b)
	}
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r", r) })
}

// scan collects what next cuts off.
func scan(text string, o Options) (list []string) {
	p := newPipeline(o.WithDefaults())
	var word []byte
	for text = p.valid(text); ; list = append(list, string(word)) {
		if word, text = next(text, &p, word); len(word) == 0 {
			return list
		}
	}
}

var allOptions = []Options{
	{}, {Case: KeepCase}, {Punctuation: StripPunctuation}, {Case: KeepCase, Punctuation: StripPunctuation},
	{UnicodePunctuation: true}, {UnicodePunctuation: true, Punctuation: StripPunctuation},
	{Punctuation: KeepPunctuation, NoUnknown: true}, {LineEnds: true}, {LineEnds: true, Punctuation: StripPunctuation, NoUnknown: true},
}

func TestNextWordEqualsSubstitutions(t *testing.T) {
	const alphabet = " \t\n\v\f\r!\"'(),-./[]\\^_`{|}~aAzZ09é\u00a0\u2003°\x00\x1c\x7f\uFEFF“”’—…«»¿·‧。，你"
	runes := []rune(alphabet)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var b strings.Builder
		for range rng.IntN(24) {
			if rng.IntN(12) == 0 {
				b.WriteByte(byte(0x80 + rng.IntN(0x80)))
			} else {
				b.WriteRune(runes[rng.IntN(len(runes))])
			}
		}
		for _, o := range allOptions {
			if got, want := scan(b.String(), o), reference(b.String(), o); !slices.Equal(got, want) {
				t.Fatalf("nextWord(%q, %+v) = %q, want %q", b.String(), o, got, want)
			}
		}
	}
}

func TestAppendRaw(t *testing.T) {
	tok := words(t, nil, "recipe", "for", "|", "1", "/", "a", "don't")
	for _, c := range []struct{ text, want string }{
		{"recipe for a | a 1 /", "recipe for a | a 1 /"},
		{"Recipe for", "[UNK] for"},
		{"a/1", "[UNK]"},
		{"don't", "don't"},
		{"[UNK]", "[UNK]"},
		{"a\u00a0a\u2003a\u3000a\u0085a\u1680a\u2028a\u202fa\u205fa", "a a a a a a a a a"},
		{"\x1ca\x1da\x1ea\x1f\ta\v", "a a a a"},
		{"a\u200ba", "[UNK]"}, // zero width: not a blank
		{"", ""},
		{" \u2009\n", ""},
		{"a \xff", "a [UNK]"},
	} {
		if got := asWords(tok, tok.AppendRaw(nil, c.text)); got != c.want {
			t.Errorf("AppendRaw(%q): %q, want %q", c.text, got, c.want)
		}
	}
}

// Every word of a vocabulary can be named, one with a blank beyond ASCII in it too.
func TestAppendRawBlanks(t *testing.T) {
	tok := words(t, nil, "add", "2\u00a0cups", "2", "cups", "2\u00a0cups\u2003of", "\u00a0cups", "2\u00a0", "\x1c", "\uFEFFadd", "a\uFEFFb")
	for _, c := range []struct{ text, want string }{
		{"add 2\u00a0cups", "add|2\u00a0cups"},
		{"add\u00a02\u00a0cups", "add|2\u00a0cups"},
		{"2\u00a0cups\u2003of\u00a0add", "2\u00a0cups\u2003of|add"},
		{"2\u00a0cups\u2003add", "2\u00a0cups|add"},
		{"2\u00a0cup", "2|[UNK]"},
		{"2\u2003cups", "2|cups"},
		{"2 \u00a0cups", "2|\u00a0cups"},
		{"\u00a0\u00a0cups \u2003cups", "\u00a0cups|cups"},
		{"2\u00a0 cups", "2\u00a0|cups"},
		{"add \x1c cups", "add|\x1c|cups"},
		{"\uFEFFadd \uFEFFadd a\uFEFFb", "add|\uFEFFadd|a\uFEFFb"},
	} {
		var got []string
		for _, id := range tok.AppendRaw(nil, c.text) {
			got = append(got, tok.Word(id))
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("AppendRaw(%q): %q, want %q", c.text, got, c.want)
		}
	}
	for id := 2; id < tok.Len(); id++ {
		if got := tok.AppendRaw(nil, "add "+tok.Word(id)); !slices.Equal(got, []int{2, id}) {
			t.Errorf("%q, named, has ids %v, want %d", tok.Word(id), got, id)
		}
	}
}

// The list of punctuation is that of Unicode, less what is part of words, and the
// narrow and wide forms of ASCII.
func TestTypographic(t *testing.T) {
	last := rune(0x7F)
	for _, r := range typographicRanges {
		if r[0] <= last || r[1] < r[0] {
			t.Fatalf("range %U is out of order", r)
		}
		last = r[1]
		for c := r[0]; c <= r[1]; c++ {
			if !isTypographic(c) || unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsSpace(c) {
				t.Errorf("%U %q is no punctuation", c, c)
			}
		}
	}
	for _, r := range "¡¿«»‹›„“”‟‚‘’‛–—―‒‐‑…•′″‰§¶†‡、。「」『』《》（）！？，：；［］｛｝・،؛؟।" {
		if !isTypographic(r) {
			t.Errorf("%U %q is left out", r, r)
		}
	}
	for _, r := range "aé你°·‧£€½²\u00a0\u200b\u200d\u2028\uFEFF\uFFFD" {
		if isTypographic(r) {
			t.Errorf("%U %q is part of words", r, r)
		}
	}
}

func TestAppendText(t *testing.T) {
	tok := words(t, nil, "a", ".")
	for _, c := range []struct {
		ids  []int
		want string
	}{
		{nil, ">"},
		{[]int{2}, ">a"},
		{[]int{2, 1, 3}, ">a [UNK] ."},
		{[]int{2, 0}, ">a "}, // as the reference generator prints a stop
		{[]int{2, 0, 0}, ">a  "},
		{[]int{0}, ">"},
	} {
		if got := string(tok.AppendText([]byte(">"), c.ids...)); got != c.want {
			t.Errorf("AppendText(%v) = %q, want %q", c.ids, got, c.want)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	tok := words(t, nil, "recipe", "for", "ham", "'", "s", "|", "“why", "a\u00a0b")
	letters, bytes := learned(t, Options{Unit: Characters}, "recipé for ham"), learned(t, Options{Unit: Bytes})
	ids := make([]int, 0, 64)
	out := make([]byte, 0, 512)
	d := tok.Detokenizer()
	least := 1e9
	for range 5 { // the runtime allocates now and then: the least of five
		least = min(least, testing.AllocsPerRun(1, func() {
			for range 1000 {
				ids = tok.Append(ids[:0], "Recipe for HAM's UnknownThings | 1/4")
				ids = tok.AppendRaw(ids, "recipe for ham")
				out = tok.AppendText(out[:0], ids...)
				out = tok.AppendPretty(out[:0], ids...)
				out = d.Append(out[:0], ids...)
				for _, tok := range []*Tokenizer{letters, bytes} {
					ids = tok.AppendRaw(tok.Append(ids[:0], "Recipé for Ham"), "recipé")
					out = tok.AppendPretty(tok.AppendText(out[:0], ids...), ids...)
				}
			}
		}))
	}
	if least > 0 {
		t.Errorf("%v allocations in 1000 rounds, want 0", least)
	}
}

func BenchmarkAppend(b *testing.B) {
	text := strings.Repeat("Recipe for Ham Persillade with Mustard | Chop 1/4 cup parsley leaves; don't measure. ", 12)
	tok, err := Learn(slices.Values([]string{text}), nil)
	if err != nil {
		b.Fatal(err)
	}
	ids := tok.Append(nil, text)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		ids = tok.Append(ids[:0], text)
	}
	b.ReportMetric(float64(len(ids))*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}
