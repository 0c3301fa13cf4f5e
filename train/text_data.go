package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

func (t *Text) create(o *Options) error {
	training, _, err := t.split(o)
	if err != nil {
		return err
	}
	tok, err := learnWords(training, t.Vocabulary, t.documentBytes(o), o)
	if err != nil {
		return err
	}
	config := t.config(tok.Len())
	if err := config.Check(); err != nil {
		return apierror.Errorf("the model would be too large: %w", err)
	}
	if err := t.checkHeader(tok, o, nil); err != nil {
		return err
	}
	if err := t.encode(tok, o); err != nil {
		return err
	}
	if err := t.checkMemory(tok.Len(), o); err != nil {
		return err
	}
	t.model = model.New(config, tok)
	initialise(t.model.Stack, o.Seed, t.InitialRange)
	t.hash = t.data.hash()
	return nil
}

func (t *Text) open(f *weights.File) (err error) {
	t.model, err = model.FromFile(f)
	return err
}

func (t *Text) admit(o *Options, hash string) error {
	m := t.model
	if err := prepareMetadata(m.Metadata); err != nil {
		return err
	}
	if want := t.config(m.Config.Symbols); !m.Config.Equal(want) {
		return apierror.Errorf("the model is %s, its options say %s: the file is damaged", m.Config, want)
	}
	if err := checkTokenizer(m.Tokenizer, t.Vocabulary); err != nil {
		return err
	}
	if err := t.checkHeader(m.Tokenizer, o, m.Metadata); err != nil {
		return err
	}
	if err := t.encode(m.Tokenizer, o); err != nil {
		return err
	}
	if t.hash = t.data.hash(); hash != "" && t.hash != hash {
		return errors.New("the documents are not those that the run began with")
	}
	return t.checkMemory(m.Config.Symbols, o)
}

// A textData is the training data of a run and its validation data, which may be nil.
type textData struct {
	training, validation *Dataset
	documents            int64 // bytes of memory that the documents and the vocabulary take
}

// split returns the documents to learn from and those for validation.
func (t *Text) split(o *Options) (training, validation []string, err error) {
	switch {
	case t.ValidationDocuments != nil:
		return t.Documents, t.ValidationDocuments, nil
	case t.Stream:
		return splitStream(t.Documents, o.Validation)
	}
	return SplitDocs(t.Documents, o.Validation)
}

// documentBytes returns the memory that all documents take.
func (t *Text) documentBytes(o *Options) int64 {
	n := documentBytes(t.Documents, o)
	if t.ValidationDocuments != nil {
		n += documentBytes(t.ValidationDocuments, o)
	}
	return n
}

// encode splits the documents and encodes both parts.
func (t *Text) encode(tok *tokenizer.Tokenizer, o *Options) error {
	training, validation, err := t.split(o)
	if err != nil {
		return err
	}
	var data textData
	data.documents = t.documentBytes(o) + vocabularyBytes(tok)
	left := o.MaxBytes - data.documents
	for _, part := range []struct {
		docs []string
		to   **Dataset
		name string
	}{{training, &data.training, "documents"}, {validation, &data.validation, "documents set aside for validation"}} {
		if part.docs == nil && part.to == &data.validation {
			continue
		}
		d, err := t.newDataset(part.docs, tok, data.training, o, left)
		if errors.Is(err, errDataBytes) {
			return errDocuments(o)
		}
		var missing *missingUnit
		if errors.As(err, &missing) {
			return t.missing(missing, part.to == &data.validation, len(part.docs), tok.Len(), o)
		}
		if err != nil {
			return err
		}
		if positionsOf(d, 0, d.Len(), t.CountPadding) == 0 {
			return apierror.Errorf("the %s hold no %ss to predict", part.name, tok.Options().Unit)
		}
		left -= d.bytes()
		*part.to = d
	}
	t.data = data
	return nil
}

// newDataset encodes documents: those to learn from, where training is nil, or those for
// validation. The stream of the latter goes on behind the last id of the former.
func (t *Text) newDataset(docs []string, tok *tokenizer.Tokenizer, training *Dataset, o *Options, maxBytes int64) (*Dataset, error) {
	options := t.dataset(o)
	if !t.Stream {
		return newDataset(docs, tok, options, maxBytes)
	}
	part := streamPart{before: -1, goesOn: t.cutInside(docs, o)}
	if training != nil {
		part = streamPart{before: int(training.ids[len(training.ids)-1])}
	}
	return newStream(docs, tok, options, part, maxBytes)
}

// cutInside reports whether the last of the documents to learn from, a part of the stream, is
// the first part of one whose rest is for validation.
func (t *Text) cutInside(training []string, o *Options) bool {
	n := len(training)
	return t.ValidationDocuments == nil && o.Validation > 0 && n > 0 && len(training[n-1]) < len(t.Documents[n-1])
}

// hash returns the SHA-256 of the encoded documents, in hexadecimal. Sequences of
// cut documents are hashed with their padding, which version 1 always had. Windows are
// hashed with one stop, which tells them from longer ones.
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
				buf = binary.LittleEndian.AppendUint32(buf, uint32(d.stop))
			}
			h.Write(buf)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// batches returns the size of the largest batches.
func (t *Text) batches(o *Options) layers.BatchSize {
	s := sizeOf(t.data.training, o.BatchSize, t.CountPadding)
	if v := t.data.validation; v != nil { // it has batches of the same size
		s = largest(s, sizeOf(v, o.BatchSize, t.CountPadding))
	}
	return s
}

// hasPadding reports whether positions that read padding count.
func (t *Text) hasPadding() bool {
	padding := int64(0)
	for _, d := range []*Dataset{t.data.training, t.data.validation} {
		if d != nil {
			padding += positionsOf(d, 0, d.Len(), t.CountPadding) - positionsOf(d, 0, d.Len(), false)
		}
	}
	return padding > 0
}

// bytes returns the memory that documents, vocabulary and sequences take.
func (d textData) bytes() int64 {
	n := d.documents + d.training.bytes()
	if d.validation != nil {
		n += d.validation.bytes()
	}
	return n
}
