package tokenizer

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Detokenizer writes words as a person would space them, one id at a time, so
// that a server can print a text while it is being generated. It undoes the padding
// of punctuation by heuristics that use the words so far only, not the original text:
//
//   - no space before , . ; : ! ? % ) ] } … and none after ( [ { $ # * ¿ ¡;
//   - none on either side of - and /: fine-mesh, 1/4, 5- to 6-inch;
//   - an apostrophe, straight or curly, joins the word before it, and the one after
//     it where that is an English ending or the one before is a single letter:
//     don't, cook's, d'Anjou, but confectioners' sugar;
//   - quotation marks “ ” „ ‘ ’ ‚ « » ‹ › open and close as the ones before them
//     tell, whether they are words or stand at the ends of words: “Why?”, »Nein!«,
//     „Ja!“; straight ones open and close in turn, but after a number of at most three
//     digits, where none is open, one is an inch mark;
//   - where they are words because of Options.UnicodePunctuation, an em dash has no
//     space on either side, an en dash only after a number, and the punctuation of
//     Chinese and Japanese none at all;
//   - numbers with a point, groups of thousands and times are joined: 1.5, $1,000.50,
//     10:30; so a sentence that begins with a number after one that ends in a number
//     is joined to it, which is rarer;
//   - addresses are joined, from http, https, ftp or www on, and where a word and a full
//     stop are followed by com, org, net, edu or gov: http://example.org/a_b; so are
//     single letters with full stops: e.g., i.e., a.m., u.s.;
//   - unless the tokenizer keeps case, the first letter of a text, and of a sentence
//     after . ! ? or |, has its title case, but not behind a number, and not after the
//     full stop of single letters or of tbsp, oz and the like; after ! or ? and a closing
//     quotation mark the sentence goes on: “Why?” she asked; and the pronoun I, alone
//     or in I'm, I'll, I'd, I've, is written so, except where the vocabulary has i later
//     than e, that is, less often, so that i is mostly that of "i.e.".
//
// With KeepPunctuation, words stand between single spaces, as they did. With LineEnds,
// nothing stands at either side of the end of a line, and a sentence begins after it.
// Stems are written as they are.
//
// Characters and bytes are written as they are. Bytes that begin a character are held
// back until it is complete, or [Detokenizer.Flush] ends the text; a byte that is no part
// of valid UTF-8 is written as U+FFFD. So what is written is always valid UTF-8,
// except that it may begin by completing a character of [Tokenizer.DetokenizerAfter], and
// it never ends within a character.
//
// The stop token ends a text: it prints nothing, and a unit that follows starts a new
// line and a new text. The unknown token is a word like any other.
//
// Letters, digits and capitals are those of package unicode, whose tables
// (unicode.Version) grow with Go releases: a program built with another release may
// capitalise or space a word differently if a character was new to Unicode, or new
// to having a capital, in between. ASCII never changes, nor does the ids' plain
// text ([Tokenizer.AppendText]).
//
// Nothing already written is ever taken back, and ids in one call or in many give
// the same bytes. A copy of a Detokenizer continues on its own. It belongs to one
// goroutine at a time.
type Detokenizer struct {
	t     *Tokenizer
	begun bool // something stands on this line
	wrap  bool // a text has ended: a new line is due before the next word
	glue  bool // no space before the next word
	start start
	open  quotes
	last  kind    // what was written last
	chars int     // digits or letters of the last number or abbreviation, capped
	final rune    // the last word, if a letter alone
	short bool    // the last word is an abbreviation
	addr  address // what of an address has been written

	held [utf8.UTFMax]byte // bytes that begin a character
	n    int               // how many
	told int               // of these, the first ones stand in the text already
}

// A start says whether the next word begins a sentence.
type start uint8

const (
	within   start = iota
	doubtful       // after ! or ? and a closing quotation mark: if another one opens
	begins
)

// Detokenizer returns a detokenizer at the start of a text.
func (t *Tokenizer) Detokenizer() Detokenizer {
	return Detokenizer{t: t, start: begins}
}

// DetokenizerAfter returns a detokenizer that continues text, such as a prompt, which
// stands as it is: the words that follow are spaced as if the detokenizer had
// written it, except that nothing more is put behind a blank at its end. Where units are
// bytes and text ends within a character, what is written begins with the bytes that
// complete it, which are valid UTF-8 only together with those of text; if other bytes
// follow, those of text stay alone.
func (t *Tokenizer) DetokenizerAfter(text string) Detokenizer {
	if t.options.Unit != Words {
		d := t.Detokenizer()
		d.noteBegun(text)
		if t.options.Unit == Bytes {
			d.n = copy(d.held[:], incomplete(text))
			d.told = d.n
		}
		return d
	}
	return t.after(text, t.Words(text))
}

