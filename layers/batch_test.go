package layers_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// rowStacks are stacks of all kinds of layers that go step by step.
func rowStacks() (list []*layers.Stack) {
	list = append(list, random(11, 5), random(65, 3, 15, 16), random(64, 3, 5), random(257, 2, 6), random(520, 2, 3))
	sizes := []int{7, 18, 33}
	var all []layers.Spec
	for i, s := range netkit.Sequential(0) {
		*s.Members()[0].Int = sizes[i%len(sizes)]
		all = append(all, s)
	}
	return append(list, randomStack(13, 6, all))
}

// Rows join and leave a batch, become forks of each other and of a State, are snapshotted
// and put back, in any order: each is at any time, bit for bit, a State of its own.
func TestBatchRows(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for k, s := range rowStacks() {
			for _, workers := range []int{1, 3} {
				rng := rand.New(rand.NewPCG(uint64(k), 5))
				const capacity = 19
				w := kernels.NewWorkers(workers)
				b := s.NewBatch(capacity, w)
				alone := make([]*layers.State, capacity)
				for i := range alone {
					alone[i] = s.NewState()
				}
				start, snapshot, copied := s.NewState(), s.NewState(), s.NewState()
				rows := make([][]float32, capacity)
				for i := range rows {
					rows[i] = make([]float32, s.Symbols())
				}
				got, want := kernels.RowMajor(make([]float32, capacity*s.Symbols()), capacity, s.Symbols()), make([]float32, s.Symbols())
				did := map[string]int{}
				for step := range 150 {
					n := b.Len()
					i, j := rng.IntN(capacity), rng.IntN(capacity)
					op := []string{"fork", "reset", "snapshot", "set", "join", "leave", "resize", "advance", "advance", "advance"}[rng.IntN(10)]
					switch op {
					case "fork":
						b.CopyRow(i, j)
						alone[i].CopyFrom(alone[j])
					case "reset":
						b.SetRow(i, start)
						alone[i].Reset()
					case "snapshot":
						b.GetRow(i, snapshot)
						copied.CopyFrom(alone[i])
					case "set":
						b.SetRow(i, snapshot)
						alone[i].CopyFrom(copied)
					case "join": // a new sequence behind the others
						if n < capacity {
							b.Resize(n + 1)
							b.SetRow(n, start)
							alone[n].Reset()
						}
					case "leave": // the last one takes the place
						if n > 0 {
							i %= n
							b.CopyRow(i, n-1)
							alone[i].CopyFrom(alone[n-1])
							b.Resize(n - 1)
						}
					case "resize":
						b.Resize(rng.IntN(capacity + 1))
					case "advance":
						ids := make([]int, n)
						for r := range ids {
							ids[r] = rng.IntN(s.Symbols())
							alone[r].Advance(ids[r])
						}
						b.Advance(ids)
					}
					did[op]++
					if b.Capacity() != capacity {
						t.Fatalf("capacity %d", b.Capacity())
					}
					b.Logits(got.SubRows(0, b.Len()))
					b.LogitsTo(rows[:b.Len()])
					for r := range b.Len() {
						alone[r].Logits(want)
						if d := testkit.Diff(got.Data[r*s.Symbols():][:s.Symbols()], want); d != "" {
							t.Fatalf("stack %d, %d workers: after step %d, %s, row %d of %d: logits%s", k, workers, step, op, r, b.Len(), d)
						}
						if d := testkit.Diff(rows[r], want); d != "" {
							t.Fatalf("stack %d, %d workers: after step %d, %s, LogitsTo row %d of %d: logits%s", k, workers, step, op, r, b.Len(), d)
						}
					}
				}
				if len(did) != 8 {
					t.Fatalf("%v: not all has been tried", did)
				}
				// All rows, in use or not, are what they should be.
				for r := range capacity {
					b.GetRow(r, snapshot)
					snapshot.Advance(3)
					alone[r].Advance(3)
					snapshot.Logits(got.Data[:s.Symbols()])
					alone[r].Logits(want)
					if d := testkit.Diff(got.Data[:s.Symbols()], want); d != "" {
						t.Fatalf("stack %d, row %d in the end: logits%s", k, r, d)
					}
				}
			}
		}
	})
}

// A batch that is refused has not changed.
func TestBatchMistakes(t *testing.T) {
	s := random(11, 5, 7)
	w := kernels.NewWorkers(1)
	b := s.NewBatch(3, w)
	b.Resize(2)
	b.Advance([]int{4, 5})
	before := kernels.RowMajor(make([]float32, 2*11), 2, 11)
	b.Logits(before)
	other := random(11, 5, 7)
	for want, calls := range map[string][]func(){
		"layers: Batch: Resize: out of range":           {func() { b.Resize(-1) }, func() { b.Resize(4) }},
		"layers: Batch: SetRow: different stacks":       {func() { b.SetRow(0, other.NewState()) }},
		"layers: Batch: GetRow: different stacks":       {func() { b.GetRow(0, other.NewState()) }},
		"layers: Batch: Advance: one symbol a sequence": {func() { b.Advance([]int{1}) }, func() { b.Advance([]int{1, 2, 3}) }},
		"layers: Embedding: symbol out of range":        {func() { b.Advance([]int{1, 11}) }},
		"layers: Batch: LogitsTo: one row a sequence":   {func() { b.LogitsTo(nil) }, func() { b.LogitsTo(make([][]float32, 3)) }},
		"layers: Batch: LogitsTo: wrong length":         {func() { b.LogitsTo([][]float32{make([]float32, 11), make([]float32, 10)}) }},
	} {
		panics(t, want, calls)
	}
	after := kernels.RowMajor(make([]float32, 2*11), 2, 11)
	b.Logits(after)
	if b.Len() != 2 || !slices.Equal(after.Data, before.Data) {
		t.Errorf("%d rows, logits %v, were %v", b.Len(), after.Data, before.Data)
	}
	both := randomStack(11, 5, []layers.Spec{&layers.LSTMSpec{Units: 4}, &layers.BidirectionalSpec{Layer: &layers.LSTMSpec{Units: 3}}})
	if _, err := both.Steppers(); err == nil || err.Error() != "layer 1 (Bidirectional(LSTM)): "+layers.ErrNotSequential.Error() {
		t.Errorf("Steppers: %v", err)
	}
	panics(t, "layers: a layer cannot go step by step; see Steppers", []func(){
		func() { both.NewBatch(2, w) },
		func() { both.NewState() },
	})
}

// Batches of all kinds of layers allocate nothing, whatever joins and leaves.
func TestBatchRowsNoAllocs(t *testing.T) {
	for _, s := range rowStacks() {
		b, st := s.NewBatch(5, kernels.NewWorkers(1)), s.NewState()
		ids, y := make([]int, 5), kernels.RowMajor(make([]float32, 5*s.Symbols()), 5, s.Symbols())
		rows := make([][]float32, 5)
		for i := range rows {
			rows[i] = make([]float32, s.Symbols())
		}
		b.Advance(ids)
		b.Logits(y) // workers allocate their packing space once
		testkit.NoAllocs(t, func() {
			for i := range 20 {
				n := 1 + i%5
				b.Resize(n)
				b.Advance(ids[:n])
				b.Logits(y.SubRows(0, n))
				b.LogitsTo(rows[:n])
				b.CopyRow(0, n-1)
				b.GetRow(n-1, st)
				st.Advance(1)
				st.Logits(y.Data[:s.Symbols()])
				b.SetRow(0, st)
				b.CopyRow(4, 0)
			}
		})
	}
}
