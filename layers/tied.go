package layers

import "github.com/autoreg/autoreg/kernels"

// Tied weights: the output layer multiplies with the embedding,
//
//	logits = E·h + b
//
// so that the vector of a token is also the row that gives its logit, and one matrix
// takes the place of two. The stack holds it twice, a row a token for reading and in
// panels for the product; the panels are trained, and Stack.Refresh copies them.
//
// Press and Wolf, Using the Output Embedding to Improve Language Models, 2017; Inan,
// Khosravi and Socher, Tying Word Vectors and Word Classifiers, 2017.

// A tiedEmbedding is the embedding of a stack with tied weights.
type tiedEmbedding struct {
	*Embedding
	head *Linear
}

// Parameters returns weight [Symbols, Dim].
func (t tiedEmbedding) Parameters(suffix string) []Parameter {
	p := t.Embedding.Parameters(suffix)
	w := t.head.Parameters("")[0]
	table := p[0].Set
	p[0].Set = func(data []float32) {
		table(data)
		w.Set(data)
	}
	p[0].Get = w.Get
	return p
}

// Values implements Module.
func (t tiedEmbedding) Values() [][]float32 { return [][]float32{t.head.W.Data} }

// A tiedHead is the part of the output layer of a stack with tied weights that is not
// the embedding's.
type tiedHead struct{ *Linear }

// Type returns "Linear, tied".
func (t tiedHead) Type() string { return "Linear, tied" }

// Parameters returns bias [Out].
func (t tiedHead) Parameters(suffix string) []Parameter { return t.Linear.Parameters(suffix)[1:] }

// Values implements Module.
func (t tiedHead) Values() [][]float32 { return [][]float32{t.Bias} }

// Refresh copies the panels to the rows of the embedding after its Values have changed.
func (s *Stack) Refresh() {
	if s.tied {
		e := s.Embedding
		kernels.Transpose(kernels.RowMajor(e.Weight, e.Symbols, e.Dim), s.Head.W)
	}
}

// Gather adds the gradients that s, a stack of gradients, has for the vectors of these
// tokens to those of the tied matrix, and sets the former to zero. Without tied weights it
// does nothing.
func (s *Stack) Gather(tokens []int32) {
	if !s.tied {
		return
	}
	e, w := s.Embedding, s.Head.W
	for _, v := range tokens {
		for k, g := range e.Row(int(v)) {
			if g != 0 { // a token that comes twice is zero then
				w.Set(k, int(v), w.At(k, int(v))+g)
			}
		}
		clear(e.Row(int(v)))
	}
}

// Tied reports whether the output layer has the weights of the embedding.
func (s *Stack) Tied() bool { return s.tied }
