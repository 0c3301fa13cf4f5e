//go:build purego || !(amd64 || arm64)

package kernels

func (e *elementwise) run() { e.generic() }
