package cpu

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	have := []ISA{Generic, AVX2}
	if got := choose("", have); got != AVX2 {
		t.Errorf("choose(\"\") = %v, want the highest rung avx2", got)
	}
	if got := choose("generic", have); got != Generic {
		t.Errorf("choose(generic) = %v", got)
	}
	for name, want := range map[string]string{
		"avx512": "not available on this CPU",
		"neon":   "not available on this CPU",
		"sse9":   "not an instruction set",
		"AVX2":   "not an instruction set",
	} {
		func() {
			defer func() {
				msg, _ := recover().(string)
				if !strings.Contains(msg, want) || !strings.Contains(msg, "generic, avx2") {
					t.Errorf("choose(%s) panicked with %q, want it to say %q and list the rungs", name, msg, want)
				}
			}()
			choose(name, have)
		}()
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
