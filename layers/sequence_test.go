package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// raggedLengths are batches whose sequences differ in length, in no order; some are
// empty, which a text without a word is.
var raggedLengths = [][]int{{1}, {4, 4, 4}, {3, 7, 1, 5}, {6, 0, 2, 0, 6}, {9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8}}

// layOut returns the layout of sequences of these lengths, and its size.
func layOut(lengths []int) (*layers.Layout, layers.BatchSize) {
	size := layers.BatchSize{Sequences: len(lengths), Steps: slices.Max(lengths)}
	for _, n := range lengths {
		size.Rows += n
	}
	l := layers.NewLayout(size)
	for b, n := range lengths {
		l.Steps[b] = int32(n)
	}
	l.Set(len(lengths))
	return l, size
}

// randomBatch returns random values for positions.
func randomBatch(lengths []int, width int, seed uint64) batch {
	v := newBatch(lengths, width)
	for b := range v {
		for t := range v[b] {
			testkit.Values(v[b][t], seed+uint64(1000*b+t), 1.5)
		}
	}
	return v
}

// randomOf returns a layer of random weights.
func randomOf(s layers.Spec, in int) layers.Layer {
	l := s.New(in)
	randomise(l.Parameters(""), 2, 0.7)
	return l
}

// alone returns what a layer has at each position of one sequence: of a layer of two
// directions, one over the sequence and one over the sequence turned around, merged.
func alone(s layers.Spec, l layers.Layer, x [][]float32) [][]float32 {
	if step, ok := l.(layers.Stepper); ok {
		return stepForm(step, batch{x}, [][]float32{make([]float32, step.StateLen())})[0]
	}
	spec := *s.Members()[0].Layer
	f, b := spec.New(l.InLen()).(layers.Stepper), spec.New(l.InLen()).(layers.Stepper)
	list := l.Parameters("")
	for i, p := range slices.Concat(f.Parameters(""), b.Parameters("")) {
		p.Set(list[i].Get())
	}
	turned := batch{x}.reversed()[0]
	yf, yb := alone(spec, f, x), batch{alone(spec, b, turned)}.reversed()[0]
	merge := *s.Members()[1].Text
	y := make([][]float32, len(x))
	for t := range y {
		y[t] = merged(merge, yf[t], yb[t])
	}
	return y
}

// Every layer over batches of any lengths is, bit for bit, what its steps are for each
// sequence alone, against the order of time too, for any number of threads, and whatever
// batch came before.
func TestSequenceRagged(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range [][2]int{{3, 5}, {7, 17}} {
			for _, s := range netkit.Specs(c[1]) {
				l := randomOf(s, c[0])
				what := layers.FormatSpecs([]layers.Spec{s})
				for _, threads := range []int{1, 2, 5} {
					room := layers.BatchSize{Sequences: 20, Steps: 10, Rows: 60}
					seq := l.NewSequence(room, nil, layers.NewThreads(threads))
					for _, lengths := range raggedLengths {
						x := randomBatch(lengths, c[0], 7)
						layout, _ := layOut(lengths)
						got := fromRows(seq.Forward(layout, x.rows(layout)), layout, lengths)
						for b := range x {
							if d := (batch{got[b]}).diff(batch{alone(s, l, x[b])}); d != "" {
								t.Fatalf("%s, lengths %v, %d threads: sequence %d: %s", what, lengths, threads, b, d)
							}
						}
					}
				}
			}
		}
	})
}

// A lossOf is Σ v·y of a batch, in float64.
func lossOf(l *netkit.Layer64, x [][][]float64, v batch) (sum float64) {
	for b := range x {
		for t, y := range l.Run(x[b]) {
			for j, h := range y {
				sum += float64(v[b][t][j]) * h
			}
		}
	}
	return sum
}

