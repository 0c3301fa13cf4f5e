//go:build !purego

package cpu

// detect does not ask: every arm64 system that Go supports has NEON, and cpuid
// sees it on linux and darwin only.
func detect() []ISA { return []ISA{NEON} }

// detectCaches knows nothing: programs may not read the registers that would tell.
func detectCaches() CacheSizes { return CacheSizes{} }
