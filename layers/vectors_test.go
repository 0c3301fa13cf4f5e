package layers_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// randomVectors returns a network over vectors of random weights.
func randomVectors(in int, list ...layers.Spec) *layers.VectorStack {
	s := layers.NewVectorStack(layers.VectorConfig{Inputs: in, Layers: list})
	for i, p := range s.Parts() {
		randomise(p.Parameters(), uint64(10*i+2), 0.7)
	}
	return s
}

// vectorStacks are networks of every kind of layer that goes step by step.
func vectorStacks(units int) (list [][]layers.Spec) {
	specs := netkit.Sequential(units)
	for i, s := range specs {
		list = append(list, []layers.Spec{s, specs[(i+5)%len(specs)], &layers.DenseSpec{Units: 2}})
	}
	return list
}

// Steps, steps of several sequences together in any order, and whole sequences, in passes
// and at once, are the same bits.
func TestVectorForms(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		const in, n = 3, 4
		for k, list := range vectorStacks(9) {
			T := 20
			if k%9 == 0 {
				T = 270 // more than one pass
			}
			s := randomVectors(in, list...)
			what := layers.FormatSpecs(list)
			x := randomBatch(slices.Repeat([]int{T}, n), in, uint64(k))
			want := newBatch(slices.Repeat([]int{T}, n), 2)
			one := s.NewState()
			for i := range x {
				one.Reset()
				for t := range x[i] {
					one.Step(want[i][t], x[i][t])
				}
			}
			b := s.NewBatch(n, kernels.NewWorkers(1))
			got, in2 := make([][]float32, n), make([][]float32, n)
			for i := range got {
				got[i] = make([]float32, 2)
			}
			state := s.NewState()
			for step := range 20 {
				for i := range x {
					in2[i] = x[i][step]
				}
				b.Step(got, in2)
				for i := range x {
					if d := testkit.Diff(got[i], want[i][step]); d != "" {
						t.Fatalf("%s: step %d of sequence %d in a batch: %s", what, step, i, d)
					}
				}
				i, j := step%n, (step+2)%n // two sequences trade places
				b.GetRow(i, state)
				b.CopyRow(i, j)
				b.SetRow(j, state)
				x[i], x[j] = x[j], x[i]
				want[i], want[j] = want[j], want[i]
			}
			v := s.NewSequence(T)
			for i := range x {
				flat, y := kernels.RowMajor(slices.Concat(x[i]...), T, in), kernels.RowMajor(make([]float32, 2*T), T, 2)
				v.Run(y, flat)
				if d := testkit.Diff(y.Data, slices.Concat(want[i]...)); d != "" {
					t.Fatalf("%s: sequence %d as a whole: %s", what, i, d)
				}
			}
		}
	})
}

// A network in both directions is what its layers are, and refuses steps.
func TestVectorBothDirections(t *testing.T) {
	spec := &layers.BidirectionalSpec{Layer: &layers.LSTMSpec{Units: 5}, Merge: "concat"}
	s := randomVectors(3, spec, &layers.DenseSpec{Units: 4, Activation: "softmax"})
	const T = 300
	x := randomBatch([]int{T}, 3, 1)
	y := kernels.RowMajor(make([]float32, 4*T), T, 4)
	s.NewSequence(T).Run(y, kernels.RowMajor(slices.Concat(x[0]...), T, 3))
	want := alone(&layers.DenseSpec{}, s.Layers[1], alone(spec, s.Layers[0], x[0]))
	if d := testkit.Diff(y.Data, slices.Concat(want...)); d != "" {
		t.Error(d)
	}
	if _, err := s.Steppers(); err == nil {
		t.Error("a layer in both directions goes step by step")
	}
	testkit.Panics(t, "layers: a layer cannot go step by step; see Steppers", func() { s.NewState() })
	testkit.Panics(t, "layers: VectorSequence: Run: too many steps", func() {
		s.NewSequence(T-1).Run(y, kernels.RowMajor(slices.Concat(x[0]...), T, 3))
	})
}