// backward returns the gradients of Σ v·y: of the parameters that are trained, and of the
// inputs.
func backward(s layers.Spec, l layers.Layer, x, v batch, lengths []int, threads int) (grad layers.Layer, dx batch) {
	layout, size := layOut(lengths)
	grad = s.New(l.InLen())
	seq := l.NewSequence(size, grad, layers.NewThreads(threads))
	in := x.rows(layout)
	for range 2 { // the second time over what the first has left
		seq.Begin()
		y := seq.Forward(layout, in)
		clear(y.Data[:y.Rows*y.Row]) // they may be changed
		dy := v.rows(layout)
		copy(seq.OutputGradients().Data, dy.Data)
		d := kernels.RowMajor(make([]float32, len(in.Data)), in.Rows, in.Cols)
		seq.Backward(in, d)
		dx = fromRows(d, layout, lengths)
	}
	return grad, dx
}

// The gradients of every layer, over sequences of several lengths, against central
// differences of the float64 reference: each derivative by itself.
func TestSequenceGradients(t *testing.T) {
	const in, units, eps = 3, 2, 1e-5
	lengths := []int{4, 1, 0, 6, 3}
	for _, s := range netkit.Specs(units) {
		l := randomOf(s, in)
		x, v := randomBatch(lengths, in, 3), randomBatch(lengths, l.OutLen(), 4)
		ref := netkit.NewLayer64(s, l)
		x64 := make([][][]float64, len(x))
		for b := range x {
			for t := range x[b] {
				x64[b] = append(x64[b], netkit.Float64s(x[b][t]))
			}
		}
		slope := func(at *float64) float64 {
			was := *at
			*at = was + eps
			up := lossOf(ref, x64, v)
			*at = was - eps
			down := lossOf(ref, x64, v)
			*at = was
			return (up - down) / (2 * eps)
		}
		want := map[string][]float64{}
		for name, w := range ref.W {
			for i := range w {
				want[name] = append(want[name], slope(&w[i]))
			}
		}
		wantX := make([][][]float64, len(x64))
		for b := range x64 {
			for t := range x64[b] {
				wantX[b] = append(wantX[b], make([]float64, in))
				for k := range x64[b][t] {
					wantX[b][t][k] = slope(&x64[b][t][k])
				}
			}
		}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			what := layers.FormatSpecs([]layers.Spec{s})
			grad, dx := backward(s, l, x, v, lengths, 1)
			near := func(name string, i int, got float32, want float64) {
				t.Helper()
				// float32 sums of a few terms of about 1.
				if d := math.Abs(float64(got) - want); !(d <= 1e-6*(1+math.Abs(want))) {
					t.Errorf("%s: gradient of %s[%d] = %v, want %v", what, name, i, got, want)
				}
			}
			some := false
			for _, p := range grad.Parameters("") {
				if p.StoredOnly {
					continue
				}
				for i, g := range p.Get() {
					if p.Effective < p.Len() && i < p.Len()-p.Effective {
						continue // adds to another, which has the gradient
					}
					near(p.Name, i, g, want[p.Name][i])
					some = some || g != 0
				}
			}
			if !some {
				t.Errorf("%s: all gradients are 0", what)
			}
			for b := range dx {
				for at := range dx[b] {
					for k, g := range dx[b][at] {
						near(fmt.Sprintf("x[%d, %d]", b, at), k, g, wantX[b][at][k])
					}
				}
			}
		})
	}
}

