package layers_test

import (
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// newStates returns zero states of n sequences.
func newStates(l layers.Stepper, n int) kernels.Matrix {
	return kernels.RowMajor(kernels.Alloc(n*l.StateLen()), n, l.StateLen())
}

// Sequences that are cut into chunks, with the state carried over, are what they are
// whole, and leave the state that steps leave.
func TestCarry(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		const in = 3
		for _, s := range netkit.Sequential(17) {
			l := randomOf(s, in).(layers.Stepper)
			what := layers.FormatSpecs([]layers.Spec{s})
			chunks := [][]int{{5, 5, 5}, {1, 1, 1}, {4, 4, 3}, {2, 0, 0}} // lengths of three sequences
			whole := make([]int, 3)
			for _, lengths := range chunks {
				for b, n := range lengths {
					whole[b] += n
				}
			}
			x := randomBatch(whole, in, 5)
			want := newStates(l, 3)
			var steps batch
			for b := range x {
				y := stepForm(l, batch{x[b]}, [][]float32{want.Data[b*want.Row:][:want.Cols]})
				steps = append(steps, y[0])
			}
			for _, threads := range []int{1, 2} {
				seq := l.(layers.Layer).NewSequence(layers.BatchSize{Sequences: 3, Steps: 5, Rows: 15}, nil, layers.NewThreads(threads))
				states := newStates(l, 3)
				seq.Carry(states)
				at := make([]int, 3)
				for k, lengths := range chunks {
					part := make(batch, 3)
					for b, n := range lengths {
						part[b] = x[b][at[b]:][:n]
					}
					layout, _ := layOut(lengths)
					got := fromRows(seq.Forward(layout, part.rows(layout)), layout, lengths)
					for b, n := range lengths {
						if d := (batch{got[b]}).diff(batch{steps[b][at[b]:][:n]}); d != "" {
							t.Fatalf("%s, %d threads, chunk %d of sequence %d: %s", what, threads, k, b, d)
						}
						at[b] += n
					}
				}
				if !slices.Equal(states.Data, want.Data) {
					t.Errorf("%s, %d threads: the states left are not those of steps", what, threads)
				}
				// Without Carry it begins in the zero state again.
				seq.Carry(kernels.Matrix{})
				first := batch{x[0][:3]}
				layout, _ := layOut([]int{3})
				if d := fromRows(seq.Forward(layout, first.rows(layout)), layout, []int{3}).diff(batch{steps[0][:3]}); d != "" {
					t.Errorf("%s: after Carry has ended: %s", what, d)
				}
			}
		}
	})
}

// The gradients of a chunk are those with the carried state as a constant: against
// central differences of the float64 reference.
func TestCarryGradients(t *testing.T) {
	const in, units, eps = 3, 2, 1e-5
	lengths := []int{4, 1, 3}
	for _, s := range netkit.Sequential(units) {
		l := randomOf(s, in)
		step := l.(layers.Stepper)
		x, v := randomBatch(lengths, in, 3), randomBatch(lengths, l.OutLen(), 4)
		begin := newStates(step, len(lengths))
		testkit.Values(begin.Data, 9, 0.8)
		ref := netkit.NewLayer64(s, l)
		loss := func() (sum float64) {
			for b := range x {
				var x64 [][]float64
				for _, row := range x[b] {
					x64 = append(x64, netkit.Float64s(row))
				}
				state := netkit.Float64s(begin.Data[b*begin.Row:][:begin.Cols])
				h, c := make([]float64, units), make([]float64, units)
				copy(c, state[copy(h, state):]) // as far as a layer has them
				for i, y := range ref.RunFrom(x64, h, c) {
					for j, h := range y {
						sum += float64(v[b][i][j]) * h
					}
				}
			}
			return sum
		}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			layout, size := layOut(lengths)
			grad := s.New(in)
			seq := l.NewSequence(size, grad, layers.NewThreads(2))
			states := newStates(step, len(lengths))
			copy(states.Data, begin.Data)
			seq.Carry(states)
			seq.Begin()
			rows := x.rows(layout)
			seq.Forward(layout, rows)
			copy(seq.OutputGradients().Data, v.rows(layout).Data)
			seq.Backward(rows, kernels.Matrix{})
			for _, p := range grad.Parameters("") {
				if p.StoredOnly {
					continue
				}
				w := ref.W[p.Name]
				for i, g := range p.Get() {
					if p.Effective < p.Len() && i < p.Len()-p.Effective {
						continue // adds to another, which has the gradient
					}
					was := w[i]
					w[i] = was + eps
					up := loss()
					w[i] = was - eps
					want := (up - loss()) / (2 * eps)
					w[i] = was
					if d := math.Abs(float64(g) - want); !(d <= 1e-6*(1+math.Abs(want))) {
						t.Errorf("%s: gradient of %s[%d] = %v, want %v", layers.FormatSpecs([]layers.Spec{s}), p.Name, i, g, want)
					}
				}
			}
		})
	}
}
