package train

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/autoreg/autoreg/tokenizer"
)

// DefaultLength is the number of steps that NewDataset gives a document when its
// caller has no wish of its own: the reference model's.
const DefaultLength = 200

// maxIDs is how many ids a Dataset may hold: no more than make can take as int32.
const maxIDs = min(math.MaxInt32, math.MaxInt/4)

// A Dataset is a list of documents as rows of ids, each of Length+1: a step reads
// ids 0 to Length-1 of a row and is to predict ids 1 to Length. Documents keep the
// order of the corpus. It is immutable and safe for concurrent use.
type Dataset struct {
	Length  int   // steps of a document
	Words   int64 // ids in the rows, padding not counted
	Unknown int64 // how many of Words are tokenizer.Unknown
	Cut     int64 // ids beyond Length+1 that were left out
	Long    int   // documents that lost some

	ids []int32 // [Len(), Length+1]
}

// NewDataset encodes docs with tok: of each document the first length+1 ids, padded
// on the right with tokenizer.Stop. The result takes 4·len(docs)·(length+1) bytes.
// It returns an error if length is less than 1, if docs is empty or if the rows
// would hold more than maxIDs ids: 2³¹-1, or on a 32-bit machine 2²⁹-1.
func NewDataset(docs []string, tok *tokenizer.Tokenizer, length int) (*Dataset, error) {
	if length < 1 {
		return nil, fmt.Errorf("train: data set: length is %d: want at least 1 step", length)
	}
	if len(docs) == 0 {
		return nil, errors.New("train: data set: there are no documents")
	}
	// Compared by division, for the product may not fit.
	if length >= maxIDs || len(docs) > maxIDs/(length+1) {
		return nil, fmt.Errorf("train: data set: %d documents of %d steps are more than %d ids: use fewer or shorter ones", len(docs), length, maxIDs)
	}
	d := &Dataset{Length: length, ids: make([]int32, len(docs)*(length+1))}
	var ids []int
	for i, doc := range docs {
		ids = tok.Append(ids[:0], doc)
		if n := len(ids) - (length + 1); n > 0 {
			ids = ids[:length+1]
			d.Cut += int64(n)
			d.Long++
		}
		d.Words += int64(len(ids))
		row := d.Row(i)
		for j, id := range ids {
			row[j] = int32(id)
			if id == tokenizer.Unknown {
				d.Unknown++
			}
		}
	}
	return d, nil
}

// Len returns the number of documents.
func (d *Dataset) Len() int { return len(d.ids) / (d.Length + 1) }

// Row returns the Length+1 ids of document i, to be read only. It panics if i is
// outside 0 to Len()-1.
func (d *Dataset) Row(i int) []int32 {
	n := d.Length + 1
	return d.ids[i*n : (i+1)*n : (i+1)*n]
}

// Batches returns how many batches of size documents there are; the last may be
// smaller. Batches are cut in corpus order, so that a batch always holds the same
// documents and only the order of batches changes from epoch to epoch. It panics if
// size is less than 1.
func (d *Dataset) Batches(size int) int {
	if size < 1 {
		panic("train: Dataset: batch size < 1")
	}
	return batches(d.Len(), size)
}

// batches returns how many batches of size n items make.
func batches(n, size int) int {
	if n%size > 0 {
		return n/size + 1
	}
	return n / size
}

// Batch returns the documents of batch k of the given size: lo to hi-1. It panics if
// k is outside 0 to Batches(size)-1.
func (d *Dataset) Batch(k, size int) (lo, hi int) {
	if k < 0 || k >= d.Batches(size) {
		panic("train: Dataset: Batch: k out of range")
	}
	lo = k * size
	return lo, lo + min(size, d.Len()-lo)
}

// Order returns the order in which an epoch takes its batches, or its images, which
// count as batches of one here: a permutation of 0 to batches-1 that depends on the
// arguments alone. It is a Fisher-Yates shuffle:
//
//	for i from batches-1 down to 1: swap i with ⌊r·(i+1) / 2⁶⁴⌋
//
// where each r is the next draw of math/rand/v2's PCG seeded with (seed, epoch).
// That is integer arithmetic throughout, hence the same on every machine. It is
// written out here because the generator is specified for good, while what rand.Perm
// makes of it is not. Its bias is below batches parts in 2⁶⁴. As an epoch's order
// depends on no other, a resumed run has nothing to replay. It panics if batches is
// negative.
func Order(batches int, seed uint64, epoch int) []int {
	if batches < 0 {
		panic("train: Order: batches < 0")
	}
	order := make([]int, batches)
	for i := range order {
		order[i] = i
	}
	pcg := rand.NewPCG(seed, uint64(epoch))
	for i := batches - 1; i > 0; i-- {
		j, _ := bits.Mul64(pcg.Uint64(), uint64(i)+1)
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// SplitDocs sets aside a share of the documents for validation, spread evenly:
// document i is one of them if ⌊(i+1)·share⌋ > ⌊i·share⌋, computed in float64, which
// for a share of 1/n is about every n-th. Both lists keep their order. Corpora are often sorted, by title or by
// book, so that a share taken from the end would be of another kind than the rest;
// and a rule without a seed keeps the same documents out of every run. Share 0 sets
// none aside.
//
// It returns an error unless 0 <= share < 1 and, for a share above 0, both lists get
// a document.
func SplitDocs(docs []string, share float64) (training, validation []string, err error) {
	learn, judge, err := split(len(docs), share, "documents")
	if err != nil {
		return nil, nil, err
	}
	if judge == nil {
		return docs, nil, nil
	}
	pick := func(list []int) []string {
		picked := make([]string, len(list))
		for i, k := range list {
			picked[i] = docs[k]
		}
		return picked
	}
	return pick(learn), pick(judge), nil
}

// split is the rule of SplitDocs for n things. For share 0 judge is nil.
func split(n int, share float64, things string) (learn, judge []int, err error) {
	if !(share >= 0 && share < 1) {
		return nil, nil, fmt.Errorf("train: validation share is %v: want 0 or more and less than 1", share)
	}
	if share == 0 {
		return nil, nil, nil
	}
	for i := range n {
		if math.Floor(float64(i+1)*share) > math.Floor(float64(i)*share) {
			judge = append(judge, i)
		} else {
			learn = append(learn, i)
		}
	}
	if len(learn) == 0 || len(judge) == 0 {
		return nil, nil, fmt.Errorf("train: a validation share of %v splits %d %s into %d for training and %d for validation: want at least 1 of each",
			share, n, things, len(learn), len(judge))
	}
	return learn, judge, nil
}
