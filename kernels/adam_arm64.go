//go:build !purego

package kernels

func adam(w, m, v, g []float32, s *AdamStep) { adamGeneric(w, m, v, g, s) }
