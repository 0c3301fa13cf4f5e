package train

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/layers"
)

// A reference is the model written down plainly in float64, in PyTorch's layouts:
// what the trainer is checked against.
type reference struct {
	V, E, H int
	w       [][]float64 // as trained has them
}

func newReference(net *layers.Stack) *reference {
	r := &reference{V: net.Embedding.Symbols, E: net.Embedding.Dim, H: net.Head.InLen()}
	for _, p := range trained(net) {
		r.w = append(r.w, float64s(p.Get()))
	}
	return r
}

// trained returns the parameters of a network that are trained.
func trained(net layers.Network) (list []layers.Parameter) {
	for _, p := range layers.ParametersOf(net) {
		if !p.StoredOnly {
			list = append(list, p)
		}
	}
	return list
}

// loss returns the mean of -ln p over the positions of rows of ids that count.
func (r *reference) loss(rows [][]int32, ignorePadding bool) float64 {
	sum, n := 0.0, 0
	for _, row := range rows {
		h, c := make([]float64, r.H), make([]float64, r.H)
		for t := range len(row) - 1 {
			if ignorePadding && row[t] == 0 {
				break
			}
			h, c = r.step(h, c, int(row[t]))
			sum += r.surprise(h, int(row[t+1]))
			n++
		}
	}
	return sum / float64(n)
}

func (r *reference) step(h, c []float64, id int) (h2, c2 []float64) {
	x := r.w[0][id*r.E:][:r.E]
	gate := func(g, j int) float64 {
		row := g*r.H + j
		z := r.w[3][row]
		for k, v := range x {
			z += r.w[1][row*r.E+k] * v
		}
		for k, v := range h {
			z += r.w[2][row*r.H+k] * v
		}
		return z
	}
	sigmoid := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	h2, c2 = make([]float64, r.H), make([]float64, r.H)
	for j := range r.H {
		i, f, g, o := sigmoid(gate(0, j)), sigmoid(gate(1, j)), math.Tanh(gate(2, j)), sigmoid(gate(3, j))
		c2[j] = f*c[j] + i*g
		h2[j] = o * math.Tanh(c2[j])
	}
	return h2, c2
}

// surprise returns -ln p(next).
func (r *reference) surprise(h []float64, next int) float64 {
	sum, at := 0.0, 0.0
	for v := range r.V {
		y := r.w[5][v]
		for k, x := range h {
			y += r.w[4][v*r.H+k] * x
		}
		sum += math.Exp(y) // small enough in every test
		if v == next {
			at = y
		}
	}
	return math.Log(sum) - at
}

// testDocs returns n documents of 1 to most words out of a vocabulary of words.
func testDocs(n, most, words int) []string {
	docs := make([]string, n)
	state := uint32(1)
	next := func(n int) int {
		state = state*1664525 + 1013904223
		return int(state>>8) % n
	}
	for i := range docs {
		var b strings.Builder
		for range 1 + next(most) {
			fmt.Fprintf(&b, "w%d ", next(words))
		}
		docs[i] = b.String()
	}
	return docs
}

// rowsOf returns sequences lo to hi-1 of d with their padding.
func rowsOf(d *Dataset, lo, hi int) (rows [][]int32) {
	for i := lo; i < hi; i++ {
		row := make([]int32, d.Length+1)
		copy(row, d.Row(i))
		rows = append(rows, row)
	}
	return rows
}

// newTestTrainer returns New with weights far enough from 0 that every part of
// the network matters.
func newTestTrainer(t testing.TB, docs []string, o textRun) *Trainer {
	t.Helper()
	tr, err := o.new(docs)
	if err != nil {
		t.Fatal(err)
	}
	embedding := textOf(tr).model.Stack.Embedding.Weight
	for i := range embedding {
		embedding[i] *= 12
	}
	return tr
}
