//go:build purego || !(amd64 || arm64)

package testkit

func peakLoop(isa string) (loop func(n int, p *float32), flop float64) { return nil, 0 }

func readLoop(isa string) func(p *float32, n int) { return nil }
