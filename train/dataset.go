package train

import (
	"errors"
	"math"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/tokenizer"
)

// DefaultLength is the default for the most steps of a sequence: that of the reference
// model.
const DefaultLength = 200

// perDoc is the memory of a string without its bytes, on a 64-bit machine.
const perDoc = 16

// maxIDs is the most ids of a Dataset: as many int32 as make can allocate.
const maxIDs = min(math.MaxInt32, math.MaxInt/4)

// DatasetOptions say how documents become sequences. The zero value, or a nil
// pointer, works.
type DatasetOptions struct {
	Length int // steps of a sequence at most; 0 means DefaultLength
	// CutLong drops the ids of a document beyond the first Length+1. Otherwise it is
	// cut into windows, see Dataset.
	CutLong bool
	// Tracks makes one stream of all documents and cuts it into so many tracks, see
	// Dataset; 0 keeps documents apart.
	Tracks int
}

// A Dataset is documents as sequences of ids. A step reads an id of a sequence and
// predicts the next one, or the stop token after the last id of a document; where the
// tokenizer has no stop token, that id is only predicted, and a document of n ids has n-1
// steps.
//
// A document of n ids has n steps: it is read from its first id to its last. With
// n > Length it is cut into windows: the first one reads ids [0, Length) and predicts
// ids [1, Length], the second one reads from id Length on, and so on. So each id is read
// once, and predicted once if it is not the document's first, but a window starts from
// the zero state and does not depend on the one before it. With DatasetOptions.CutLong
// such a document is its first window alone.
//
// With DatasetOptions.Tracks the documents are one stream, with the stop token, if there is
// one, behind each of them. The stream is cut into Tracks tracks whose lengths differ by one
// step at most, and each track into chunks of Length steps, the last of which may have
// fewer. Chunk k of track b is sequence k·Tracks + b, so that batches of Tracks sequences go
// through all tracks side by side. A chunk begins in the state in which the one before it ended.
// Every id of the stream but the first is predicted once.
//
// Sequences keep the order of the corpus. A Dataset is immutable and safe for
// concurrent use.
type Dataset struct {
	Length    int   // steps of a sequence at most
	Documents int   // that the sequences are from
	Words     int64 // ids in the sequences, each counted once
	Unknown   int64 // how many of Words are the unknown token
	Long      int   // documents of more than Length ids to read, with CutLong of more than Length+1: several windows, or cut off
	Cut       int64 // ids that CutLong has dropped
	Tracks    int   // DatasetOptions.Tracks

	ids  []int32 // of all documents, one after the other
	rows []span  // sequences
	cut  bool    // DatasetOptions.CutLong
	stop int32   // the stop token, which is padding too; -1 if there is none
}

// A span is the range [from, to) of the ids of a sequence in Dataset.ids. Adjacent
// windows of a document share an id.
type span struct{ from, to int32 }

// NewDataset encodes docs with tok. The result takes 4 bytes an id and 8 a sequence.
// Nil options mean the zero value. It returns an error if Length is negative, if
// docs is empty, if they hold more than maxIDs ids: 2³¹-1, or on a 32-bit machine
// 2²⁹-1, or what the vocabulary lacks where it has no unknown token.
func NewDataset(docs []string, tok *tokenizer.Tokenizer, o *DatasetOptions) (*Dataset, error) {
	var options DatasetOptions
	if o != nil {
		options = *o
	}
	setDefault(&options.Length, DefaultLength)
	d, err := newDataset(docs, tok, options, math.MaxInt64)
	if err != nil {
		return nil, wrap(apierror.Errorf("data set: %w", err))
	}
	return d, nil
}

// errDataBytes is the error for documents that take more memory than is allowed.
var errDataBytes = errors.New("the documents and their encoded words take more memory than is allowed")

// newDataset is NewDataset for options with defaults. It returns errDataBytes if it
// would take more than maxBytes at any time.
func newDataset(docs []string, tok *tokenizer.Tokenizer, o DatasetOptions, maxBytes int64) (*Dataset, error) {
	if o.Tracks < 0 || o.Tracks > 0 && o.CutLong {
		return nil, apierror.Errorf("there are %d tracks, CutLong is %t: want 0 or more, and no cut documents in a stream", o.Tracks, o.CutLong)
	}
	if o.Length < 1 {
		return nil, apierror.Errorf("the length is %d: want at least 1 step", o.Length)
	}
	if len(docs) == 0 {
		return nil, errors.New("there are no documents")
	}
	if o.Tracks > 0 {
		return newStream(docs, tok, o, streamPart{before: -1}, maxBytes)
	}
	d := &Dataset{Length: o.Length, Documents: len(docs), cut: o.CutLong, stop: int32(tok.Stop())}
	var ids []int
	for i, doc := range docs {
		if err := checkKnown(tok, i, doc); err != nil {
			return nil, err
		}
		// A byte may be a word, an int, in a slice that has grown by a quarter or more.
		if 18*int64(len(doc)) > maxBytes-d.bytes() {
			return nil, errDataBytes
		}
		ids = tok.Append(ids[:0], doc)
		if n := len(ids) - o.Length; o.CutLong && n > 1 {
			ids = ids[:o.Length+1]
			d.Cut += int64(n - 1)
			d.Long++
		} else if !o.CutLong && n > d.unread() {
			d.Long++
		}
		if len(ids) > maxIDs-len(d.ids) {
			return nil, apierror.Errorf("the documents have more than %d tokens: use fewer of them", maxIDs)
		}
		if !d.makeRoom(len(ids), maxBytes-8*int64(cap(ids))) {
			return nil, errDataBytes
		}
		d.add(ids, tok.Unknown())
	}
	return d, nil
}

