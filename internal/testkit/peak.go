package testkit

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
)

// Peak returns the most bytes of live heap while f runs, beyond those before. The garbage
// collector runs whenever the heap has grown by a fiftieth, and a goroutine keeps the
// largest of what its runs found alive, so a peak that lasts for less is missed.
func Peak(f func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(2))
	live := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	runtime.GC()
	before, most := live(), uint64(0)
	var done atomic.Bool
	var watch sync.WaitGroup
	watch.Go(func() {
		for !done.Load() {
			most = max(most, live())
			runtime.Gosched()
		}
	})
	f()
	done.Store(true)
	watch.Wait()
	return max(most, before) - before
}
