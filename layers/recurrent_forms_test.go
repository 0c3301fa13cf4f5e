package layers_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A goldenLayer is a layer as testdata/golden/recurrent.py describes it.
type goldenLayer struct {
	Kind       string
	Hidden     int
	Activation string
	ResetAfter bool `json:"reset_after"`
	Gate       string
	Merge      string // "" in one direction
}

// inner returns the spec of one direction of the layer.
func (g goldenLayer) inner() layers.Spec {
	gate := map[string]string{"": "", "sigmoid": "sigmoid", "keras2": "hard_sigmoid_keras2", "keras3": "hard_sigmoid_keras3"}[g.Gate]
	switch g.Kind {
	case "rnn":
		return &layers.RNNSpec{Units: g.Hidden, Activation: g.Activation}
	case "gru":
		reset := "after"
		if !g.ResetAfter {
			reset = "before"
		}
		return &layers.GRUSpec{Units: g.Hidden, Reset: reset, RecurrentActivation: gate}
	case "lstm":
		return &layers.LSTMSpec{Units: g.Hidden, RecurrentActivation: gate}
	}
	panic("unknown kind " + g.Kind)
}

// spec returns the spec of the layer.
func (g goldenLayer) spec() layers.Spec {
	if g.Merge == "" {
		return g.inner()
	}
	return &layers.BidirectionalSpec{Layer: g.inner(), Merge: g.Merge}
}

// A goldenCase is a case of testdata/golden/recurrent.json.
type goldenCase struct {
	Name             string
	In, Batch, Steps int
	Layers           []goldenLayer
	Lengths          []int
	Inputs           map[string]tensor
	Y, Published     tensor
	Final            map[string]tensor
	R, S             tensor
	Loss             float64
	Grads            map[string]tensor
}

func readRecurrent(t testing.TB) []goldenCase {
	t.Helper()
	raw, err := os.ReadFile("../testdata/golden/recurrent.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []goldenCase }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for i := range file.Cases {
		c := &file.Cases[i]
		if c.Lengths == nil {
			c.Lengths = slices.Repeat([]int{c.Steps}, c.Batch)
		}
	}
	return file.Cases
}

// A batch is the values of positions [b][t][] of sequences that may differ in length.
type batch [][][]float32

func newBatch(lengths []int, width int) batch {
	v := make(batch, len(lengths))
	for b, n := range lengths {
		for range n {
			v[b] = append(v[b], make([]float32, width))
		}
	}
	return v
}

// batchOf returns the positions that there are of a tensor [B, T, width].
func batchOf(x tensor, lengths []int) batch {
	data, T, width := x.float32s(), x.Shape[1], x.Shape[2]
	v := newBatch(lengths, width)
	for b := range v {
		for t := range v[b] {
			copy(v[b][t], data[(b*T+t)*width:])
		}
	}
	return v
}

// reversed returns v against the order of time.
func (v batch) reversed() batch {
	r := make(batch, len(v))
	for b := range v {
		r[b] = slices.Clone(v[b])
		slices.Reverse(r[b])
	}
	return r
}

// diff returns the first difference to the bit.
func (v batch) diff(want batch) string {
	for b := range want {
		for t := range want[b] {
			if d := testkit.Diff(v[b][t], want[b][t]); d != "" {
				return fmt.Sprintf("sequence %d, position %d: %s", b, t, d)
			}
		}
	}
	return ""
}

// rows returns v as a matrix in the order of a layout, and back.
func (v batch) rows(l *layers.Layout) kernels.Matrix {
	width := len(v[0][0])
	m := kernels.RowMajor(kernels.Alloc(l.Rows()*width), l.Rows(), width)
	for b := range v {
		for t := range v[b] {
			copy(m.Data[l.Row(t, b)*m.Row:][:width], v[b][t])
		}
	}
	return m
}

func fromRows(m kernels.Matrix, l *layers.Layout, lengths []int) batch {
	v := newBatch(lengths, m.Cols)
	for b := range v {
		for t := range v[b] {
			copy(v[b][t], m.Data[l.Row(t, b)*m.Row:][:m.Cols])
		}
	}
	return v
}