// The number of threads changes no bit of a gradient, nor does it matter whether those
// of the inputs are asked for.
func TestSequenceGradientThreads(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		batches, units, several := [][]int{{5, 12, 0, 7, 12, 1, 3, 9}, {40, 40, 3}}, 35, []int{2, 3, 4, 7}
		if isa == "generic" || testing.Short() { // minutes under an emulator
			batches, units, several = batches[:1], 18, several[1:2]
		}
		for _, lengths := range batches {
			for _, s := range netkit.Specs(units) {
				what := fmt.Sprintf("%s, lengths %v", layers.FormatSpecs([]layers.Spec{s}), lengths)
				l := randomOf(s, 19)
				x, v := randomBatch(lengths, 19, 3), randomBatch(lengths, l.OutLen(), 4)
				want, wantX := backward(s, l, x, v, lengths, 1)
				for _, threads := range several {
					got, gotX := backward(s, l, x, v, lengths, threads)
					for i, g := range got.Values() {
						if d := testkit.Diff(g, want.Values()[i]); d != "" {
							t.Errorf("%s, %d threads: gradients %d: %s", what, threads, i, d)
						}
					}
					if d := gotX.diff(wantX); d != "" {
						t.Errorf("%s, %d threads: gradients of inputs: %s", what, threads, d)
					}
				}
				// Padding adds nothing to the length of a gradient.
				packed := s.New(19)
				for i, p := range packed.Parameters("") {
					p.Set(want.Parameters("")[i].Get())
				}
				for i, g := range packed.Values() {
					if d := testkit.Diff(want.Values()[i], g); d != "" {
						t.Errorf("%s: values %d hold more than gradients: %s", what, i, d)
					}
				}
				layout, size := layOut(lengths)
				grad := s.New(19)
				seq := l.NewSequence(size, grad, layers.NewThreads(2))
				seq.Begin()
				seq.Forward(layout, x.rows(layout))
				copy(seq.OutputGradients().Data, v.rows(layout).Data)
				seq.Backward(x.rows(layout), kernels.Matrix{})
				for i, g := range grad.Values() {
					if d := testkit.Diff(g, want.Values()[i]); d != "" {
						t.Errorf("%s, no gradients of inputs: gradients %d: %s", what, i, d)
					}
				}
			}
		}
	})
}

// A Sequence allocates nothing, forward and back.
func TestSequenceNoAllocs(t *testing.T) {
	lengths := []int{3, 7, 1, 5}
	for _, s := range netkit.Specs(9) {
		l, grad := randomOf(s, 4), s.New(4)
		layout, size := layOut(lengths)
		seq := l.NewSequence(size, grad, layers.NewThreads(1))
		x := randomBatch(lengths, 4, 3).rows(layout)
		v := randomBatch(lengths, l.OutLen(), 4).rows(layout)
		dx := kernels.RowMajor(make([]float32, len(x.Data)), x.Rows, x.Cols)
		run := func() {
			seq.Begin()
			seq.Forward(layout, x)
			copy(seq.OutputGradients().Data, v.Data)
			seq.Backward(x, dx)
		}
		run() // workers allocate their packing space once
		t.Run(layers.FormatSpecs([]layers.Spec{s}), func(t *testing.T) {
			testkit.NoAllocs(t, func() {
				for range 20 {
					run()
				}
			})
		})
	}
}

// What a layer knows after a sequence without steps is 0, and nothing goes back from it.
func TestLastOfEmpty(t *testing.T) {
	lengths := []int{4, 0, 1, 0}
	for _, s := range netkit.Specs(9) {
		l, grad := randomOf(s, 4), s.New(4)
		layout, size := layOut(lengths)
		seq := l.NewSequence(size, grad, layers.NewThreads(1))
		x := randomBatch(lengths, 4, 3).rows(layout)
		seq.Begin()
		seq.Forward(layout, x)
		last := kernels.RowMajor(make([]float32, 4*l.OutLen()), 4, l.OutLen())
		testkit.Values(last.Data, 5, 1)
		seq.Last(last)
		for b, n := range lengths {
			some := false
			for _, v := range last.Data[b*l.OutLen():][:l.OutLen()] {
				some = some || v != 0
			}
			if some != (n > 0) {
				t.Errorf("%s: sequence %d of %d steps: some values are not 0: %v", layers.FormatSpecs([]layers.Spec{s}), b, n, some)
			}
		}
		dx := kernels.RowMajor(make([]float32, len(x.Data)), x.Rows, x.Cols)
		seq.BackwardLast(last, x, dx)
	}
}
