package tokenizer

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// A Tokenizer is an immutable vocabulary with the pipeline that goes with it. Make
// one with [Learn], [New] or [Tokenizer.UnmarshalJSON]; the zero value serves only
// the last. It is safe for concurrent use.
type Tokenizer struct {
	options  Options // with their defaults, and VocabularySize, MinCount and MaxBytes 0
	words    []string
	ids      map[string]int32
	pipeline pipeline

	stop, unknown int // ids, or -1

	longestBlank int  // bytes of the longest word with a blank in it, beyond ASCII; 0 if there is none
	pronoun      bool // "i" is mostly the pronoun
	rightQuotes  bool // no word has “ or „: then ” opens and closes
}

// New makes a tokenizer from a whole vocabulary, in which the index of a unit is
// its id. It copies the list. nil options mean the zero value.
//
// The list begins with "" for the stop token and with the spelling of the unknown
// token, where the options have them; at least one unit follows. New returns an error
// unless all are different and valid UTF-8, and each is free of ASCII blanks, but for
// the end of a line with Options.LineEnds, or, where units are characters, is one. Where
// they are bytes the list is empty, for their vocabulary is always the same.
func New(vocabulary []string, o *Options) (*Tokenizer, error) {
	t, err := newTokenizer(vocabulary, o)
	return t, wrap(err)
}

// newTokenizer is New with errors as they are inside.
func newTokenizer(vocabulary []string, o *Options) (*Tokenizer, error) {
	if o == nil {
		o = &Options{}
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	all := o.WithDefaults()
	if all.Unit == Bytes {
		if len(vocabulary) > 0 {
			return nil, fmt.Errorf("the vocabulary has %d entries: want none, for bytes have all 256 in their order", len(vocabulary))
		}
		vocabulary = byteVocabulary(all)
	}
	switch {
	case o.VocabularySize > 0 && len(vocabulary) > o.VocabularySize:
		return nil, optionErrorf("the vocabulary has %d entries, more than %s (%d)", len(vocabulary), option("VocabularySize"), o.VocabularySize)
	case int64(len(vocabulary)) > math.MaxInt32:
		return nil, fmt.Errorf("the vocabulary has %d entries, more than an id can count", len(vocabulary))
	}
	t := &Tokenizer{
		options:  all.pipeline(),
		words:    append([]string(nil), vocabulary...),
		ids:      make(map[string]int32, len(vocabulary)),
		pipeline: newPipeline(all),

		stop: -1, unknown: -1,
		rightQuotes: true,
	}
	if err := t.addReserved(); err != nil {
		return nil, err
	}
	if err := t.addUnits(); err != nil {
		return nil, err
	}
	t.pipeline.known = t.ids
	t.pronoun = hasPronoun(t.ids)
	return t, nil
}

// byteVocabulary returns the vocabulary of bytes.
func byteVocabulary(o Options) []string {
	var list []string
	if !o.NoStop {
		list = append(list, "")
	}
	for b := range 256 {
		list = append(list, string([]byte{byte(b)}))
	}
	return list
}

// addReserved gives the stop and the unknown token their ids.
func (t *Tokenizer) addReserved() error {
	var names []string
	if !t.options.NoStop {
		t.stop = len(names)
		names = append(names, "")
	}
	if !t.options.NoUnknown {
		t.unknown = len(names)
		names = append(names, t.options.unknownWord())
	}
	if len(t.words) <= len(names) {
		return fmt.Errorf("the vocabulary has %d entries: want %sat least one %s", len(t.words), listed(names), t.options.Unit)
	}
	for i, name := range names {
		if t.words[i] != name {
			what := "the unknown token"
			if i == t.stop {
				what = "the stop token"
			}
			return fmt.Errorf("entry %d of the vocabulary is %.40q: want %q (%s)", i, t.words[i], name, what)
		}
		t.ids[name] = int32(i)
	}
	return nil
}

// listed writes the spellings of reserved ids in front of others.
func listed(names []string) string {
	var b strings.Builder
	for i, name := range names {
		fmt.Fprintf(&b, "%q", name)
		if i == len(names)-1 {
			b.WriteString(" and ")
		} else {
			b.WriteString(", ")
		}
	}
	return b.String()
}

// unknownWord returns the spelling of the unknown token.
func (o *Options) unknownWord() string {
	if o.UnknownWord == "" {
		return DefaultUnknownWord
	}
	return o.UnknownWord
}

// addUnits gives the learned units their ids.
func (t *Tokenizer) addUnits() error {
	for i, w := range t.words {
		if i == t.stop || i == t.unknown {
			continue
		}
		if err := t.checkUnit(w); err != nil {
			return fmt.Errorf("entry %d of the vocabulary%w", i, err)
		}
		if first, dup := t.ids[w]; dup {
			return fmt.Errorf("entry %d of the vocabulary, %.40q, repeats entry %d", i, w, first)
		}
		t.ids[w] = int32(i)
		if t.options.Unit == Words {
			if strings.IndexFunc(w, pythonBlank) >= 0 && w != lineEnd {
				t.longestBlank = max(t.longestBlank, len(w))
			}
			t.rightQuotes = t.rightQuotes && !strings.ContainsAny(w, "“„")
		}
	}
	return nil
}

// checkUnit returns what is wrong with the spelling of a unit.
func (t *Tokenizer) checkUnit(w string) error {
	switch {
	case t.options.Unit == Bytes:
		return nil
	case w == "" && t.stop == 0:
		return fmt.Errorf(" is empty: only entry 0 may be")
	case w == "":
		return fmt.Errorf(" is empty")
	case !utf8.ValidString(w):
		return fmt.Errorf(", %.40q, is not valid UTF-8", w)
	case t.options.Unit == Characters && utf8.RuneCountInString(w) != 1:
		return fmt.Errorf(", %.40q, is not one character", w)
	case t.options.Unit == Words && strings.ContainsAny(w, asciiBlanks) && !(t.options.LineEnds && w == lineEnd):
		return fmt.Errorf(", %.40q, holds a blank: a word has none", w)
	}
	return nil
}

// Len returns the number of ids, reserved ones included: ids are 0 to Len()-1.
func (t *Tokenizer) Len() int { return len(t.words) }

// Stop returns the id of the stop token, which ends a text and is spelled "": 0, or -1 if
// there is none.
func (t *Tokenizer) Stop() int { return t.stop }

// Unknown returns the id of the unknown token, which stands for every unit outside the
// vocabulary: the one after the stop token, or -1 if there is none.
func (t *Tokenizer) Unknown() int { return t.unknown }

// Word returns the spelling of id: "" for the stop token, that of Options.UnknownWord
// for the unknown one. Where units are bytes it is one byte, which may not be valid
// UTF-8. It panics if id is outside 0 to Len()-1.
func (t *Tokenizer) Word(id int) string {
	if id < 0 || id >= len(t.words) {
		panic("tokenizer: Word: id out of range")
	}
	return t.words[id]
}

// ID returns the id of a unit as the vocabulary spells it: no step of the pipeline
// is applied. It reports false, and id Unknown(), for one that is not there. The
// spellings of the stop and of the unknown token are there.
func (t *Tokenizer) ID(word string) (id int, ok bool) {
	n, ok := t.ids[word]
	if !ok {
		return t.unknown, false
	}
	return int(n), true
}

// Options returns the pipeline's choices, with their defaults. VocabularySize, MinCount
// and MaxBytes are 0: they matter only while learning.
func (t *Tokenizer) Options() Options { return t.options }
