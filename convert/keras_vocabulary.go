package convert

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/autoreg/autoreg/tokenizer"
)

// addVocabulary takes the tokens of a layer that makes numbers of text, from its
// configuration or from the file of its own that Keras 3 keeps them in, and what it does to
// a text before.
func (r *kerasReader) addVocabulary(l *kerasLayer, arrays *kerasArrays) error {
	if len(r.parts) > 0 || r.vocabulary != nil {
		return fmt.Errorf("it stands behind other layers: only the first one can read text")
	}
	if err := l.only(vocabularyMembers...); err != nil {
		return err
	}
	if mode := l.activation("output_mode", "int"); mode != "int" {
		return fmt.Errorf("its output_mode is %.40q: only int is read", mode)
	}
	if err := l.off("invert"); err != nil {
		return err
	}
	if text := find(l.config, "ngrams"); text != nil && string(text) != "null" {
		return fmt.Errorf("its ngrams are %.20s, which has no counterpart here", text)
	}
	var err error
	if r.vocabulary, err = r.vocabularyOf(l, arrays); err != nil {
		return err
	}
	r.tokenizer.UnknownWord = l.text("oov_token")
	if l.class == "TextVectorization" {
		json.Unmarshal(find(l.config, "output_sequence_length"), &r.length)
		return r.standardize(l)
	}
	return nil
}

// vocabularyMembers are the members of the configurations that are read, or that have no
// effect on a text's numbers.
var vocabularyMembers = []string{
	"max_tokens", "standardize", "split", "ngrams", "output_mode", "output_sequence_length", "pad_to_max_tokens", "vocabulary", "idf_weights", "encoding", "vocabulary_size",
	"mask_token", "oov_token", "num_oov_indices", "invert", "vocabulary_dtype", "has_input_vocabulary",
}

// vocabularyOf returns the tokens of a layer, or nil if they are not in the file.
func (r *kerasReader) vocabularyOf(l *kerasLayer, arrays *kerasArrays) ([]string, error) {
	prefix := arrays.prefix(l.name, l.class)
	var words []string
	if err := json.Unmarshal(find(l.config, "vocabulary"), &words); err == nil && words != nil {
		return l.withReserved(words)
	}
	for _, name := range []string{"vocabulary.txt", "_lookup_layer/vocabulary.txt"} {
		if r.assets == nil {
			break
		}
		if text, err := r.assets("assets/" + prefix + name); err == nil {
			return ParseVocabulary(text)
		}
	}
	r.note("the vocabulary of %s is not in the file", l.name)
	return nil, nil
}

// withReserved puts the tokens in front that Keras does not list in a configuration: the
// empty string, which is padding, of a TextVectorization or a StringLookup with a
// mask_token, and the unknown token.
func (l *kerasLayer) withReserved(words []string) ([]string, error) {
	unknown := l.activation("oov_token", "[UNK]")
	var front []string
	if mask := find(l.config, "mask_token"); l.class == "TextVectorization" || mask != nil && string(mask) != "null" {
		front = []string{""}
	}
	count := 1
	json.Unmarshal(find(l.config, "num_oov_indices"), &count)
	switch {
	case count == 1:
		front = append(front, unknown)
	case count != 0:
		return nil, fmt.Errorf("it has num_oov_indices %d, several numbers for unknown tokens: 0 and 1 are read", count)
	}
	if mask := l.text("mask_token"); mask != "" && len(words) > 0 && words[0] == mask {
		words = append([]string{""}, words[1:]...)
	}
	if len(words) >= len(front) && slices.Equal(words[:len(front)], front) {
		return words, nil
	}
	return append(front, words...), nil
}

// standardize takes over how a TextVectorization makes tokens of a text.
func (r *kerasReader) standardize(l *kerasLayer) error {
	o := &r.tokenizer
	switch split := l.activation("split", "whitespace"); {
	case string(find(l.config, "split")) == "null":
		return fmt.Errorf("it does not split a text (split is null), so that each text is one token")
	case split == "whitespace":
		o.Unit = tokenizer.Words
	case split == "character":
		o.Unit = tokenizer.Characters
	default:
		r.note("%s splits texts by code of its own, %.40q: say what a token is", l.name, split)
		return nil
	}
	standardize := l.activation("standardize", "lower_and_strip_punctuation")
	if string(find(l.config, "standardize")) == "null" {
		standardize = ""
	}
	o.Case, o.Punctuation = tokenizer.KeepCase, tokenizer.KeepPunctuation
	switch standardize {
	case "", "lower":
	case "lower_and_strip_punctuation", "strip_punctuation":
		o.Punctuation = tokenizer.StripPunctuation
	default:
		r.note("%s standardizes texts by code of its own, %.40q: say what becomes of case and punctuation", l.name, standardize)
		o.Case, o.Punctuation = "", ""
		return nil
	}
	if standardize == "lower" || standardize == "lower_and_strip_punctuation" {
		o.Case = tokenizer.FoldCase
	}
	if o.Unit != tokenizer.Words {
		if o.Punctuation == tokenizer.StripPunctuation {
			r.note("%s drops punctuation, which a model of characters here does not: leave it out of texts", l.name)
		}
		o.Punctuation = ""
	}
	return nil
}
