package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
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

	pass      *pass
	optimiser *optimiser
	best      *layers.Stack // weights of the best epoch; nil without Patience
	progress  progress
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
	if err := options.checkHeader(tok); err != nil {
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
	t := &Trainer{options: o, model: m, progress: progress{Power1: 1, Power2: 1}}
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
	t.optimiser = newOptimiser(m.Stack, t.pass.back.grad, o.LearningRate, o.ClipNorm, t.pass.threads)
	if o.Patience > 0 {
		t.best = newLike(m.Stack)
	}
	return t, nil
}

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

// History returns the epochs that have ended, those before a resume included;
// what has to do with time is 0 in it.
func (t *Trainer) History() []EpochStats {
	var list []EpochStats
	for i := range t.progress.History {
		list = append(list, t.epochStats(i))
	}
	return list
}

// Snapshot returns the model as it is now, as the content of a model file. It is a
// copy: training may go on.
func (t *Trainer) Snapshot() *weights.File { return snapshot(t.model, t.model.Stack) }

// Model returns the run's result so far: with Patience the weights of the best
// epoch, otherwise the same as Snapshot.
func (t *Trainer) Model() *weights.File {
	if t.best != nil && t.progress.Best > 0 {
		return snapshot(t.model, t.best)
	}
	return t.Snapshot()
}

// SaveModel writes Model to path, atomically: see weights.WriteFile.
func (t *Trainer) SaveModel(path string) error {
	if err := weights.WriteFile(path, t.Model()); err != nil {
		return fmt.Errorf("train: the model is not saved: %w", inner{err})
	}
	return nil
}

// snapshot returns the file of m with the weights of net.
func snapshot(m *model.Text, net *layers.Stack) *weights.File {
	f := (&model.Text{Config: m.Config, Tokenizer: m.Tokenizer, Stack: net}).File()
	for i := range f.Tensors {
		if t := &f.Tensors[i]; t.Name == nameEmbedding { // the others are copies
			t.Data = slices.Clone(t.Data)
		}
	}
	return f
}
