package layers

import (
	"fmt"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
)

// encoderStacks are stacks of each kind of layer, in one direction and in both.
func encoderStacks() (list []StackConfig) {
	for _, layers := range [][]Spec{
		{&LSTMSpec{Units: 7}},
		{&BidirectionalSpec{Layer: &GRUSpec{Units: 17}}},
		{&BidirectionalSpec{Layer: &LSTMSpec{Units: 5}, Merge: "multiply"}, &RNNSpec{Units: 9}},
		{&GRUSpec{Units: 6, Reset: "before"}, &BidirectionalSpec{Layer: &RNNSpec{Units: 16}, Merge: "average"}},
		{&BidirectionalSpec{Layer: &GRUSpec{Units: 3}}, &BidirectionalSpec{Layer: &GRUSpec{Units: 4}, Merge: "sum"}},
	} {
		list = append(list, StackConfig{Symbols: 23, Embedding: 11, Layers: layers, Outputs: 5})
	}
	return list
}

// randomStack returns a stack of random weights.
func randomStack(c StackConfig) *Stack {
	s := NewStack(c)
	for i, p := range ParametersOf(s) {
		if !p.StoredOnly {
			data := make([]float32, p.Len())
			testkit.Values(data, uint64(i+3), 0.8)
			p.Set(data)
		}
	}
	return s
}

// encoderDocs returns documents of several lengths, some of them equal.
func encoderDocs(symbols int) (docs [][]int, size BatchSize) {
	for i, n := range []int{1, 30, 7, 7, 2, 19, 1, 64, 3, 40, 11, 12, 13, 14, 15, 16, 17, 5} {
		doc := make([]int, n)
		for k := range doc {
			doc[k] = (i*7 + k*k*3 + k) % symbols
		}
		docs = append(docs, doc)
		size.Sequences++
		size.Rows += n
		size.Steps = max(size.Steps, n)
	}
	return docs, size
}

// The logits of a document are the same to the bit alone, among others in any order, and
// with any number of threads; a larger batch before leaves nothing behind.
func TestEncoder(t *testing.T) {
	for _, c := range encoderStacks() {
		t.Run(FormatSpecs(c.Layers), func(t *testing.T) {
			stack := randomStack(c)
			docs, size := encoderDocs(c.Symbols)
			var first []float32 // of the first instruction set
			testkit.EachISA(t, func(t *testing.T, isa string) {
				want := make([]float32, len(docs)*c.Outputs)
				alone := stack.NewEncoder(BatchSize{1, size.Steps, size.Steps}, 1)
				for i, doc := range docs {
					alone.Logits(kernels.RowMajor(want[i*c.Outputs:], 1, c.Outputs), [][]int{doc})
				}
				if first == nil {
					first = want
				}
				if d := testkit.Diff(want, first); d != "" {
					t.Fatalf("logits differ from those of the first instruction set: %s", d)
				}
				for threads := range 3 {
					e := stack.NewEncoder(size, threads+1)
					for _, cut := range [][2]int{{0, len(docs)}, {3, 9}, {5, 6}, {0, 17}, {0, 0}} {
						n := cut[1] - cut[0]
						got := make([]float32, n*c.Outputs)
						e.Logits(kernels.RowMajor(got, n, c.Outputs), docs[cut[0]:cut[1]])
						if d := testkit.Diff(got, want[cut[0]*c.Outputs:cut[1]*c.Outputs]); d != "" {
							t.Errorf("%d threads, documents %v: %s", threads+1, cut, d)
						}
					}
				}
			})
		})
	}
}

// A stack that can go step by step gives the logits of its last step.
func TestEncoderEqualsSteps(t *testing.T) {
	c := StackConfig{Symbols: 23, Embedding: 11, Layers: []Spec{&LSTMSpec{Units: 7}, &GRUSpec{Units: 13}}, Outputs: 4}
	stack := randomStack(c)
	docs, size := encoderDocs(c.Symbols)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		got := kernels.RowMajor(make([]float32, len(docs)*c.Outputs), len(docs), c.Outputs)
		stack.NewEncoder(size, 2).Logits(got, docs)
		s, want := stack.NewState(), make([]float32, c.Outputs)
		for i, doc := range docs {
			s.Reset()
			for _, sym := range doc {
				s.Advance(sym)
			}
			s.Logits(want)
			if d := testkit.Diff(rowOf(got, i), want); d != "" {
				t.Errorf("document %d: %s", i, d)
			}
		}
	})
}

// The last state of the direction against time is its output at the first position, and
// that depends on every symbol.
func TestEncoderReadsEverything(t *testing.T) {
	for _, c := range encoderStacks() {
		stack := randomStack(c)
		e := stack.NewEncoder(BatchSize{1, 9, 9}, 1)
		doc := []int{1, 2, 3, 4, 5, 6, 7, 8, 9}
		logits := func() []float32 {
			dst := make([]float32, c.Outputs)
			e.Logits(kernels.RowMajor(dst, 1, c.Outputs), [][]int{doc})
			return dst
		}
		want := logits()
		for i := range doc {
			was := doc[i]
			doc[i] = 20
			if testkit.Diff(logits(), want) == "" {
				t.Errorf("%s: symbol %d has no effect", FormatSpecs(c.Layers), i)
			}
			doc[i] = was
		}
	}
}

func TestEncoderDoesNotAllocate(t *testing.T) {
	for _, c := range encoderStacks() {
		docs, size := encoderDocs(c.Symbols)
		e := randomStack(c).NewEncoder(size, 1)
		dst := kernels.RowMajor(make([]float32, len(docs)*c.Outputs), len(docs), c.Outputs)
		e.Logits(dst, docs)
		testkit.NoAllocs(t, func() {
			for range 5 {
				e.Logits(dst, docs)
			}
		})
	}
}

func TestEncoderPanics(t *testing.T) {
	stack := randomStack(encoderStacks()[0])
	e := stack.NewEncoder(BatchSize{2, 4, 6}, 1)
	for name, docs := range map[string][][]int{
		"an empty document":   {{}},
		"too many documents":  {{1}, {2}, {3}},
		"too many steps":      {{1, 2, 3, 4, 5}},
		"too many symbols":    {{1, 2, 3, 4}, {1, 2, 3}},
		"a symbol too high":   {{23}},
		"a symbol below zero": {{-1}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			e.Logits(kernels.RowMajor(make([]float32, len(docs)*5), len(docs), 5), docs)
		}()
	}
	func() {
		defer func() {
			if fmt.Sprint(recover()) != "layers: Stack: NewEncoder: there are no layers" {
				t.Error("an encoder without layers")
			}
		}()
		NewStack(StackConfig{Symbols: 3, Embedding: 2, Outputs: 2}).NewEncoder(BatchSize{1, 1, 1}, 1)
	}()
}
