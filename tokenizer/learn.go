package tokenizer

import (
	"cmp"
	"container/heap"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Learn counts the units of all texts, after the pipeline that o chooses, and makes
// a tokenizer of the most frequent: at most o.VocabularySize entries, the reserved ones
// included (see the package comment), each of which occurs o.MinCount times or more.
// Every unit of every text is counted, in whatever order the texts come; equally frequent
// ones are ordered by falling bytes, so that the result depends on the counts alone.
// Where units are bytes there is nothing to count: texts are not read. nil options mean
// the zero value.
//
// It returns an error for invalid options, if the texts hold no unit, and if
// counting their units takes more memory than o.MaxBytes. One takes its length and
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
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Unit == Bytes {
		return newTokenizer(nil, o)
	}
	all := o.WithDefaults()
	limit, maxBytes := all.VocabularySize, o.MaxBytes
	if maxBytes == 0 {
		maxBytes = DefaultMaxBytes
	}
	var (
		units   = newCounts(maxBytes)
		p       = newPipeline(all)
		unknown = all.unknownWord()
		buf     []byte
		number  int64 // of the text
	)
	for text := range texts {
		number++
		text = p.valid(text)
		for {
			if buf, text = next(text, &p, buf); len(buf) == 0 {
				break
			}
			if !all.NoUnknown && string(buf) == unknown { // which is no unit to learn
				continue
			}
			if !units.add(buf, cap(buf)) {
				return nil, units.full(number, all.Unit)
			}
		}
	}
	if units.n == 0 {
		return nil, fmt.Errorf("the texts hold no %s to learn", all.Unit)
	}
	if !units.take(tokenBytes*min(units.n, limit), cap(buf)) {
		return nil, units.full(number, all.Unit)
	}
	most := units.mostFrequent(limit-all.reserved(), int64(o.MinCount))
	if len(most) == 0 {
		return nil, optionErrorf("%s is %d, but no %s occurs more than %d times", option("MinCount"), o.MinCount, all.Unit, units.mostFrequent(1, 0)[0].count)
	}
	vocabulary := make([]string, 0, 2+len(most))
	if !all.NoStop {
		vocabulary = append(vocabulary, "")
	}
	if !all.NoUnknown {
		vocabulary = append(vocabulary, unknown)
	}
	for _, e := range most {
		vocabulary = append(vocabulary, strings.Clone(e.word)) // not the block that it lies in
	}
	return newTokenizer(vocabulary, o)
}

// full is the error for texts with too many units.
func (t *counts) full(texts int64, unit Unit) error {
	return optionErrorf("the first %d texts hold %d different %ss, and to count more takes more than the %d MiB of memory allowed: learn from fewer texts, leave out what is no text, or raise %s",
		texts, t.n, unit, t.max>>20, option("MaxBytes"))
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

// mostFrequent returns the k most frequent words that occur least times or more, or all
// if there are fewer, in order.
func (t *counts) mostFrequent(k int, least int64) []wordCount {
	var most leastFrequent
	for _, block := range t.entries {
		for _, e := range block {
			switch {
			case e.count < least:
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
