package main

import "runtime/debug"

// programMemory is the memory in bytes that --max-memory does not count: the program, the
// Go runtime, and garbage not yet collected.
const programMemory = 32 << 20

// limitMemory makes the collector keep the heap within so many MiB and programMemory,
// until the returned function is called. A limit that the environment has set and that
// is lower stays.
func limitMemory(mebibytes int) (restore func()) {
	limit, before := int64(mebibytes)<<20+programMemory, debug.SetMemoryLimit(-1)
	if limit >= before {
		return func() {}
	}
	debug.SetMemoryLimit(limit)
	return func() { debug.SetMemoryLimit(before) }
}
