package layers_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// lstms returns the specs of one LSTM for each number of units.
func lstms(units ...int) (list []layers.Spec) {
	for _, H := range units {
		list = append(list, &layers.LSTMSpec{Units: H})
	}
	return list
}

// random returns a stack of the given sizes, hidden being one LSTM each.
func random(symbols, dim int, hidden ...int) *layers.Stack {
	return randomStack(symbols, dim, lstms(hidden...))
}

// randomStack returns a stack of random weights.
func randomStack(symbols, dim int, list []layers.Spec) *layers.Stack {
	s := layers.NewStack(layers.StackConfig{Symbols: symbols, Embedding: dim, Layers: list, Outputs: symbols})
	parts := s.Parts()
	for i, p := range parts {
		switch i {
		case 0:
			randomise(p.Parameters(), 1, 1)
		case len(parts) - 1:
			randomise(p.Parameters(), 5, 1)
		default:
			randomise(p.Parameters(), uint64(10*i-8), 0.7)
		}
	}
	return s
}

// randomise sets parameters to values in [-scale, scale), the seed being that of the
// first one, and returns what it has set, nil for those that are only stored.
func randomise(list []layers.Parameter, seed uint64, scale float32) (values [][]float32) {
	for i, p := range list {
		values = append(values, nil)
		if !p.StoredOnly {
			values[i] = make([]float32, p.Len())
			testkit.Values(values[i], seed+uint64(i), scale)
			p.Set(values[i])
		}
	}
	return values
}

// symbols returns n symbols below limit.
func symbols(n, limit int, seed uint64) []int {
	v := make([]float32, n)
	testkit.Values(v, seed, 1)
	ids := make([]int, n)
	for i := range ids {
		ids[i] = min(int((v[i]+1)/2*float32(limit)), limit-1)
	}
	return ids
}

// steps returns the logits after each of ids, one sequence by itself.
func steps(s *layers.Stack, ids []int) [][]float32 {
	st := s.NewState()
	var out [][]float32
	for _, id := range ids {
		st.Advance(id)
		x := make([]float32, s.Symbols())
		st.Logits(x)
		out = append(out, x)
	}
	return out
}

var sizes = []struct {
	symbols, dim int
	hidden       []int
}{
	{3, 1, []int{1}},
	{11, 5, []int{7}},
	{64, 16, []int{16}},
	{65, 3, []int{15}},
	{130, 17, []int{33}},
	{9, 5, []int{18, 3}},
	{5, 4, nil},
}

// Row i of a batch of any size is, bit for bit, sequence i by itself.
func TestBatchEqualsState(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range sizes {
			s := random(c.symbols, c.dim, c.hidden...)
			for _, n := range []int{1, 2, 3, 7, 16, 19} {
				for _, workers := range []int{1, 3} {
					t.Run(fmt.Sprintf("v=%d/e=%d/h=%v/n=%d/workers=%d", c.symbols, c.dim, c.hidden, n, workers), func(t *testing.T) {
						const T = 9
						seqs := make([][]int, n)
						want := make([][][]float32, n)
						for i := range seqs {
							seqs[i] = symbols(T, c.symbols, uint64(i+1))
							want[i] = steps(s, seqs[i])
						}
						b, start := s.NewBatch(n, kernels.NewWorkers(workers)), s.NewState()
						if b.Len() != n {
							t.Fatalf("Len = %d", b.Len())
						}
						got := kernels.RowMajor(make([]float32, n*c.symbols), n, c.symbols)
						inPanels := kernels.NewPanels(n, c.symbols)
						for range 2 { // once more after Reset
							for at := range T {
								ids := make([]int, n)
								for i := range ids {
									ids[i] = seqs[i][at]
								}
								b.Advance(ids)
								b.Logits(got)
								b.Logits(inPanels)
								for i := range n {
									row := got.Data[i*c.symbols : (i+1)*c.symbols]
									if d := testkit.Diff(row, want[i][at]); d != "" {
										t.Fatalf("sequence %d, step %d: logits%s", i, at, d)
									}
									for j, v := range row {
										if !testkit.SameBits(inPanels.At(i, j), v) {
											t.Fatalf("sequence %d, step %d: logits in panels [%d] = %v, want %v", i, at, j, inPanels.At(i, j), v)
										}
									}
								}
							}
							for i := range n {
								b.SetRow(i, start)
							}
						}
					})
				}
			}
		}
	})
}

