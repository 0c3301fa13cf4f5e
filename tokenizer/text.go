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

// byteOrderMark is dropped from texts wherever it stands.
const byteOrderMark = "\uFEFF"

// A class is what the pipeline does with a byte. Bytes from 0x80 up are inWord, or,
// with Options.UnicodePunctuation, those that begin a character are leads.
type class uint8

const (
	inWord class = iota
	upper        // a letter to lower
	alone        // a word of its own
	dropped
	blank
	lead      // of a character beyond ASCII, which may be punctuation
	endOfLine // a word of its own, if Options.LineEnds
)

// classes tabulates the pipeline of o, which has its defaults.
func classes(o *Options) (c [256]class) {
	for i := range len(asciiBlanks) {
		c[asciiBlanks[i]] = blank
	}
	if o.LineEnds {
		c['\n'] = endOfLine
	}
	switch o.Punctuation {
	case KeepPunctuation:
	case StripPunctuation:
		for i := range len(stripped) {
			c[stripped[i]] = dropped
		}
	default:
		for i := range len(padded) {
			c[padded[i]] = alone
		}
	}
	if o.Case == FoldCase {
		for b := 'A'; b <= 'Z'; b++ {
			c[b] = upper
		}
	}
	if o.UnicodePunctuation {
		for b := 0xC2; b < 0xF5; b++ {
			c[b] = lead
		}
	}
	return c
}

// validText is step 1 of the pipeline.
func validText(text string) string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	if strings.Contains(text, byteOrderMark) {
		text = strings.ReplaceAll(text, byteOrderMark, "")
	}
	return text
}

// nextWord cuts the next of the pipeline's words off a valid text: steps 2 to 4 in
// one pass, with results as those of next. (Padding with spaces, collapsing them,
// lowering and splitting in turn gives the same words, which a test checks.)
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
		case alone, endOfLine:
			if len(word) == 0 {
				word = append(word, b)
				i++
			}
			return word, text[i:]
		case blank:
			if len(word) > 0 {
				return word, text[i+1:]
			}
		case lead:
			r, size := utf8.DecodeRuneInString(text[i:])
			switch {
			case !isTypographic(r):
				word = append(word, text[i:i+size]...)
			case table['!'] == dropped: // as all punctuation is
			case len(word) == 0:
				return append(word, text[i:i+size]...), text[i+size:]
			default:
				return word, text[i:]
			}
			i += size - 1
		}
	}
	return word, ""
}

// Append appends the ids of text, after the whole pipeline, to dst and returns the
// extended slice. Units that the vocabulary lacks give Unknown(), or nothing where there
// is none; a text without units adds nothing. It neither pads nor cuts. Beyond the growth
// of dst it allocates only for a word longer than 64 bytes, a word that is replaced by its
// stem, and a text that is not valid UTF-8 or holds byte order marks.
func (t *Tokenizer) Append(dst []int, text string) []int {
	var buf [64]byte
	text = t.pipeline.valid(text)
	for {
		var word []byte
		if word, text = next(text, &t.pipeline, buf[:]); len(word) == 0 {
			return dst
		}
		id, ok := t.ids[string(word)]
		if ok {
			dst = append(dst, int(id))
		} else if t.unknown >= 0 {
			dst = append(dst, t.unknown)
		}
	}
}

// AppendRaw appends the ids of the units of text exactly as they stand, without
// lowering or touching punctuation, to dst and returns the extended slice: a caller
// writes "recipe for cake | chop 1 /" as the vocabulary spells it. Words are
// separated by runs of blanks as Python's str.split() has them: Unicode's white
// space and the four separators U+001C to U+001F. But only ASCII blanks separate where
// the vocabulary has a word with others in it, such as a no-break space: the longest
// such word is taken; and with Options.LineEnds the end of a line is a word. Invalid
// UTF-8 is replaced first, as in Append, unless units are bytes; of byte order marks
// only one at the start of text is dropped. Units that the vocabulary lacks are taken as
// in Append.
func (t *Tokenizer) AppendRaw(dst []int, text string) []int {
	text = t.rawText(text)
	for {
		var word string
		if word, text = t.nextRaw(text); word == "" {
			return dst
		}
		if id, _ := t.ID(word); id >= 0 {
			dst = append(dst, id)
		}
	}
}

// rawText is the part of step 1 of the pipeline that applies to raw text.
func (t *Tokenizer) rawText(text string) string {
	if t.options.Unit == Bytes {
		return text
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return strings.TrimPrefix(text, byteOrderMark)
}

// nextRaw cuts the next of AppendRaw's units off a text that has been through rawText.
// The unit is empty at the end.
func (t *Tokenizer) nextRaw(text string) (word, rest string) {
	switch {
	case text == "":
		return "", ""
	case t.options.Unit == Bytes:
		return text[:1], text[1:]
	case t.options.Unit == Characters:
		_, size := utf8.DecodeRuneInString(text)
		return text[:size], text[size:]
	}
	return t.nextRawWord(text)
}

// nextRawWord is nextRaw for words.
func (t *Tokenizer) nextRawWord(text string) (word, rest string) {
	for {
		for text != "" && t.pipeline.class[text[0]] == blank {
			text = text[1:]
		}
		if text == "" {
			return "", ""
		}
		if t.pipeline.class[text[0]] == endOfLine {
			return text[:1], text[1:]
		}
		if n := t.blankWord(text); n > 0 {
			return text[:n], text[n:]
		}
		r, size := utf8.DecodeRuneInString(text)
		if !pythonBlank(r) {
			break
		}
		text = text[size:]
	}
	end := strings.IndexFunc(text, pythonBlank)
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

// blankWord returns the length of the longest word of the vocabulary that has a blank
// beyond ASCII in it, that text begins with, and that a blank or the end follows; 0 if
// there is none.
func (t *Tokenizer) blankWord(text string) int {
	if t.longestBlank == 0 {
		return 0
	}
	longest, blanks := 0, false
	for i, r := range text {
		if i > t.longestBlank {
			return longest
		}
		if !pythonBlank(r) {
			continue
		}
		if _, known := t.ids[text[:i]]; known && blanks {
			longest = i
		}
		if strings.ContainsRune(asciiBlanks, r) {
			return longest
		}
		blanks = true
	}
	if _, known := t.ids[text]; known && blanks {
		return len(text)
	}
	return longest
}

// pythonBlank is Python's str.isspace for one character.
func pythonBlank(r rune) bool {
	return unicode.IsSpace(r) || 0x1C <= r && r <= 0x1F
}

// AppendText appends the spellings of ids, words joined by single spaces, to dst and
// returns the extended slice. The stop token adds an empty word: a text of words that
// ends in it ends in a space. Nothing stands before the first word, whatever dst holds.
// Where units are bytes the result may not be valid UTF-8. It panics on an id outside 0
// to Len()-1.
func (t *Tokenizer) AppendText(dst []byte, ids ...int) []byte {
	for i, id := range ids {
		if i > 0 && t.options.Unit == Words {
			dst = append(dst, ' ')
		}
		dst = append(dst, t.Word(id)...)
	}
	return dst
}
