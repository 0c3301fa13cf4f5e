package convert

import (
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/tokenizer"
)

// ownTokenizer takes the vocabulary that is in the metadata of a file that autoreg export
// has written.
func (n *network) ownTokenizer(m *onnx.Model) error {
	for _, x := range m.Metadata {
		if x.Key != model.KeyTokenizer || m.Producer != "autoreg" {
			continue
		}
		n.own = new(tokenizer.Tokenizer)
		if err := n.own.UnmarshalJSON([]byte(x.Value)); err != nil {
			return apierror.Errorf("metadata %q: %v", x.Key, err)
		}
		n.vocabulary = nil
		for i := range n.own.Len() {
			n.vocabulary = append(n.vocabulary, n.own.Word(i))
		}
	}
	return nil
}

// tokens is newTokenizer, or returns the tokenizer of the file if it is whole in it and
// nothing else is asked for.
func (n *network) tokens(vocabulary []string, o tokenizer.Options) (*tokenizer.Tokenizer, []int, error) {
	if n.own == nil || o != (tokenizer.Options{}) || !slices.Equal(vocabulary, n.vocabulary) {
		return newTokenizer(vocabulary, o)
	}
	order := make([]int, n.own.Len())
	for i := range order {
		order[i] = i
	}
	return n.own, order, nil
}

// firstStates takes the states in which the layers begin, if that of any is not zeros.
func (n *network) firstStates(g *onnx.Network) error {
	var first []float32
	any := false
	for i := range g.Steps {
		s := &g.Steps[i]
		if s.Op != "LSTM" && s.Op != "GRU" && s.Op != "RNN" {
			continue
		}
		states := [][]float32{s.FirstH}
		if s.Op == "LSTM" {
			states = append(states, s.FirstC)
		}
		for _, values := range states {
			if any = any || values != nil; values == nil {
				values = make([]float32, s.Out)
			}
			for _, v := range values {
				if v-v != 0 {
					return apierror.Errorf("node %q (%s): its first state holds a value that is not finite", s.Name, s.Op)
				}
			}
			first = append(first, values...)
		}
	}
	if !any {
		return nil
	}
	n.first = first
	return nil
}
