//go:build !unix

package testkit

import "testing"

// AtPageEnd returns an ordinary slice where pages cannot be protected.
func AtPageEnd(t testing.TB, n int) []float32 { return make([]float32, n) }
