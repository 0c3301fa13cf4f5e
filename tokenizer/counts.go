package tokenizer

import (
	"hash/maphash"
	"math"
	"strings"
)

// A counts counts words within a bound on memory. It is a hash table of positions in a
// list of words; list and letters lie in blocks, which do not move when they grow. (A
// map of strings takes more than twice the memory, and several times while it grows.)
type counts struct {
	max, used int64 // bytes

	seed    maphash.Seed
	slots   []uint64 // the high half of a word's hash, then 1 + its number; or 0. A power of two
	n       int      // words
	entries [][]wordCount
	letters strings.Builder // of the newest words
}

const (
	entryBlock  = 1 << 10 // words
	letterBlock = 1 << 16 // bytes
	firstSlots  = 1 << 10
	entryBytes  = 24
	slotBytes   = 8
	tokenBytes  = 160 // of a word in the lists and the map of a Tokenizer and while it is made
)

func newCounts(max int64) *counts {
	return &counts{max: max, seed: maphash.MakeSeed(), slots: make([]uint64, firstSlots), used: slotBytes * firstSlots}
}

// add counts word, and reports false if that takes too much memory, of which other
// bytes are taken elsewhere.
func (t *counts) add(word []byte, other int) bool {
	hash := maphash.Bytes(t.seed, word)
	at := t.find(word, hash)
	if k := uint32(t.slots[at]); k != 0 {
		t.entry(k-1).count++
		return true
	}
	if t.n+1 > len(t.slots)/4*3 {
		if t.n >= 1<<31-1 || !t.take(2*slotBytes*len(t.slots), other) {
			return false
		}
		t.grow()
		at = t.find(word, hash)
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
	t.slots[at] = hash&^math.MaxUint32 | uint64(t.n)
	return true
}

// find returns the slot of word, or the empty one where it belongs.
func (t *counts) find(word []byte, hash uint64) int {
	mask := uint64(len(t.slots) - 1)
	for at := hash >> 32 & mask; ; at = (at + 1) & mask {
		s := t.slots[at]
		if s == 0 || s>>32 == hash>>32 && t.entry(uint32(s)-1).word == string(word) {
			return int(at)
		}
	}
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
	old := t.slots
	t.used -= int64(slotBytes * len(old))
	t.slots = make([]uint64, 2*len(old))
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s == 0 {
			continue
		}
		at := s >> 32 & mask
		for t.slots[at] != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = s
	}
}

// keep copies word into the current block.
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
