//go:build !purego

package cpu

import "github.com/klauspost/cpuid/v2"

func detect() []ISA {
	c := cpuid.CPU
	if !c.Supports(cpuid.AVX2, cpuid.FMA3) {
		return nil
	}
	if !c.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL) {
		return []ISA{AVX2}
	}
	return []ISA{AVX2, AVX512}
}
