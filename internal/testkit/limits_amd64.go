//go:build !purego

package testkit

import "github.com/autoreg/autoreg/asm"

func peakLoop(isa string) (loop func(n int, p *float32), flop float64) {
	switch isa {
	case "avx512":
		return asm.PeakFMAAVX512, 24 * 16 * 2
	case "avx2":
		return asm.PeakFMAAVX2, 24 * 8 * 2
	}
	return nil, 0
}

func readLoop(isa string) func(p *float32, n int) {
	switch isa {
	case "avx512":
		return asm.ReadAVX512
	case "avx2":
		return asm.ReadAVX2
	}
	return nil
}
