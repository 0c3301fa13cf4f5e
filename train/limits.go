package train

import (
	"maps"
	"math"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// Checks before a run begins, so that a run does not fail at its end.

// Room in a checkpoint's header besides the vocabulary: for options, for each tensor, and
// for an epoch of the history, longest numbers and escapes included.
const (
	headerFixed  = 16 << 10
	headerTensor = 160
	headerEpoch  = 256
)

// checkHeader refuses a run whose checkpoints, with the given free metadata, would
// not fit weights.MaxHeader.
func (t *Text) checkHeader(tok *tokenizer.Tokenizer, o *Options, free map[string]string) error {
	total, err := headerBytes(tok, len(t.Layers), o, free)
	if err != nil || total <= weights.MaxHeader {
		return err
	}
	return optionErr("%d words and the losses of %d epochs would take up to %d bytes of a checkpoint's header, which has room for %d: lower %s (%d) or %s (%d)",
		tok.Len(), o.Epochs, total, weights.MaxHeader, vocabularyOption("VocabularySize"), t.Vocabulary.VocabularySize, option("Epochs"), o.Epochs)
}

// headerBytes returns the most that the header of a checkpoint takes, with a vocabulary,
// so many layers, and further metadata.
func headerBytes(tok *tokenizer.Tokenizer, layers int, o *Options, more map[string]string) (int64, error) {
	text, err := tok.MarshalJSON()
	if err != nil {
		return 0, apierror.Errorf("the vocabulary cannot be saved: %w", err)
	}
	meta := map[string]string{model.KeyTokenizer: string(text)}
	maps.Copy(meta, more)
	size, err := (&weights.File{Metadata: meta}).Size()
	if err != nil {
		return 0, apierror.Errorf("the vocabulary cannot be saved: %w", err)
	}
	tensors := int64(layers-1) * 20 * headerTensor // of one layer they fit headerFixed
	return size + headerFixed + tensors + headerEpoch*int64(o.Epochs), nil
}

// checkMemory refuses a run that would take more than MaxBytes, or more than can
// be addressed.
func (t *Text) checkMemory(symbols int, o *Options) error {
	return o.checkMemory(t.memory(symbols, o), "%s (%d), %s (%d) or the sizes of %s",
		option("BatchSize"), o.BatchSize, option("Length"), t.Length, option("Layers"))
}

// memory returns the bytes that MaxBytes limits.
func (t *Text) memory(symbols int, o *Options) int64 {
	size := t.batches(o)
	m := stackMemory{net: t.config(symbols).Sizes(), symbols: symbols, embedding: t.Embedding, outputs: symbols}
	n := m.bytes(size, size.Rows, o) + t.data.bytes()
	if t.Stream { // states: carried, of other passes, before a step, and in each layer
		for _, width := range t.config(symbols).Widths()[1:] {
			n += 4 * 4 * 2 * int64(size.Sequences) * int64(width)
		}
	}
	return n
}

// A stackMemory is what a run takes for a network over symbols.
type stackMemory struct {
	net                         layers.Sizes
	symbols, embedding, outputs int
}

// bytes returns the memory of a run with batches of up to a size and so many rows that
// the output layer computes. All factors have been checked to fit 24 bits or fewer, rows
// aside, which are no more than BatchSize·Length.
func (m *stackMemory) bytes(size layers.BatchSize, outputRows int, o *Options) int64 {
	B, T, rows := int64(size.Sequences), int64(size.Steps), int64(size.Rows)
	V, E, net := int64(m.symbols), int64(m.embedding), m.net
	panels := int64(kernels.PanelsLen(1, m.outputs))
	copies := 2 + int64(len(o.Optimizer.Slots())) // weights, gradients, the optimiser's state
	if o.Average > 0 {
		copies++
	}
	if o.Best {
		copies++
	}
	chunk := int64(chunkRows(min(outputRows, math.MaxInt32), m.outputs, o.Threads)) + 1
	held := net.Packed*copies + net.Transposed +
		rows*(E+net.Row+3) + B*net.Sequence + T*(B+1) + // activations
		chunk*panels // logits
	// At the end of an epoch a checkpoint copies all but embeddings and gradients,
	// and then a Snapshot that is read again as a model is three copies. Run collects
	// the garbage in between: otherwise the collector would wait until there is as much
	// garbage as live memory, gradients and moments included.
	passing := max((copies-1)*(net.Packed-V*E), 3*net.Packed)
	return 4 * (held + passing)
}

// documentBytes returns the memory that documents take: the text, the strings of the
// corpus that point to it, and those of SplitDocs.
func documentBytes(docs []string, o *Options) int64 {
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
func errDocuments(o *Options) error {
	return optionErr("%w, %s: raise %s, or use fewer documents", errDataBytes, mebibytes(o.MaxBytes), option("MaxBytes"))
}
