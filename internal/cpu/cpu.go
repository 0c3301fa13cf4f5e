// Package cpu decides, once per process, which instruction set the kernels
// use. The ladder is
//
//	generic < avx2 (AVX2 and FMA) < avx512 (also F, BW, DQ and VL)    on amd64
//	generic < neon                                                    on arm64
//
// each rung requiring all below it, and the highest available rung is taken.
// The environment variable AUTOREG_ISA=name takes that rung instead, so that a
// numeric report can be bisected without rebuilding; upper and lower case are the
// same. A name that is unknown or that this CPU or build lacks ends the program with
// status 2, before main, and one line on standard error that lists what there is.
// Results do not depend on the rung, only speed does.
package cpu

import (
	"errors"
	"os"
	"strconv"
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
	active    = mustChoose(os.Getenv("AUTOREG_ISA"), available)
)

// mustChoose ends the program where choose returns an error. A panic while packages
// are initialised would end it too, for nothing can recover from that, and hide the
// line in a trace; to go on with another rung would measure the wrong one.
func mustChoose(name string, available []ISA) ISA {
	isa, err := choose(name, available)
	if err != nil {
		os.Stderr.WriteString("autoreg: " + err.Error() + "\n")
		os.Exit(2)
	}
	return isa
}

// Active returns the rung in use.
func Active() ISA { return active }

// Available returns the rungs of this CPU and build, lowest first.
func Available() []ISA { return append([]ISA(nil), available...) }

// CacheSizes are the sizes in bytes of a core's caches; L3 is shared by several.
type CacheSizes struct{ L1, L2, L3 int }

// Caches returns what the CPU reports. Where it reports nothing, as some virtual
// machines do, or a size that no CPU has, those of a small core stand in.
func Caches() CacheSizes {
	c := detectCaches()
	return CacheSizes{
		L1: plausible(c.L1, 8<<10, 1<<20, 32<<10),
		L2: plausible(c.L2, 64<<10, 64<<20, 512<<10),
		L3: plausible(c.L3, 256<<10, 1<<30, 16<<20),
	}
}

// plausible returns size if it lies between least and most, and otherwise usual.
func plausible(size, least, most, usual int) int {
	if size < least || size > most {
		return usual
	}
	return size
}

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
func choose(name string, available []ISA) (ISA, error) {
	if name == "" {
		return available[len(available)-1], nil
	}
	have := make([]string, len(available))
	for i, a := range available {
		if strings.EqualFold(a.String(), name) {
			return a, nil
		}
		have[i] = a.String()
	}
	what := "is not an instruction set that autoreg knows"
	for _, n := range names {
		if strings.EqualFold(n, name) {
			what = "is not available on this CPU in this build"
		}
	}
	shown := strings.Trim(strconv.Quote(name), `"`) // on one line, whatever it is
	return 0, errors.New("AUTOREG_ISA=" + shown + " " + what + "; choose from " + strings.Join(have, ", ") + " or unset it")
}
