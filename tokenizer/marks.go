package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// quotes are the quotation marks that are open: for each family the mark that opened
// last, or 0.
type quotes struct {
	straight bool // "
	double   rune // “ „ ‟ ”
	single   rune // ‘ ‚
	angle    rune // « »
	oneAngle rune // ‹ ›
}

// family returns where the state of a quotation mark is kept; nil if r is none. The
// right single mark is not among them: it is an apostrophe mostly.
func (q *quotes) family(r rune) *rune {
	switch r {
	case '“', '”', '„', '‟':
		return &q.double
	case '‘', '‚':
		return &q.single
	case '«', '»':
		return &q.angle
	case '‹', '›':
		return &q.oneAngle
	}
	return nil
}

// opens reports whether the mark r, alone between others, opens a quotation, given
// the one of its family that is open.
func (d *Detokenizer) opens(r, open rune) bool {
	switch r {
	case '“':
		return open != '„' // „German“
	case '”':
		return open == 0 && d.t.rightQuotes // ”Swedish”
	case '‘':
		return open != '‚'
	case '«':
		return open != '»' // »German«
	case '‹':
		return open != '›'
	case '»', '›':
		return open == 0 && d.t.options.UnicodePunctuation
	}
	return true
}

// typographic spaces a mark beyond ASCII that is a word; false means that it is
// spaced as a word.
func (d *Detokenizer) typographic(mark rune) (before, after, ok bool) {
	if open := d.open.family(mark); open != nil {
		if d.opens(mark, *open) {
			*open = mark
			before, after = d.openQuote()
		} else {
			*open = 0
			before, after = d.closeQuote()
		}
		return before, after, true
	}
	split := d.t.options.UnicodePunctuation
	switch mark {
	case '…':
		// At the start of a text or quotation it belongs to what follows.
		first := !d.begun || d.wrap || d.last == opening
		d.last, d.start = closing, within
		return true, first, true
	case '‰', '′', '″', '‴', '†', '‡', '،', '؛', '。', '、':
		d.last = closing
		before, after = true, wide(mark)
	case '‽', '‼', '⁇', '⁈', '⁉', '؟', '۔', '।', '॥':
		d.last, d.start = exclamation, begins
		before = true
	case '¿', '¡':
		d.openQuote()
		after = true
	case '—', '―', '–', '‒':
		// Where dashes are parts of words, one alone had spaces around it.
		joined := split && (mark == '—' || mark == '―' || d.last == aNumber)
		d.last = nothing
		return joined, joined, true
	default:
		if !wide(mark) {
			return false, false, false
		}
		d.last = closing
		before, after = true, true
	}
	if mark == '。' || mark == '！' || mark == '？' {
		d.start = begins
	}
	return before, after, true
}

// wide reports whether r is punctuation of Chinese or Japanese, which brings its own
// space.
func wide(r rune) bool {
	return 0x3001 <= r && r <= 0x303F || 0xFF01 <= r && r <= 0xFF65 && isTypographic(r) || r == '・'
}

// noteMarks opens and closes the quotations of a word with marks at its ends.
func (d *Detokenizer) noteMarks(word string) {
	for rest := word; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			break
		}
		if open := d.open.family(r); open != nil {
			*open = r
			if d.start == doubtful || d.last == colon {
				d.start = begins
			}
		}
		rest = rest[size:]
	}
	for word != "" {
		r, size := utf8.DecodeLastRuneInString(word)
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			break
		}
		if open := d.open.family(r); open != nil {
			*open = 0
		} else if r == '’' {
			d.open.single = 0
		}
		word = word[:len(word)-size]
	}
}

// isTypographic reports whether r is punctuation beyond ASCII that
// Options.UnicodePunctuation makes a word. The list is our own, not package
// unicode's, so that a vocabulary does not depend on the Go release. It leaves out
// what is part of words: the middle dot of Catalan, the hyphenation point.
func isTypographic(r rune) bool {
	i, n := 0, len(typographicRanges)
	for i < n {
		m := (i + n) / 2
		if typographicRanges[m][1] < r {
			i = m + 1
		} else {
			n = m
		}
	}
	return i < len(typographicRanges) && typographicRanges[i][0] <= r
}

// typographicRanges are in ascending order, both ends included.
var typographicRanges = [...][2]rune{
	{0xA1, 0xA1}, {0xA7, 0xA7}, {0xAB, 0xAB}, {0xB6, 0xB6}, {0xBB, 0xBB}, {0xBF, 0xBF}, // ¡ § « ¶ » ¿
	{0x37E, 0x37E}, {0x589, 0x58A}, {0x5BE, 0x5BE}, {0x5C0, 0x5C0}, {0x5C3, 0x5C3}, // Greek, Armenian, Hebrew
	{0x60C, 0x60D}, {0x61B, 0x61B}, {0x61E, 0x61F}, {0x66A, 0x66A}, {0x6D4, 0x6D4}, // Arabic
	{0x964, 0x965}, {0x104A, 0x104B}, {0x1362, 0x1368}, {0x17D4, 0x17D6}, // Devanagari, Burmese, Ethiopic, Khmer
	{0x2010, 0x2026}, {0x2030, 0x205E}, // dashes, quotation marks, bullets, dots, primes
	{0x2E00, 0x2E2E}, {0x2E30, 0x2E5D}, // supplement
	{0x3001, 0x3003}, {0x3008, 0x3011}, {0x3014, 0x301F}, // Chinese and Japanese
	{0x3030, 0x3030}, {0x303D, 0x303D}, {0x30A0, 0x30A0}, {0x30FB, 0x30FB},
	{0xFE10, 0xFE19}, {0xFE30, 0xFE52}, {0xFE54, 0xFE66}, {0xFE68, 0xFE68}, {0xFE6A, 0xFE6B}, // vertical and small forms
	{0xFF01, 0xFF0F}, {0xFF1A, 0xFF20}, {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}, // wide and narrow forms
}
