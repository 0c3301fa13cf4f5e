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

func detectCaches() CacheSizes {
	c := cpuid.CPU.Cache
	return CacheSizes{L1: c.L1D, L2: c.L2, L3: c.L3}
}
