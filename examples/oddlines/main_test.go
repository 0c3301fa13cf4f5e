package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
	for _, args := range [][]string{{"-model", "none", path}, {path + "none"}, {"-learn", "0", path}} {
		if err := run(t.Context(), args, &strings.Builder{}); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
