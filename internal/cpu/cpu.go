// Package cpu decides, once per process, which instruction set the kernels
// use. The ladder is
//
//	generic < avx2 (AVX2 and FMA) < avx512 (also F, BW, DQ and VL)    on amd64
//	generic < neon                                                    on arm64
//
// each rung requiring all below it, and the highest available rung is taken.
// The environment variable AUTOREG_ISA=name takes that rung instead, so that a
// numeric report can be bisected without rebuilding; a name that is unknown or
// that this CPU or build lacks stops the program with a message that lists what
// there is. Results do not depend on the rung, only speed does.
package cpu

import (
	"os"
	"strings"
)

// An ISA is one rung of the ladder.
type ISA uint8

// The rungs, lowest first.
const (
	Generic ISA = iota
	AVX2
	AVX512
	NEON
)

var names = [...]string{"generic", "avx2", "avx512", "neon"}

// String returns the name that AUTOREG_ISA takes.
func (i ISA) String() string { return names[i] }

var (
	available = append([]ISA{Generic}, detect()...)
	active    = choose(os.Getenv("AUTOREG_ISA"), available)
)

// Active returns the rung in use.
func Active() ISA { return active }

// Available returns the rungs of this CPU and build, lowest first.
func Available() []ISA { return append([]ISA(nil), available...) }

// Force makes isa the active rung until the returned function is called. It is
// for tests, which must not run kernels meanwhile on other goroutines. It
// panics if isa is not available.
func Force(isa ISA) (restore func()) {
	for _, a := range available {
		if a == isa {
			old := active
			active = isa
			return func() { active = old }
		}
	}
	panic("cpu: Force: " + isa.String() + " is not available")
}

// choose returns the rung called name, or the highest one for the empty name.
func choose(name string, available []ISA) ISA {
	if name == "" {
		return available[len(available)-1]
	}
	have := make([]string, len(available))
	for i, a := range available {
		if a.String() == name {
			return a
		}
		have[i] = a.String()
	}
	what := "is not an instruction set that autoreg knows"
	for _, n := range names {
		if n == name {
			what = "is not available on this CPU in this build"
		}
	}
	panic("autoreg: AUTOREG_ISA=" + name + " " + what + "; choose from " + strings.Join(have, ", ") + " or unset it")
}
