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

// Params returns the number of parameters, Symbols·Dim.
func (e *Embedding) Params() int { return len(e.Weight) }
