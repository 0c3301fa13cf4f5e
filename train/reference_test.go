package train

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/layers"
)

// A reference is the model written down plainly in float64, in PyTorch's layouts:
// what the trainer is checked against.
type reference struct {
	E      int
	w      [][]float64 // as netkit.Trained has them
	layers []*netkit.Layer64
	head   []float64 // [V, H]
	bias   []float64 // [V]

	// factors returns by what the values of step t of row b are multiplied at a place,
	// 0 being the embedding and the last the inputs of the output layer; it may be nil.
	factors func(place, b, t int) []float64
}

func newReference(net *layers.Stack) *reference {
	c := net.Config()
	r := &reference{E: c.Embedding, w: [][]float64{netkit.Float64s(net.Embedding.Weight)}}
	for i, l := range net.Layers {
		layer := netkit.NewLayer64(c.Layers[i], l)
		r.layers = append(r.layers, layer)
		for _, p := range l.Parameters("") {
			if !p.StoredOnly {
				r.w = append(r.w, layer.W[p.Name])
			}
		}
	}
	weight, bias := net.Head.Weights()
	r.head, r.bias = r.w[0], netkit.Float64s(bias)
	if !c.Tied {
		r.head = netkit.Float64s(weight)
		r.w = append(r.w, r.head)
	}
	r.w = append(r.w, r.bias)
	return r
}

// loss returns the mean of -ln p over the positions of rows of ids that count.
func (r *reference) loss(rows [][]int32, ignorePadding bool) float64 {
	sum, n := 0.0, 0
	for b, row := range rows {
		var x [][]float64
		for t := range len(row) - 1 {
			if ignorePadding && row[t] == 0 {
				break
			}
			id := int(row[t])
			x = append(x, r.w[0][id*r.E:][:r.E])
		}
		x = r.multiply(x, 0, b)
		for i, l := range r.layers {
			x = r.multiply(l.Run(x), i+1, b)
		}
		for t, h := range x {
			sum += r.surprise(h, int(row[t+1]))
			n++
		}
	}
	return sum / float64(n)
}

// multiply returns the values of row b at a place times their factors.
func (r *reference) multiply(x [][]float64, place, b int) [][]float64 {
	if r.factors == nil {
		return x
	}
	y := make([][]float64, len(x))
	for t := range x {
		y[t] = slices.Clone(x[t])
		for j, f := range r.factors(place, b, t) {
			y[t][j] *= f
		}
	}
	return y
}

// surprise returns -ln p(next).
func (r *reference) surprise(h []float64, next int) float64 {
	sum, at := 0.0, 0.0
	for v := range r.bias {
		y := r.bias[v]
		for k, x := range h {
			y += r.head[v*len(h)+k] * x
		}
		sum += math.Exp(y) // small enough in every test
		if v == next {
			at = y
		}
	}
	return math.Log(sum) - at
}

// kept reports which values of the parameters that are trained are values of their own:
// others only add to another parameter, which has their gradient.
func kept(net *layers.Stack) (list [][]bool) {
	net = net.Like()
	for _, p := range netkit.Trained(net) {
		ones := make([]float32, p.Len())
		for i := range ones {
			ones[i] = 1
		}
		p.Set(ones)
		own := make([]bool, p.Len())
		for i, v := range p.Get() {
			own[i] = v == 1
		}
		list = append(list, own)
	}
	return list
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

// rowsOf returns sequences [from, to) of d with their padding.
func rowsOf(d *Dataset, from, to int) (rows [][]int32) {
	for i := from; i < to; i++ {
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
	embedding := netkit.Trained(textOf(tr).model.Stack)[0]
	data := slices.Clone(embedding.Get())
	for i := range data {
		data[i] *= 12
	}
	embedding.Set(data)
	return tr
}
