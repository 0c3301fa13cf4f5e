package train

import (
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// A ClassDataset is documents as ids, each with its class. A document is its first Length
// ids, or the stop token if it has none. It is immutable and safe for concurrent use.
type ClassDataset struct {
	Length  int   // ids of a document at most
	Words   int64 // ids in the documents, each counted once
	Unknown int64 // how many of Words are the unknown token
	Long    int   // documents of more than Length ids
	Cut     int64 // ids that they have lost
	Empty   int   // documents without a word
	Counts  []int // documents of each class

	ids     []int32 // of all documents, one after the other
	rows    []span
	classes []int32
}

// newClassDataset encodes the documents of a list of indices. It returns errDataBytes if
// it would take more than maxBytes at any time.
func newClassDataset(docs []string, classes []int32, list []int, count int, tok *tokenizer.Tokenizer, length int, maxBytes int64) (*ClassDataset, error) {
	d := &ClassDataset{Length: length, Counts: make([]int, count)}
	var ids []int
	for _, i := range list {
		// A byte may be a word, an int, in a slice that has grown by a quarter or more.
		if 18*int64(len(docs[i])) > maxBytes-d.bytes() {
			return nil, errDataBytes
		}
		ids = tok.Append(ids[:0], docs[i])
		switch n := len(ids); {
		case n == 0:
			ids = append(ids, tok.Stop())
			d.Empty++
			d.Words-- // which add counts
		case n > length:
			ids = ids[:length]
			d.Cut += int64(n - length)
			d.Long++
		}
		if len(ids) > maxIDs-len(d.ids) {
			return nil, apierror.Errorf("the documents have more than %d tokens: use fewer of them", maxIDs)
		}
		room := maxBytes - 8*int64(cap(ids))
		if !grow(&d.ids, len(ids), 4, room-d.bytes()) || !grow(&d.rows, 1, 8, room-d.bytes()) || !grow(&d.classes, 1, 4, room-d.bytes()) {
			return nil, errDataBytes
		}
		d.add(ids, classes[i], tok.Unknown())
	}
	return d, nil
}

// add adds a document.
func (d *ClassDataset) add(ids []int, class int32, unknown int) {
	from := len(d.ids)
	for _, id := range ids {
		d.ids = append(d.ids, int32(id))
		if id == unknown {
			d.Unknown++
		}
	}
	d.Words += int64(len(ids))
	d.rows = append(d.rows, span{int32(from), int32(len(d.ids))})
	d.classes = append(d.classes, class)
	d.Counts[class]++
}

// bytes returns the memory that the data set takes.
func (d *ClassDataset) bytes() int64 {
	return 4*int64(cap(d.ids)) + 8*int64(cap(d.rows)) + 4*int64(cap(d.classes)) + 8*int64(len(d.Counts))
}

// Len returns the number of documents.
func (d *ClassDataset) Len() int { return len(d.rows) }

// Row returns the ids of document i, 1 to Length of them, to be read only. It panics if i
// is outside 0 to Len()-1.
func (d *ClassDataset) Row(i int) []int32 {
	r := d.rows[i]
	return d.ids[r.from:r.to:r.to]
}

// Class returns the index of the class of document i. It panics if i is outside 0 to
// Len()-1.
func (d *ClassDataset) Class(i int) int { return int(d.classes[i]) }

// size returns the size of the largest batch that any documents of the set can make.
func (d *ClassDataset) size(batch int) layers.BatchSize {
	lengths := make([]int32, d.Len())
	for i, r := range d.rows {
		lengths[i] = r.to - r.from
	}
	slices.Sort(lengths)
	s := layers.BatchSize{Sequences: min(batch, d.Len())}
	for _, n := range lengths[d.Len()-s.Sequences:] {
		s.Rows += int(n)
		s.Steps = int(n)
	}
	return s
}