// merged joins the outputs of two directions at one position.
func merged(merge string, p, q []float32) []float32 {
	if merge == "concat" {
		return slices.Concat(p, q)
	}
	v := make([]float32, len(p))
	for j := range v {
		switch merge {
		case "sum":
			v[j] = p[j] + q[j]
		case "average":
			v[j] = (p[j] + q[j]) / 2
		case "multiply":
			v[j] = p[j] * q[j]
		}
	}
	return v
}

// fillFrom sets the parameters of a module from tensors under their names, with the suffix
// replaced.
func fillFrom(t testing.TB, m layers.Module, suffix string, inputs map[string]tensor) {
	t.Helper()
	for _, p := range m.Parameters(suffix) {
		x, ok := inputs[p.Name]
		if !ok {
			if p.AddsTo == "" {
				t.Fatalf("%s is not in the case", p.Name)
			}
			continue
		}
		if !slices.Equal(x.Shape, p.Shape) {
			t.Fatalf("%s has shape %v, the case has %v", p.Name, p.Shape, x.Shape)
		}
		p.Set(x.float32s())
	}
}

// A goldenForm takes one layer through its inputs, from the given states [b][]
// on, which it leaves as the last steps do.
type goldenForm func(l layers.Stepper, x batch, state [][]float32) batch

// stepForm goes sequence by sequence, step by step.
func stepForm(l layers.Stepper, x batch, state [][]float32) batch {
	y := make(batch, len(x))
	scratch := kernels.Alloc(l.ScratchLen(1))
	for b := range x {
		for _, in := range x[b] {
			out := make([]float32, l.OutLen())
			l.Step(out, in, state[b], scratch)
			y[b] = append(y[b], out)
		}
	}
	return y
}

// batchForm takes all sequences that have a step through it together.
func batchForm(l layers.Stepper, x batch, state [][]float32) batch {
	y := make(batch, len(x))
	w := kernels.NewWorkers(1)
	for t := 0; ; t++ {
		var in, st []float32
		var which []int
		for b := range x {
			if t < len(x[b]) {
				in, st, which = append(in, x[b][t]...), append(st, state[b]...), append(which, b)
			}
		}
		n := len(which)
		if n == 0 {
			return y
		}
		dst := kernels.RowMajor(kernels.Alloc(n*l.OutLen()), n, l.OutLen())
		l.StepBatch(w, dst, kernels.RowMajor(in, n, l.InLen()), kernels.RowMajor(st, n, l.StateLen()), kernels.Alloc(l.ScratchLen(n)))
		for i, b := range which {
			y[b] = append(y[b], slices.Clone(dst.Data[i*dst.Row:][:l.OutLen()]))
			copy(state[b], st[i*l.StateLen():])
		}
	}
}

// forward takes a case through a form, direction by direction. It returns the outputs
// and the last states under their names.
func (c *goldenCase) forward(t testing.TB, form goldenForm) (batch, map[string][][]float32) {
	x := batchOf(c.Inputs["x"], c.Lengths)
	final := map[string][][]float32{}
	for k, g := range c.Layers {
		suffixes := []string{fmt.Sprintf("_l%d", k)}
		if g.Merge != "" {
			suffixes = append(suffixes, suffixes[0]+"_reverse")
		}
		var outs []batch
		for i, suffix := range suffixes {
			l := g.inner().New(len(x[0][0])).(layers.Stepper)
			fillFrom(t, l, suffix, c.Inputs)
			// The state is h, then c.
			state := make([][]float32, c.Batch)
			for b := range state {
				state[b] = make([]float32, l.StateLen())
				for j, name := range []string{"h0", "c0"} {
					if v, ok := c.Inputs[name+suffix]; ok {
						copy(state[b][j*g.Hidden:], v.float32s()[b*g.Hidden:(b+1)*g.Hidden])
					}
				}
			}
			in := x
			if i == 1 {
				in = x.reversed()
			}
			out := form(l, in, state)
			if i == 1 {
				out = out.reversed()
			}
			outs = append(outs, out)
			for b := range state {
				final["h"+suffix] = append(final["h"+suffix], state[b][:g.Hidden])
				if g.Kind == "lstm" {
					final["c"+suffix] = append(final["c"+suffix], state[b][g.Hidden:2*g.Hidden])
				}
			}
		}
		x = outs[0]
		if g.Merge != "" {
			for b := range x {
				for i := range x[b] {
					x[b][i] = merged(g.Merge, outs[0][b][i], outs[1][b][i])
				}
			}
		}
	}
	return x, final
}

