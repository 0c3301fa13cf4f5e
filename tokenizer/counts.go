package tokenizer

import (
	"hash/maphash"
	"strings"
)

// A counts counts words within a bound on memory. It is a hash table of positions in a
// list of words; list and letters lie in blocks, which do not move when they grow. (A
// map of strings takes three times the memory, and while it grows five times.)
type counts struct {
	max, used int64 // bytes

	seed    maphash.Seed
	slots   []uint32 // 1 + the number of a word, or 0; a power of two
	n       int      // words
	entries [][]wordCount
	letters strings.Builder // of the newest words
}

const (
	entryBlock  = 1 << 10 // words
	letterBlock = 1 << 16 // bytes
	firstSlots  = 1 << 10
	entryBytes  = 24
	tokenBytes  = 160 // of a word in the lists and the map of a Tokenizer and while it is made
)

func newCounts(max int64) *counts {
	return &counts{max: max, seed: maphash.MakeSeed(), slots: make([]uint32, firstSlots), used: 4 * firstSlots}
}

// add counts word, and reports false if that takes too much memory, of which other
// bytes are taken elsewhere.
func (t *counts) add(word []byte, other int) bool {
	at := t.find(word)
	if k := t.slots[at]; k != 0 {
		t.entry(k-1).count++
		return true
	}
	if t.n+1 > len(t.slots)/4*3 {
		if t.n >= 1<<31-1 || !t.take(8*len(t.slots), 4*len(t.slots)+other) {
			return false
		}
		t.grow()
		at = t.find(word)
	}
	if t.n%entryBlock == 0 {
		if !t.take(entryBlock*entryBytes, other) {
			return false
		}
		t.entries = append(t.entries, make([]wordCount, 0, entryBlock))
	}
	spelling, ok := t.keep(word, other)
	if !ok {
		return false
	}
	last := &t.entries[len(t.entries)-1]
	*last = append(*last, wordCount{spelling, 1})
	t.n++
	t.slots[at] = uint32(t.n)
	return true
}

// find returns the slot of word, or the empty one where it belongs.
func (t *counts) find(word []byte) int {
	mask := len(t.slots) - 1
	at := int(maphash.Bytes(t.seed, word)) & mask
	for t.slots[at] != 0 && t.entry(t.slots[at]-1).word != string(word) {
		at = (at + 1) & mask
	}
	return at
}

func (t *counts) entry(k uint32) *wordCount {
	return &t.entries[k/entryBlock][k%entryBlock]
}

// take counts n more bytes, and reports false if with the other bytes they are too
// many.
func (t *counts) take(n, other int) bool {
	if int64(n) > t.max-t.used-int64(other) {
		return false
	}
	t.used += int64(n)
	return true
}

// grow doubles the number of slots, which take has counted.
func (t *counts) grow() {
	t.used -= int64(4 * len(t.slots))
	t.slots = make([]uint32, 2*len(t.slots))
	mask := len(t.slots) - 1
	for k := range uint32(t.n) {
		at := int(maphash.String(t.seed, t.entry(k).word)) & mask
		for t.slots[at] != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = k + 1
	}
}

// keep copies word to where it stays.
func (t *counts) keep(word []byte, other int) (string, bool) {
	if len(word) > letterBlock/16 {
		if !t.take(len(word)+len(word)/8, other) { // what the allocator adds included
			return "", false
		}
		return string(word), true
	}
	if len(word) > t.letters.Cap()-t.letters.Len() {
		if !t.take(letterBlock, other) {
			return "", false
		}
		t.letters = strings.Builder{}
		t.letters.Grow(letterBlock)
	}
	from := t.letters.Len()
	t.letters.Write(word)
	return t.letters.String()[from:], true
}
