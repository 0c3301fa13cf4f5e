package layers_test

import (
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// Logits are the same on any number of threads, and allocate nothing.
func TestStateThreads(t *testing.T) {
	for _, s := range []*layers.Stack{random(11, 5, 7), random(64, 3, 5), random(257, 2, 6), random(520, 2, 3)} {
		testkit.EachISA(t, func(t *testing.T, isa string) {
			st, alone := s.NewState(), s.NewState()
			got, want := make([]float32, s.Symbols()), make([]float32, s.Symbols())
			for i, n := range []int{2, 1, 3, 0, 5, 9, 100, -1} {
				st.SetThreads(n)
				for range 3 {
					st.Logits(got)
					alone.Logits(want)
					if d := testkit.Diff(got, want); d != "" {
						t.Fatalf("%d threads, %d symbols: logits%s", n, s.Symbols(), d)
					}
					st.Advance(i)
					alone.Advance(i)
				}
			}
		})
	}
	s := random(257, 2, 6)
	st, x := s.NewState(), make([]float32, 257)
	st.SetThreads(3)
	st.Logits(x)
	testkit.NoAllocs(t, func() {
		for i := range 1000 {
			st.Advance(i % 257)
			st.Logits(x)
		}
	})
	panics(t, "layers: State: Logits: wrong length", []func(){func() { st.Logits(x[1:]) }, func() { st.Logits(make([]float32, 258)) }})
}
