package kernels

import "sync"

// Workers spread independent work over goroutines. They change nothing about
// results: work is split by outputs, never inside a chain. A Workers may be
// used by one goroutine at a time. Its methods allocate nothing when there is
// one worker.
type Workers struct {
	scratch [][]float32 // packing space, one a worker
}

// NewWorkers returns n workers; n < 1 counts as 1.
func NewWorkers(n int) *Workers {
	return &Workers{scratch: make([][]float32, max(n, 1))}
}

// Len returns the number of workers.
func (w *Workers) Len() int { return len(w.scratch) }

// Split cuts [0, n) into one range a worker, each beginning at a multiple of
// unit, and calls f with each that is not empty, on its own goroutine if there
// are several. It returns when all calls have. It panics if unit < 1.
func (w *Workers) Split(n, unit int, f func(worker, from, to int)) {
	if unit < 1 {
		panic("kernels: Split: unit < 1")
	}
	parts := min(w.Len(), (n+unit-1)/unit)
	if parts <= 1 {
		if n > 0 {
			f(0, 0, n)
		}
		return
	}
	units := (n + unit - 1) / unit
	var wg sync.WaitGroup
	for i := range parts - 1 {
		from, to := i*units/parts*unit, (i+1)*units/parts*unit
		wg.Go(func() { f(i, from, to) })
	}
	f(parts-1, (parts-1)*units/parts*unit, n)
	wg.Wait()
}
