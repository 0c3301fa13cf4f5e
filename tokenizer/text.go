package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// padded holds the characters that become words of their own (package comment,
// step 2); stripped those that StripPunctuation drops; asciiBlanks those that
// separate words.
const (
	padded      = "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"
	stripped    = padded + `\`
	asciiBlanks = " \t\n\v\f\r"
)

// A class is what the pipeline does with a byte. Bytes from 0x80 up are always
// inWord: no step touches them.
type class uint8

const (
	inWord class = iota
	upper        // a letter to lower
	alone        // a word of its own
	dropped
	blank
)

// classes tabulates the pipeline of o.
func classes(o *Options) (c [256]class) {
	for i := range len(asciiBlanks) {
		c[asciiBlanks[i]] = blank
	}
	if o.StripPunctuation {
		for i := range len(stripped) {
			c[stripped[i]] = dropped
		}
	} else {
		for i := range len(padded) {
			c[padded[i]] = alone
		}
	}
	if !o.KeepCase {
		for b := 'A'; b <= 'Z'; b++ {
			c[b] = upper
		}
	}
	return c
}

// validText is step 1 of the pipeline.
func validText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// nextWord cuts the next of the pipeline's words off a valid text: steps 2 to 4 in
// one pass. It returns the word, in the memory of buf where it fits, and the text
// after it; the word is empty at the end. (Padding with spaces, collapsing them,
// lowering and splitting in turn gives the same words, which a test checks.)
//
// It is a function and not a method of some state so that buf can stay on the
// caller's stack.
func nextWord(text string, table *[256]class, buf []byte) (word []byte, rest string) {
	word = buf[:0]
	for i := 0; i < len(text); i++ {
		b := text[i]
		switch table[b] {
		case inWord:
			word = append(word, b)
		case upper:
			word = append(word, b|0x20)
		case dropped:
		case alone:
			if len(word) == 0 {
				word = append(word, b)
				i++
			}
			return word, text[i:]
		case blank:
			if len(word) > 0 {
				return word, text[i+1:]
			}
		}
	}
	return word, ""
}

// Append appends the ids of text, after the whole pipeline, to dst and returns the
// extended slice. Unknown words give 1; a text without words adds nothing. It
// neither pads nor cuts. Beyond the growth of dst it allocates only for a word
// longer than 64 bytes or a text that is not valid UTF-8.
func (t *Tokenizer) Append(dst []int, text string) []int {
	var buf [64]byte
	text = validText(text)
	for {
		var word []byte
		if word, text = nextWord(text, &t.class, buf[:]); len(word) == 0 {
			return dst
		}
		id, ok := t.ids[string(word)]
		if !ok {
			id = Unknown
		}
		dst = append(dst, int(id))
	}
}

// AppendRaw appends the ids of the words of text exactly as they stand, without
// lowering or touching punctuation, to dst and returns the extended slice: a caller
// writes "recipe for cake | chop 1 /" as the vocabulary spells it. Words are
// separated by runs of blanks as Python's str.split() has them: Unicode's white
// space and the four separators U+001C to U+001F. Invalid UTF-8 is replaced first,
// as in Append. Unknown words give 1.
func (t *Tokenizer) AppendRaw(dst []int, text string) []int {
	text = validText(text)
	for {
		text = strings.TrimLeftFunc(text, pythonBlank)
		if text == "" {
			return dst
		}
		end := strings.IndexFunc(text, pythonBlank)
		if end < 0 {
			end = len(text)
		}
		id, _ := t.ID(text[:end])
		dst = append(dst, id)
		text = text[end:]
	}
}

// pythonBlank is Python's str.isspace for one character.
func pythonBlank(r rune) bool {
	return unicode.IsSpace(r) || 0x1C <= r && r <= 0x1F
}

// AppendText appends the words of ids, joined by single spaces, to dst and returns
// the extended slice. Each id contributes its spelling, so that id 0 adds an empty
// word: a text that ends in id 0 ends in a space. Nothing stands before the first
// word, whatever dst holds. It panics on an id outside 0 to Len()-1.
func (t *Tokenizer) AppendText(dst []byte, ids ...int) []byte {
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, t.Word(id)...)
	}
	return dst
}
