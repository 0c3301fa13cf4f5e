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

// random returns a stack of the given sizes, hidden being one LSTM each.
func random(symbols, dim int, hidden ...int) *layers.Stack {
	s := &layers.Stack{Embedding: layers.NewEmbedding(symbols, dim)}
	testkit.Values(s.Embedding.Weight, 1, 1)
	in := dim
	for i, H := range hidden {
		l := layers.NewLSTM(in, H)
		wih, whh, bias := l.Weights()
		testkit.Values(wih, uint64(10*i+2), 0.7)
		testkit.Values(whh, uint64(10*i+3), 0.7)
		testkit.Values(bias, uint64(10*i+4), 0.7)
		l.SetWeights(wih, whh, bias)
		s.Layers = append(s.Layers, l)
		in = H
	}
	s.Head = layers.NewLinear(in, symbols)
	w, b := s.Head.Weights()
	testkit.Values(w, 5, 1)
	testkit.Values(b, 6, 1)
	s.Head.SetWeights(w, b)
	return s
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

// steps returns the scores after each of ids, one sequence by itself.
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
						b := s.NewBatch(n, kernels.NewWorkers(workers))
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
										t.Fatalf("sequence %d, step %d: scores%s", i, at, d)
									}
									for j, v := range row {
										if !testkit.SameBits(inPanels.At(i, j), v) {
											t.Fatalf("sequence %d, step %d: scores in panels [%d] = %v, want %v", i, at, j, inPanels.At(i, j), v)
										}
									}
								}
							}
							b.Reset()
						}
					})
				}
			}
		}
	})
}

// A whole sequence as training runs it, all input products first, is the same as
// step by step; 200 steps included.
func TestWholeSequenceEqualsSteps(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range []struct{ in, H, T, B int }{{1, 1, 3, 1}, {5, 7, 11, 1}, {5, 7, 11, 3}, {16, 16, 20, 2}, {17, 33, 200, 2}, {100, 128, 200, 1}} {
			s := random(3, c.in, c.H)
			l := s.Layers[0].(*layers.LSTM)
			x := make([]float32, c.T*c.B*c.in) // [T, B, in]
			testkit.Values(x, 8, 1.5)
			gates := kernels.GateCols(c.H)
			z := kernels.NewPanels(c.T*c.B, gates)
			w := kernels.NewWorkers(2)
			l.Inputs(w, z, kernels.RowMajor(x, c.T*c.B, c.in))

			h, cell := make([]float32, c.B*c.H), make([]float32, c.B*c.H)
			hs, cs := kernels.RowMajor(h, c.B, c.H), kernels.RowMajor(cell, c.B, c.H)
			states := make([][]float32, c.B)
			for i := range states {
				states[i] = make([]float32, l.StateLen())
			}
			dst, scratch := make([]float32, c.H), make([]float32, l.ScratchLen(1))
			for at := range c.T {
				l.Recur(w, hs, cs, z.SubRows(at*c.B, c.B), hs, cs)
				for i, state := range states {
					l.Step(dst, x[(at*c.B+i)*c.in:][:c.in], state, scratch)
					if d := testkit.Diff(dst, state[:c.H]); d != "" {
						t.Fatalf("%+v, step %d: dst is not the state's h: %s", c, at, d)
					}
					if d := testkit.Diff(h[i*c.H:(i+1)*c.H], state[:c.H]); d != "" {
						t.Fatalf("%+v, step %d, sequence %d: h%s", c, at, i, d)
					}
					if d := testkit.Diff(cell[i*c.H:(i+1)*c.H], state[c.H:]); d != "" {
						t.Fatalf("%+v, step %d, sequence %d: c%s", c, at, i, d)
					}
				}
			}
		}
	})
}

// Step may write over its input.
func TestStepInPlace(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, H := range []int{1, 7, 16, 33} {
			l := random(3, H, H).Layers[0].(*layers.LSTM)
			x, want := make([]float32, H), make([]float32, H)
			testkit.Values(x, 3, 1)
			scratch := make([]float32, l.ScratchLen(1))
			l.Step(want, x, make([]float32, 2*H), scratch)
			l.Step(x, x, make([]float32, 2*H), scratch)
			if d := testkit.Diff(x, want); d != "" {
				t.Errorf("H=%d: dst = x gives%s", H, d)
			}
		}
	})
}

// Changing symbol j leaves the scores before it alone and changes those after it.
func TestCausal(t *testing.T) {
	s := random(11, 5, 7)
	ids := symbols(12, 11, 4)
	want := steps(s, ids)
	for j := range ids {
		changed := slices.Clone(ids)
		changed[j] = (ids[j] + 1) % 11
		for at, got := range steps(s, changed) {
			if same := testkit.Diff(got, want[at]) == ""; same != (at < j) {
				t.Errorf("symbol %d changed: scores after symbol %d the same: %v", j, at, same)
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
				t.Fatalf("forked at %d, step %d of the fork: scores%s", at, i, d)
			}
			if at+i < len(a) {
				src.Advance(a[at+i])
				src.Logits(plain)
				if d := testkit.Diff(plain, wantSrc[at+i]); d != "" {
					t.Fatalf("forked at %d, step %d of the source: scores%s", at, at+i, d)
				}
			}
		}
	}
}

// Reset is a new state; scores need no step before them.
func TestReset(t *testing.T) {
	s := random(11, 5, 7)
	st := s.NewState()
	before, got := make([]float32, 11), make([]float32, 11)
	st.Logits(before)
	_, bias := s.Head.Weights()
	if d := testkit.Diff(before, bias); d != "" {
		t.Errorf("scores of a zero output: %s; want the bias", d)
	}
	for _, id := range symbols(5, 11, 1) {
		st.Advance(id)
	}
	st.Reset()
	st.Logits(got)
	if d := testkit.Diff(got, before); d != "" {
		t.Errorf("after Reset: scores%s", d)
	}
	st.Advance(4)
	st.Logits(got)
	if d := testkit.Diff(got, steps(s, []int{4})[0]); d != "" {
		t.Errorf("after Reset and a step: scores%s", d)
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
					t.Errorf("goroutine %d, step %d: scores%s", i, at, d)
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
		b.Reset()
	})
}
