// Package testkit holds what the tests of several packages share: running a
// test on every instruction set, slices that notice stray reads and writes,
// exact comparison, allocation counts.
package testkit

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
)

// runner is what *testing.T and *testing.B share for sub-tests.
type runner[T any] interface {
	testing.TB
	Run(name string, f func(T)) bool
}

// EachISA runs f as a sub-test isa=name for every instruction set of this
// machine and build, that set being forced meanwhile; for one only where
// AUTOREG_ISA names it. The environment variable AUTOREG_REQUIRE_ISA, a
// comma-separated list, turns the absence of a set into a failure where it must
// run. Under the race detector it runs the highest set alone: which goroutine writes what
// does not depend on the set, and the detector makes each take several times as long.
func EachISA[T runner[T]](t T, f func(t T, isa string)) {
	t.Helper()
	have := map[string]bool{}
	only := os.Getenv("AUTOREG_ISA")
	available := cpu.Available()
	for i, isa := range available {
		have[isa.String()] = true
		if RaceEnabled && only == "" && i < len(available)-1 {
			continue
		}
		if only != "" && !strings.EqualFold(isa.String(), only) {
			continue
		}
		t.Run("isa="+isa.String(), func(t T) {
			defer cpu.Force(isa)()
			f(t, isa.String())
		})
	}
	for _, name := range strings.Split(os.Getenv("AUTOREG_REQUIRE_ISA"), ",") {
		if name != "" && !have[name] {
			t.Errorf("AUTOREG_REQUIRE_ISA asks for %s, which this machine or build lacks", name)
		}
	}
}

// Canary is the NaN payload that guards slices.
const Canary = 0x7fc0beef

// Guarded returns a slice of n values, off values past a 64-byte boundary, with
// canaries on both sides, and a check that they are untouched.
func Guarded(n, off int) (s []float32, check func() error) {
	const guard = 64
	buf := make([]float32, guard+16+off+n+guard)
	canary := math.Float32frombits(Canary)
	for i := range buf {
		buf[i] = canary
	}
	from := guard + align(buf[guard:]) + off
	s = buf[from : from+n : from+n]
	clear(s)
	return s, func() error {
		for i, v := range buf {
			if (i < from || i >= from+n) && math.Float32bits(v) != Canary {
				return fmt.Errorf("value %d relative to a slice of %d was overwritten with %v", i-from, n, v)
			}
		}
		return nil
	}
}

// SameBits reports whether a and b are the same bits or both NaN.
func SameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// Diff returns "" if got and want are the same bits everywhere (NaN equals
// NaN), or a description of the first difference.
func Diff(got, want []float32) string {
	if len(got) != len(want) {
		return fmt.Sprintf("length %d, want %d", len(got), len(want))
	}
	for i := range got {
		if !SameBits(got[i], want[i]) {
			return fmt.Sprintf("[%d] = %v (%#08x), want %v (%#08x)",
				i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
	return ""
}

// ULP returns the distance between got and the exact value want in units of the
// last place of float32 at want.
func ULP(got float32, want float64) float64 {
	g := float64(got)
	switch {
	case g != g && want != want, g == want:
		return 0
	case math.IsInf(want, 0) || want != want || g != g:
		return math.Inf(1)
	case math.IsInf(g, 0) && float64(float32(want)) == g:
		return 0 // overflow where it is the correct rounding
	case math.IsInf(g, 0): // where a finite value would be the next binade's first
		g = math.Copysign(math.Ldexp(1, 128), g)
	}
	_, e := math.Frexp(want)
	return math.Abs(g-want) / math.Ldexp(1, max(e-24, -149))
}

// Values fills dst with a fixed pseudo-random sequence in [-scale, scale).
func Values(dst []float32, seed uint64, scale float32) {
	s := seed*0x9e3779b97f4a7c15 + 1
	for i := range dst {
		s ^= s << 13
		s ^= s >> 7
		s ^= s << 17
		dst[i] = (float32(s>>40)/(1<<23) - 1) * scale
	}
}

// Specials are values that find mistakes: zeros, subnormals, limits, infinities
// and NaN.
var Specials = []float32{
	0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
	1e-40, -1e-40, 0x1p-126, -0x1p-126, 1, -1, 88.72283, 88.72284, -87.33655, -103.97208, -103.97209, 104, -104,
	math.MaxFloat32, -math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
}

// NoAllocs fails if f allocates. f should take many steps itself, for an average
// hides one allocation in a hundred. The least of five runs is taken, since a
// single one may catch a stray allocation of the runtime's. Under the race
// detector f only runs.
func NoAllocs(t testing.TB, f func()) {
	t.Helper()
	if RaceEnabled { // which allocates
		f()
		return
	}
	least := math.Inf(1)
	for range 5 {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	if least > 0 {
		t.Errorf("%v allocations, want none", least)
	}
}
