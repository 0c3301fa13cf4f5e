package tokenizer

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// referenceLearn returns the words that Learn is to find, by a map and a sort.
func referenceLearn(texts []string, most int) []string {
	counts := map[string]int{}
	for _, text := range texts {
		for _, w := range strings.Fields(text) {
			counts[w]++
		}
	}
	var list []string
	for w := range counts {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(b, a))
	})
	return list[:min(most, len(list))]
}

// TestLearnCounts compares the table with a map: over several of its sizes, with words
// longer than a block, and with vocabularies that leave most of many ties out.
func TestLearnCounts(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var texts []string
	for range 300 {
		var b strings.Builder
		for range 100 {
			fmt.Fprintf(&b, "w%d ", int(r.ExpFloat64()*2000))
		}
		texts = append(texts, b.String())
	}
	for i := range 5 {
		texts = append(texts, strings.Repeat(string(rune('a'+i%4)), letterBlock*i/2+1))
	}
	for _, most := range []int{1, 2, 100, 5000, 1 << 20} {
		tok, err := Learn(slices.Values(texts), &Options{VocabularySize: most + 2, Case: KeepCase})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := vocabulary(tok)[2:], referenceLearn(texts, most); !slices.Equal(got, want) {
			t.Errorf("of at most %d words: %d found, %d wanted, or others", most, len(got), len(want))
		}
	}
}

// distinct yields n texts of ten words that occur once.
func distinct(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			var b strings.Builder
			for k := range 10 {
				fmt.Fprintf(&b, "%08x ", 10*i+k)
			}
			if !yield(b.String()) {
				return
			}
		}
	}
}

// TestLearnMemory meets more words than the memory allowed can hold.
func TestLearnMemory(t *testing.T) {
	const limit = 8 << 20
	peak := uint64(0)
	watched := func(yield func(string) bool) {
		n := 0
		for text := range distinct(1 << 20) {
			if n++; n%2048 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
			if !yield(text) {
				return
			}
		}
	}
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, err := Learn(watched, &Options{MaxBytes: limit})
	if err == nil || !strings.Contains(err.Error(), "different words, and to count more takes more than the 8 MiB of memory allowed") || !strings.HasSuffix(err.Error(), "or raise MaxBytes") {
		t.Fatalf("error %v", err)
	}
	if taken := int64(peak) - int64(before.HeapAlloc); taken > limit+1<<20 || taken < limit/4 {
		t.Errorf("%d bytes were taken of %d allowed", taken, limit)
	}
	// What fits is counted: a word of 8 letters takes less than 60 bytes at worst.
	if tok, err := Learn(distinct(10000), &Options{MaxBytes: limit}); err != nil || tok.Len() != DefaultVocabularySize {
		t.Errorf("100,000 words in %d bytes: %v", limit, err)
	}
	for _, o := range []Options{{MaxBytes: -1}, {MaxBytes: 1}, {MaxBytes: 60 << 10}} {
		if _, err := Learn(distinct(1), &o); err == nil || !strings.Contains(err.Error(), "MaxBytes") {
			t.Errorf("MaxBytes %d: error %v", o.MaxBytes, err)
		}
	}
	// One long word takes what it is long.
	long := strings.Repeat("x", limit/2)
	if _, err := Learn(slices.Values([]string{long}), &Options{MaxBytes: limit}); err == nil || !strings.Contains(err.Error(), "MaxBytes") {
		t.Errorf("a word of %d bytes: error %v", len(long), err)
	}
}

// A Tokenizer keeps its own words, not all that were counted.
func TestLearnKeepsLittle(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	tok, err := Learn(distinct(30000), &Options{VocabularySize: 100})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 1<<20 {
		t.Errorf("%d bytes are kept for %d words", kept, tok.Len())
	}
	runtime.KeepAlive(tok)
}
