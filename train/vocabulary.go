package train

import (
	"errors"
	"runtime"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/tokenizer"
)

// vocabularyOption is a field of tokenizer.Options as an argument of apierror.Errorf.
func vocabularyOption(field string) apierror.Field {
	return apierror.Field{Package: "tokenizer", Name: field}
}

// checkVocabulary checks the options of a vocabulary, which have their defaults.
func checkVocabulary(v tokenizer.Options) error {
	if err := v.Check(); err != nil {
		var o *tokenizer.OptionError
		if errors.As(err, &o) {
			return &OptionError{o.Field, o}
		}
		return err
	}
	if v.VocabularySize > model.MaxSymbols {
		return optionErr("%s is %d: want at most %d", vocabularyOption("VocabularySize"), v.VocabularySize, model.MaxSymbols)
	}
	return nil
}

// learnWords learns a vocabulary of documents, where taken bytes of memory are in use.
func learnWords(docs []string, words tokenizer.Options, taken int64, o *Options) (*tokenizer.Tokenizer, error) {
	left := o.MaxBytes - taken
	if left <= 0 {
		return nil, errDocuments(o)
	}
	if words.MaxBytes == 0 || words.MaxBytes > left {
		words.MaxBytes = left
	}
	tok, err := tokenizer.Learn(slices.Values(docs), &words)
	if taken >= muchGarbage {
		runtime.GC() // the garbage of reading documents and counting words
	}
	return tok, err
}

// A missingUnit is the error for a document that holds what the vocabulary lacks, where
// there is no token for that.
type missingUnit struct {
	document int // of those that are encoded, from 0
	kind     tokenizer.Unit
	unit     string
}

func (e *missingUnit) Error() string                   { return e.Text(nil) }
func (e *missingUnit) Text(name apierror.Namer) string { return apierror.Text(e.Unwrap(), name) }
func (e *missingUnit) Unwrap() error {
	return e.in("document", e.document, "let the vocabulary have it")
}

// in words e for a document by its number in a list, and what else is to be done.
func (e *missingUnit) in(list string, number int, do string, args ...any) error {
	return optionErr("%s %d holds the %s %.40q, which the vocabulary lacks, and there is no token for what it lacks: leave out %s, or "+do,
		append([]any{list, number + 1, e.kind, e.unit, vocabularyOption("NoUnknown")}, args...)...)
}

// checkKnown returns a *missingUnit for a document that holds what the vocabulary lacks, if
// there is no token for that.
func checkKnown(tok *tokenizer.Tokenizer, number int, doc string) error {
	kind := tok.Options().Unit
	if tok.Unknown() >= 0 || kind == tokenizer.Bytes {
		return nil
	}
	for unit := range tok.Missing(doc) {
		return &missingUnit{number, kind, unit}
	}
	return nil
}

// missing words e, which is about one of n documents to learn from, or for validation,
// with the number that it has in Documents or ValidationDocuments. The vocabulary has so
// many tokens.
func (t *Text) missing(e *missingUnit, validation bool, n, tokens int, o *Options) error {
	list, number := "document", e.document
	switch {
	case validation && t.ValidationDocuments != nil:
		list = "validation document"
	case t.ValidationDocuments != nil:
	case t.Stream && validation:
		list = "for validation, document"
		number += len(t.Documents) - n // the last ones
	case !t.Stream && o.Validation > 0:
		numbers, aside, err := split(len(t.Documents), o.Validation, t.things())
		if err != nil {
			return err
		}
		if validation {
			list, numbers = "for validation, document", aside
		}
		number = numbers[number]
	}
	if v := t.Vocabulary; validation && tokens < v.VocabularySize && v.MinCount <= 1 { // it has all of the others
		return e.in(list, number, "learn from documents that hold it")
	}
	return e.in(list, number, "let the vocabulary have all (%s, %s)", vocabularyOption("VocabularySize"), vocabularyOption("MinCount"))
}

