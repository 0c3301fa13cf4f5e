package cpu

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	have := []ISA{Generic, AVX2}
	for name, want := range map[string]ISA{"": AVX2, "generic": Generic, "Generic": Generic, "avx2": AVX2, "AVX2": AVX2} {
		if got, err := choose(name, have); got != want || err != nil {
			t.Errorf("choose(%q) = %v, %v; want %v", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"avx512":     "AUTOREG_ISA=avx512 is not available on this CPU",
		"NEON":       "AUTOREG_ISA=NEON is not available on this CPU",
		"sse9":       "AUTOREG_ISA=sse9 is not an instruction set",
		" avx2":      "AUTOREG_ISA= avx2 is not an instruction set",
		"avx2\n\xff": `AUTOREG_ISA=avx2\n\xff is not an instruction set`,
	} {
		_, err := choose(name, have)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "generic, avx2") {
			t.Errorf("choose(%q): error %v, want it to say %q and list the rungs", name, err, want)
		}
	}
}

func TestForce(t *testing.T) {
	was := Active()
	for _, isa := range Available() {
		restore := Force(isa)
		if Active() != isa {
			t.Errorf("Force(%v): active is %v", isa, Active())
		}
		restore()
		if Active() != was {
			t.Fatalf("restore after Force(%v): active is %v, want %v", isa, Active(), was)
		}
	}
}

func TestCaches(t *testing.T) {
	for _, c := range []struct{ size, want int }{{-1, 32}, {0, 32}, {7, 32}, {8, 8}, {48, 48}, {64, 64}, {65, 32}} {
		if got := plausible(c.size, 8, 64, 32); got != c.want {
			t.Errorf("plausible(%d, 8, 64, 32) = %d, want %d", c.size, got, c.want)
		}
	}
	if c := Caches(); c.L1 <= 0 || c.L2 < c.L1 || c.L3 <= 0 {
		t.Errorf("Caches() = %+v", c)
	}
}
