package tokenizer

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Learn counts the words of all texts, after the pipeline that o chooses, and makes
// a tokenizer of the most frequent: at most o.VocabularySize entries, of which two are
// reserved (see the package comment). Every word of every text is counted, in
// whatever order the texts come; equally frequent words are ordered by falling
// bytes, so that the result depends on the counts alone. nil options mean the zero
// value.
//
// It returns an error for invalid options, if the texts hold no word, and if
// counting their words takes more memory than o.MaxBytes. A word takes its length and
// 35 to 60 bytes.
func Learn(texts iter.Seq[string], o *Options) (*Tokenizer, error) {
	t, err := learn(texts, o)
	return t, wrap(err)
}

// learn is Learn with errors as they are inside.
func learn(texts iter.Seq[string], o *Options) (*Tokenizer, error) {
	if o == nil {
		o = &Options{}
	}
	limit, maxBytes := o.VocabularySize, o.MaxBytes
	if limit == 0 {
		limit = DefaultVocabularySize
	}
	if maxBytes == 0 {
		maxBytes = DefaultMaxBytes
	}
	switch {
	case limit < 3:
		return nil, outOfRange("VocabularySize", limit, fmt.Sprintf("at least 3, for 2 of them are reserved, or 0 for %d", DefaultVocabularySize))
	case maxBytes < 0:
		return nil, outOfRange("MaxBytes", maxBytes, "0 or more")
	}

	var (
		words  = newCounts(maxBytes)
		table  = classes(o)
		buf    []byte
		number int64 // of the text
	)
	for text := range texts {
		number++
		text = validText(text)
		for {
			if buf, text = nextWord(text, &table, buf); len(buf) == 0 {
				break
			}
			if !words.add(buf, cap(buf)) {
				return nil, words.full(number)
			}
		}
	}
	// No word equals "" or "[UNK]": words are not empty, and brackets are either
	// words of their own or dropped.
	if words.n == 0 {
		return nil, errors.New("the texts hold no word to learn")
	}
	if !words.take(tokenBytes*min(words.n, limit), cap(buf)) {
		return nil, words.full(number)
	}
	most := words.mostFrequent(limit - 2)
	vocabulary := make([]string, 0, 2+len(most))
	vocabulary = append(vocabulary, "", unknownWord)
	for _, e := range most {
		vocabulary = append(vocabulary, strings.Clone(e.word)) // not the block that it lies in
	}
	return newTokenizer(vocabulary, o)
}

// full is the error for texts with too many words.
func (t *counts) full(texts int64) error {
	return optionErrorf("the first %d texts hold %d different words, and to count more takes more than the %d MiB of memory allowed: learn from fewer texts, leave out what is not made of words, or raise %s",
		texts, t.n, t.max>>20, option("MaxBytes"))
}

// A wordCount is a word and how often it was met.
type wordCount struct {
	word  string
	count int64
}

// order sorts by falling count, then by falling bytes.
func (a wordCount) order(b wordCount) int {
	if c := cmp.Compare(b.count, a.count); c != 0 {
		return c
	}
	return strings.Compare(b.word, a.word)
}

// A leastFrequent is a heap, the last in order at its top.
type leastFrequent []wordCount

func (h leastFrequent) Len() int           { return len(h) }
func (h leastFrequent) Less(i, j int) bool { return h[i].order(h[j]) > 0 }
func (h leastFrequent) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *leastFrequent) Push(x any)        { *h = append(*h, x.(wordCount)) }
func (h *leastFrequent) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// mostFrequent returns the k most frequent words, or all if there are fewer, in order.
func (t *counts) mostFrequent(k int) []wordCount {
	var most leastFrequent
	for _, block := range t.entries {
		for _, e := range block {
			switch {
			case len(most) < k:
				heap.Push(&most, e)
			case e.order(most[0]) < 0:
				most[0] = e
				heap.Fix(&most, 0)
			}
		}
	}
	slices.SortFunc(most, wordCount.order)
	return most
}
