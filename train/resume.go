package train

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

// checkpoint is what the checkpoint of a Trainer holds as JSON.
type checkpoint struct {
	Version int    `json:"version"`
	Corpus  string `json:"corpus"` // SHA-256 of the encoded documents
	Source  Source `json:"source,omitzero"`
	storedOptions
	progress
}

func (t *Trainer) checkpoint() any {
	return checkpoint{checkpointVersion, t.corpus, t.options.Source, t.options.stored(), t.progress}
}

// Resume continues the run that the checkpoint at path holds, with the documents
// that it began with. Nil options, and zero fields, take what the checkpoint has;
// other fields must agree with it, except for Epochs, which may be anything from
// the epoch under way on, and Threads and MaxBytes, which no checkpoint has. The
// run goes on to the bytes that it would have given without interruption.
//
// It returns an error if the file cannot be read or is not a sound checkpoint, if
// an option differs, and if the documents are others.
func Resume(path string, docs []string, o *Options) (*Trainer, error) {
	if o == nil {
		o = &Options{}
	}
	f, version, err := readVersioned(path)
	var t *Trainer
	if err == nil {
		t, err = resume(f, docs, *o)
	}
	if err != nil {
		return nil, fmt.Errorf("train: cannot resume from %s: %w", path, inner{err})
	}
	t.note(path, version)
	return t, nil
}

// resume is Resume from the content of a file.
func resume(f *weights.File, docs []string, o Options) (*Trainer, error) {
	m, err := model.FromFile(f) // says first if the model is of another kind
	if err != nil {
		return nil, err
	}
	c, err := parseCheckpoint[checkpoint](f)
	if err != nil {
		return nil, err
	}
	options, err := c.merge(o)
	if err != nil {
		return nil, err
	}
	if err := prepareMetadata(m.Metadata); err != nil {
		return nil, err
	}
	if want := options.config(m.Config.Symbols); m.Config != want {
		return nil, fmt.Errorf("the model is %+v, its options say %+v: the file is damaged", m.Config, want)
	}
	if err := options.checkHeader(m.Tokenizer, m.Metadata); err != nil {
		return nil, err
	}
	data, err := options.encode(docs, m.Tokenizer)
	if err != nil {
		return nil, err
	}
	if data.hash() != c.Corpus {
		return nil, errors.New("the documents are not those that the run began with")
	}
	if err := options.checkMemory(m.Config.Symbols, data); err != nil {
		return nil, err
	}
	t := assemble(m, data, options)
	if err := t.restore(f, c.progress); err != nil {
		return nil, err
	}
	return t, nil
}

// merge returns the options of the run from those of the checkpoint and those
// asked for now.
func (c *checkpoint) merge(o Options) (Options, error) {
	was := c.options()
	was.Threads, was.MaxBytes = 1, 1
	was.Source = c.Source
	if err := cmp.Or(was.check(), c.Source.check()); err != nil {
		return was, fmt.Errorf("the checkpoint is damaged: %w", inner{err})
	}
	var d comparison
	same(&d, "Vocabulary", was.Vocabulary, o.Vocabulary)
	same(&d, "KeepCase", was.KeepCase, o.KeepCase)
	same(&d, "StripPunctuation", was.StripPunctuation, o.StripPunctuation)
	same(&d, "UnicodePunctuation", was.UnicodePunctuation, o.UnicodePunctuation)
	same(&d, "Embedding", was.Embedding, o.Embedding)
	same(&d, "Units", was.Units, o.Units)
	same(&d, "Length", was.Length, o.Length)
	same(&d, "CountPadding", was.CountPadding, o.CountPadding)
	same(&d, "CutLong", was.CutLong, o.CutLong)
	was.schedule().compare(&d, o.schedule())
	if d.err != nil {
		return was, d.err
	}
	if o.Epochs != 0 {
		was.Epochs = o.Epochs
	}
	was.Source, was.Threads, was.MaxBytes = c.Source.or(o.Source), o.Threads, o.MaxBytes
	was = was.withDefaults()
	if err := was.check(); err != nil {
		return was, err
	}
	return was, c.checkEpochs(was.Epochs)
}
