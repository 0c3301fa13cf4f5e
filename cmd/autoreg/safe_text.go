package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// safe returns s as it may be written to standard output. Words of a model and of
// a corpus can hold anything; a terminal would act on control characters in them. Output
// to a file or a pipe is not changed.
func (a *app) safe(s string) string {
	if a.outTerminal {
		return safeText(s)
	}
	return s
}

// safeText replaces characters that a terminal acts on by visible escapes, as Go and JSON
// write them: \u001b for a control character (C0 but tab and line end, DEL, C1),
// for a mark that turns the direction of writing, and for the other invisible
// line and format controls; \x9b for a byte that is not UTF-8. A carriage return
// is left alone before a line end. All escapes but the last are valid in a JSON
// string, which holds no such byte.
func safeText(s string) string {
	i := strings.IndexFunc(s, obeyed)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\r' && strings.HasPrefix(s[i+1:], "\n"):
			b.WriteByte('\r')
		case r != utf8.RuneError && obeyed(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// lineText is safeText for what is to stay on one line: it escapes tabs and line ends
// too. Messages, names of files and rows of tables are written so wherever they go.
func lineText(s string) string { return lineEnds.Replace(safeText(s)) }

var lineEnds = strings.NewReplacer("\t", `\t`, "\r", `\r`, "\n", `\n`)

// obeyed reports whether a terminal acts on r instead of showing it. It includes
// U+FFFD, which invalid bytes are decoded as.
func obeyed(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < ' ' || 0x7F <= r && r <= 0x9F:
		return true
	case r < 0x061C:
		return false
	}
	return r == 0x061C || // Arabic letter mark
		r == 0x200E || r == 0x200F || // left-to-right and right-to-left marks
		0x2028 <= r && r <= 0x202E || // line and paragraph separators, embeddings, overrides
		0x2066 <= r && r <= 0x206F || // isolates, deprecated format controls
		r == 0xFEFF || 0xFFF9 <= r && r <= 0xFFFB || // byte order mark, annotations
		r == utf8.RuneError
}
