//go:build purego || !(amd64 || arm64)

package kernels

func adam(w, m, v, g []float32, s *AdamStep) { adamGeneric(w, m, v, g, s) }
