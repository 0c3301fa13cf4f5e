package train

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/tokenizer"
)

// A Trainer is one run of training: a model, the documents it learns from, and
// how far it has come. New starts one, Resume continues one from a checkpoint,
// Run runs it. It is for one goroutine at a time.
type Trainer struct {
	options    Options
	model      *model.Text
	training   *Dataset
	validation *Dataset // nil if no documents are set aside
	corpus     string   // hash of both, see textData.hash

	pass *pass
	run
}

// New begins a run: it sets documents aside for validation, learns a vocabulary
// from the others, encodes both, and draws the weights. nil options mean the zero
// value. The model has as many symbols as the vocabulary has words.
//
// It returns an error for options out of range, documents without a word, a split
// that leaves nothing on one side, a run that would take more than MaxBytes, and a
// vocabulary that a model file could not hold.
func New(docs []string, o *Options) (*Trainer, error) {
	var options Options
	if o != nil {
		options = *o
	}
	options = options.withDefaults()
	if err := options.check(); err != nil {
		return nil, err
	}
	learn, _, err := SplitDocs(docs, options.Validation)
	if err != nil {
		return nil, err
	}
	taken := options.documentBytes(docs)
	words := options.tokenizer()
	if words.MaxBytes = options.MaxBytes - taken; words.MaxBytes <= 0 {
		return nil, options.errDocuments()
	}
	tok, err := tokenizer.Learn(slices.Values(learn), words)
	if err != nil {
		return nil, fmt.Errorf("train: %w", inner{err})
	}
	if taken >= muchGarbage {
		runtime.GC() // what reading the documents and counting their words has left
	}
	config := options.config(tok.Len())
	if err := config.Check(); err != nil {
		return nil, fmt.Errorf("train: the model would be too large: %w", inner{err})
	}
	if err := options.checkHeader(tok, nil); err != nil {
		return nil, err
	}
	data, err := options.encode(docs, tok)
	if err != nil {
		return nil, err
	}
	if err := options.checkMemory(tok.Len(), data); err != nil {
		return nil, err
	}
	m := model.New(config, tok)
	initialise(m.Stack, options.Seed)
	return assemble(m, data, options), nil
}

// A textData is what a run learns from and what it is judged by; the latter may be
// nil.
type textData struct {
	training, validation *Dataset
	documents            int64 // bytes of memory that the documents and the vocabulary take
}

// encode splits documents and encodes both parts.
func (o Options) encode(docs []string, tok *tokenizer.Tokenizer) (data textData, err error) {
	learn, judge, err := SplitDocs(docs, o.Validation)
	if err != nil {
		return data, err
	}
	data.documents = o.documentBytes(docs) + vocabularyBytes(tok)
	left := o.MaxBytes - data.documents
	for _, part := range []struct {
		docs []string
		to   **Dataset
		name string
	}{{learn, &data.training, "documents"}, {judge, &data.validation, "documents set aside for validation"}} {
		if part.docs == nil && part.to == &data.validation {
			continue
		}
		d, err := newDataset(part.docs, tok, o.dataset(), left)
		if errors.Is(err, errDataBytes) {
			return data, o.errDocuments()
		}
		if err != nil {
			return data, fmt.Errorf("train: %w", err)
		}
		if positionsOf(d, 0, d.Len(), o.CountPadding) == 0 {
			return data, fmt.Errorf("train: the %s hold no words", part.name)
		}
		left -= d.bytes()
		*part.to = d
	}
	return data, nil
}

// batches returns the size of the largest batches.
func (d textData) batches(o Options) passSize {
	s := sizeOf(d.training, o.BatchSize, o.CountPadding)
	if d.validation != nil { // it has batches of the same size
		s = s.and(sizeOf(d.validation, o.BatchSize, o.CountPadding))
	}
	return s
}

