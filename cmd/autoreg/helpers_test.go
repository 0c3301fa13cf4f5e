package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A result is what a command line comes to.
type result struct {
	code     int
	out, err string
}

// command runs a command line with nothing on standard input.
func command(args ...string) result { return commandIn("", args...) }

func commandIn(stdin string, args ...string) result {
	var out, errOut bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(stdin), &out, &errOut)
	return result{code, out.String(), errOut.String()}
}

// ok fails the test unless the command line succeeds, and returns what it prints.
func ok(t testing.TB, args ...string) string {
	t.Helper()
	r := command(args...)
	if r.code != exitOK {
		t.Fatalf("autoreg %s: status %d: %s", strings.Join(args, " "), r.code, r.err)
	}
	return r.out
}

// fails checks that a command line fails with a status and a message on one line.
func fails(t testing.TB, code int, want string, args ...string) {
	t.Helper()
	r := command(args...)
	if r.code != code || !strings.Contains(r.err, want) || !strings.HasPrefix(r.err, "autoreg: ") ||
		strings.Count(r.err, "\n") != 1 || !strings.HasSuffix(r.err, "\n") {
		t.Errorf("autoreg %.200s: status %d, message %q; want %d, one line with %q", strings.Join(args, " "), r.code, r.err, code, want)
	}
	for _, prefix := range []string{"autoreg: ", "train: ", "corpus: ", "images: ", "sampler: ", "tokenizer: ", "model: ", "weights: "} {
		if strings.Contains(strings.TrimPrefix(r.err, "autoreg"), ": "+prefix) || strings.Contains(r.err, "; "+prefix) {
			t.Errorf("autoreg %.200s: the message %q names the package %q", strings.Join(args, " "), r.err, prefix)
		}
	}
}

// A trigger is a writer that does something once, when something is written.
type trigger struct {
	text strings.Builder
	at   string
	do   func()
}

func (w *trigger) String() string { return w.text.String() }

func (w *trigger) Write(b []byte) (int, error) {
	w.text.Write(b)
	if do := w.do; do != nil && strings.Contains(w.String(), w.at) {
		w.do = nil
		do()
	}
	return len(b), nil
}

// recipes is a made-up corpus of 30 recipes, and two that are to be skipped.
func recipes() string {
	var b strings.Builder
	b.WriteString("[\n{\"title\":\"Nothing\"},\n{\"directions\":[\"Stir.\"]}")
	dishes := []string{"soup", "pie", "stew", "salad", "cake", "pudding"}
	foods := []string{"carrots", "beets", "onions", "apples", "leeks"}
	for i := range 30 {
		dish, food := dishes[i%6], foods[i%5]
		fmt.Fprintf(&b, ",\n{\"title\":\"%s %s\",\"directions\":[\"Chop the %s, %d/4 inch thick.\",\"Bake the %s until brown; serve it hot.\"]}",
			food, dish, food, 1+i%3, dish)
	}
	b.WriteString("\n]\n")
	return b.String()
}

// write writes a file into dir and returns its path.
func write(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// trainArgs is a training command line that takes a fraction of a second.
func trainArgs(data, model string, more ...string) []string {
	return append([]string{"train", "text", "--data", data, "--output", model, "--embedding", "8", "--units", "12",
		"--length", "24", "--batch", "7", "--lr", "0.02", "--epochs", "2", "--sample-tokens", "20", "--keep-checkpoint"}, more...)
}

// small returns the files of a model trained on recipes and of its corpus, made
// once for all tests.
var small = sync.OnceValue(func() (files struct{ model, checkpoint, data string }) {
	files.model = filepath.Join(shared, "small.safetensors")
	files.checkpoint = files.model + ".checkpoint"
	files.data = filepath.Join(shared, "recipes.json")
	if err := os.WriteFile(files.data, []byte(recipes()), 0o600); err != nil {
		panic(err)
	}
	if r := command(trainArgs(files.data, files.model, "--epochs", "4")...); r.code != exitOK {
		panic(r.err)
	}
	return files
})

// shared is a directory for what several tests use.
var shared string

func TestMain(m *testing.M) {
	var err error
	if shared, err = os.MkdirTemp("", "autoreg"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(shared)
	os.Exit(code)
}