// startsLater reports whether a case has states to start from.
func (c *goldenCase) startsLater() bool {
	for name := range c.Inputs {
		if strings.HasPrefix(name, "h0_") {
			return true
		}
	}
	return false
}

// last returns the last states [b][] of the last layer, merged.
func (c *goldenCase) last(final map[string][][]float32) (last [][]float32) {
	k := len(c.Layers) - 1
	for b, h := range final[fmt.Sprintf("h_l%d", k)] {
		if merge := c.Layers[k].Merge; merge != "" {
			h = merged(merge, h, final[fmt.Sprintf("h_l%d_reverse", k)][b])
		}
		last = append(last, h)
	}
	return last
}

// A goldenPass is the sequence form of a case.
type goldenPass struct {
	layout *layers.Layout
	grads  []layers.Layer
	seqs   []layers.Sequence
	in     []kernels.Matrix // of each layer; the last is the output
}

func (c *goldenCase) sequences(t testing.TB, threads *layers.Threads) *goldenPass {
	p := &goldenPass{}
	size := layers.BatchSize{Sequences: c.Batch, Steps: c.Steps}
	for _, n := range c.Lengths {
		size.Rows += n
	}
	p.layout = layers.NewLayout(size)
	for b, n := range c.Lengths {
		p.layout.Steps[b] = int32(n)
	}
	p.layout.Set(c.Batch)
	x := batchOf(c.Inputs["x"], c.Lengths).rows(p.layout)
	for k, g := range c.Layers {
		l, grad := g.spec().New(x.Cols), g.spec().New(x.Cols)
		fillFrom(t, l, fmt.Sprintf("_l%d", k), c.Inputs)
		s := l.NewSequence(size, grad, threads)
		p.grads, p.seqs, p.in = append(p.grads, grad), append(p.seqs, s), append(p.in, x)
		x = s.Forward(p.layout, x)
	}
	p.in = append(p.in, x)
	return p
}

// last returns the last states [B, Out].
func (p *goldenPass) last() []float32 {
	width := p.in[len(p.seqs)].Cols
	dst := kernels.RowMajor(make([]float32, p.layout.B*width), p.layout.B, width)
	p.seqs[len(p.seqs)-1].Last(dst)
	return dst.Data
}

// back takes the gradients of the outputs back, or with last those of the last states,
// and returns those of the inputs.
func (p *goldenPass) back(dy kernels.Matrix, last bool) kernels.Matrix {
	top := len(p.seqs) - 1
	if !last {
		copy(p.seqs[top].OutputGradients().Data, dy.Data)
	}
	var dx kernels.Matrix
	for k := top; k >= 0; k-- {
		if k > 0 {
			dx = p.seqs[k-1].OutputGradients()
		} else {
			dx = kernels.RowMajor(kernels.Alloc(len(p.in[0].Data)), p.in[0].Rows, p.in[0].Cols)
		}
		p.seqs[k].Begin()
		if last && k == top {
			p.seqs[k].BackwardLast(dy, p.in[k], dx)
		} else {
			p.seqs[k].Backward(p.in[k], dx)
		}
	}
	return dx
}

// worst returns the largest difference between the positions that there are and those of
// a tensor [B, T, width].
func worst(t *testing.T, what string, got batch, want tensor, tol float64) float64 {
	t.Helper()
	T, width, most := want.Shape[1], want.Shape[2], 0.0
	for b := range got {
		for i := range got[b] {
			most = max(most, worstRow(t, fmt.Sprintf("%s[%d, %d]", what, b, i), got[b][i], want.Data[(b*T+i)*width:][:width], tol))
		}
	}
	return most
}

func worstRow(t *testing.T, what string, got []float32, want []float64, tol float64) (most float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d values, want %d", what, len(got), len(want))
	}
	at := 0
	for j, w := range want {
		d := math.Abs(float64(got[j]) - w)
		if math.IsNaN(d) {
			most, at = d, j
			break
		}
		if d > most {
			most, at = d, j
		}
	}
	if !(most <= tol) {
		t.Errorf("%s[%d] = %v, want %v: off by %.2g, tol %v", what, at, got[at], want[at], most, tol)
	}
	return most
}
