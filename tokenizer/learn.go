package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Learn counts the words of all texts, after the pipeline that o chooses, and makes
// a tokenizer of the most frequent: at most o.MaxTokens entries, of which two are
// reserved (see the package comment). Every word of every text is counted, in
// whatever order the texts come; equally frequent words are ordered by falling
// bytes, so that the result depends on the counts alone. nil options mean the zero
// value.
//
// It returns an error if the options make no sense or the texts hold no word.
func Learn(texts iter.Seq[string], o *Options) (*Tokenizer, error) {
	if o == nil {
		o = &Options{}
	}
	limit := o.MaxTokens
	if limit == 0 {
		limit = DefaultMaxTokens
	}
	if limit < 3 {
		return nil, fmt.Errorf("tokenizer: MaxTokens is %d: want at least 3, for 2 of them are reserved, or 0 for %d", limit, DefaultMaxTokens)
	}

	type entry struct {
		word  string
		count int64
	}
	var (
		entries []entry
		index   = make(map[string]int)
		table   = classes(o)
		buf     []byte
	)
	for text := range texts {
		text = validText(text)
		for {
			if buf, text = nextWord(text, &table, buf); len(buf) == 0 {
				break
			}
			i, seen := index[string(buf)]
			if !seen {
				i = len(entries)
				entries = append(entries, entry{word: string(buf)})
				index[entries[i].word] = i
			}
			entries[i].count++
		}
	}
	// No word equals "" or "[UNK]": words are not empty, and brackets are either
	// words of their own or dropped.
	if len(entries) == 0 {
		return nil, errors.New("tokenizer: the texts hold no word to learn")
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if c := cmp.Compare(b.count, a.count); c != 0 {
			return c
		}
		return strings.Compare(b.word, a.word)
	})

	vocabulary := make([]string, 0, 2+len(entries))
	vocabulary = append(vocabulary, "", unknownWord)
	for _, e := range entries[:min(len(entries), limit-2)] {
		vocabulary = append(vocabulary, e.word)
	}
	return New(vocabulary, o)
}