// Sequences begin in the first state, whichever way they are computed.
func TestVectorFirstState(t *testing.T) {
	const in, T = 3, 5
	for k, list := range vectorStacks(9) {
		what := layers.FormatSpecs(list)
		if (layers.VectorConfig{Inputs: in, Layers: list}).Sizes().State == 0 {
			continue // Dense layers alone begin in no state
		}
		s := layers.NewVectorStack(layers.VectorConfig{Inputs: in, Layers: list, FirstState: true})
		for i, p := range s.Parts() {
			randomise(p.Parameters(), uint64(10*i+2), 0.7)
		}
		if got := s.Config(); !got.FirstState || !slices.Equal(got.Describe(), layers.Describe(s)) {
			t.Errorf("%s: Describe = %v, of the network %v", what, got.Describe(), layers.Describe(s))
		}
		x := randomBatch([]int{T}, in, uint64(k))[0]
		y := kernels.RowMajor(make([]float32, 2*T), T, 2)
		s.NewSequence(T).Run(y, kernels.RowMajor(slices.Concat(x...), T, in))
		one, b, got := s.NewState(), s.NewBatch(1, kernels.NewWorkers(1)), make([]float32, 2)
		for i := range x {
			one.Step(got, x[i])
			if d := testkit.Diff(got, y.Data[2*i:][:2]); d != "" {
				t.Errorf("%s: step %d: %s", what, i, d)
			}
			b.Step([][]float32{got}, x[i:i+1])
			if d := testkit.Diff(got, y.Data[2*i:][:2]); d != "" {
				t.Errorf("%s: step %d of a batch: %s", what, i, d)
			}
		}
	}
}

// Steps and whole sequences allocate nothing.
func TestVectorNoAllocs(t *testing.T) {
	for _, list := range vectorStacks(9) {
		s := randomVectors(3, list...)
		state, b, v := s.NewState(), s.NewBatch(2, kernels.NewWorkers(1)), s.NewSequence(20)
		x, y := make([]float32, 60), make([]float32, 40)
		rows, outs := [][]float32{x[:3], x[3:6]}, [][]float32{y[:2], y[2:4]}
		run := func() {
			state.Step(y[:2], x[:3])
			b.Step(outs, rows)
			v.Run(kernels.RowMajor(y, 20, 2), kernels.RowMajor(x, 20, 3))
		}
		run()
		t.Run(layers.FormatSpecs(list), func(t *testing.T) { testkit.NoAllocs(t, run) })
	}
}

// A network is described by what it was made from.
func TestVectorConfig(t *testing.T) {
	for _, list := range vectorStacks(7) {
		c := layers.VectorConfig{Inputs: 3, Layers: list}
		s := layers.NewVectorStack(c)
		if got := s.Config(); got.Inputs != 3 || s.InLen() != 3 || layers.FormatSpecs(got.Layers) != layers.FormatSpecs(list) || s.OutLen() != c.Outputs() {
			t.Errorf("%v: Config = %v, %d in, %d out", c, got, s.InLen(), s.OutLen())
		}
		if got, want := c.Describe(), layers.Describe(s); !slices.Equal(got, want) {
			t.Errorf("Describe = %v, of the network %v", got, want)
		}
	}
	for want, c := range map[string]layers.VectorConfig{
		"there are 0 layers: want 1 or more":               {Inputs: 3},
		"there is a first state, but no layer has a state": {Inputs: 3, Layers: []layers.Spec{&layers.DenseSpec{Units: 1}}, FirstState: true},
		"layer 0 (bidirectional): there is a first state, with which all layers go step by step, but this one reads in both directions": {
			Inputs: 3, Layers: []layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 1}}}, FirstState: true},
		"layer 1: gru: units is 0: want 1 to 65536": {Inputs: 3, Layers: []layers.Spec{&layers.DenseSpec{Units: 1}, &layers.GRUSpec{}}},
	} {
		if err := c.Check(); fmt.Sprint(err) != want {
			t.Errorf("%v: %v, want %q", c, err, want)
		}
		testkit.Panics(t, "layers: NewVectorStack: invalid configuration", func() { layers.NewVectorStack(c) })
	}
	s := randomVectors(3, &layers.RNNSpec{Units: 2})
	other := randomVectors(3, &layers.RNNSpec{Units: 2})
	state, b := s.NewState(), s.NewBatch(2, kernels.NewWorkers(1))
	x, y := make([]float32, 3), make([]float32, 2)
	testkit.Panics(t, "layers: VectorState: Step: wrong length", func() { state.Step(y, x[1:]) })
	testkit.Panics(t, "layers: VectorState: Step: wrong length", func() { state.Step(x, x) })
	testkit.Panics(t, "layers: VectorState: CopyFrom: different networks", func() { state.CopyFrom(other.NewState()) })
	testkit.Panics(t, "layers: VectorBatch: Step: one row a sequence", func() { b.Step([][]float32{y, y}, [][]float32{x}) })
	testkit.Panics(t, "layers: VectorBatch: Step: wrong length", func() { b.Step([][]float32{y, y}, [][]float32{x, y}) })
	testkit.Panics(t, "layers: VectorBatch: SetRow: different networks", func() { b.SetRow(0, other.NewState()) })
	testkit.Panics(t, "layers: VectorBatch: GetRow: different networks", func() { b.GetRow(0, other.NewState()) })
	testkit.Panics(t, "layers: VectorSequence: Run: shapes do not match", func() {
		s.NewSequence(1).Run(kernels.RowMajor(y, 1, 2), kernels.RowMajor(y, 1, 2))
	})
}
