//go:build !unix || solaris || aix

package testkit

import "testing"

// AtPageEnd returns an ordinary slice where package syscall cannot protect pages
// (illumos counts as solaris).
func AtPageEnd(t testing.TB, n int) []float32 { return make([]float32, n) }
