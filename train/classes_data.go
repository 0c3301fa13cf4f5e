package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// A classData is the training data of a run and its validation data, which may be nil.
type classData struct {
	training, validation *ClassDataset
	documents            int64 // bytes of memory that the documents and the vocabulary take
}

func (t *Classes) create(o *Options) error {
	names, classes, err := t.classes()
	if err != nil {
		return err
	}
	learn, _, err := SplitDocs(t.Documents, o.Validation)
	if err != nil {
		return err
	}
	if err := t.checkExamples(names, classes, o); err != nil {
		return err
	}
	tok, err := learnWords(learn, t.Vocabulary, t.documentBytes(o), o)
	if err != nil {
		return err
	}
	config := t.config(tok.Len(), names)
	if err := config.Check(); err != nil {
		return apierror.Errorf("the model would be too large: %w", err)
	}
	if err := t.checkHeader(names, tok, o, nil); err != nil {
		return err
	}
	if err := t.encode(names, classes, tok, o); err != nil {
		return err
	}
	if err := t.checkMemory(tok.Len(), len(names), o); err != nil {
		return err
	}
	t.model = model.NewClassifier(config, tok)
	initialise(t.model.Stack, o.Seed, 0)
	return nil
}

func (t *Classes) open(f *weights.File) (err error) {
	t.model, err = model.ClassifierFromFile(f)
	return err
}

func (t *Classes) admit(o *Options, hash string) error {
	m := t.model
	if err := prepareMetadata(m.Metadata); err != nil {
		return err
	}
	if want := t.config(m.Config.Symbols, m.Config.Classes); !m.Config.Equal(want) {
		return apierror.Errorf("the model is %s, its options say %s: the file is damaged", m.Config, want)
	}
	if err := checkTokenizer(m.Tokenizer, t.Vocabulary); err != nil {
		return err
	}
	names, classes, err := t.classes()
	if err != nil {
		return err
	}
	if err := t.checkExamples(names, classes, o); err != nil {
		return err
	}
	if err := t.checkHeader(names, m.Tokenizer, o, m.Metadata); err != nil {
		return err
	}
	if err := t.encode(names, classes, m.Tokenizer, o); err != nil {
		return err
	}
	if hash != "" && t.hash != hash {
		return errors.New("the documents or their labels are not those that the run began with")
	}
	return t.checkMemory(m.Config.Symbols, len(names), o)
}

// classes returns the names of the classes, and which one each document is of.
func (t *Classes) classes() (names []string, list []int32, err error) {
	if len(t.Labels) != len(t.Documents) {
		return nil, nil, optionErr("%s has %d names for %d documents: want one for each", option("Labels"), len(t.Labels), len(t.Documents))
	}
	field := "Names"
	if names = t.Names; names == nil {
		field, names = "Labels", distinct(t.Labels)
		if len(names) == 1 {
			return nil, nil, optionErr("%s: there is no example of another class than %.80q: want 2 classes or more", option(field), names[0])
		}
	}
	if err := model.CheckClasses(names); err != nil {
		return nil, nil, optionErr("%s: %w", option(field), err)
	}
	index := make(map[string]int32, len(names))
	for i, name := range names {
		index[name] = int32(i)
	}
	list = make([]int32, len(t.Labels))
	for i, label := range t.Labels {
		class, ok := index[label]
		if !ok {
			return nil, nil, optionErr("document %d is of class %.80q, which %s does not have", i, label, option("Names"))
		}
		list[i] = class
	}
	return names, list, nil
}

