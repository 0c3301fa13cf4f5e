//go:build !purego

package testkit

import "github.com/autoreg/autoreg/asm"

func peakLoop(isa string) (loop func(n int, p *float32), flop float64) {
	if isa == "neon" {
		return asm.PeakFMANEON, 24 * 4 * 2
	}
	return nil, 0
}

func readLoop(isa string) func(p *float32, n int) {
	if isa == "neon" {
		return asm.ReadNEON
	}
	return nil
}
