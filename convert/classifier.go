package convert

import (
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
)

// classifies reports whether the file itself says that the network tells texts apart: its
// last layer reads the last outputs of a sequence, and is not over the tokens.
func (n *network) classifies() bool {
	last := n.parts[len(n.parts)-1]
	if last.dense == nil || last.width == n.input || last.width == 1 && last.dense.Activation != "sigmoid" {
		return false
	}
	for _, p := range n.parts {
		if p.last {
			return true
		}
	}
	return false
}

// classifierLength is the number of tokens to which texts are cut, if the file does not say.
const classifierLength = 1000

// classifier returns a model of a network that tells texts apart: an embedding, layers, and
// a Dense layer on the last outputs of these.
func (n *network) classifier(o *ImportOptions) (*model.Classifier, error) {
	tok, order, err := n.tokens(n.vocabulary, n.options(o))
	if err != nil {
		return nil, err
	}
	switch {
	case tok.Stop() < 0 || tok.Unknown() < 0:
		return nil, errors.New("a classifier reads texts with unknown words and without any: the vocabulary has to have an empty token, for padding, and one for unknown words, [UNK] for instance")
	case len(order) > n.input:
		return nil, fmt.Errorf("the vocabulary has %d tokens, the network %d", len(order), n.input)
	}
	order = allTokens(order, n.input)
	embedding, rest, out := n.parts[0], n.parts[1:len(n.parts)-1], n.parts[len(n.parts)-1]
	if len(rest) == 0 {
		return nil, errors.New("there is no layer between the embedding and the last one")
	}
	if err := n.checkPooling(rest); err != nil {
		return nil, err
	}
	if err := n.logits(&out); err != nil {
		return nil, err
	}
	c := model.ClassifierConfig{Symbols: n.input, Embedding: embedding.width, Classes: o.Classes, Length: n.length}
	for _, p := range rest {
		c.Layers = append(c.Layers, p.spec)
	}
	if c.Classes == nil {
		for i := range out.width {
			c.Classes = append(c.Classes, fmt.Sprint(i))
		}
		n.note("the file does not name the classes: they are 0 to %d", out.width-1)
	}
	if c.Length < 1 {
		c.Length = classifierLength
		n.note("the file does not say how long texts are: they are cut to %d tokens", c.Length)
	}
	if len(c.Classes) != out.width {
		return nil, apierror.Errorf("%d classes are named, and the network has %d", len(c.Classes), out.width)
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	m := model.NewClassifier(c, tok)
	parts := m.Stack.Parts()
	embedding.values = map[string][]float32{"weight": rows(embedding.values["weight"], order)}
	for i, p := range append(append([]part{embedding}, rest...), out) {
		if err := p.fill(parts[i]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// checkPooling returns an error unless what the last layer reads is what the layer before it
// is at the end of a text, in both directions at the two ends.
func (n *network) checkPooling(rest []part) error {
	said := false
	for i, p := range rest {
		switch {
		case p.last && !layers.Sequential(p.spec) && !p.ends:
			return apierror.Errorf("layer %q: what follows reads the outputs of its two directions at the last position; a classifier reads the last output of each, at the two ends of a text", p.name)
		case p.ends && i < len(rest)-1:
			return apierror.Errorf("layer %q, a Dense layer between %q, whose two directions end at the two ends of a text, and the last layer, has no counterpart in a classifier", rest[i+1].name, p.name)
		}
		said = said || p.last
	}
	if !said {
		n.note("the file does not say what the last layer reads: taken to be the last output of %s, in both directions at the two ends of a text", rest[len(rest)-1].name)
	}
	if !n.masked {
		n.note("texts that were filled up to one length are read here without the filling: the network was not told to skip it, so outputs for them differ")
	}
	return nil
}

// logits makes the last layer one with a logit for each class. One output is the logit of
// class 1 against class 0, whose logit is 0: the sigmoid is the softmax of both.
func (n *network) logits(out *part) error {
	if out.dense == nil {
		return apierror.Errorf("the last layer, %q, is no Dense layer: the logits of the classes come from one", out.name)
	}
	a := out.dense.Activation
	switch {
	case out.width == 1 && a != "sigmoid" && a != "", out.width > 1 && a != "softmax" && a != "":
		return apierror.Errorf("the last layer, %q, has %d outputs and the activation %s: a classifier has softmax, or one output and sigmoid, or no activation", out.name, out.width, a)
	case out.width > 1:
		return nil
	}
	w := out.values["weight"]
	out.values = map[string][]float32{
		"weight": append(make([]float32, len(w), 2*len(w)), w...),
		"bias":   append([]float32{0}, out.values["bias"]...),
	}
	out.width = 2
	return nil
}
