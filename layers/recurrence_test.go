package layers

import (
	"fmt"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
)

// randomLayer returns a layer of random weights.
func randomLayer(s Spec, in int) Layer {
	l := s.New(in)
	for i, p := range l.Parameters("") {
		if !p.StoredOnly {
			data := make([]float32, p.Len())
			testkit.Values(data, uint64(i+2), 0.7)
			p.Set(data)
		}
	}
	return l
}

// layoutOf returns the layout of sequences of the given lengths, and its size.
func layoutOf(lengths []int) (*Layout, BatchSize) {
	size := BatchSize{Sequences: len(lengths), Steps: slices.Max(lengths)}
	for _, n := range lengths {
		size.Rows += n
	}
	l := NewLayout(size)
	for b, n := range lengths {
		l.Steps[b] = int32(n)
	}
	l.Set(len(lengths))
	return l, size
}

// times returns n times the same length.
func times(n, length int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = length
	}
	return list
}

// A whole sequence as training runs it, all input products first, is the same as step
// by step, 200 steps included, for any number of threads: the outputs, and what is kept
// of the state beside them.
func TestSequenceEqualsSteps(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range []struct {
			in, H   int
			lengths []int
		}{
			{1, 1, times(1, 3)}, {5, 7, times(1, 11)}, {5, 7, times(3, 11)},
			{16, 16, times(2, 20)}, {17, 33, times(2, 200)}, {100, 128, times(1, 200)},
		} {
			for _, threads := range []int{1, 2, 3} {
				l := randomLayer(&LSTMSpec{Units: c.H}, c.in).(cell)
				layout, size := layoutOf(c.lengths)
				if layout.Rows() != size.Rows {
					t.Fatalf("%v: %d rows, want %d", c.lengths, layout.Rows(), size.Rows)
				}
				x := kernels.RowMajor(make([]float32, size.Rows*c.in), size.Rows, c.in)
				testkit.Values(x.Data, 8, 1.5)
				r := newRecurrence(l, size, nil, NewThreads(threads))
				y := r.Forward(layout, x)
				memory := r.memory.rows(size.Rows)
				dst, scratch := make([]float32, c.H), make([]float32, l.ScratchLen(1))
				for b, n := range c.lengths {
					state := make([]float32, l.StateLen())
					for at := range n {
						row := layout.Row(at, b)
						l.Step(dst, rowOf(x, row), state, scratch)
						what := fmt.Sprintf("%+v, %d threads, step %d, sequence %d", c, threads, at, b)
						if d := testkit.Diff(dst, state[:c.H]); d != "" {
							t.Fatalf("%s: dst is not the state's h: %s", what, d)
						}
						if d := testkit.Diff(rowOf(y, row), dst); d != "" {
							t.Fatalf("%s: h%s", what, d)
						}
						if d := testkit.Diff(rowOf(memory, row), state[c.H:]); d != "" {
							t.Fatalf("%s: memory%s", what, d)
						}
					}
				}
			}
		}
	})
}
