package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
)

func list(t *testing.T, args ...string) []string {
	t.Helper()
	var out strings.Builder
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	return lines(out.String())
}

func towns(t *testing.T) []string {
	t.Helper()
	b, err := files.ReadFile("names.txt")
	if err != nil {
		t.Fatal(err)
	}
	return lines(string(b))
}

// The same seed gives the same names on every machine.
func TestSeed(t *testing.T) {
	want := []string{"Lenmetan", "Nowede", "Nowne", "Damwwood", "Hanchester"}
	if got := list(t, "-n", "5", "-seed", "1"); !slices.Equal(got, want) {
		t.Errorf("seed 1: %q, want %q", got, want)
	}
	if got := list(t, "-n", "5", "-seed", "2"); slices.Equal(got, want) {
		t.Errorf("seed 2 gives the names of seed 1: %q", got)
	}
	if a, b := list(t, "-n", "5"), list(t, "-n", "5"); slices.Equal(a, b) {
		t.Errorf("without a seed, %q twice", a)
	}
}

// The seed that was drawn is shown, and gives the same names.
func TestSeedIsShown(t *testing.T) {
	var out, notes strings.Builder
	if err := run(t.Context(), []string{"-n", "3"}, &out, &notes); err != nil {
		t.Fatal(err)
	}
	var seed uint64
	if _, err := fmt.Sscanf(notes.String(), "seed %d\n", &seed); err != nil {
		t.Fatalf("%q: %v", notes.String(), err)
	}
	if got := list(t, "-n", "3", "-seed", fmt.Sprint(seed)); !slices.Equal(got, lines(out.String())) {
		t.Errorf("seed %d gives %q, then %q", seed, out.String(), got)
	}
}

// Names of several words, and those that begin with a letter of several bytes.
func TestOtherLists(t *testing.T) {
	if got, want := lines("Anna Maria\r\n\n  \nÉtienne"), []string{"Anna Maria", "Étienne"}; !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
	// The model does not know the letter, which stands as it is all the same.
	m, err := autoreg.LoadFS[*autoreg.TextModel](files, "names.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range names(t.Context(), m, []string{"Étienne"}, 1, 0.8) {
		if err != nil || !strings.HasPrefix(name, "É") {
			t.Errorf("%q, %v: want a name with É", name, err)
		}
		break
	}
}

func TestNamesAreNew(t *testing.T) {
	seen := make(map[string]bool)
	for _, town := range towns(t) {
		if seen[town] {
			t.Errorf("names.txt has %s twice", town)
		}
		seen[town] = true
	}
	const n = 300
	got := list(t, "-n", "300", "-seed", "3")
	if len(got) != n {
		t.Fatalf("%d names, want %d", len(got), n)
	}
	for _, name := range got {
		if seen[name] {
			t.Errorf("%s is in the list, or occurs twice", name)
		}
		seen[name] = true
		if len(name) < 4 {
			t.Errorf("%s is short", name)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-n", "0"}, "-n is 0"},
		{[]string{"-temperature", "-1"}, "Temperature"},
		{[]string{"-temperature", "NaN"}, "Temperature"},
		{[]string{"-temperature", "0", "-n", "1000"}, "raise -temperature"},
		{[]string{"-seed", "x"}, "-seed"},
		{[]string{"Ash"}, `"Ash"`},
	} {
		var out strings.Builder
		if err := run(t.Context(), c.args, &out, io.Discard); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
			t.Errorf("%q: %v, want an error with %q", c.args, err, c.want)
		}
	}
}

// The command that go generate runs makes the model that is here, to the byte.
func TestTrainingGivesTheModel(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for seconds")
	}
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no processes here")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here: ", err)
	}
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, command, _ := strings.Cut(string(source), "\n//go:generate ")
	command, _, _ = strings.Cut(command, "\n")
	made := filepath.Join(t.TempDir(), "names.safetensors")
	args := strings.Fields(command)
	if at := slices.Index(args, "names.safetensors"); at < 0 {
		t.Fatalf("go generate runs %q", command)
	} else {
		args[at] = made
	}
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	got, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	want, err := files.ReadFile("names.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("training gives another file: run go generate ./examples/names and commit it, unless that should not have changed")
	}
}
