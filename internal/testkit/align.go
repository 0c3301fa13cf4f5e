package testkit

import "unsafe"

// align returns how many values to skip to reach a 64-byte boundary.
func align(s []float32) int {
	return int(-uintptr(unsafe.Pointer(unsafe.SliceData(s)))/4) & 15
}
