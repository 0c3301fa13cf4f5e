package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// A Detokenizer writes words as a person would space them, one id at a time, so
// that a server can print a text while it is being generated. It undoes the padding
// of punctuation by rules of thumb; it knows nothing of what the original was:
//
//   - no space before , . ; : ! ? % ) ] } and none after ( [ { $ # *;
//   - none on either side of - and /: fine-mesh, 1/4, 5- to 6-inch;
//   - an apostrophe joins the word before it, and the one after it where that is an
//     English ending or the one before is a single letter: don't, cook's, d'Anjou,
//     but confectioners' sugar;
//   - double quotation marks open and close in turn; after a digit where none is
//     open, one is an inch mark;
//   - unless the tokenizer keeps case, the first letter of a text, and of a sentence
//     after . ! ? or |, becomes a capital.
//
// Id 0 ends a text: it prints nothing, and a word that follows starts a new line
// and a new text. "[UNK]" is a word like any other.
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
	start bool // the next word begins a sentence
	quote bool // a double quotation mark is open
	last  kind // what was written last
}

// A kind is what the spacing of the next word needs to know of the last one.
type kind uint8

const (
	nothing    kind = iota // start of a text, or a mark of no further interest
	aWord                  // letters
	aLetter                // one letter alone
	aNumber                // ends in a digit
	apostrophe             // joined to a word: an ending may follow
	period                 // a full stop, or one dot of several
	hyphened               // a number and its hyphen: "5- to 6-inch" may follow
)

// Detokenizer returns a detokenizer at the start of a text.
func (t *Tokenizer) Detokenizer() Detokenizer {
	return Detokenizer{t: t, start: true}
}

// AppendPretty appends the words of ids, spaced and capitalised as [Detokenizer]
// describes, to dst and returns the extended slice. It takes dst for the start of a
// text, whatever it holds. It panics on an id outside 0 to Len()-1.
func (t *Tokenizer) AppendPretty(dst []byte, ids ...int) []byte {
	d := t.Detokenizer()
	return d.Append(dst, ids...)
}

// Append appends the words of ids, continuing the text that earlier calls wrote, to
// dst and returns the extended slice. It panics on an id outside 0 to Len()-1.
func (d *Detokenizer) Append(dst []byte, ids ...int) []byte {
	for _, id := range ids {
		word := d.t.Word(id)
		if id == Stop {
			*d = Detokenizer{t: d.t, start: true, wrap: d.wrap || d.begun}
			continue
		}
		dst = d.append(dst, word)
	}
	return dst
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
	d.begun, d.wrap, d.glue = true, false, after
	last := d.last
	d.last = d.kindOf(word)

	// Marks leave a sentence's start pending; the first letter or digit uses it up.
	first, size := utf8.DecodeRuneInString(word)
	switch {
	case word == "." && last == period:
		d.start = false // dots in a row are an ellipsis, in mid sentence
	case word == "." || word == "!" || word == "?" || word == "|":
		d.start = true
	case d.start && (unicode.IsLetter(first) || unicode.IsDigit(first) || len(word) > size):
		d.start = false
		if !d.t.options.KeepCase {
			dst = utf8.AppendRune(dst, unicode.ToUpper(first))
			word = word[size:]
		}
	}
	return append(dst, word...)
}

// joins tells whether word is written without a space before and after it, and
// keeps count of quotation marks.
func (d *Detokenizer) joins(word string) (before, after bool) {
	switch word {
	case ",", ".", ";", ":", "!", "?", "%", ")", "]", "}":
		return true, false
	case "(", "[", "{", "$", "#", "*":
		return false, true
	case "-", "/":
		return true, true
	case "'":
		switch d.last {
		case aWord, aNumber:
			return true, false
		case aLetter:
			return true, true
		}
		return false, true // nothing to belong to: it opens a quotation
	case `"`:
		if d.quote {
			d.quote = false
			return true, false
		}
		if d.last == aNumber {
			return true, false
		}
		d.quote = true
		return false, true
	}
	if d.last == hyphened && (word == "to" || word == "by" || word == "or" || word == "and") {
		d.glue = false
	}
	return d.last == apostrophe && ending(word), false
}

// ending tells whether word is what English writes after an apostrophe.
func ending(word string) bool {
	switch word {
	case "s", "t", "d", "m", "n", "ll", "re", "ve":
		return true
	}
	return false
}

// kindOf classifies word, which follows a word of kind d.last.
func (d *Detokenizer) kindOf(word string) kind {
	if word == "'" {
		if d.last == aWord || d.last == aLetter || d.last == aNumber {
			return apostrophe
		}
		return nothing
	}
	if word == "-" && d.last == aNumber {
		return hyphened
	}
	if word == "." {
		return period
	}
	final, size := utf8.DecodeLastRuneInString(word)
	switch {
	case unicode.IsDigit(final):
		return aNumber
	case !unicode.IsLetter(final):
		return nothing
	case size == len(word):
		return aLetter
	}
	return aWord
}