func (t *Tokenizer) after(text string, words iter.Seq[string]) Detokenizer {
	d := t.Detokenizer()
	var buf []byte
	for word := range words {
		buf = d.append(buf[:0], word)
	}
	if r, _ := utf8.DecodeLastRuneInString(text); text != "" && unicode.IsSpace(r) {
		d.begun, d.glue = true, true
		d.last, d.addr = nothing, address{}
	}
	return d
}

// AppendPretty appends the words of ids, spaced and capitalised as [Detokenizer]
// describes, to dst and returns the extended slice. It takes dst for the start of a
// text, whatever it holds. It panics on an id outside 0 to Len()-1.
func (t *Tokenizer) AppendPretty(dst []byte, ids ...int) []byte {
	d := t.Detokenizer()
	return d.Append(dst, ids...)
}

// Append appends the units of ids, continuing the text that earlier calls wrote, to
// dst and returns the extended slice. It panics on an id outside 0 to Len()-1.
func (d *Detokenizer) Append(dst []byte, ids ...int) []byte {
	for _, id := range ids {
		word := d.t.Word(id)
		switch {
		case id == d.t.stop:
			dst = d.Flush(dst)
			wrap := d.wrap || d.begun
			*d = d.t.Detokenizer()
			d.wrap = wrap
		case d.t.options.Unit == Words:
			dst = d.append(dst, word)
		default:
			dst = d.verbatim(dst, word)
		}
	}
	return dst
}

// Observe takes note of ids that stand in the text already, as those of a prompt do: what
// Append writes continues them, as [Tokenizer.DetokenizerAfter] has it. It panics on an id
// outside 0 to Len()-1.
func (d *Detokenizer) Observe(ids ...int) {
	var buf []byte
	for _, id := range ids {
		buf = d.Append(buf[:0], id)
	}
	d.told = d.n
}

// append writes one word, which is not empty.
func (d *Detokenizer) append(dst []byte, word string) []byte {
	before, after := d.joins(word)
	switch {
	case d.wrap:
		dst = append(dst, '\n')
	case d.begun && !before && !d.glue:
		dst = append(dst, ' ')
	}
	d.begun, d.wrap, d.glue = word != lineEnd, false, after
	dst = d.spell(dst, word)
	if d.t.options.Punctuation == KeepPunctuation && strings.ContainsAny(word[len(word)-1:], ".!?") {
		d.start = begins
	}
	return dst
}

// spell writes the letters of a word, with a capital where one is due. Marks leave
// the start of a sentence pending; the first letter or number uses it up.
func (d *Detokenizer) spell(dst []byte, word string) []byte {
	keep := d.t.options.Case == KeepCase
	if !keep && d.t.pronoun && pronoun(word) {
		d.start = within
		return append(append(dst, 'I'), word[1:]...)
	}
	if d.start != begins {
		if firstLetter(word) >= 0 {
			d.start = within
		}
		return append(dst, word...)
	}
	at := firstLetter(word)
	if at < 0 {
		return append(dst, word...)
	}
	d.start = within
	first, size := utf8.DecodeRuneInString(word[at:])
	if keep || !unicode.IsLetter(first) {
		return append(dst, word...)
	}
	dst = append(dst, word[:at]...)
	dst = utf8.AppendRune(dst, unicode.ToTitle(first))
	return append(dst, word[at+size:]...)
}

// firstLetter returns the index of the first letter or number of word, or -1.
func firstLetter(word string) int {
	for i, r := range word {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return i
		}
	}
	return -1
}

// pronoun reports whether word is the pronoun I, alone or, where apostrophes are
// parts of words, with an ending.
func pronoun(word string) bool {
	switch word {
	case "i", "i’m", "i’ll", "i’d", "i’ve", "i'm", "i'll", "i'd", "i've":
		return true
	}
	return false
}

// hasPronoun reports whether "i" is mostly the pronoun in the texts that a vocabulary
// was learned from, where frequent words come first, and not that of "i.e.".
func hasPronoun(ids map[string]int32) bool {
	i, ok := ids["i"]
	e, abbreviated := ids["e"]
	return !ok || !abbreviated || i < e
}
