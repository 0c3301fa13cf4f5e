package tokenizer

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Text comes back byte for byte, in calls of any size, and never as half a character.
func TestVerbatim(t *testing.T) {
	text := "Don't, “é” \u00a0\n\r\n— 🙂\U0010FFFF e\u0301 \x00."
	for _, unit := range []Unit{Characters, Bytes} {
		tok := learned(t, Options{Unit: unit}, text)
		ids := tok.Append(nil, text)
		for size := 1; size <= len(ids); size++ {
			d := tok.Detokenizer()
			var got []byte
			for part := range slices.Chunk(ids, size) {
				n := len(got)
				got = d.Append(got, part...)
				if !utf8.Valid(got[n:]) {
					t.Fatalf("%ss, %d a call: %q is not valid UTF-8", unit, size, got[n:])
				}
			}
			if got = d.Flush(got); string(got) != text {
				t.Fatalf("%ss, %d a call: %q, want %q", unit, size, got, text)
			}
		}
	}
}

// Bytes cut anywhere, valid or not, are written as Go's range loop has them.
func TestBytesOfAnything(t *testing.T) {
	tok := learned(t, Options{Unit: Bytes})
	for _, text := range []string{
		"a\xff", "\xe2\x82", "\xe2\x82a", "\xe2\x82\xac", "\xf0\x9f\x99", "\xf0\x9f\x99\x82", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xf0\xe2\x82\xac", "\x80\x80\x80\x80\x80", "é\xc3", "\xc3\xc3\xc3\xa9", "\xff\xfe\xfd",
	} {
		for from := range len(text) {
			for to := from; to <= len(text); to++ {
				part := text[from:to]
				d := tok.Detokenizer()
				var got []byte
				for _, id := range tok.Append(nil, part) {
					n := len(got)
					if got = d.Append(got, id); !utf8.Valid(got[n:]) {
						t.Fatalf("%q: piece %q", part, got[n:])
					}
				}
				if got, want := string(d.Flush(got)), string([]rune(part)); got != want {
					t.Errorf("%q is written as %q, want %q", part, got, want)
				}
				if rest := d.Flush(nil); len(rest) > 0 {
					t.Errorf("%q: a second Flush has %q", part, rest)
				}
			}
		}
	}
}

// The stop token ends a text, and the next one begins on a line of its own.
func TestVerbatimStop(t *testing.T) {
	for _, c := range []struct {
		unit  Unit
		texts []string
		want  string
	}{
		{Characters, []string{"ab", "c\n", "d", "", "\n"}, "ab\nc\nd\n\n"},
		{Bytes, []string{"ab", "\xe2\x82", "\xac"}, "ab\n\uFFFD\uFFFD\n\uFFFD"},
	} {
		tok := learned(t, Options{Unit: c.unit}, strings.Join(c.texts, ""))
		var ids []int
		for _, text := range c.texts {
			ids = append(tok.Append(ids, text), tok.Stop())
		}
		if got := string(tok.AppendPretty(nil, ids...)); got != c.want {
			t.Errorf("%ss: %q, want %q", c.unit, got, c.want)
		}
	}
	tok := learned(t, Options{Unit: Characters}, "ab")
	for prompt, want := range map[string]string{"": "b", "a": "\nb", "a\n": "b"} {
		d := tok.DetokenizerAfter(prompt)
		if got := string(d.Append(nil, append([]int{tok.Stop()}, tok.Append(nil, "b")...)...)); got != want {
			t.Errorf("after %q: %q, want %q", prompt, got, want)
		}
	}
}

// A copy goes on by itself, with what is held back.
func TestVerbatimCopy(t *testing.T) {
	tok := learned(t, Options{Unit: Bytes})
	d := tok.Detokenizer()
	d.Append(nil, tok.Append(nil, "\xe2\x82")...)
	fork := d
	if got := string(fork.Append(nil, tok.Append(nil, "\xac")...)); got != "€" {
		t.Errorf("the copy writes %q", got)
	}
	if got := string(d.Flush(nil)); got != "\uFFFD\uFFFD" {
		t.Errorf("the original writes %q", got)
	}
}

func TestPrettyLineEnds(t *testing.T) {
	for _, c := range []struct {
		o          Options
		text, want string
	}{
		{Options{LineEnds: true}, "roses are red ,\nviolets . are\n\nblue", "Roses are red,\nViolets. Are\n\nBlue"},
		{pennTreebank, "mr. <unk> is n't N\n $ the u.s. 's , so\n", "mr. <unk> is n't N\n$ the u.s. 's , so\n"},
		{Options{Punctuation: KeepPunctuation}, "well, so. then - \"no\" i", "Well, so. Then - \"no\" I"},
		{Options{UnknownWord: "<unk>"}, "a <unk> , b", "A <unk>, b"},
	} {
		tok := learned(t, c.o, c.text)
		ids := tok.Append(nil, c.text)
		if got := string(tok.AppendPretty(nil, ids...)); got != c.want {
			t.Errorf("%+v: %q, want %q", c.o, got, c.want)
		}
		for cut := range ids {
			first := string(tok.AppendPretty(nil, ids[:cut]...))
			d := tok.DetokenizerAfter(first)
			if got := first + string(d.Append(nil, ids[cut:]...)); got != c.want {
				t.Errorf("%+v: after %q: %q, want %q", c.o, first, got, c.want)
			}
		}
	}
}

// What follows a text that ends within a character completes it: the text as it stands and
// what is written are together the bytes that were meant, whether the text was given or
// observed.
func TestBytesAfterIncompleteCharacter(t *testing.T) {
	tok := learned(t, Options{Unit: Bytes})
	for _, c := range []struct{ text, next, want string }{
		{"caf\xc3", "\xa9!", "\xa9!"},
		{"\xe2", "\x82\xacx", "\x82\xacx"},
		{"\xe2\x82", "\xac", "\xac"},
		{"\xef\xbf", "\xbd", "\xbd"},
		{"\xf0\x9f\x99", "\x82é", "\x82é"},
		{"caf\xc3", "x", "x"}, // what text lacks does not come: it stands as it is
		{"\xe2\x82", "é", "é"},
		{"\xe2\x82", "\xff", "\uFFFD"},
		{"\xe2\x82", "", ""},
		{"a\xff", "\xa9", "\uFFFD"}, // no character begins so
		{"a\xe0\x80", "\x80", "\uFFFD"},
		{"é", "\xa9", "\uFFFD"},
		{"", "é", "é"},
	} {
		observed := tok.Detokenizer()
		observed.Observe(tok.Append(nil, c.text)...)
		for _, d := range []Detokenizer{tok.DetokenizerAfter(c.text), observed} {
			var got []byte
			for _, id := range tok.Append(nil, c.next) {
				got = d.Append(got, id)
			}
			if got = d.Flush(got); string(got) != c.want {
				t.Errorf("%q after %q is written as %q, want %q", c.next, c.text, got, c.want)
			}
		}
	}
}
