package tokenizer

import (
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/kljensen/snowball"
)

// lineEnd is the word that Options.LineEnds makes of the end of a line.
const lineEnd = "\n"

// A pipeline is what cuts texts into units.
type pipeline struct {
	unit    Unit
	fold    bool
	class   [256]class
	stem    string           // a language, or ""
	known   map[string]int32 // words that are not replaced by their stems
	unknown string           // a word of a text that is spelled so is the unknown token; "" if none is
}

// newPipeline returns the pipeline of options with their defaults.
func newPipeline(o Options) pipeline {
	p := pipeline{unit: o.Unit, fold: o.Case == FoldCase, class: classes(&o), stem: o.Stem, unknown: o.UnknownWord}
	if o.Unit != Words || o.NoUnknown {
		p.unknown = ""
	} else if o.Punctuation == KeepPunctuation {
		p.unknown = o.unknownWord()
	}
	return p
}

// valid is step 1 of the pipeline. Bytes stay as they are.
func (p *pipeline) valid(text string) string {
	if p.unit == Bytes {
		return text
	}
	return validText(text)
}

// next cuts the next unit off a text that has been through valid. It returns the unit, in
// the memory of buf where it fits, and the text after it; the unit is empty at the end.
//
// It is a function and not a method of some state so that buf can stay on the
// caller's stack.
func next(text string, p *pipeline, buf []byte) (unit []byte, rest string) {
	if p.unit == Words {
		if p.unknown != "" {
			if n := p.unknownAt(text); n > 0 {
				return append(buf[:0], p.unknown...), text[n:]
			}
		}
		unit, rest = nextWord(text, &p.class, buf)
		if p.stem != "" && len(unit) > 1 {
			if _, known := p.known[string(unit)]; !known || string(unit) == p.unknown {
				unit = stem(unit, p.stem)
			}
		}
		return unit, rest
	}
	if text == "" {
		return nil, ""
	}
	size := 1
	if p.unit == Characters {
		_, size = utf8.DecodeRuneInString(text)
	}
	unit = append(buf[:0], text[:size]...)
	if p.class[text[0]] == upper {
		unit[0] |= 0x20
	}
	return unit, text[size:]
}

// stem returns the stem of a word, or, if that is empty, as of an apostrophe, the word.
func stem(word []byte, language string) []byte {
	s, err := snowball.Stem(string(word), language, true)
	if err != nil {
		panic("tokenizer: a language without a stemmer") // Options.check has looked
	}
	if s == "" {
		return word
	}
	return append(word[:0], s...)
}

// unknownAt returns how much of text the spelling of the unknown token ends, if it is the
// next word; otherwise 0.
func (p *pipeline) unknownAt(text string) int {
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], p.unknown) {
			end := i + len(p.unknown)
			if end == len(text) {
				return end
			}
			switch p.class[text[end]] {
			case inWord, upper:
			case lead:
				if r, _ := utf8.DecodeRuneInString(text[end:]); isTypographic(r) {
					return end
				}
			default:
				return end
			}
		}
		if c := p.class[text[i]]; c != blank && c != dropped {
			return 0
		}
	}
	return 0
}

// Words returns the units of text in order, as the pipeline makes them and Append
// looks them up.
func (t *Tokenizer) Words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest := t.pipeline.valid(text)
		for {
			var word []byte
			if word, rest = next(rest, &t.pipeline, nil); len(word) == 0 || !yield(string(word)) {
				return
			}
		}
	}
}

// Missing returns the units of text that the vocabulary lacks, in order: those that
// Append takes as unknown, or leaves out where there is no unknown token. As Append it
// allocates only for a word that is longer than 64 bytes or stemmed, and for what it
// returns.
func (t *Tokenizer) Missing(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if t.options.Unit == Bytes {
			return
		}
		var buf [64]byte
		rest := t.pipeline.valid(text)
		for {
			var word []byte
			if word, rest = next(rest, &t.pipeline, buf[:]); len(word) == 0 {
				return
			}
			if _, known := t.ids[string(word)]; !known && !yield(string(word)) {
				return
			}
		}
	}
}

// RawWords returns the units of text in order, as AppendRaw looks them up.
func (t *Tokenizer) RawWords(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest := t.rawText(text)
		for {
			var word string
			if word, rest = t.nextRaw(rest); word == "" || !yield(word) {
				return
			}
		}
	}
}
