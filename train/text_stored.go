package train

import (
	"encoding/json"
	"errors"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

// storedText is a Text and its Options as the JSON of a checkpoint has them, in the
// order of the first version. Members that it did not have are left out at their
// defaults: layers is left out for one LSTM, which units describes. Two members hold the
// opposite of a field: ignore_padding that of CountPadding, as in the first version, and
// windows, left out when false, that of CutLong.
type storedText struct {
	storedVocabulary
	UnicodePunctuation bool            `json:"unicode_punctuation,omitempty"`
	Embedding          int             `json:"embedding"`
	Units              int             `json:"units,omitempty"`
	Layers             json.RawMessage `json:"layers,omitempty"`
	Tied               bool            `json:"tied,omitempty"`
	Dropout            *storedDropout  `json:"dropout,omitempty"`
	Length             int             `json:"length"`
	storedSteps
	IgnorePadding bool `json:"ignore_padding"`
	Windows       bool `json:"windows,omitempty"`
	storedEpochs
	Stream        bool    `json:"stream,omitempty"`
	OwnValidation bool    `json:"own_validation,omitempty"` // ValidationDocuments
	InitialRange  float64 `json:"initial_range,omitempty"`
	storedTokens
}

type storedDropout struct {
	Embedding float64 `json:"embedding"`
	Layers    float64 `json:"layers"`
	Output    float64 `json:"output"`
	Locked    bool    `json:"locked,omitempty"`
}

// stored returns what a checkpoint has of the options.
func (t *Text) stored(o *Options) storedText {
	vocabulary, tokens := storeVocabulary(t.Vocabulary)
	run := storeRun(o)
	s := storedText{
		storedVocabulary: vocabulary, storedTokens: tokens, storedSteps: run.storedSteps, storedEpochs: run.storedEpochs,
		UnicodePunctuation: t.Vocabulary.UnicodePunctuation, Embedding: t.Embedding, Tied: t.Tied, Length: t.Length,
		IgnorePadding: !t.CountPadding, Windows: !t.CutLong,
		Stream: t.Stream, OwnValidation: t.ownValidation(), InitialRange: t.InitialRange,
	}
	text := string(model.AppendLayers(nil, t.Layers))
	if units := t.Layers[0].OutLen(t.Embedding); text == string(model.AppendLayers(nil, oneLSTM(units))) {
		s.Units = units
	} else {
		s.Layers = json.RawMessage(text)
	}
	if t.Dropout != (Dropout{}) {
		s.Dropout = (*storedDropout)(&t.Dropout)
	}
	return s
}

// options returns the task and the options that s stands for.
func (s *storedText) options() (*Text, Options, error) {
	t := &Text{
		Vocabulary: vocabularyOf(s.storedVocabulary, s.UnicodePunctuation, s.storedTokens),
		Embedding:  s.Embedding, Tied: s.Tied, Length: s.Length,
		CountPadding: !s.IgnorePadding, CutLong: !s.Windows,
		Stream: s.Stream, InitialRange: s.InitialRange,
	}
	run := storedRun{s.storedSteps, s.storedEpochs}
	o, err := run.options()
	if err != nil {
		return nil, o, err
	}
	if s.Dropout != nil {
		t.Dropout = Dropout(*s.Dropout)
	}
	if s.OwnValidation {
		t.ValidationDocuments = []string{} // the documents themselves come with the resumed run
	}
	t.Layers = oneLSTM(s.Units)
	if s.Layers != nil {
		if t.Layers, err = readLayers(s.Layers); err != nil {
			return nil, o, err
		}
		if s.Units != 0 {
			return nil, o, errors.New("there are layers and units")
		}
	}
	return t, o, nil
}

// textCheckpoint is what the checkpoint of a Text holds as JSON.
type textCheckpoint struct {
	Version int    `json:"version"`
	Corpus  string `json:"corpus"` // SHA-256 of the encoded documents
	Source  Source `json:"source,omitzero"`
	storedText
	progress
}

func (t *Text) checkpoint(o *Options, p progress) any {
	return textCheckpoint{checkpointVersion, t.hash, o.Source, t.stored(o), p}
}

func (t *Text) resumed(f *weights.File) (*resumedRun, error) {
	c, err := parseCheckpoint[textCheckpoint](f)
	if err != nil {
		return nil, err
	}
	task, o, err := c.options()
	if err != nil {
		return nil, err
	}
	o.Source, task.hash = c.Source, c.Corpus
	return &resumedRun{task, o, c.Corpus, c.progress}, nil
}

func (t *Text) record(o *Options) Record {
	return Record{
		Source: o.Source, Documents: len(t.Documents), Data: t.hash,
		Options: recordOptions(struct {
			storedText
			Epochs int `json:"epochs,omitempty"` // hides that of the options
		}{t.stored(o), 0}),
	}
}
