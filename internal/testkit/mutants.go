package testkit

import (
	"cmp"
	"os"
	"strconv"
	"testing"
)

// Mutants returns how many mutants a test makes and their seed: AUTOREG_MUTANTS and
// AUTOREG_SEED, or usual and 1.
func Mutants(t testing.TB, usual int) (n int, seed uint64) {
	t.Helper()
	number := func(name string, otherwise int) int {
		n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(otherwise)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	return number("AUTOREG_MUTANTS", usual), uint64(number("AUTOREG_SEED", 1))
}
