//go:build !purego

package cpu

import "github.com/klauspost/cpuid/v2"

// detect finds NEON, which every arm64 system that Go supports has; asking
// cpuid keeps the rule that the ladder is climbed on evidence.
func detect() []ISA {
	if !cpuid.CPU.Supports(cpuid.ASIMD) {
		return nil
	}
	return []ISA{NEON}
}
