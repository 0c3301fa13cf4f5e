package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
)

func list(t *testing.T, args ...string) []string {
	t.Helper()
	var out strings.Builder
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// The lines that are odd are those that surprise the model most.
func TestOddLines(t *testing.T) {
	got := list(t, "-top", "4")
	for _, text := range oddities {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\x1b", `\x1b`), `"`, `\"`)
		if !slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, text) }) {
			t.Errorf("%s is not among %q", text, got)
		}
	}
	if len(got) != 4 || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("%q", got)
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("\n"+strings.Repeat("recipe for roasted carrots\n", 50)+"carrots for roasted roasted\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-model", "../../testdata/tiny.safetensors"}, {"-epochs", "10"}} {
		got := list(t, append(args, "-top", "1", path)...)
		if len(got) != 1 || !strings.Contains(got[0], `    52  "carrots for roasted roasted"`) {
			t.Errorf("%v: %q", args, got)
		}
	}
	for _, args := range [][]string{{"-model", "none", path}, {path + "none"}, {"-train", "0", path}, {path, path}} {
		if err := run(t.Context(), args, &strings.Builder{}); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

func TestCompare(t *testing.T) {
	line := func(number int, loss float64) scored {
		return scored{number, autoreg.DocumentScore{Score: autoreg.Score{Symbols: 1, Loss: loss}}}
	}
	want := []scored{line(3, math.NaN()), line(4, math.Inf(1)), line(1, 2), line(2, 2), line(0, 1)}
	got := []scored{want[4], want[3], want[1], want[2], want[0]}
	slices.SortFunc(got, scored.compare)
	for i := range want {
		if got[i].number != want[i].number {
			t.Errorf("line %d comes at %d, want %d", got[i].number, i, want[i].number)
		}
	}
}
