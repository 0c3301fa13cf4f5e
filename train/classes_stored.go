package train

import (
	"encoding/json"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

// storedClasses is a Classes and its Options as the JSON of a checkpoint has them. The
// names of the classes are in the model's configuration.
type storedClasses struct {
	storedVocabulary
	UnicodePunctuation bool            `json:"unicode_punctuation"`
	Embedding          int             `json:"embedding"`
	Layers             json.RawMessage `json:"layers"`
	Dropout            *storedDropout  `json:"dropout,omitempty"`
	Length             int             `json:"length"`
	storedRun
	storedTokens
}

// stored returns what a checkpoint has of the options.
func (t *Classes) stored(o *Options) storedClasses {
	vocabulary, tokens := storeVocabulary(t.Vocabulary)
	s := storedClasses{
		storedVocabulary: vocabulary, storedTokens: tokens,
		UnicodePunctuation: t.Vocabulary.UnicodePunctuation, Embedding: t.Embedding,
		Layers: model.AppendLayers(nil, t.Layers), Length: t.Length, storedRun: storeRun(o),
	}
	if t.Dropout != (Dropout{}) {
		s.Dropout = (*storedDropout)(&t.Dropout)
	}
	return s
}

// classCheckpoint is what the checkpoint of a Classes holds as JSON.
type classCheckpoint struct {
	Version int    `json:"version"`
	Corpus  string `json:"corpus"` // SHA-256 of the encoded documents and their classes
	Source  Source `json:"source,omitzero"`
	storedClasses
	progress
}

func (t *Classes) checkpoint(o *Options, p progress) any {
	return classCheckpoint{checkpointVersion, t.hash, o.Source, t.stored(o), p}
}

// resumed is called with the file that open has read the model from.
func (t *Classes) resumed(f *weights.File) (*resumedRun, error) {
	c, err := parseCheckpoint[classCheckpoint](f)
	if err != nil {
		return nil, err
	}
	task := &Classes{
		Names: t.model.Config.Classes, Vocabulary: vocabularyOf(c.storedVocabulary, c.UnicodePunctuation, c.storedTokens),
		Embedding: c.Embedding, Length: c.Length,
	}
	if task.Layers, err = readLayers(c.Layers); err != nil {
		return nil, err
	}
	if c.Dropout != nil {
		task.Dropout = Dropout(*c.Dropout)
	}
	o, err := c.storedRun.options()
	if err != nil {
		return nil, err
	}
	o.Source, task.hash = c.Source, c.Corpus
	return &resumedRun{task, o, c.Corpus, c.progress}, nil
}

func (t *Classes) record(o *Options) Record {
	n := t.data.training.Len()
	if t.data.validation != nil {
		n += t.data.validation.Len()
	}
	return Record{
		Source: o.Source, Documents: n, Data: t.hash,
		Options: recordOptions(struct {
			storedClasses
			Epochs int `json:"epochs,omitempty"` // hides that of the options
		}{t.stored(o), 0}),
	}
}