// Step may write over its input.
func TestStepInPlace(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range []int{1, 7, 16, 33} {
			l := random(3, H, H).Layers[0].(layers.Stepper)
			x, want := make([]float32, H), make([]float32, H)
			testkit.Values(x, 3, 1)
			scratch := make([]float32, l.ScratchLen(1))
			l.Step(want, x, make([]float32, l.StateLen()), scratch)
			l.Step(x, x, make([]float32, l.StateLen()), scratch)
			if d := testkit.Diff(x, want); d != "" {
				t.Errorf("H=%d: dst = x gives%s", H, d)
			}
		}
	})
}

// Changing symbol j leaves the logits before it alone and changes those after it.
func TestCausal(t *testing.T) {
	s := random(11, 5, 7)
	ids := symbols(12, 11, 4)
	want := steps(s, ids)
	for j := range ids {
		changed := slices.Clone(ids)
		changed[j] = (ids[j] + 1) % 11
		for at, got := range steps(s, changed) {
			if same := testkit.Diff(got, want[at]) == ""; same != (at < j) {
				t.Errorf("symbol %d changed: logits after symbol %d the same: %v", j, at, same)
			}
		}
	}
}

// After CopyFrom, a fork and its source go on without touching each other.
func TestCopyFrom(t *testing.T) {
	s := random(11, 5, 7, 3)
	a, b, plain := symbols(10, 11, 1), symbols(10, 11, 2), make([]float32, 11)
	for at := range a {
		src, fork := s.NewState(), s.NewState()
		fork.Advance(b[0]) // to be forgotten
		for _, id := range a[:at] {
			src.Advance(id)
		}
		fork.CopyFrom(src)
		path := slices.Concat(a[:at], b)
		wantFork, wantSrc := steps(s, path)[at:], steps(s, a)
		for i := range b {
			fork.Advance(b[i])
			fork.Logits(plain)
			if d := testkit.Diff(plain, wantFork[i]); d != "" {
				t.Fatalf("forked at %d, step %d of the fork: logits%s", at, i, d)
			}
			if at+i < len(a) {
				src.Advance(a[at+i])
				src.Logits(plain)
				if d := testkit.Diff(plain, wantSrc[at+i]); d != "" {
					t.Fatalf("forked at %d, step %d of the source: logits%s", at, at+i, d)
				}
			}
		}
	}
}

// Reset is a new state; logits need no step before them.
func TestReset(t *testing.T) {
	s := random(11, 5, 7)
	st := s.NewState()
	before, got := make([]float32, 11), make([]float32, 11)
	st.Logits(before)
	_, bias := s.Head.Weights()
	if d := testkit.Diff(before, bias); d != "" {
		t.Errorf("logits of a zero output: %s; want the bias", d)
	}
	for _, id := range symbols(5, 11, 1) {
		st.Advance(id)
	}
	st.Reset()
	st.Logits(got)
	if d := testkit.Diff(got, before); d != "" {
		t.Errorf("after Reset: logits%s", d)
	}
	st.Advance(4)
	st.Logits(got)
	if d := testkit.Diff(got, steps(s, []int{4})[0]); d != "" {
		t.Errorf("after Reset and a step: logits%s", d)
	}
}

// One stack serves any number of goroutines.
func TestConcurrent(t *testing.T) {
	s := random(130, 17, 33)
	const n = 8
	want := make([][][]float32, n)
	for i := range want {
		want[i] = steps(s, symbols(20, 130, uint64(i)))
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			for at, got := range steps(s, symbols(20, 130, uint64(i))) {
				if d := testkit.Diff(got, want[i][at]); d != "" {
					t.Errorf("goroutine %d, step %d: logits%s", i, at, d)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestNoAllocs(t *testing.T) {
	s := random(13, 3, 5, 2)
	st, x := s.NewState(), make([]float32, 13)
	fork := s.NewState()
	testkit.NoAllocs(t, func() {
		for i := range 1000 {
			st.Advance(i % 13)
			st.Logits(x)
			fork.CopyFrom(st)
			fork.Reset()
		}
	})
	b := random(65, 17, 33).NewBatch(3, kernels.NewWorkers(1))
	ids, y := make([]int, 3), kernels.NewPanels(3, 65)
	b.Advance(ids)
	b.Logits(y) // workers allocate their packing space once
	testkit.NoAllocs(t, func() {
		for range 100 {
			b.Advance(ids)
			b.Logits(y)
		}
	})
}
