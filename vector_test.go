package autoreg

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// vectorModel returns a model of random weights.
func vectorModel(inputs int, list ...layers.Spec) *VectorModel {
	m := model.NewVectors(model.VectorConfig{Inputs: inputs, Layers: list})
	for i, p := range layers.ParametersOf(m.Stack) {
		if !p.StoredOnly {
			v := make([]float32, p.Len())
			testkit.Values(v, uint64(i+1), 0.6)
			p.Set(v)
		}
	}
	return newVectorModel(m)
}

// smallVectors is a model with layers of several kinds.
func smallVectors() *VectorModel {
	return vectorModel(3, &layers.DenseSpec{Units: 5, Activation: "tanh"}, &layers.LSTMSpec{Units: 7},
		&layers.GRUSpec{Units: 6, RecurrentActivation: "hard_sigmoid_keras3"}, &layers.RNNSpec{Units: 4, Activation: "sigmoid"}, &layers.DenseSpec{Units: 2})
}

// bothVectors is a model that takes sequences whole.
func bothVectors() *VectorModel {
	return vectorModel(3, &layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 4}}, &layers.DenseSpec{Units: 2, Activation: "softmax"})
}

func vectorStream(t testing.TB, m *VectorModel) *VectorStream {
	t.Helper()
	s, err := m.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A sequence as a whole has the outputs of steps, and so have a stream that was reset, one
// forked, one restored, and the model from its file.
func TestVectorsEveryWay(t *testing.T) {
	const T = 300
	testkit.EachISA(t, func(t *testing.T, isa string) {
		m := smallVectors()
		xs, want, dst := make([]float32, 3*T), make([]float32, 2*T), make([]float32, 2*T)
		testkit.Values(xs, 5, 2)
		s := vectorStream(t, m)
		steps := func(s *VectorStream, what string, from int) {
			t.Helper()
			for i := from; i < T; i++ {
				s.Step(dst[2*i:][:2], xs[3*i:][:3])
			}
			if d := testkit.Diff(dst[2*from:], want[2*from:]); d != "" {
				t.Errorf("%s: %s: %s", isa, what, d)
			}
		}
		var half *VectorStream
		var snapshot []byte
		for i := range T {
			if i == T/2 {
				half, snapshot = s.Fork(), s.Snapshot()
			}
			s.Step(want[2*i:][:2], xs[3*i:][:3])
		}
		steps(half, "a fork", T/2)
		restored, err := m.Restore(snapshot)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(restored.Snapshot(), snapshot) {
			t.Errorf("%s: the snapshot of what was restored is another", isa)
		}
		steps(restored, "a snapshot", T/2)
		s.Reset()
		steps(s, "after Reset", 0)
		var file bytes.Buffer
		if _, err := m.WriteTo(&file); err != nil {
			t.Fatal(err)
		}
		again, err := Load[*VectorModel](&file, nil)
		if err != nil {
			t.Fatal(err)
		}
		steps(vectorStream(t, again), "the model from its file", 0)
		m.Run(dst, xs)
		if d := testkit.Diff(dst, want); d != "" {
			t.Errorf("%s: the whole sequence: %s", isa, d)
		}
	})
}

// Streams that join, leave, fork and go back to their start at any time have, bit for bit,
// the outputs of streams that are alone, whatever the others do meanwhile.
func TestVectorGroupIsAlone(t *testing.T) {
	const goroutines, steps = 9, 300
	m := smallVectors()
	for _, threads := range []int{1, 2, 5} {
		g, err := m.NewGroup(&GroupOptions{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for k := range goroutines {
			s := []*VectorStream{vectorStream(t, m), vectorStream(t, m)}
			alone := []*VectorStream{vectorStream(t, m), vectorStream(t, m)}
			all.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(k), uint64(threads)))
				x, got, want := make([]float32, 3), make([]float32, 2), make([]float32, 2)
				for range steps {
					i := rng.IntN(2)
					switch rng.IntN(10) {
					case 0:
						if s[i].member == nil {
							if err := g.Join(s[i]); err != nil {
								t.Error(err)
							}
						}
					case 1:
						if s[i].member != nil {
							g.Leave(s[i])
						}
					case 2:
						s[i].CopyFrom(s[1-i])
						alone[i].CopyFrom(alone[1-i])
					case 3:
						s[i].Reset()
						alone[i].Reset()
					case 4:
						if !bytes.Equal(s[i].Snapshot(), alone[i].Snapshot()) {
							t.Error("snapshots differ")
						}
					default:
						for j := range x {
							x[j] = rng.Float32()
						}
						s[i].Step(got, x)
						alone[i].Step(want, x)
						if d := testkit.Diff(got, want); d != "" {
							t.Errorf("%d threads: %s", threads, d)
							return
						}
					}
				}
				for _, s := range s {
					if s.member != nil {
						g.Leave(s)
					}
				}
			})
		}
		all.Wait()
		if g.joined != 0 || len(g.idle) != threads || g.waiting != 0 {
			t.Errorf("%d streams have joined, %d threads are idle, %d wait", g.joined, len(g.idle), g.waiting)
		}
	}
}