// padded reports whether positions that read padding count.
func (d textData) padded(o Options) bool {
	padding := positionsOf(d.training, 0, d.training.Len(), o.CountPadding) - positionsOf(d.training, 0, d.training.Len(), false)
	if v := d.validation; v != nil {
		padding += positionsOf(v, 0, v.Len(), o.CountPadding) - positionsOf(v, 0, v.Len(), false)
	}
	return padding > 0
}

// assemble makes a run of a model, at its start.
func assemble(m *model.Text, data textData, o Options) *Trainer {
	t := &Trainer{options: o, model: m, training: data.training, validation: data.validation, corpus: data.hash()}
	t.pass = newPass(m.Stack, data.batches(o), o.Threads, true)
	// The items are batches, which always hold the same sequences.
	t.run = run{items: t.training.Batches(o.BatchSize), perStep: 1, judged: t.validation != nil, padded: data.padded(o)}
	t.begin(t, o.schedule(), textNetwork{m.Stack}, textNetwork{t.pass.back.grad}, t.pass.threads)
	return t
}

// gradients is of one item, a batch.
func (t *Trainer) gradients(items []int) (e Evaluation) {
	lo, hi := t.training.Batch(items[0], t.options.BatchSize)
	t.pass.load(t.training, lo, hi, t.options.CountPadding)
	t.pass.forward()
	t.pass.addLosses(&e, t.training, lo)
	t.pass.back.run()
	return e
}

func (t *Trainer) loss(items []int) Evaluation { return t.gradients(items) }

func (t *Trainer) validate(ctx context.Context) (Evaluation, error) {
	return evaluate(ctx, t.pass, t.validation, t.options.BatchSize, t.options.CountPadding)
}

func (t *Trainer) positions(items []int) (all, words int64) {
	for _, k := range items {
		lo, hi := t.training.Batch(k, t.options.BatchSize)
		all += positionsOf(t.training, lo, hi, t.options.CountPadding)
		words += positionsOf(t.training, lo, hi, false)
	}
	return all, words
}

func (t *Trainer) symbols() int { return t.model.Config.Symbols }

func (t *Trainer) file(net network) *weights.File {
	return (&model.Text{Config: t.model.Config, Tokenizer: t.model.Tokenizer, Stack: net.(textNetwork).Stack, Metadata: t.model.Metadata}).File()
}

func (t *Trainer) measure(*EpochStats) {}

// hash returns the SHA-256 of the encoded documents, in hexadecimal. Sequences of
// cut documents are hashed with their padding, as they were when there were no others.
// Those of windows are so with the one stop that makes them differ from longer ones.
func (d textData) hash() string {
	h := sha256.New()
	var buf []byte
	for _, d := range []*Dataset{d.training, d.validation} {
		if d == nil {
			continue
		}
		buf = binary.LittleEndian.AppendUint64(buf[:0], uint64(d.Length))
		buf = binary.LittleEndian.AppendUint64(buf, uint64(d.Len()))
		h.Write(buf)
		for i := range d.Len() {
			buf = buf[:0]
			row := d.Row(i)
			for _, id := range row {
				buf = binary.LittleEndian.AppendUint32(buf, uint32(id))
			}
			padding := 1
			if d.cut {
				padding = d.Length + 1 - len(row)
			}
			for range padding {
				buf = binary.LittleEndian.AppendUint32(buf, tokenizer.Stop)
			}
			h.Write(buf)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Options returns the options of the run, defaults filled in.
func (t *Trainer) Options() Options { return t.options }

// Training returns the sequences that the run learns from.
func (t *Trainer) Training() *Dataset { return t.training }

// Validation returns the sequences of the documents set aside, or nil.
func (t *Trainer) Validation() *Dataset { return t.validation }

// CountsPadding reports whether padding counts in the losses: Options.CountPadding is
// set and a sequence is shorter than Length.
func (t *Trainer) CountsPadding() bool { return t.padded }

// Tokenizer returns the model's vocabulary.
func (t *Trainer) Tokenizer() *tokenizer.Tokenizer { return t.model.Tokenizer }
