package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Unit is what a token of a text is.
type Unit string

const (
	Words      Unit = "word"      // see the package comment
	Characters Unit = "character" // a Unicode code point
	Bytes      Unit = "byte"
)

// A Case says what becomes of the letters A to Z. Other letters always keep their case.
type Case string

const (
	DefaultCase Case = ""     // FoldCase for Words, KeepCase for the others
	FoldCase    Case = "fold" // they become a to z
	KeepCase    Case = "keep"
)

// A Punctuation says what becomes of punctuation in Words.
type Punctuation string

const (
	// SplitPunctuation makes words of it, which is also what "" means.
	SplitPunctuation Punctuation = "split"
	// StripPunctuation drops it (all 32 characters of ASCII, so the backslash too):
	// "don't" is read as "dont".
	StripPunctuation Punctuation = "strip"
	// KeepPunctuation leaves it in its word, so that words are what stands between
	// blanks: for texts whose words have been separated already.
	KeepPunctuation Punctuation = "keep"
)

// Stemmers returns the languages that Options.Stem can be.
func Stemmers() []string {
	return []string{"english", "french", "hungarian", "norwegian", "russian", "spanish", "swedish"}
}

// DefaultVocabularySize is the vocabulary size that Learn aims at when
// Options.VocabularySize is 0.
const DefaultVocabularySize = 10000

// DefaultMaxBytes is the memory that Learn may take to count units when
// Options.MaxBytes is 0.
const DefaultMaxBytes = 1 << 30

// DefaultUnknownWord is the spelling of the unknown token when Options.UnknownWord is "".
const DefaultUnknownWord = "[UNK]"

// Options choose the pipeline. The zero value, or a nil pointer, is the pipeline
// of the package comment.
type Options struct {
	Unit Unit // "" means Words

	// VocabularySize is the largest vocabulary that Learn makes, the stop and the unknown
	// token included; 0 means DefaultVocabularySize. New takes a vocabulary as it is, and
	// only checks it against VocabularySize where that is not 0. Bytes always have all
	// 256, and 0 means as many ids as they have.
	VocabularySize int
	// MinCount leaves out what occurs fewer times in the texts. It matters to Learn
	// alone, and is not for Bytes, which are not counted.
	MinCount int
	// MaxBytes is how many bytes of memory Learn may take to count units, beside the
	// texts; 0 means DefaultMaxBytes. It has no effect elsewhere.
	MaxBytes int64

	Case        Case
	Punctuation Punctuation // of Words; "" means SplitPunctuation
	// UnicodePunctuation treats punctuation beyond ASCII as ASCII punctuation is
	// treated, instead of leaving it in its word: curly quotation marks and
	// apostrophes, « » ‹ › „ ‚, ¿ ¡, dashes, the ellipsis, and that of Arabic, Chinese,
	// Japanese and others become words of their own, or are dropped. "“Don’t”" is
	// read as "“ don ’ t ”". It is for Words without KeepPunctuation.
	UnicodePunctuation bool
	// LineEnds makes the end of a line, LF, a word of its own, spelled "\n", instead of
	// a blank. It is for Words: Characters and Bytes have it anyway.
	LineEnds bool
	// Stem replaces each word by its stem, so that those that differ in their endings are
	// one: "cooking" and "cooked" are "cook". It names the language, one of Stemmers,
	// whose Snowball stemmer is that of github.com/kljensen/snowball; "" means none. It
	// is for Words with FoldCase, and takes some microseconds a word. Letters beyond ASCII
	// are folded too, by the Unicode tables of the Go release: another release may know
	// more letters. A word that the vocabulary has as it stands is not replaced, so that a
	// text of stems is read as these stems: that of "univers" would be "univ".
	Stem string

	// NoStop leaves out the stop token, which ends a text. A model without one never
	// ends a text by itself.
	NoStop bool
	// NoUnknown leaves out the unknown token, which stands for all units outside the
	// vocabulary: see Tokenizer.Missing. Bytes never have one.
	NoUnknown bool
	// UnknownWord is the spelling of the unknown token; "" means DefaultUnknownWord.
	// Where it is given, or with KeepPunctuation, a word of a text that is spelled so is
	// the unknown token, whatever becomes of case and punctuation: so is the "<unk>" of
	// Penn Treebank. It is one only where a word begins, and no other letter follows:
	// "<unk>s" is none. Among Characters, of which each is read alone, a longer one is
	// never found.
	UnknownWord string
}

