package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

func TestSafeText(t *testing.T) {
	for _, c := range [][2]string{
		{"", ""},
		{"plain text, “quoted” é 你好 👩‍🍳\tand\nlines\r\n", "plain text, “quoted” é 你好 👩‍🍳\tand\nlines\r\n"},
		{"\x1b[31mred", `\u001b[31mred`},
		{"\x1b]0;title\x07 \x1bP q \x1b\\", `\u001b]0;title\u0007 \u001bP q \u001b\`},
		{"a\rb\x00\x7f", `a\u000db\u0000\u007f`},
		{"\u009b2J \u0085", `\u009b2J \u0085`},
		{"\x9b2J \xff", `\x9b2J \xff`}, // 8-bit controls of terminals that do not speak UTF-8
		{"a\u202eb\u2066c\u200f", `a\u202eb\u2066c\u200f`},
		{"\uFEFFa\u2028b\uFFFD", "\\ufeffa\\u2028b\uFFFD"},
	} {
		if got := safeText(c[0]); got != c[1] {
			t.Errorf("safeText(%q) = %q, want %q", c[0], got, c[1])
		}
	}
	// No control character is left, whatever Unicode calls one.
	for r := range rune(unicode.MaxRune) {
		if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) {
			if got := safeText("x" + string(r) + "y"); strings.ContainsRune(got, r) && r != '\n' && r != '\t' {
				t.Errorf("%U is left: %q", r, got)
			}
		}
	}
}

// On a terminal JSON stays JSON and means the same.
func TestSafeJSON(t *testing.T) {
	want := "a\x1b\x07\u009b\u202e\uFEFF\r\n\"\\é"
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := json.Unmarshal([]byte(safeText(string(data))), &got); err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func TestSafeOnlyOnATerminal(t *testing.T) {
	const text = "\x1b[31m"
	if got := (&app{}).safe(text); got != text {
		t.Errorf("in a pipe: %q, want %q", got, text)
	}
	if got := (&app{outTerminal: true}).safe(text); got != `\u001b[31m` {
		t.Errorf("on a terminal: %q", got)
	}
}
