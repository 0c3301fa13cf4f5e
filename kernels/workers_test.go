package kernels

import (
	"sync"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// TestSplit checks that the ranges are a partition of [0, n) that begins at
// multiples of unit, one range a worker, none empty.
func TestSplit(t *testing.T) {
	for _, workers := range []int{-1, 0, 1, 2, 3, 4, 7} {
		w := NewWorkers(workers)
		if want := max(workers, 1); w.Len() != want {
			t.Fatalf("NewWorkers(%d).Len() = %d, want %d", workers, w.Len(), want)
		}
		for n := range 60 {
			for _, unit := range []int{1, 2, 6, 64} {
				var mu sync.Mutex
				seen, calls := make([]int, n), map[int]bool{}
				w.Split(n, unit, func(worker, from, to int) {
					mu.Lock()
					defer mu.Unlock()
					if worker < 0 || worker >= w.Len() || calls[worker] {
						t.Errorf("Split(%d, %d) with %d workers: worker %d called twice or unknown", n, unit, w.Len(), worker)
					}
					calls[worker] = true
					if from >= to || from%unit != 0 || to > n || to != n && to%unit != 0 {
						t.Errorf("Split(%d, %d) with %d workers: range %d to %d", n, unit, w.Len(), from, to)
						return
					}
					for i := from; i < to; i++ {
						seen[i]++
					}
				})
				for i, times := range seen {
					if times != 1 {
						t.Fatalf("Split(%d, %d) with %d workers: %d was given out %d times", n, unit, w.Len(), i, times)
					}
				}
			}
		}
	}
}

func TestSplitContract(t *testing.T) {
	for _, unit := range []int{0, -1} {
		testkit.Panics(t, "kernels: Split: unit < 1", func() {
			NewWorkers(2).Split(10, unit, func(int, int, int) { t.Errorf("unit %d: f was called", unit) })
		})
	}
}

// Shares differ by at most one unit.
func TestSplitIsEven(t *testing.T) {
	w := NewWorkers(3)
	for n := 1; n < 40; n++ {
		var mu sync.Mutex
		least, most := n, 0
		w.Split(n, 1, func(_, from, to int) {
			mu.Lock()
			defer mu.Unlock()
			least, most = min(least, to-from), max(most, to-from)
		})
		if most-least > 1 {
			t.Errorf("Split(%d, 1) with 3 workers: shares from %d to %d", n, least, most)
		}
	}
}

// Split returns after all calls have.
func TestSplitWaits(t *testing.T) {
	w := NewWorkers(4)
	x := make([]int, 1000)
	for round := range 200 {
		w.Split(len(x), 1, func(_, from, to int) {
			for i := from; i < to; i++ {
				x[i]++
			}
		})
		for i, v := range x {
			if v != round+1 {
				t.Fatalf("round %d: element %d was visited %d times", round, i, v)
			}
		}
	}
}

func TestSplitAllocs(t *testing.T) {
	w := NewWorkers(1)
	sum := 0
	f := func(_, from, to int) { sum += to - from }
	testkit.NoAllocs(t, func() {
		for range 1000 {
			w.Split(10, 2, f)
		}
	})
	if sum == 0 {
		t.Error("f was never called")
	}
}
