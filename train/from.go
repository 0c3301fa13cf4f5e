package train

import (
	"encoding/hex"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// From begins a run of a task as New does, with the weights of the model at path, and its
// vocabulary, in place of first weights: for more training, on other data, or after training
// elsewhere. What describes the model, such as layers and the names of classes, is the
// model's: such fields of the task must be zero or agree with it. Length may be another
// one, and so may Dropout be, which no model has.
//
// The run is a new one, with its own options, optimiser and epochs; its Source has the
// checksum of the model. It can be resumed like any other.
//
// Beside the errors of New it returns one if the file cannot be read, is of another kind of
// model or disagrees with the task.
func From(path string, task Task, o *Options) (*Trainer, error) {
	var options Options
	if o != nil {
		options = *o
	}
	f, _, err := readVersioned(path)
	var t *Trainer
	if err == nil {
		t, err = from(f, task, options)
	}
	if err != nil {
		return nil, wrap(apierror.Errorf("cannot begin with %s: %w", path, err))
	}
	return t, nil
}

// from is From with the content of a file.
func from(f *weights.File, task Task, o Options) (*Trainer, error) {
	if err := task.open(f); err != nil {
		return nil, err
	}
	sum, err := f.Sum()
	if err != nil {
		return nil, err
	}
	o.Source.Weights = "sha256:" + hex.EncodeToString(sum[:]) // as the file has it
	if err := task.describe(); err != nil {
		return nil, err
	}
	if err := settle(task, &o); err != nil {
		return nil, err
	}
	if err := task.admit(&o, ""); err != nil {
		return nil, err
	}
	t := newTrainer(task, o)
	return t, t.checkSchedule()
}

// agree returns an error if a field of the task is set and is not what the model has.
func agree[T comparable](field string, now, model T) error {
	var zero T
	if now != zero && now != model {
		return optionErr("%s is %v, and of the model to begin with %v: leave it out", option(field), now, model)
	}
	return nil
}

// agreeLayers is agree for layers.
func agreeLayers(now, model []layers.Spec) error {
	return agree("Layers", layers.FormatSpecs(now), layers.FormatSpecs(model))
}

// describeVocabulary returns the options that describe the vocabulary of a model; v are those that
// the task has, which must be zero.
func describeVocabulary(tok *tokenizer.Tokenizer, v tokenizer.Options) (tokenizer.Options, error) {
	most := v.MaxBytes
	if v.MaxBytes = 0; v != (tokenizer.Options{}) {
		return v, optionErr("%s is set, and the model to begin with has a vocabulary: leave it out", option("Vocabulary"))
	}
	v = tok.Options()
	v.VocabularySize, v.MaxBytes = tok.Len(), most
	return v, nil
}

// describe implements Task.
func (t *Text) describe() error {
	c := &t.model.Config
	if t.Length != 0 {
		c.Length = t.Length
	}
	var err error
	if t.Vocabulary, err = describeVocabulary(t.model.Tokenizer, t.Vocabulary); err != nil {
		return err
	}
	for _, err := range []error{
		agree("Embedding", t.Embedding, c.Embedding),
		agreeLayers(t.Layers, c.Layers),
		agree("Tied", t.Tied, c.Tied),
		agree("InitialRange", t.InitialRange, 0),
	} {
		if err != nil {
			return err
		}
	}
	t.Embedding, t.Layers, t.Tied, t.Length = c.Embedding, c.Layers, c.Tied, c.Length
	return nil
}

// describe implements Task.
func (t *Classes) describe() error {
	c := &t.model.Config
	if t.Length != 0 {
		c.Length = t.Length
	}
	var err error
	if t.Vocabulary, err = describeVocabulary(t.model.Tokenizer, t.Vocabulary); err != nil {
		return err
	}
	if err := agree("Embedding", t.Embedding, c.Embedding); err != nil {
		return err
	}
	if err := agreeLayers(t.Layers, c.Layers); err != nil {
		return err
	}
	if t.Names == nil {
		t.Names = c.Classes
	}
	t.Embedding, t.Layers, t.Length = c.Embedding, c.Layers, c.Length
	return nil
}

// describe implements Task. The model and the set must be of images of one size.
func (t *Images) describe() error {
	switch s := t.model.Config.PixelSpec.(type) {
	case layers.PixelCNN:
		if t.Mixture != nil {
			return optionErr("%s is set, and the model to begin with has none: leave it out", option("Mixture"))
		}
		for _, err := range []error{agree("Filters", t.Filters, s.Filters), agree("Blocks", t.Blocks, s.Blocks), agree("Kernel", t.Kernel, s.Kernel)} {
			if err != nil {
				return err
			}
		}
		t.Filters, t.Blocks, t.Kernel = s.Filters, s.Blocks, s.Kernel
	case layers.PixelCNNMixture:
		var m Mixture
		if t.Mixture != nil {
			m = *t.Mixture
		}
		for _, err := range []error{
			agree("Filters", t.Filters, s.Filters), agree("Blocks", t.Blocks, s.Blocks),
			agree("Components", m.Components, s.Components), agree("Resolutions", m.Resolutions, s.Resolutions),
			agree("Rows", m.Rows, s.Rows), agree("Cols", m.Cols, s.Cols),
			agree("Activation", m.Activation, s.Activation), agree("Direct", m.Direct, s.Direct),
		} {
			if err != nil {
				return err
			}
		}
		t.Filters, t.Blocks = s.Filters, s.Blocks
		t.Mixture = &Mixture{s.Components, s.Resolutions, s.Rows, s.Cols, s.Activation, m.Dropout, s.Direct, s.Condition > 0}
	}
	return nil
}
