package testkit

import "runtime"

// Allocated returns how many bytes f allocates, together with what other goroutines
// allocate meanwhile.
func Allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