// distinct returns each of some strings once, sorted. It stops where there are more than
// a model may have classes.
func distinct(list []string) []string {
	seen := make(map[string]bool)
	var names []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			if names = append(names, s); len(names) > model.MaxClasses {
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

// checkExamples refuses a class without an example in the training data.
func (t *Classes) checkExamples(names []string, classes []int32, o *Options) error {
	training, validation, err := split(len(classes), o.Validation, t.things())
	if err != nil {
		return err
	}
	all, set := make([]int, len(names)), make([]int, len(names))
	for _, class := range classes {
		all[class]++
	}
	for _, i := range validation {
		set[classes[i]]++
	}
	for i, name := range names {
		switch {
		case all[i] == 0:
			return optionErr("class %.80q has no example among the %d documents: leave it out of %s, or add some", name, len(classes), option("Names"))
		case all[i] == set[i]:
			return optionErr("class %.80q has no example among the %d documents to learn from: %s (%v) sets all its %d aside, so add some, or lower it", name, len(training), option("Validation"), o.Validation, all[i])
		}
	}
	return nil
}

// encode splits the documents, encodes both parts, and takes their hash.
func (t *Classes) encode(names []string, classes []int32, tok *tokenizer.Tokenizer, o *Options) error {
	training, validation, err := split(len(t.Documents), o.Validation, t.things())
	if err != nil {
		return err
	}
	if validation == nil {
		training = make([]int, len(t.Documents))
		for i := range training {
			training[i] = i
		}
	}
	data := classData{documents: t.documentBytes(o) + vocabularyBytes(tok)}
	left := o.MaxBytes - data.documents
	for _, part := range []struct {
		list []int
		to   **ClassDataset
	}{{training, &data.training}, {validation, &data.validation}} {
		if part.list == nil {
			continue
		}
		d, err := newClassDataset(t.Documents, classes, part.list, len(names), tok, t.Length, left)
		if errors.Is(err, errDataBytes) {
			return errDocuments(o)
		}
		if err != nil {
			return err
		}
		left -= d.bytes()
		*part.to = d
	}
	t.data, t.hash = data, data.hash(names)
	return nil
}

// hash returns the SHA-256 of the encoded documents and their classes, in hexadecimal.
func (d classData) hash(names []string) string {
	h := sha256.New()
	number := func(buf []byte, n int) []byte { return binary.LittleEndian.AppendUint64(buf, uint64(n)) }
	buf := number(nil, len(names))
	for _, name := range names {
		buf = append(number(buf, len(name)), name...)
	}
	h.Write(buf)
	for _, part := range []*ClassDataset{d.training, d.validation} {
		if part == nil {
			continue
		}
		h.Write(number(number(buf[:0], part.Length), part.Len()))
		for i := range part.Len() {
			row := part.Row(i)
			buf = number(number(buf[:0], part.Class(i)), len(row))
			for _, id := range row {
				buf = binary.LittleEndian.AppendUint32(buf, uint32(id))
			}
			h.Write(buf)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// documentBytes returns the memory that documents and labels take.
func (t *Classes) documentBytes(o *Options) int64 {
	return documentBytes(t.Documents, o) + int64(len(t.Labels))*(perDoc+4)
}

// batches returns the size of the largest batches.
func (t *Classes) batches(o *Options) layers.BatchSize {
	s := t.data.training.size(o.BatchSize)
	if v := t.data.validation; v != nil {
		s = largest(s, v.size(o.BatchSize))
	}
	return s
}

// checkMemory refuses a run that would take more than MaxBytes.
func (t *Classes) checkMemory(symbols, classes int, o *Options) error {
	return o.checkMemory(t.memory(symbols, classes, o), "%s (%d), %s (%d) or the sizes of %s",
		option("BatchSize"), o.BatchSize, option("Length"), t.Length, option("Layers"))
}

// memory returns the bytes that MaxBytes limits.
func (t *Classes) memory(symbols, classes int, o *Options) int64 {
	size := t.batches(o)
	c := t.config(symbols, make([]string, classes))
	m := stackMemory{net: c.Sizes(), symbols: symbols, embedding: t.Embedding, outputs: classes}
	total := m.bytes(size, size.Sequences, o) + t.data.documents + t.data.training.bytes()
	if t.data.validation != nil {
		total += t.data.validation.bytes()
	}
	widths := layers.StackConfig{Embedding: t.Embedding, Layers: t.Layers}.Widths()
	total += 4 * int64(size.Sequences) * 2 * int64(widths[len(widths)-1]) // last states and their gradients
	return total + 12*int64(t.data.training.Len())                        // the order of an epoch, and the lengths
}

// checkHeader refuses a run whose checkpoints, with the given free metadata, would not
// fit weights.MaxHeader.
func (t *Classes) checkHeader(names []string, tok *tokenizer.Tokenizer, o *Options, free map[string]string) error {
	more := map[string]string{model.KeyConfig: t.config(math.MaxInt32, names).String()}
	for key, value := range free {
		more[key] = value
	}
	total, err := headerBytes(tok, 2*len(t.Layers), o, more)
	if err != nil || total <= weights.MaxHeader {
		return err
	}
	return optionErr("%d words, %d classes and the losses of %d epochs would take up to %d bytes of a checkpoint's header, which has room for %d: lower %s (%d) or %s (%d), or have fewer classes",
		tok.Len(), len(names), o.Epochs, total, weights.MaxHeader, vocabularyOption("VocabularySize"), t.Vocabulary.VocabularySize, option("Epochs"), o.Epochs)
}
