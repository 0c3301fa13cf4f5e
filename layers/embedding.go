package layers

// An Embedding is a table of vectors, one a symbol: y = Weight[id].
type Embedding struct {
	Symbols, Dim int
	Weight       []float32 // [Symbols, Dim] row-major
}

// NewEmbedding returns a zero table.
func NewEmbedding(symbols, dim int) *Embedding {
	return &Embedding{Symbols: symbols, Dim: dim, Weight: make([]float32, symbols*dim)}
}

// Row returns the vector of symbol id, read only. It panics if id is out of
// range.
func (e *Embedding) Row(id int) []float32 {
	if uint(id) >= uint(e.Symbols) {
		panic("layers: Embedding: symbol out of range")
	}
	return e.Weight[id*e.Dim : (id+1)*e.Dim : (id+1)*e.Dim]
}

// Type returns "Embedding".
func (e *Embedding) Type() string { return "Embedding" }

// InLen returns the number of symbols.
func (e *Embedding) InLen() int { return e.Symbols }

// OutLen returns the length of a vector.
func (e *Embedding) OutLen() int { return e.Dim }

// Params returns the number of parameters, Symbols·Dim.
func (e *Embedding) Params() int { return len(e.Weight) }

// embeddingLimit bounds the first values, as Keras has it.
const embeddingLimit = 0.05

// Parameters returns weight [Symbols, Dim].
func (e *Embedding) Parameters(suffix string) []Parameter {
	return []Parameter{{
		Name: "weight" + suffix, Shape: []int{e.Symbols, e.Dim}, Effective: len(e.Weight),
		Init: Init{Rule: InitUniform, Limit: embeddingLimit},
		Set: func(data []float32) {
			if len(data) != len(e.Weight) {
				panic("layers: Parameter: Set: wrong length")
			}
			copy(e.Weight, data)
		},
		Get: func() []float32 { return e.Weight },
	}}
}

// Values implements Module.
func (e *Embedding) Values() [][]float32 { return [][]float32{e.Weight} }
