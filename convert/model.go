package convert

import (
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// model makes a model of the network: of images, if it is over pixels; of text or a
// classifier, if it reads tokens; otherwise of vectors.
func (n *network) model(o *ImportOptions) (*Imported, error) {
	m := &Imported{Format: n.format}
	if n.pixels != nil {
		if o.Vocabulary != nil || o.Classes != nil {
			return nil, errors.New("the network is over images, which have neither a vocabulary nor classes: leave them out")
		}
		m.Kind, m.file, m.Layers, m.Notes = "images", n.pixels.File(), layers.Describe(n.pixels.Net), n.notes
		return m, nil
	}
	if len(n.parts) == 0 {
		return nil, errors.New("the file has no layer")
	}
	if o.Vocabulary != nil {
		n.vocabulary = o.Vocabulary
	}
	tokens := n.parts[0].spec == nil
	switch {
	case tokens && n.vocabulary == nil:
		return nil, fmt.Errorf("the network reads %d tokens, whose texts are not in the file: give the vocabulary, the tokens in the order of their numbers", n.input)
	case tokens && (o.Classes != nil || n.classifies()):
		c, err := n.classifier(o)
		if err != nil {
			return nil, err
		}
		m.Kind, m.file, m.Layers = "classes of texts", c.File(), layers.Describe(c.Stack)
	case o.Classes != nil:
		return nil, errors.New("the network reads no tokens: only one that begins with an embedding can be a classifier, so leave the classes out")
	case n.vocabulary != nil:
		t, err := n.text(n.vocabulary, n.options(o))
		if err != nil {
			return nil, err
		}
		m.Kind, m.file, m.Layers = "text", t.File(), layers.Describe(t.Stack)
	default:
		v, err := n.vectors()
		if err != nil {
			return nil, err
		}
		m.Kind, m.file, m.Layers = "vectors", v.File(), layers.Describe(v.Stack)
	}
	m.Notes = n.notes
	return m, nil
}

// options returns how a text becomes tokens: as the options say, and where they do not, as
// the file does.
func (n *network) options(o *ImportOptions) tokenizer.Options {
	t := o.Tokenizer
	if t.Unit == "" {
		t.Unit = n.tokenizer.Unit
	}
	if w := n.tokenizer.UnknownWord; t.UnknownWord == "" && contains(n.vocabulary, w) {
		t.UnknownWord = w
	}
	if t.Case == tokenizer.DefaultCase {
		t.Case = n.tokenizer.Case
	}
	if t.Punctuation == "" {
		t.Punctuation = n.tokenizer.Punctuation
		if t.Punctuation == tokenizer.KeepPunctuation && (contains(n.vocabulary, ",") || contains(n.vocabulary, ".")) {
			t.Punctuation = tokenizer.SplitPunctuation
			n.note("punctuation has tokens of its own, though the file leaves it in its words: here it is split off, as it must have been before")
		}
	}
	return t
}

// checkMemory returns an error if the layers take more memory than a file of size bytes
// warrants: a layer of few outputs and many inputs takes up to 16 times its weights, for
// they lie in panels of as many columns, and one-hot vectors of tokens take a square matrix.
func (n *network) checkMemory(size int64, text bool) error {
	total := int64(0)
	for i, p := range n.parts {
		if p.spec == nil { // an embedding
			continue
		}
		total += 4 * p.spec.Sizes(p.in).Packed
		if i == 0 && text {
			total += 4 * int64(n.input) * int64(n.input)
		}
	}
	if most := 4*size + 1<<20; total > most {
		return fmt.Errorf("the layers take %d bytes of memory, at most %d are warranted, 4 times the file: layers of many inputs and few outputs are padded, one-hot vectors take a square matrix", total, most)
	}
	return nil
}

// vectors returns a model of vectors.
func (n *network) vectors() (*model.Vectors, error) {
	if err := n.checkLast(); err != nil {
		return nil, err
	}
	c := model.VectorConfig{Inputs: n.input}
	for _, p := range n.parts {
		c.Layers = append(c.Layers, p.spec)
	}
	c.FirstState = n.first != nil
	if err := c.Check(); err != nil {
		return nil, err
	}
	v := model.NewVectors(c)
	parts := v.Stack.Parts()
	for i := range n.parts {
		if err := n.parts[i].fill(parts[i]); err != nil {
			return nil, err
		}
	}
	if n.first != nil {
		rest := n.first
		for _, p := range parts[len(n.parts)].Parameters() {
			p.Set(rest[:p.Len()])
			rest = rest[p.Len():]
		}
	}
	return v, nil
}
