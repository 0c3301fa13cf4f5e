package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
)

// vocabularyFlags are the flags that say what tokens are.
type vocabularyFlags struct {
	stop    bool
	unknown string
}

// define defines the flags. stop says whether there is one for the stop token, which
// classifiers always have.
func (v *vocabularyFlags) define(fs *pflag.FlagSet, o *tokenizer.Options, stop bool) {
	choiceFlag(fs, (*string)(&o.Unit), "unit", string(tokenizer.Words), []string{string(tokenizer.Words), string(tokenizer.Characters), string(tokenizer.Bytes)}, "what a token is")
	intFlag(fs, &o.VocabularySize, "vocabulary", "", tokenizer.DefaultVocabularySize, 1, model.MaxSymbols, "greatest number of tokens in the vocabulary, those for stop and unknown included; the most frequent ones are taken; bytes always have all 256")
	intFlag(fs, &o.MinCount, "min-count", "", 0, 0, 1<<30, "leave out of the vocabulary what occurs fewer than `N` times; not for bytes")
	choiceFlag(fs, (*string)(&o.Case), "case", "", []string{string(tokenizer.KeepCase), string(tokenizer.FoldCase)}, "the letters A to Z; fold makes them a to z (default fold for words, otherwise keep)")
	choiceFlag(fs, (*string)(&o.Punctuation), "punctuation", string(tokenizer.SplitPunctuation), []string{string(tokenizer.SplitPunctuation), string(tokenizer.StripPunctuation), string(tokenizer.KeepPunctuation)}, "punctuation of words: words of its own, dropped, or kept in the word that it stands in")
	fs.BoolVar(&o.UnicodePunctuation, "unicode-punctuation", false, "treat punctuation beyond ASCII, such as curly quotes and dashes, as ASCII punctuation is treated")
	fs.BoolVar(&o.LineEnds, "line-ends", false, "make the end of a line a token among words")
	choiceFlag(fs, &o.Stem, "stem", "", tokenizer.Stemmers(), "replace words by their stems: cooking and cooked are cook; the language")
	if v.stop = true; stop {
		fs.BoolVar(&v.stop, "stop", true, "have a token for the end of a document, at which a text that is generated ends")
	}
	fs.StringVar(&v.unknown, "unknown", tokenizer.DefaultUnknownWord, "spelling of the token for all that is not in the vocabulary, `WORD`, which is also read as that token; \"\" for no such token; bytes never have one")
}

// apply sets the options that are the opposite of a flag.
func (v *vocabularyFlags) apply(fs *pflag.FlagSet, o *tokenizer.Options) {
	o.NoStop, o.NoUnknown = !v.stop, v.unknown == ""
	if !fs.Changed("vocabulary") {
		o.VocabularySize = 0 // the default depends on the unit
	}
	if fs.Changed("unknown") {
		o.UnknownWord = v.unknown
	}
}

// vocabularyTaskFlags are the flags of a vocabulary among those that decide the result of
// a run.
func vocabularyTaskFlags[T train.Task](of func(t T) *tokenizer.Options) []taskFlag[T] {
	var list []taskFlag[T]
	for _, f := range []struct {
		flag  string
		value func(o *tokenizer.Options) any
	}{
		{"unit", func(o *tokenizer.Options) any { return o.WithDefaults().Unit }},
		{"vocabulary", func(o *tokenizer.Options) any { return o.VocabularySize }},
		{"min-count", func(o *tokenizer.Options) any { return o.MinCount }},
		{"case", func(o *tokenizer.Options) any { return o.WithDefaults().Case }},
		{"punctuation", func(o *tokenizer.Options) any { return o.WithDefaults().Punctuation }},
		{"unicode-punctuation", func(o *tokenizer.Options) any { return o.UnicodePunctuation }},
		{"line-ends", func(o *tokenizer.Options) any { return o.LineEnds }},
		{"stem", func(o *tokenizer.Options) any { return o.Stem }},
		{"stop", func(o *tokenizer.Options) any { return !o.NoStop }},
		{"unknown", func(o *tokenizer.Options) any { return fmt.Sprintf("%q", unknownWord(*o)) }},
	} {
		list = append(list, taskFlag[T]{f.flag, func(t T) any { return f.value(of(t)) }})
	}
	return list
}

// ofBytes reports whether the tokens of the run are bytes: those of o, or of the checkpoint
// that it goes on from.
func (j *trainJob) ofBytes(o *tokenizer.Options) bool {
	path := cmp.Or(j.resume, j.from)
	if path == "" {
		return o.Unit == tokenizer.Bytes
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false // an error when the run is resumed
	}
	meta, err := weights.ReadMetadata(path)
	if err != nil {
		return false
	}
	var t tokenizer.Tokenizer
	return json.Unmarshal([]byte(meta[model.KeyTokenizer]), &t) == nil && t.Options().Unit == tokenizer.Bytes
}

// unknownWord returns the spelling of the unknown token, "" if there is none.
func unknownWord(o tokenizer.Options) string {
	switch {
	case o.WithDefaults().NoUnknown:
		return ""
	case o.UnknownWord == "":
		return tokenizer.DefaultUnknownWord
	}
	return o.UnknownWord
}
