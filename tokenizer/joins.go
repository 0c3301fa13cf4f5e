package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// A kind is the property of the last word on which the spacing of the next one depends.
type kind uint8

const (
	nothing     kind = iota // start of a text, or something of no further interest
	aWord                   // letters
	aLetter                 // one letter alone
	aNumber                 // ends in a digit
	apostrophe              // joined to a word: an ending may follow
	hyphened                // a number and its hyphen: "5- to 6-inch" may follow
	numberPoint             // a full stop, comma or colon after a number
	numberComma
	numberColon
	letterPoint // the full stop of a letter alone
	wordPoint   // the full stop of a word
	period      // another full stop, or one dot of several
	colon
	exclamation // or a question mark
	opening     // a bracket or quotation mark
	closing     // the same, or a mark such as a comma
)

// maxChars caps Detokenizer.chars.
const maxChars = 9

// joins reports whether word is written without a space before and after it. It
// keeps count of what is open, and of what the last word was.
func (d *Detokenizer) joins(word string) (before, after bool) {
	if word == lineEnd {
		d.last, d.start, d.addr = nothing, begins, address{}
		return true, true
	}
	if d.t.options.Punctuation == KeepPunctuation {
		return false, false
	}
	if before, after, ok := d.address(word); ok {
		return before, after
	}
	mark, size := utf8.DecodeRuneInString(word)
	if size < len(word) || unicode.IsLetter(mark) || unicode.IsNumber(mark) {
		d.noteMarks(word)
		return d.joinWord(word), false
	}
	last := d.last
	number := last == aNumber && d.chars > 0
	switch mark {
	case '.':
		d.point()
		return true, false
	case ',':
		d.last = either(number, numberComma, closing)
		return true, false
	case ':':
		d.last = either(number, numberColon, colon)
		return true, false
	case '!', '?':
		d.last, d.start = exclamation, begins
		return true, false
	case ';', '%', ')', ']', '}':
		d.last = closing
		return true, false
	case '(', '[', '{', '$', '#', '*':
		d.last = opening
		return false, true
	case '-', '‐', '‑':
		d.last = either(last == aNumber, hyphened, nothing)
		return true, true
	case '/', '⁄':
		d.last = nothing
		return true, true
	case '@':
		joined := last == aWord || last == aNumber || last == aLetter
		d.last = nothing
		return joined, joined
	case '|':
		d.last, d.start = nothing, begins
		return false, false
	case '\'':
		return d.apostrophe(false)
	case '’':
		return d.apostrophe(true)
	case '"':
		return d.straightQuote()
	}
	if mark >= utf8.RuneSelf {
		if before, after, ok := d.typographic(mark); ok {
			return before, after
		}
	}
	d.last = nothing
	return false, false
}

// either returns yes if ok, and otherwise no.
func either(ok bool, yes, no kind) kind {
	if ok {
		return yes
	}
	return no
}

// joinWord reports whether a word, no mark, is joined to what stands before it.
func (d *Detokenizer) joinWord(word string) bool {
	first, size := utf8.DecodeRuneInString(word)
	digit, letter := unicode.IsDigit(first), unicode.IsLetter(first) && size == len(word)
	joined := false
	chain := 0 // letters of the abbreviation so far
	switch d.last {
	case apostrophe:
		joined = ending(word)
	case hyphened:
		if word == "to" || word == "by" || word == "or" || word == "and" {
			d.glue = false
		}
	case numberPoint, numberColon:
		joined = digit
	case numberComma:
		joined = digit && d.chars <= 3 && thousand(word)
	case letterPoint:
		if joined = letter && (word != "a" && word != "i" || d.chars > 1); joined {
			chain = d.chars
		}
	}
	if joined {
		d.start = within
	}
	d.last, d.chars, d.final, d.short = d.kindOf(word), 0, 0, abbreviation(word)
	switch d.last {
	case aNumber:
		d.chars = digits(word)
	case aLetter:
		d.chars, d.final = min(chain+1, maxChars), first
	}
	return joined
}

// kindOf classifies a word, no mark.
func (d *Detokenizer) kindOf(word string) kind {
	if word == d.t.options.unknownWord() {
		return aWord
	}
	final, size := utf8.DecodeLastRuneInString(word)
	switch {
	case unicode.IsNumber(final):
		return aNumber
	case !unicode.IsLetter(final):
		return nothing
	case size == len(word):
		return aLetter
	}
	return aWord
}

// digits counts the digits that word ends in, up to maxChars.
func digits(word string) (n int) {
	for len(word) > 0 && n < maxChars {
		r, size := utf8.DecodeLastRuneInString(word)
		if !unicode.IsDigit(r) {
			break
		}
		word = word[:len(word)-size]
		n++
	}
	return n
}

// thousand reports whether word is a group of three digits.
func thousand(word string) bool {
	return utf8.RuneCountInString(word) == 3 && digits(word) == 3
}

// abbreviation reports whether a full stop after word mostly is not the end of a
// sentence. Titles are not among them: names have capitals too.
func abbreviation(word string) bool {
	switch word {
	case "tbsp", "tbsps", "tbs", "tsp", "tsps", "oz", "lb", "lbs", "qt", "qts", "pt", "approx", "vs", "cf":
		return true
	}
	return false
}

// ending reports whether word is what English writes after an apostrophe.
func ending(word string) bool {
	switch word {
	case "s", "t", "d", "m", "n", "ll", "re", "ve":
		return true
	}
	return false
}

// point notes a full stop.
func (d *Detokenizer) point() {
	last := d.last
	d.last = period
	switch last {
	case period, wordPoint, letterPoint, numberPoint:
		d.start = within // dots in a row are an ellipsis, in mid sentence
		return
	case aNumber:
		d.last = either(d.chars > 0, numberPoint, period)
	case aLetter:
		d.last = letterPoint
		if d.chars > 1 { // the last one of "e.g."
			d.start = within
			return
		}
	case aWord:
		d.last = wordPoint
		if d.short {
			d.start = within
			return
		}
	}
	d.start = begins
}

// apostrophe joins an apostrophe, which, if curly, may close a quotation.
func (d *Detokenizer) apostrophe(curly bool) (before, after bool) {
	switch d.last {
	case aWord, aNumber:
		d.last = apostrophe
		return true, false
	case aLetter:
		d.last = apostrophe
		return true, d.final != 'i' && d.final != 'a' // d'or, but "plan a's" and "I'm"
	}
	if curly && d.begun && !d.wrap && d.last != nothing && d.last != opening &&
		(d.open.single != 0 || !d.t.options.UnicodePunctuation) {
		d.open.single = 0
		return d.closeQuote()
	}
	d.last = opening // nothing to belong to: it opens a quotation, or a word is cut short
	return false, true
}

// straightQuote opens or closes a quotation, or marks inches.
func (d *Detokenizer) straightQuote() (before, after bool) {
	switch {
	case d.open.straight:
		d.open.straight = false
		return d.closeQuote()
	case d.last == aNumber && d.chars <= 3:
		d.last = closing
		return true, false
	}
	d.open.straight = true
	return d.openQuote()
}

func (d *Detokenizer) openQuote() (before, after bool) {
	if d.start == doubtful || d.last == colon {
		d.start = begins
	}
	d.last = opening
	return false, true
}

func (d *Detokenizer) closeQuote() (before, after bool) {
	if d.last == exclamation {
		d.start = doubtful
	}
	d.last = closing
	return true, false
}
