package main

import (
	"errors"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// A suggester suggests words of a model's vocabulary. It is safe for concurrent use.
type suggester struct {
	model *autoreg.TextModel
}

// A suggestion is a word and the text with it, as the field shows it once it is taken.
type suggestion struct {
	Word string `json:"word"`
	Text string `json:"text"`
}

// newSuggester returns an error if the tokens of m are not words as they are typed.
func newSuggester(m *autoreg.TextModel) (*suggester, error) {
	switch o := m.Tokenizer().Options(); {
	case o.Unit != tokenizer.Words && o.Unit != "":
		return nil, errors.New("the model's tokens are not words: train it with --unit word")
	case o.Stem != "":
		return nil, errors.New("the model's words are stems: train it without --stem")
	}
	return &suggester{m}, nil
}

// suggest returns at most k suggestions for a text, the likeliest first. It reads the
// text anew each time, which takes microseconds a word.
func (s *suggester) suggest(text string, k int) []suggestion {
	tok := s.model.Tokenizer()
	typed := s.halfTyped(text)
	ids := tok.Append(nil, text[:len(text)-len(typed)])

	logits := make([]float32, s.model.Symbols())
	if len(ids) > 0 {
		stream := s.model.NewStream()
		for _, id := range ids {
			stream.Advance(id)
		}
		stream.Logits(logits)
	} else {
		// The model does not predict the first word of a text. Words of the vocabulary
		// are in the order of their frequency.
		for id := range logits {
			logits[id] = -float32(id)
		}
	}
	for id := range logits {
		if id >= tok.Len() || !fits(tok.Word(id), typed) {
			logits[id] = float32(math.Inf(-1))
		}
	}

	list := make([]suggestion, 0, k)
	for _, c := range sampler.Top(nil, logits, k) {
		word := tok.Word(int(c.ID))
		list = append(list, suggestion{word, accept(text, typed, word)})
	}
	return list
}

// halfTyped returns the last word of a text as the tokenizer reads it, if it may not be
// complete: if nothing follows it. It is as long as in the text.
func (s *suggester) halfTyped(text string) string {
	last := ""
	for last = range s.model.Tokenizer().Words(text) {
	}
	if !isWord(last) || !endsInFold(text, last) {
		return ""
	}
	return last
}

func endsInFold(text, word string) bool {
	return len(word) <= len(text) && strings.EqualFold(text[len(text)-len(word):], word)
}

// fits reports whether word completes what has been typed of it. Punctuation is not
// suggested, nor are the stop and the unknown token.
func fits(word, typed string) bool {
	return isWord(word) && len(word) > len(typed) && strings.HasPrefix(word, typed)
}

func isWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r)
}

// accept returns the text with the word in it, and a space behind. What has been typed
// stays as it is, capitals included.
func accept(text, typed, word string) string {
	if last, _ := utf8.DecodeLastRuneInString(text); typed == "" && text != "" && !unicode.IsSpace(last) {
		text += " "
	}
	return text + word[len(typed):] + " "
}
