package convert

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// text returns a model of text of a network that begins with an embedding, or that reads
// one-hot vectors of tokens.
func (n *network) text(vocabulary []string, o tokenizer.Options) (*model.Text, error) {
	if n.first != nil {
		return nil, errors.New("a layer begins in a state that is not zeros: only a model of vectors can have one")
	}
	tok, order, err := n.tokens(vocabulary, o)
	if err != nil {
		return nil, err
	}
	if err := n.checkLast(); err != nil {
		return nil, err
	}
	last := len(n.parts) - 1
	head := n.parts[last].dense
	V := n.input
	switch {
	case last == 0 || head == nil:
		return nil, errors.New("the last layer is not a Dense layer: the probabilities of the next token come from one")
	case n.parts[last].width != V:
		return nil, apierror.Errorf("the network reads %d tokens and has %d outputs: a model of text has an output for each token, a classifier one for each of the classes that you name; without an embedding it can be a model of vectors, without a vocabulary", V, n.parts[last].width)
	case len(order) > V:
		return nil, fmt.Errorf("the vocabulary has %d tokens, the network %d", len(order), V)
	}
	switch a := head.Activation; a {
	case "softmax":
		n.note("%s: the softmax is left to the sampler, which draws from logits", n.parts[last].name)
	case "":
	default:
		return nil, apierror.Errorf("the last layer has the activation %s: a model of text has softmax, or none", a)
	}
	order = allTokens(order, V)
	embedding, rest := n.parts[0], n.parts[1:last]
	if embedding.spec != nil {
		if V > maxOneHot {
			return nil, fmt.Errorf("one-hot vectors of %d values: want at most %d", V, maxOneHot)
		}
		embedding, rest = oneHot(V), n.parts[:last]
		n.note("%s reads one-hot vectors: the embedding is the identity", n.parts[0].name)
	}
	c := model.Config{Symbols: V, Embedding: embedding.width, Length: defaultLength}
	for _, p := range rest {
		c.Layers = append(c.Layers, p.spec)
	}
	out := n.parts[last]
	if c.Tied = embedding.width == n.parts[last].in && slices.Equal(embedding.values["weight"], out.values["weight"]); c.Tied {
		n.note("%s has the weights of %s: the model has them once", out.name, embedding.name)
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	t := model.New(c, tok)
	parts := t.Stack.Parts()
	embedding.values = map[string][]float32{"weight": rows(embedding.values["weight"], order)}
	out.values = map[string][]float32{"weight": rows(out.values["weight"], order), "bias": rows(out.values["bias"], order)}
	if c.Tied {
		delete(out.values, "weight")
	}
	for i, p := range append(append([]part{embedding}, rest...), out) {
		if err := p.fill(parts[i]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// defaultLength is the length of a training sequence that a model is said to have.
const defaultLength = 100

// allTokens appends the numbers up to n that an order lacks: of tokens without a text, which
// are never read.
func allTokens(order []int, n int) []int {
	has := make([]bool, n)
	for _, i := range order {
		has[i] = true
	}
	for i := range n {
		if !has[i] {
			order = append(order, i)
		}
	}
	return order
}

// maxOneHot is the most tokens of which an embedding is made that is the identity.
const maxOneHot = 1 << 12

// oneHot returns the embedding that gives token i the vector with a 1 in place i.
func oneHot(symbols int) part {
	w := make([]float32, symbols*symbols)
	for i := range symbols {
		w[i*symbols+i] = 1
	}
	return part{name: "one-hot", in: symbols, width: symbols, values: map[string][]float32{"weight": w}}
}

// rows returns the rows of a matrix in another order.
func rows(data []float32, order []int) []float32 {
	width := len(data) / len(order)
	out := make([]float32, 0, len(data))
	for _, i := range order {
		out = append(out, data[i*width:][:width]...)
	}
	return out
}

// fill sets the parameters of a module. Biases that the file does not have are zeros;
// everything else must be there, and nothing may be left over.
func (p *part) fill(to layers.Part) error {
	left := maps.Clone(p.values)
	for _, q := range to.Module.Parameters("") {
		data, ok := left[q.Name]
		delete(left, q.Name)
		switch {
		case !ok && (q.StoredOnly || len(q.Shape) == 1):
			continue
		case !ok:
			return apierror.Errorf("layer %q: the file has no %s", p.name, q.Name)
		case len(data) != q.Len():
			return apierror.Errorf("layer %q: %s has %d values, want %d", p.name, q.Name, len(data), q.Len())
		}
		for _, v := range data {
			if v-v != 0 {
				return apierror.Errorf("layer %q: %s holds a value that is not finite", p.name, q.Name)
			}
		}
		q.Set(data)
	}
	for name := range left {
		return apierror.Errorf("layer %q: %s has no place", p.name, name)
	}
	p.values = nil // a model's file is made of the layers: there is no need of two copies
	return nil
}
