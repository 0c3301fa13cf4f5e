package corpus

import (
	"strings"

	"github.com/autoreg/autoreg/internal/input"
)

// A docStore keeps documents while a corpus is read, and counts the memory that they
// take. The text lies in large blocks, so that a document of one letter takes 21
// bytes: the letter, its length, and its place in the list that is made at the end.
// (Strings allocated one by one, in a list that grows, would take about 60.)
type docStore struct {
	max  int64 // of used
	used int64 // bytes taken by now, the list that is made at the end included
	text int64 // bytes of text
	n    int   // documents

	block   strings.Builder // being filled
	blocks  []string        // full
	sizes   [][]uint32      // of the documents, in blocks
	largest int             // longest document
}

const (
	textBlock  = 1 << 20
	sizeBlock  = 1 << 16
	perDoc     = 16 // of the list that is made at the end
	underWay   = 8  // times its size: what a document takes while it is read
	largeShare = 16 // a document of more than 1/16 of a block may get its own
)

// room returns the largest document that may be read next: at most limit.
func (s *docStore) room(limit int) int {
	return int(min(int64(limit), max(s.max-s.used, 0)/underWay))
}

// full is the error for documents that take too much memory.
func (s *docStore) full() error {
	return optionErrorf("%d documents read so far take %s of the %s of memory allowed: read less, or raise %s",
		s.n, input.Size(s.used), input.Size(s.max), option("MaxMemory"))
}

// take counts n bytes.
func (s *docStore) take(n int) error {
	if int64(n) > s.max-s.used-int64(underWay/2*s.largest) {
		return s.full()
	}
	s.used += int64(n)
	return nil
}

// add keeps a copy of text, which is not empty.
func (s *docStore) add(text []byte) error {
	s.largest = max(s.largest, len(text))
	if err := s.take(perDoc); err != nil {
		return err
	}
	if k := len(s.sizes) - 1; k < 0 || len(s.sizes[k]) == cap(s.sizes[k]) {
		size := min(max(s.n, sizeBlock/64), sizeBlock)
		if err := s.take(4 * size); err != nil {
			return err
		}
		s.sizes = append(s.sizes, make([]uint32, 0, size))
	}
	if err := s.makeRoom(len(text)); err != nil {
		return err
	}
	k := len(s.sizes) - 1
	s.sizes[k] = append(s.sizes[k], uint32(len(text)))
	s.block.Write(text)
	s.text += int64(len(text))
	s.n++
	return nil
}

// makeRoom makes a block that has room for n bytes the one being filled.
func (s *docStore) makeRoom(n int) error {
	if n <= s.block.Cap()-s.block.Len() {
		return nil
	}
	s.endBlock()
	size := n
	if n <= textBlock/largeShare {
		size = max(n, int(min(max(s.used, textBlock/256), textBlock)))
	}
	if err := s.take(size); err != nil {
		return err
	}
	s.block.Grow(size)
	s.used += int64(s.block.Cap() - size) // what the allocator adds
	return nil
}

// endBlock sets the block being filled aside, without the room left in it.
func (s *docStore) endBlock() {
	if s.block.Len() == 0 {
		return
	}
	block := s.block.String()
	if left := s.block.Cap() - len(block); left > s.block.Cap()/largeShare {
		block = strings.Clone(block)
		s.used -= int64(left)
	}
	s.blocks = append(s.blocks, block)
	s.block = strings.Builder{}
}

// list returns the documents. The store is empty afterwards.
func (s *docStore) list() []string {
	s.endBlock()
	docs := make([]string, 0, s.n)
	at := 0 // in the first block
	for _, sizes := range s.sizes {
		for _, size := range sizes {
			if at == len(s.blocks[0]) {
				s.blocks, at = s.blocks[1:], 0
			}
			docs = append(docs, s.blocks[0][at:at+int(size)])
			at += int(size)
		}
	}
	*s = docStore{max: s.max}
	return docs
}