// WithDefaults returns o with the values that its fields mean in place of "", and, for
// Bytes, with NoUnknown. MinCount, MaxBytes and UnknownWord stay as they are.
func (o Options) WithDefaults() Options {
	if o.Unit == "" {
		o.Unit = Words
	}
	if o.Case == DefaultCase {
		o.Case = KeepCase
		if o.Unit == Words {
			o.Case = FoldCase
		}
	}
	if o.Punctuation == "" {
		o.Punctuation = SplitPunctuation
	}
	o.NoUnknown = o.NoUnknown || o.Unit == Bytes
	switch {
	case o.VocabularySize != 0:
	case o.Unit == Bytes:
		o.VocabularySize = o.least()
	default:
		o.VocabularySize = DefaultVocabularySize
	}
	return o
}

// Check returns an *OptionError for the first field that is out of range, or that has no
// meaning beside another one.
func (o Options) Check() error { return wrap(o.check()) }

// check is Check with errors as they are inside.
func (o Options) check() error {
	o = o.WithDefaults()
	if !slices.Contains([]Unit{Words, Characters, Bytes}, o.Unit) {
		return optionErrorf("%s is %.40q: want %q, %q or %q", option("Unit"), o.Unit, Words, Characters, Bytes)
	}
	if !slices.Contains([]Case{FoldCase, KeepCase}, o.Case) {
		return optionErrorf("%s is %.40q: want %q or %q", option("Case"), o.Case, FoldCase, KeepCase)
	}
	if !slices.Contains([]Punctuation{SplitPunctuation, StripPunctuation, KeepPunctuation}, o.Punctuation) {
		return optionErrorf("%s is %.40q: want %q, %q or %q", option("Punctuation"), o.Punctuation, SplitPunctuation, StripPunctuation, KeepPunctuation)
	}
	if least, reserved := o.least(), o.reserved(); o.VocabularySize < least {
		want := fmt.Sprintf("at least %d, for %d of them are reserved, or 0 for %d", least, reserved, DefaultVocabularySize)
		if o.Unit == Bytes {
			want = fmt.Sprintf("at least %d, for %d of them are reserved and there are 256 bytes", least, reserved)
		}
		return outOfRange("VocabularySize", o.VocabularySize, want)
	}
	switch {
	case o.MinCount < 0:
		return outOfRange("MinCount", o.MinCount, "0 or more")
	case o.MaxBytes < 0:
		return outOfRange("MaxBytes", o.MaxBytes, "0 or more")
	case o.UnicodePunctuation && o.Punctuation == KeepPunctuation:
		return optionErrorf("%s has no meaning where %s is %q: leave one of them out", option("UnicodePunctuation"), option("Punctuation"), KeepPunctuation)
	}
	if o.Unit == Bytes && o.MinCount > 1 {
		return optionErrorf("%s is %d, but bytes are not counted: leave it out where %s is %q", option("MinCount"), o.MinCount, option("Unit"), Bytes)
	}
	if o.Unit != Words {
		for _, f := range []struct {
			field string
			set   bool
		}{
			{"Punctuation", o.Punctuation != SplitPunctuation},
			{"UnicodePunctuation", o.UnicodePunctuation},
			{"LineEnds", o.LineEnds},
			{"Stem", o.Stem != ""},
		} {
			if f.set {
				return optionErrorf("%s is for words: leave it out where %s is %q", option(f.field), option("Unit"), o.Unit)
			}
		}
	}
	if o.Stem != "" && !slices.Contains(Stemmers(), o.Stem) {
		return optionErrorf("%s is %.40q: want one of %s", option("Stem"), o.Stem, strings.Join(Stemmers(), ", "))
	}
	if o.Stem != "" && o.Case == KeepCase {
		return optionErrorf("%s folds case: leave it out where %s is %q", option("Stem"), option("Case"), KeepCase)
	}
	return o.checkUnknownWord()
}

func (o *Options) checkUnknownWord() error {
	w := o.UnknownWord
	switch {
	case w == "":
		return nil
	case o.NoUnknown:
		return optionErrorf("%s is %.40q, but there is no unknown token: leave it out", option("UnknownWord"), w)
	case !utf8.ValidString(w) || strings.ContainsAny(w, asciiBlanks) || strings.Contains(w, byteOrderMark):
		return optionErrorf("%s is %.40q: want valid UTF-8 without blanks and byte order marks", option("UnknownWord"), w)
	}
	return nil
}

// reserved returns the number of ids that are not learned.
func (o *Options) reserved() int {
	n := 2
	if o.NoStop {
		n--
	}
	if o.NoUnknown {
		n--
	}
	return n
}

// least returns the smallest number of ids that a vocabulary can have.
func (o *Options) least() int {
	if o.Unit == Bytes {
		return o.reserved() + 256
	}
	return o.reserved() + 1
}

// pipeline returns the part of o, with its defaults, that New and JSON have.
func (o Options) pipeline() Options {
	o.VocabularySize, o.MinCount, o.MaxBytes = 0, 0, 0
	return o
}