// makeRoom makes room for a document of n ids, and reports false if that would take
// more than maxBytes, what is copied included.
func (d *Dataset) makeRoom(n int, maxBytes int64) bool {
	return grow(&d.ids, n, 4, maxBytes-d.bytes()) && grow(&d.rows, n/d.Length+1, 8, maxBytes-d.bytes())
}

// grow makes room for n more elements of so many bytes in s, and reports false if the
// new slice would take more than maxBytes.
func grow[T any](s *[]T, n int, size, maxBytes int64) bool {
	if n <= cap(*s)-len(*s) {
		return maxBytes >= 0
	}
	n = max(n, len(*s)/4)
	if int64(len(*s)+n)*size > maxBytes {
		return false
	}
	*s = slices.Grow(*s, n)
	if int64(len(*s))*size >= muchGarbage {
		runtime.GC() // what s was before
	}
	return true
}

// muchGarbage is the number of bytes from which the collector is called at once.
const muchGarbage = 16 << 20

// add adds the sequences of a document.
func (d *Dataset) add(ids []int, unknown int) {
	from := len(d.ids)
	for _, id := range ids {
		d.ids = append(d.ids, int32(id))
		if id == unknown {
			d.Unknown++
		}
	}
	d.Words += int64(len(ids))
	to := len(d.ids)
	for {
		end := min(from+d.Length+1, to)
		d.rows = append(d.rows, span{int32(from), int32(end)})
		// CutLong has left one window, whose last id is only predicted.
		if from += d.Length; d.cut || from >= to-d.unread() {
			return
		}
	}
}

// unread returns how many ids at the end of a document are only predicted.
func (d *Dataset) unread() int {
	if d.stop < 0 {
		return 1
	}
	return 0
}

// bytes returns the memory that the ids and sequences take.
func (d *Dataset) bytes() int64 { return 4*int64(cap(d.ids)) + 8*int64(cap(d.rows)) }

// Len returns the number of sequences.
func (d *Dataset) Len() int { return len(d.rows) }

// Row returns the ids of sequence i, at most Length+1, to be read only. It panics if
// i is outside 0 to Len()-1.
func (d *Dataset) Row(i int) []int32 {
	r := d.rows[i]
	return d.ids[r.from:r.to:r.to]
}

// Steps returns how many steps sequence i has, padding not counted: one for each id
// that it reads, which in a stream are all but the last. It panics if i is outside 0 to
// Len()-1.
func (d *Dataset) Steps(i int) int {
	r := d.rows[i]
	if d.Tracks > 0 {
		return int(r.to - r.from - 1)
	}
	return max(0, min(int(r.to-r.from)-d.unread(), d.Length))
}

// Batches returns how many batches of size sequences there are; the last may be
// smaller. Batches are cut in corpus order, so that a batch always holds the same
// sequences and only the order of batches changes from epoch to epoch. It panics if
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

// Batch returns the sequences [from, to) of batch k of the given size. It panics if k is
// outside [0, Batches(size)).
func (d *Dataset) Batch(k, size int) (from, to int) {
	if k < 0 || k >= d.Batches(size) {
		panic("train: Dataset: Batch: k out of range")
	}
	from = k * size
	return from, from + min(size, d.Len()-from)
}

// Order returns the order in which an epoch takes its batches, or its images, which
// count as batches of one here: a permutation of [0, batches) that depends on the
// arguments alone. It is a Fisher-Yates shuffle:
//
//	for i from batches-1 down to 1: swap i with ⌊r·(i+1) / 2⁶⁴⌋
//
// where each r is the next draw of math/rand/v2's PCG seeded with (seed, epoch). All
// arithmetic is on integers, so the order is the same on every machine. The generator
// is specified, rand.Perm is not, so this function does not call it. Its bias is below
// batches parts in 2⁶⁴. The order of an epoch does not depend on other epochs, so a
// resumed run computes that of its own epoch only. It panics if batches is negative.
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
// for a share of 1/n is about every n-th. Both lists keep their order. Corpora are often
// sorted, by title or by book, so that a share taken from the end would be of another kind
// than the rest; and a rule without a seed keeps the same documents out of every run. Share 0 sets
// none aside.
//
// It returns an error unless 0 <= share < 1 and, for a share above 0, both lists get
// a document.
func SplitDocs(docs []string, share float64) (training, validation []string, err error) {
	first, second, err := split(len(docs), share, "documents")
	if err != nil {
		return nil, nil, wrap(err)
	}
	if second == nil {
		return docs, nil, nil
	}
	pick := func(list []int) []string {
		picked := make([]string, len(list))
		for i, k := range list {
			picked[i] = docs[k]
		}
		return picked
	}
	return pick(first), pick(second), nil
}

// split is the rule of SplitDocs for n things. For share 0 validation is nil.
func split(n int, share float64, things string) (training, validation []int, err error) {
	if !(share >= 0 && share < 1) {
		return nil, nil, apierror.Errorf("validation share is %v: want 0 or more and less than 1", share)
	}
	if share == 0 {
		return nil, nil, nil
	}
	for i := range n {
		if math.Floor(float64(i+1)*share) > math.Floor(float64(i)*share) {
			validation = append(validation, i)
		} else {
			training = append(training, i)
		}
	}
	if len(training) == 0 || len(validation) == 0 {
		return nil, nil, apierror.Errorf("a validation share of %v splits %d %s into %d for training and %d for validation: want at least 1 of each",
			share, n, things, len(training), len(validation))
	}
	return training, validation, nil
}