// A sequence may begin in a state that is among the weights: a stream, one that was reset,
// one in a group, one restored and the whole sequence have the same outputs, from a file too.
func TestVectorsFirstState(t *testing.T) {
	const T = 300
	c := model.VectorConfig{Inputs: 3, FirstState: true, Layers: []layers.Spec{&layers.LSTMSpec{Units: 7},
		&layers.DenseSpec{Units: 5, Activation: "relu"}, &layers.GRUSpec{Units: 6}, &layers.RNNSpec{Units: 4}, &layers.DenseSpec{Units: 2}}}
	made := model.NewVectors(c)
	for i, p := range layers.ParametersOf(made.Stack) {
		v := make([]float32, p.Len())
		testkit.Values(v, uint64(i+1), 0.6)
		p.Set(v)
	}
	var file bytes.Buffer
	if _, err := made.File().WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	m, err := Load[*VectorModel](&file, nil)
	if err != nil {
		t.Fatal(err)
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		xs, want, dst := make([]float32, 3*T), make([]float32, 2*T), make([]float32, 2*T)
		testkit.Values(xs, 5, 2)
		s := vectorStream(t, m)
		check := func(what string, s *VectorStream) {
			t.Helper()
			for i := range T {
				s.Step(dst[2*i:][:2], xs[3*i:][:3])
			}
			if d := testkit.Diff(dst, want); d != "" {
				t.Errorf("%s: %s: %s", isa, what, d)
			}
		}
		m.Run(want, xs)
		restored, err := m.Restore(s.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		check("steps", s)
		s.Reset()
		check("after Reset", s)
		check("a snapshot of the start", restored)
		g, err := m.NewGroup(&GroupOptions{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		joined := vectorStream(t, m)
		if err := g.Join(joined); err != nil {
			t.Fatal(err)
		}
		check("in a group", joined)
		zero := vectorStream(t, m)
		clear(zero.state.Values())
		zero.Step(dst[:2], xs[:3])
		if dst[0] == want[0] {
			t.Error("the first state has no effect")
		}
	})
}

// A step allocates nothing, in a group or alone.
func TestVectorsNoAllocs(t *testing.T) {
	m := smallVectors()
	s, joined := vectorStream(t, m), vectorStream(t, m)
	g, err := m.NewGroup(&GroupOptions{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Join(joined); err != nil {
		t.Fatal(err)
	}
	x, y := make([]float32, 3), make([]float32, 2)
	step := func() {
		s.Step(y, x)
		joined.Step(y, x)
		joined.CopyFrom(s)
	}
	step()
	testkit.NoAllocs(t, step)
}

// A model in both directions takes sequences whole and refuses everything else.
func TestVectorsWhole(t *testing.T) {
	m := bothVectors()
	if m.Sequential() || !smallVectors().Sequential() {
		t.Error("Sequential is wrong")
	}
	_, err := m.NewStream()
	_, err2 := m.NewGroup(nil)
	_, err3 := m.Restore(vectorStream(t, smallVectors()).Snapshot())
	for _, err := range []error{err, err2} {
		if !errors.Is(err, ErrWhole) || !strings.HasPrefix(err.Error(), "autoreg: the model reads") {
			t.Errorf("error %v, want ErrWhole", err)
		}
	}
	if !errors.Is(err3, ErrSnapshot) {
		t.Errorf("error %v, want ErrSnapshot", err3)
	}
	xs, y := make([]float32, 3*5), make([]float32, 2*5)
	testkit.Values(xs, 5, 2)
	m.Run(y, xs)
	xs[14]++ // of the last step
	z := make([]float32, 2*5)
	m.Run(z, xs)
	if z[0] == y[0] {
		t.Error("the first output does not depend on the last input")
	}
	for i := 0; i < 10; i += 2 {
		if s := y[i] + y[i+1]; math.Abs(float64(s)-1) > 1e-6 {
			t.Errorf("the softmax of step %d adds up to %v", i/2, s)
		}
	}
	m.Run(nil, nil)
	if one, many := m.RunBytes(1), m.RunBytes(1000); one < 4*(3+2) || many != 1000*one || smallVectors().RunBytes(1000) != 0 {
		t.Errorf("RunBytes of 1 step is %d, of 1000 %d", one, many)
	}
}

// Mistakes panic, and snapshots that are none of the model's are errors.
func TestVectorsMistakes(t *testing.T) {
	m, other := smallVectors(), vectorModel(3, &layers.RNNSpec{Units: 2})
	s, o := vectorStream(t, m), vectorStream(t, other)
	g, err := m.NewGroup(&GroupOptions{Capacity: 1})
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]float32, 3), make([]float32, 2)
	const length = "autoreg: VectorStream: Step: wrong length"
	testkit.Panics(t, length, func() { s.Step(x, x) })
	testkit.Panics(t, length, func() { s.Step(y, y) })
	testkit.Panics(t, "autoreg: VectorStream: CopyFrom: streams of different models", func() { s.CopyFrom(o) })
	testkit.Panics(t, "autoreg: VectorGroup: Join: a stream of another model", func() { g.Join(o) })
	testkit.Panics(t, "autoreg: VectorGroup: Leave: the stream has not joined", func() { g.Leave(s) })
	if err := g.Join(s); err != nil {
		t.Fatal(err)
	}
	testkit.Panics(t, length, func() { s.Step(x, x) })
	testkit.Panics(t, "autoreg: VectorGroup: Join: the stream has joined a group", func() { g.Join(s) })
	if err := g.Join(s.Fork()); !errors.Is(err, ErrGroupFull) {
		t.Errorf("one stream too many: %v", err)
	}
	if _, err := m.NewGroup(&GroupOptions{Threads: -1}); err == nil {
		t.Error("-1 threads are taken")
	}
	testkit.Panics(t, "autoreg: VectorModel: Run: lengths do not match", func() { m.Run(y, x[:2]) })
	testkit.Panics(t, "autoreg: VectorModel: Run: lengths do not match", func() { m.Run(x, x) })

	snapshot := s.Snapshot()
	damaged := slices.Clone(snapshot)
	damaged[len(vectorMagic)+40] ^= 1
	out := vectorModel(1, &layers.RNNSpec{Units: 1}, &layers.DenseSpec{Units: 1}, &layers.DenseSpec{Units: 1})
	for _, p := range layers.ParametersOf(out.m.Stack)[4:] {
		p.Set([]float32{3e38})
	}
	one := vectorStream(t, out)
	if one.Step(y[:1], x[:1]); !math.IsInf(float64(y[0]), 1) {
		t.Fatalf("an output is %v, want +Inf", y[0])
	}
	if _, err := out.Restore(one.Snapshot()); err != nil {
		t.Errorf("a state that is finite, after an output that is not: %v", err)
	}
	inf := s.Fork()
	inf.state.Values()[3] = float32(math.Inf(1))
	for name, c := range map[string]struct {
		bytes []byte
		want  string
	}{
		"nothing":       {nil, "does not begin with"},
		"a text's":      {small(t).NewStream().Snapshot(), "does not begin with"},
		"cut short":     {snapshot[:50], "less than any"},
		"damaged":       {damaged, "checksum does not match"},
		"another model": {o.Snapshot(), "restore it with the model"},
		"not finite":    {inf.Snapshot(), "value 3 of the snapshot's state is +Inf"},
		"less state":    {seal(vectorMagic, m.hash(), make([]byte, 4)), "bytes of state: want"},
		"version":       {slices.Concat([]byte("autoreg vectors 2"), snapshot[len(vectorMagic):]), "is of version"},
	} {
		if s, err := m.Restore(c.bytes); s != nil || !errors.Is(err, ErrSnapshot) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v, %v; want %q", name, s, err, c.want)
		}
	}
	if _, err := small(t).Restore(snapshot); !errors.Is(err, ErrSnapshot) {
		t.Errorf("a snapshot of vectors for a text: %v", err)
	}
}

// FuzzRestoreVectors restores any bytes as the body of a snapshot.
func FuzzRestoreVectors(f *testing.F) {
	m := smallVectors()
	s, err := m.NewStream()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Snapshot())
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, b := range [][]byte{body, seal(vectorMagic, m.hash(), body)} {
			s, err := m.Restore(b)
			if err != nil {
				if !errors.Is(err, ErrSnapshot) {
					t.Error(err)
				}
				continue
			}
			if !bytes.Equal(s.Snapshot(), b) {
				t.Error("the snapshot of what was restored is another")
			}
		}
	})
}
