package train

import (
	"fmt"
	"maps"
	"math"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/tokenizer"
)

// What is refused before a run begins, so that it is not lost at its end.

// Room in a checkpoint's header beside the vocabulary: for tensors and options, and
// for what an epoch adds to the history, longest numbers and escapes included.
const (
	headerFixed = 16 << 10
	headerEpoch = 256
)

// checkHeader refuses a run whose checkpoints, with the given free metadata, would
// not fit weights.MaxHeader.
func (o Options) checkHeader(tok *tokenizer.Tokenizer, free map[string]string) error {
	text, err := tok.MarshalJSON()
	if err != nil {
		return fmt.Errorf("train: the vocabulary cannot be saved: %w", inner{err})
	}
	meta := map[string]string{model.KeyTokenizer: string(text)}
	maps.Copy(meta, free)
	size, err := (&weights.File{Metadata: meta}).Size()
	if err != nil {
		return fmt.Errorf("train: the vocabulary cannot be saved: %w", inner{err})
	}
	total := size + headerFixed + headerEpoch*int64(o.Epochs)
	if total <= weights.MaxHeader {
		return nil
	}
	return fmt.Errorf("train: %d words and the losses of %d epochs would take up to %d bytes of a checkpoint's header, which has room for %d: lower Vocabulary (%d) or Epochs (%d)",
		tok.Len(), o.Epochs, total, weights.MaxHeader, o.Vocabulary, o.Epochs)
}

// checkMemory refuses a run that would take more than MaxBytes, or more than can
// be addressed.
func (o Options) checkMemory(symbols int, data textData) error {
	return o.schedule().checkMemory(o.memory(symbols, data), fmt.Sprintf("BatchSize (%d), Length (%d) or Units (%d)", o.BatchSize, o.Length, o.Units))
}

// memory returns the bytes that MaxBytes limits. All factors have been checked to
// fit 24 bits or fewer, rows aside, which are no more than BatchSize·Length.
func (o Options) memory(symbols int, data textData) int64 {
	size := data.batches(o)
	B, T, rows := int64(size.sequences), int64(size.steps), int64(size.rows)
	V, E, H := int64(symbols), int64(o.Embedding), int64(o.Units)
	gates := int64(kernels.GateCols(o.Units))
	panels := int64(kernels.PanelsLen(1, symbols))
	params := V*E + gates*(E+H+1) + panels*(H+1)
	copies := int64(4) // weights, gradients, two moments
	if o.Patience > 0 {
		copies++
	}
	chunk := int64(chunkRows(int(min(rows, math.MaxInt32)), symbols, o.Threads)) + 1
	held := params*copies +
		V*(H+64) + gates*(E+H+128) + // transposed copies
		rows*(E+gates+4*H+3) + B*3*H + T*(B+1) + // activations
		chunk*panels // scores
	// At the end of an epoch a checkpoint copies all but embeddings and gradients,
	// and then a Snapshot that is read again as a model is three copies. Run collects
	// the garbage in between. Left to itself the collector would wait until there is
	// as much of it as of what is alive, gradients and moments included.
	passing := max((copies-1)*(params-V*E), 3*params)
	return 4*(held+passing) + data.bytes()
}

// documentBytes returns the memory that documents take: the text, what points to it, as
// a Corpus has it, and what SplitDocs makes.
func (o Options) documentBytes(docs []string) int64 {
	n := int64(len(docs)) * (perDoc + 4)
	if o.Validation > 0 {
		n += int64(len(docs)) * (perDoc + 18)
	}
	for _, doc := range docs {
		n += int64(len(doc))
	}
	return n
}

// vocabularyBytes returns the memory that a vocabulary takes: its lists, its map, and
// its JSON in what is saved.
func vocabularyBytes(tok *tokenizer.Tokenizer) (n int64) {
	for id := range tok.Len() {
		n += 200 + 6*int64(len(tok.Word(id)))
	}
	return n
}

// errDocuments is the error for documents that leave no memory for a run.
func (o Options) errDocuments() error {
	return fmt.Errorf("train: %w, %s: raise MaxBytes, or use fewer documents", errDataBytes, mebibytes(o.MaxBytes))
}

// bytes returns the memory that documents, vocabulary and sequences take.
func (d textData) bytes() int64 {
	n := d.documents + d.training.bytes()
	if d.validation != nil {
		n += d.validation.bytes()
	}
	return n
}
