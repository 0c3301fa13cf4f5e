package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/tokenizer"
)

// ParseVocabulary reads the tokens of a vocabulary in the order of their numbers: a JSON
// list of strings, a JSON map from a token to its number or from a number to its token, or
// lines. A number that has no token, as 0 of many maps has none, gives an empty string.
func ParseVocabulary(text []byte) ([]string, error) {
	if !utf8.Valid(text) {
		return nil, apierror.Wrap("convert", errors.New("the vocabulary is not UTF-8"))
	}
	list, err := parseVocabulary(text)
	if err == nil && (len(list) == 0 || len(list) == 1 && list[0] == "") {
		err = errors.New("the vocabulary is empty")
	}
	return list, apierror.Wrap("convert", err)
}

func parseVocabulary(text []byte) (list []string, err error) {
	// A token of a vocabulary in lines may begin with a bracket, but seldom goes on with a
	// quotation mark.
	switch begin := strings.Join(strings.Fields(string(text[:min(len(text), 100)])), ""); {
	case strings.TrimSpace(string(text)) == "[]", strings.TrimSpace(string(text)) == "{}":
		return nil, nil
	case strings.HasPrefix(begin, `["`):
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, fmt.Errorf("the vocabulary begins like a JSON list of strings and is none: %w", err)
		}
		return list, nil
	case strings.HasPrefix(begin, `{"`):
		members, err := parseManyMembers(text, len(text))
		if err != nil {
			return nil, fmt.Errorf("the vocabulary begins like a JSON map and is none: %w", err)
		}
		return vocabularyMap(members)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return lines, nil
}

// vocabularyMap reads a map in either direction.
func vocabularyMap(members []member) ([]string, error) {
	list := make([]string, 0, len(members)+1)
	set := make([]bool, 0, len(members)+1)
	for _, m := range members {
		token, id := m.name, 0
		if json.Unmarshal(m.value, &id) != nil {
			if json.Unmarshal(m.value, &token) != nil {
				return nil, fmt.Errorf("the vocabulary has %.40q: %.40s, want a token and its number", m.name, m.value)
			}
			if _, err := fmt.Sscanf(m.name, "%d", &id); err != nil || fmt.Sprint(id) != m.name {
				return nil, fmt.Errorf("the vocabulary has %.40q: %.40s, want a token and its number", m.name, m.value)
			}
		}
		if id < 0 || id > len(members) {
			return nil, fmt.Errorf("the vocabulary gives %.40q the number %d, and has %d tokens", token, id, len(members))
		}
		for len(list) <= id {
			list, set = append(list, ""), append(set, false)
		}
		if set[id] {
			return nil, fmt.Errorf("the vocabulary has two tokens of the number %d", id)
		}
		list[id], set[id] = token, true
	}
	return list, nil
}

// unknownNames are spellings of the token that stands for all that are not in a
// vocabulary.
var unknownNames = []string{"[UNK]", "<unk>", "<UNK>", "<OOV>", "UNK", "[OOV]"}

// newTokenizer returns a tokenizer of a vocabulary, and which number of the file each of
// its tokens has. o says what a token is; without a unit, tokens of one character each are
// characters, others are words.
//
// A tokenizer has the stop token first and then the unknown one, where there are any; the
// rest keep their order. The stop token is the empty string: a number that no text has,
// padding mostly, becomes it.
func newTokenizer(vocabulary []string, o tokenizer.Options) (*tokenizer.Tokenizer, []int, error) {
	if o.Unit == "" {
		o.Unit = tokenizer.Characters
		for _, w := range vocabulary {
			if utf8.RuneCountInString(w) > 1 && !slices.Contains(unknownNames, w) {
				o.Unit = tokenizer.Words
			}
		}
	}
	stop, unknown := slices.Index(vocabulary, ""), -1
	for _, name := range append([]string{o.UnknownWord}, unknownNames...) {
		if name != "" && unknown < 0 {
			unknown = slices.Index(vocabulary, name)
		}
	}
	o.NoStop, o.NoUnknown = stop < 0, unknown < 0
	var order []int
	if stop >= 0 {
		order = append(order, stop)
	}
	if unknown >= 0 {
		o.UnknownWord = vocabulary[unknown]
		order = append(order, unknown)
	}
	for i, w := range vocabulary {
		if i != stop && i != unknown {
			if w == "" {
				return nil, nil, fmt.Errorf("the numbers %d and %d of the vocabulary have no token", stop, i)
			}
			order = append(order, i)
		}
	}
	words := make([]string, len(order))
	for i, k := range order {
		words[i] = vocabulary[k]
	}
	t, err := tokenizer.New(words, &o)
	if err != nil {
		return nil, nil, apierror.Errorf("the vocabulary: %v", err)
	}
	return t, order, nil
}