// checkTokenizer refuses a vocabulary that the options of its run do not make.
func checkTokenizer(tok *tokenizer.Tokenizer, v tokenizer.Options) error {
	size := v.VocabularySize
	v.VocabularySize, v.MinCount, v.MaxBytes = 0, 0, 0
	if tok.Options() != v || tok.Len() > size {
		return errors.New("the vocabulary is not one of the run's options: the file is damaged")
	}
	return nil
}

// sameVocabulary compares the options of a vocabulary.
func sameVocabulary(c *comparison, was, now tokenizer.Options) {
	sameField(c, vocabularyOption("VocabularySize"), was.VocabularySize, now.VocabularySize)
	sameField(c, vocabularyOption("Unit"), was.Unit, now.Unit)
	sameField(c, vocabularyOption("MinCount"), was.MinCount, now.MinCount)
	sameField(c, vocabularyOption("Case"), was.Case, now.Case)
	sameField(c, vocabularyOption("Punctuation"), was.Punctuation, now.Punctuation)
	sameField(c, vocabularyOption("UnicodePunctuation"), was.UnicodePunctuation, now.UnicodePunctuation)
	sameField(c, vocabularyOption("LineEnds"), was.LineEnds, now.LineEnds)
	sameField(c, vocabularyOption("Stem"), was.Stem, now.Stem)
	sameField(c, vocabularyOption("NoStop"), was.NoStop, now.NoStop)
	sameField(c, vocabularyOption("NoUnknown"), was.NoUnknown, now.NoUnknown)
	sameField(c, vocabularyOption("UnknownWord"), was.UnknownWord, now.UnknownWord)
}

// storedVocabulary is the options of a vocabulary as the JSON of a checkpoint has them:
// these members stand where the first version had them.
type storedVocabulary struct {
	Vocabulary       int  `json:"vocabulary"`
	KeepCase         bool `json:"keep_case"`
	StripPunctuation bool `json:"strip_punctuation"`
}

// storedTokens is the rest of them, which stands behind all that was there before. What
// has its default is left out.
type storedTokens struct {
	Unit            tokenizer.Unit `json:"unit,omitempty"`
	MinCount        int            `json:"min_count,omitempty"`
	KeepPunctuation bool           `json:"keep_punctuation,omitempty"`
	LineEnds        bool           `json:"line_ends,omitempty"`
	Stem            string         `json:"stem,omitempty"`
	NoStop          bool           `json:"no_stop,omitempty"`
	NoUnknown       bool           `json:"no_unknown,omitempty"`
	UnknownWord     string         `json:"unknown_word,omitempty"`
}

// storeVocabulary returns what a checkpoint has of v, which has its defaults.
func storeVocabulary(v tokenizer.Options) (storedVocabulary, storedTokens) {
	s := storedTokens{
		Unit: v.Unit, MinCount: v.MinCount, KeepPunctuation: v.Punctuation == tokenizer.KeepPunctuation,
		LineEnds: v.LineEnds, Stem: v.Stem, NoStop: v.NoStop, NoUnknown: v.NoUnknown, UnknownWord: v.UnknownWord,
	}
	if v.Unit == tokenizer.Words {
		s.Unit = ""
	}
	return storedVocabulary{v.VocabularySize, v.Case == tokenizer.KeepCase, v.Punctuation == tokenizer.StripPunctuation}, s
}

// vocabularyOf returns the options that a checkpoint has.
func vocabularyOf(s storedVocabulary, unicodePunctuation bool, more storedTokens) tokenizer.Options {
	v := tokenizer.Options{
		VocabularySize: s.Vocabulary, Unit: more.Unit, MinCount: more.MinCount,
		Case: tokenizer.FoldCase, UnicodePunctuation: unicodePunctuation, LineEnds: more.LineEnds, Stem: more.Stem,
		NoStop: more.NoStop, NoUnknown: more.NoUnknown, UnknownWord: more.UnknownWord,
	}
	if s.KeepCase {
		v.Case = tokenizer.KeepCase
	}
	switch {
	case s.StripPunctuation:
		v.Punctuation = tokenizer.StripPunctuation
	case more.KeepPunctuation:
		v.Punctuation = tokenizer.KeepPunctuation
	}
	return v.WithDefaults()
}
