package convert

import (
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
)

// model makes a model of the network: of text, if it reads tokens, otherwise of vectors.
func (n *network) model(o *ImportOptions) (*Imported, error) {
	if len(n.parts) == 0 {
		return nil, errors.New("the file has no layer")
	}
	vocabulary := o.Vocabulary
	if vocabulary == nil {
		vocabulary = n.vocabulary
	}
	m := &Imported{Format: n.format}
	switch tokens := n.parts[0].spec == nil; {
	case vocabulary != nil:
		t, err := n.text(vocabulary, o.Tokenizer)
		if err != nil {
			return nil, err
		}
		m.Kind, m.file, m.Layers = "text", t.File(), layers.Describe(t.Stack)
	case tokens:
		return nil, fmt.Errorf("the network reads %d tokens, whose texts are not in the file: give the vocabulary", n.input)
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
