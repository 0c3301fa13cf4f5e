package tokenizer

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Ids with a fixed meaning. Both count towards Options.VocabularySize.
const (
	Stop    = 0 // padding, and the end of a text; spelled ""
	Unknown = 1 // any word outside the vocabulary; spelled "[UNK]"
)

// unknownWord is the spelling of Unknown.
const unknownWord = "[UNK]"

// DefaultVocabularySize is the vocabulary size that Learn aims at when
// Options.VocabularySize is 0.
const DefaultVocabularySize = 10000

// DefaultMaxBytes is the memory that Learn may take to count words when
// Options.MaxBytes is 0.
const DefaultMaxBytes = 1 << 30

// Options choose the pipeline. The zero value, or a nil pointer, is the pipeline
// of the package comment.
type Options struct {
	// VocabularySize is the largest vocabulary that Learn makes, the two reserved ids
	// included; 0 means DefaultVocabularySize. New takes a vocabulary as it is, and
	// only checks it against VocabularySize where that is not 0.
	VocabularySize int
	// MaxBytes is how many bytes of memory Learn may take to count words, beside the
	// texts; 0 means DefaultMaxBytes. It has no effect elsewhere.
	MaxBytes int64
	// KeepCase leaves the letters A to Z as they are.
	KeepCase bool
	// StripPunctuation drops ASCII punctuation (all 32 characters, so the backslash
	// too) instead of making words of it: "don't" is read as "dont".
	StripPunctuation bool
	// UnicodePunctuation treats punctuation beyond ASCII as ASCII punctuation is
	// treated, instead of leaving it in its word: curly quotation marks and
	// apostrophes, « » ‹ › „ ‚, ¿ ¡, dashes, the ellipsis, and that of Arabic, Chinese,
	// Japanese and others become words of their own, or are dropped. "“Don’t”" is
	// read as "“ don ’ t ”".
	UnicodePunctuation bool
}

// A Tokenizer is an immutable vocabulary with the pipeline that goes with it. Make
// one with [Learn], [New] or [Tokenizer.UnmarshalJSON]; the zero value serves only
// the last. It is safe for concurrent use.
type Tokenizer struct {
	options Options // with VocabularySize and MaxBytes 0
	words   []string
	ids     map[string]int32
	class   [256]class

	longestBlank int  // bytes of the longest word with a blank in it, beyond ASCII; 0 if there is none
	pronoun      bool // "i" is mostly the pronoun
	rightQuotes  bool // no word has “ or „: then ” opens and closes
}

// New makes a tokenizer from a whole vocabulary, in which the index of a word is
// its id. It copies the list. nil options mean the zero value.
//
// It returns an error unless vocabulary[0] is "", vocabulary[1] is "[UNK]", at
// least one word follows, and every word is valid UTF-8, free of ASCII blanks, not
// empty and different from all others.
func New(vocabulary []string, o *Options) (*Tokenizer, error) {
	t, err := newTokenizer(vocabulary, o)
	return t, wrap(err)
}

// newTokenizer is New with errors as they are inside.
func newTokenizer(vocabulary []string, o *Options) (*Tokenizer, error) {
	if o == nil {
		o = &Options{}
	}
	switch {
	case o.VocabularySize < 0:
		return nil, outOfRange("VocabularySize", o.VocabularySize, "0 or more")
	case o.VocabularySize > 0 && len(vocabulary) > o.VocabularySize:
		return nil, optionErrorf("the vocabulary has %d entries, more than %s (%d)", len(vocabulary), option("VocabularySize"), o.VocabularySize)
	case int64(len(vocabulary)) > math.MaxInt32:
		return nil, fmt.Errorf("the vocabulary has %d entries, more than an id can count", len(vocabulary))
	case len(vocabulary) < 3:
		return nil, fmt.Errorf("the vocabulary has %d entries: want \"\", \"[UNK]\" and at least one word", len(vocabulary))
	case vocabulary[Stop] != "":
		return nil, fmt.Errorf("entry 0 of the vocabulary is %.40q: want \"\" (padding)", vocabulary[Stop])
	case vocabulary[Unknown] != unknownWord:
		return nil, fmt.Errorf("entry 1 of the vocabulary is %.40q: want \"[UNK]\"", vocabulary[Unknown])
	}
	t := &Tokenizer{
		options: Options{KeepCase: o.KeepCase, StripPunctuation: o.StripPunctuation, UnicodePunctuation: o.UnicodePunctuation},
		words:   append([]string(nil), vocabulary...),
		ids:     make(map[string]int32, len(vocabulary)),
		class:   classes(o),

		rightQuotes: true,
	}
	for i, w := range t.words {
		switch {
		case w == "" && i != Stop:
			return nil, fmt.Errorf("entry %d of the vocabulary is empty: only entry 0 may be", i)
		case !utf8.ValidString(w):
			return nil, fmt.Errorf("entry %d of the vocabulary, %.40q, is not valid UTF-8", i, w)
		case strings.ContainsAny(w, asciiBlanks):
			return nil, fmt.Errorf("entry %d of the vocabulary, %.40q, holds a blank: a word has none", i, w)
		}
		if first, dup := t.ids[w]; dup {
			return nil, fmt.Errorf("entry %d of the vocabulary, %.40q, repeats entry %d", i, w, first)
		}
		t.ids[w] = int32(i)
		if strings.IndexFunc(w, pythonBlank) >= 0 {
			t.longestBlank = max(t.longestBlank, len(w))
		}
		t.rightQuotes = t.rightQuotes && !strings.ContainsAny(w, "“„")
	}
	t.pronoun = hasPronoun(t.ids)
	return t, nil
}

// Len returns the number of ids, reserved ones included: ids are 0 to Len()-1.
func (t *Tokenizer) Len() int { return len(t.words) }

// Word returns the spelling of id: "" for 0, "[UNK]" for 1. It panics if id is
// outside 0 to Len()-1.
func (t *Tokenizer) Word(id int) string {
	if id < 0 || id >= len(t.words) {
		panic("tokenizer: Word: id out of range")
	}
	return t.words[id]
}

// ID returns the id of a word as the vocabulary spells it: no step of the pipeline
// is applied. It reports false, and id Unknown, for a word that is not there; ""
// and "[UNK]" are there, as 0 and 1.
func (t *Tokenizer) ID(word string) (id int, ok bool) {
	n, ok := t.ids[word]
	if !ok {
		return Unknown, false
	}
	return int(n), true
}

// Options returns the pipeline's choices. VocabularySize and MaxBytes are 0: they matter
// only while learning.
func (t *Tokenizer) Options() Options { return t.options }
