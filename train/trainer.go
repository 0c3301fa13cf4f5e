package train

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
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
	corpus     string   // hash of the ids of both

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
	tok, err := tokenizer.Learn(slices.Values(learn), options.tokenizer())
	if err != nil {
		return nil, fmt.Errorf("train: %w", inner{err})
	}
	config := options.config(tok.Len())
	if err := config.Check(); err != nil {
		return nil, fmt.Errorf("train: the model would be too large: %w", inner{err})
	}
	if err := options.checkHeader(tok, nil); err != nil {
		return nil, err
	}
	if err := options.checkMemory(tok.Len(), len(docs)); err != nil {
		return nil, err
	}
	m := model.New(config, tok)
	initialise(m.Stack, options.Seed)
	return assemble(m, docs, options)
}

// assemble makes a run of a model, at its start.
func assemble(m *model.Text, docs []string, o Options) (*Trainer, error) {
	t := &Trainer{options: o, model: m}
	learn, judge, err := SplitDocs(docs, o.Validation)
	if err != nil {
		return nil, err
	}
	if t.training, err = NewDataset(learn, m.Tokenizer, o.Length); err != nil {
		return nil, err
	}
	if len(judge) > 0 {
		if t.validation, err = NewDataset(judge, m.Tokenizer, o.Length); err != nil {
			return nil, err
		}
	}
	for _, d := range []*Dataset{t.training, t.validation} {
		if d != nil && positions(d, o.IgnorePadding) == 0 {
			return nil, errors.New("train: without padding no position is left to count: the documents hold no words")
		}
	}
	t.corpus = corpusHash(t.training, t.validation)

	// Validation cuts batches of the same size.
	batch := t.training.Len()
	if t.validation != nil {
		batch = max(batch, t.validation.Len())
	}
	t.pass = newPass(m.Stack, min(o.BatchSize, batch), o.Length, o.Threads, true)
	// The items are batches, which always hold the same documents.
	t.run = run{items: t.training.Batches(o.BatchSize), perStep: 1, judged: t.validation != nil}
	t.begin(t, o.schedule(), textNetwork{m.Stack}, textNetwork{t.pass.back.grad}, t.pass.threads)
	return t, nil
}

// gradients is of one item, a batch.
func (t *Trainer) gradients(items []int) (sum float64, n int64) {
	lo, hi := t.training.Batch(items[0], t.options.BatchSize)
	t.pass.load(t.training, lo, hi, t.options.IgnorePadding)
	t.pass.forward()
	sum = t.pass.addLosses(0)
	t.pass.back.run()
	return sum, int64(t.pass.n)
}

func (t *Trainer) validate(ctx context.Context) (Evaluation, error) {
	return evaluate(ctx, t.pass, t.validation, t.options.BatchSize, t.options.IgnorePadding)
}

func (t *Trainer) positions() int64 { return positions(t.training, t.options.IgnorePadding) }

func (t *Trainer) file(net network) *weights.File {
	return (&model.Text{Config: t.model.Config, Tokenizer: t.model.Tokenizer, Stack: net.(textNetwork).Stack, Metadata: t.model.Metadata}).File()
}

func (t *Trainer) measure(*EpochStats) {}

// corpusHash returns the SHA-256 of the encoded documents, in hexadecimal.
func corpusHash(sets ...*Dataset) string {
	h := sha256.New()
	var buf []byte
	for _, d := range sets {
		if d == nil {
			continue
		}
		buf = binary.LittleEndian.AppendUint64(buf[:0], uint64(d.Length))
		buf = binary.LittleEndian.AppendUint64(buf, uint64(d.Len()))
		h.Write(buf)
		for i := range d.Len() {
			buf = buf[:0]
			for _, id := range d.Row(i) {
				buf = binary.LittleEndian.AppendUint32(buf, uint32(id))
			}
			h.Write(buf)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Options returns the options of the run, defaults filled in.
func (t *Trainer) Options() Options { return t.options }

// Training returns the documents that the run learns from.
func (t *Trainer) Training() *Dataset { return t.training }

// Validation returns the documents set aside, or nil.
func (t *Trainer) Validation() *Dataset { return t.validation }

// Tokenizer returns the model's vocabulary.
func (t *Trainer) Tokenizer() *tokenizer.Tokenizer { return t.model.Tokenizer }
