package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"help", "train", "text"}, {"generate", "-h"}, {"probs", "-h"}, {"score", "-h"}, {"info", "-h"}, {"paint", "-h"}, {"help", "train", "image"}, {"completion", "bash"}} {
		if out := ok(t, args...); len(out) < 200 {
			t.Errorf("autoreg %q prints only %q", args, out)
		}
	}
	if out := ok(t, "--help"); strings.Contains(out, "cpuprofile") {
		t.Error("--cpuprofile is not hidden")
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		want string
		args []string
	}{
		{`unknown command "draw"`, []string{"draw"}},
		{"unknown flag: --colour", []string{"generate", "a", "--colour"}},
		{"give a prompt", []string{"generate"}},
		{"give a prompt", []string{"probs"}},
		{"name a file", []string{"score"}},
		{"info describes a single model", []string{"info", "x", "y"}},
		{"leave out --model x or y", []string{"info", "-m", "x", "y"}},
		{"--model and --symbols exclude", []string{"info", "x", "--symbols", "10", "--embedding", "1", "--units", "1"}},
		{"did you mean generate?", []string{"genrate", "a"}},
		{"did you mean text?", []string{"train", "txet"}},
		{`unknown command "draw" for "autoreg train"`, []string{"train", "draw"}},
		{"--output=x.png", []string{"paint", "-output=x.png"}},
		{"two dashes: --columns", []string{"paint", "-columns", "3"}},
		{"two dashes: --data", []string{"train", "text", "-data", "x"}},
		{"two dashes: --version", []string{"-version"}},
		{"two dashes: --help", []string{"generate", "-help"}},
		{`generate -- "- 1 cup"`, []string{"generate", "- 1 cup"}},
		{`generate -- "- 1 cup"`, []string{"generate", "--- 1 cup"}},
		{"no word", []string{"generate", ""}},
		{"no word", []string{"generate", " \t"}},
		{"no word", []string{"probs", ""}},
		{"no word", []string{"generate", "-"}},
		{"--temperature", []string{"generate", "a", "--temperature", "-0.1"}},
		{"--temperature", []string{"generate", "a", "--temperature", "NaN"}},
		{"--temperature", []string{"generate", "a", "--temperature", "Inf"}},
		{"--temperature", []string{"generate", "a", "-t", "1e-60"}},
		{"--temperature", []string{"generate", "a", "-t", "1e60"}},
		{"--temperature", []string{"generate", "a", "-t", "hot"}},
		{"--temperatures", []string{"probs", "a", "-t", "1,"}},
		{"--temperatures", []string{"probs", "a", "-t", "1,nan"}},
		{"--max-tokens", []string{"generate", "a", "--max-tokens", "0"}},
		{"--max-tokens", []string{"generate", "a", "--max-tokens", "99999999999999999999"}},
		{"--new-tokens", []string{"generate", "a", "--new-tokens", "-1"}},
		{"--top-k", []string{"generate", "a", "-k", "-1"}},
		{"--count", []string{"generate", "a", "-n", "0"}},
		{"--seed", []string{"generate", "a", "-s", "x"}},
		{"from 0 to 18446744073709551615", []string{"generate", "a", "--seed=-1"}},
		{"from 1.4e-45 to 3.4e+38", []string{"generate", "a", "-t", "1e39"}},
		{"from 1.4e-45 to 3.4e+38", []string{"generate", "a", "-t", "1e-50"}},
		{"2 or more", []string{"score", "a", "--max-tokens", "1"}},
		{"--plain and --pretty exclude each other", []string{"generate", "a", "--plain", "--pretty"}},
		{"--top", []string{"probs", "a", "--top", "0"}},
		{"--steps", []string{"probs", "a", "--steps", "0"}},
		{"--max-tokens", []string{"score", "a", "--max-tokens", "0"}},
		{"--format", []string{"score", "a", "--format", "x"}},
		{"--symbols", []string{"info", "--symbols", "0", "--embedding", "1", "--units", "1"}},
		{"parameters", []string{"info", "--symbols", "16777216", "--embedding", "65536", "--units", "65536"}},
		{"give all three", []string{"info", "--symbols", "10", "--embedding", "1"}},
		{"give all three", []string{"info", "--units", "10"}},
		{"--vocabulary and --symbols exclude", []string{"info", "--symbols", "10", "--vocabulary"}},
		{"--model and --symbols exclude", []string{"info", "--symbols", "10", "--embedding", "1", "--units", "1", "-m", "x"}},
	} {
		fails(t, exitUsage, c.want, c.args...)
	}
}

// TestBadModel gives every command models that are none.
func TestBadModel(t *testing.T) {
	dir := t.TempDir()
	file := read(t, small().model)
	commands := [][]string{{"generate", "a"}, {"probs", "a"}, {"score", small().data}, {"info"}}
	for _, args := range commands {
		fails(t, exitError, "no such file", append(args, "-m", filepath.Join(dir, "none"))...)
		fails(t, exitError, dir+": this is a directory", append(args, "-m", dir)...)
		fails(t, exitError, "this is not a model file (safetensors)", append(args, "-m", small().data)...)
		fails(t, exitError, "bad", append(args, "-m", write(t, dir, "bad", recipes()))...)
	}
	for i := range 40 {
		n := i * len(file) / 40
		fails(t, exitError, "cut", append(commands[i%4], "-m", write(t, dir, "cut", string(file[:n])))...)
	}
	flipped := bytes.Clone(file)
	for at := 0; at < 400; at += 7 { // all in the header
		flipped[at] ^= 1 << (at % 8)
		r := command("info", "-m", write(t, dir, "flipped", string(flipped)))
		if r.code != exitError && r.code != exitOK || r.code == exitError && !strings.Contains(r.err, "flipped") {
			t.Errorf("byte %d flipped: status %d, message %q", at, r.code, r.err)
		}
		flipped[at] = file[at]
	}
}

// A broken writer fails after some bytes, as a full disk does.
type broken struct{ room int }

var errFull = errors.New("no space left on device")

func (b *broken) Write(p []byte) (int, error) {
	n := min(b.room, len(p))
	b.room -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// TestOutputFails has no command pretend to have printed what it could not.
func TestOutputFails(t *testing.T) {
	dir := t.TempDir()
	f, images := small(), smallImage()
	given := write(t, dir, "given.png", picture(9, 9, nil))
	for _, args := range [][]string{
		{"generate", "-m", f.model, "recipe for", "--seed", "1"},
		{"generate", "-m", f.model, "recipe for", "--seed", "1", "-n", "3"},
		{"probs", "-m", f.model, "recipe for"},
		{"score", "-m", f.model, f.data},
		{"info", "-m", f.model},
		{"info", "-m", f.model, "--json"},
		{"info", "-m", f.model, "--vocabulary"},
		{"info", "--symbols", "10", "--embedding", "1", "--units", "1"},
		trainArgs(f.data, filepath.Join(dir, "model")),
		{"paint", "-m", images.model, "-o", "-", "-n", "2", "--seed", "1"},
		{"paint", "-m", images.model, "-o", filepath.Join(dir, "a.png"), "-n", "2", "--seed", "1", "--complete", given},
		{"score", "-m", images.model, images.data},
		{"info", "-m", images.model},
		{"info", "-m", images.model, "--json"},
		{"info", "--filters", "8"},
		trainImageArgs(images.data, filepath.Join(dir, "model")),
	} {
		all := len(ok(t, args...))
		afresh := func() {
			os.Remove(filepath.Join(dir, "model"))
			os.Remove(filepath.Join(dir, "model.checkpoint"))
		}
		afresh()
		for _, room := range []int{0, 1, all / 2} {
			var errOut bytes.Buffer
			code := run(context.Background(), args, strings.NewReader(""), &broken{room}, &errOut)
			if code != exitError || !strings.Contains(errOut.String(), errFull.Error()) {
				t.Errorf("autoreg %v with room for %d bytes: status %d, message %q", args, room, code, errOut.String())
			}
			afresh()
		}
	}
}

func TestMessage(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{apierror.Wrap("autoreg", errors.New("x")), "x"},
		{apierror.Wrap("corpus", apierror.In("corpus: a", io.EOF)), "corpus: a: EOF"},
		{apierror.Join(apierror.Wrap("train", errors.New("a")), apierror.Wrap("images", io.EOF)), "a; EOF"},
		{&fileError{"f", apierror.Wrap("corpus", io.EOF)}, "f: EOF"},
		{apierror.Wrap("corpus", apierror.Errorf("raise %s", apierror.Field{Package: "corpus", Name: "MaxBytes"})), "raise --max-corpus"},
		{apierror.Wrap("images", apierror.Errorf("raise %s", apierror.Field{Package: "images", Name: "MaxBytes"})), "raise --max-memory"},
		{apierror.Wrap("train", apierror.Errorf("lower %s (%d)", apierror.Field{Package: "train", Name: "BatchSize"}, 1)), "lower --batch (1)"},
	} {
		if got := message(c.err); got != c.want {
			t.Errorf("message(%q) = %q, want %q", c.err, got, c.want)
		}
	}
}

// What can be trained can be opened: weights, the LSTM's second bias, header.
func TestModelsFit(t *testing.T) {
	if most := 4*int64(model.MaxParams) + 4*4*int64(model.MaxWidth) + weights.MaxHeader + 8; most > autoreg.DefaultMaxBytes {
		t.Errorf("a model may have %d bytes, Open takes %d", most, int64(autoreg.DefaultMaxBytes))
	}
}

func TestShellQuote(t *testing.T) {
	for _, c := range [][2]string{
		{"a/b-c_1.json.gz", "a/b-c_1.json.gz"}, {"", "''"}, {"a b", "'a b'"}, {"it's", `'it'\''s'`}, {"$(x)", "'$(x)'"}, {"é", "'é'"}, {"*", "'*'"},
	} {
		if got := shellQuote(c[0]); got != c[1] {
			t.Errorf("shellQuote(%q) = %s, want %s", c[0], got, c[1])
		}
	}
}

// TestTerminal runs at a terminal: a bar, an estimate of the time left, the seed.
func TestTerminal(t *testing.T) {
	var out, errOut bytes.Buffer
	watched := func(args ...string) {
		t.Helper()
		out.Reset()
		errOut.Reset()
		a := &app{in: strings.NewReader(""), out: &out, err: &errOut, terminal: true}
		if code := a.run(context.Background(), args); code != exitOK {
			t.Fatalf("autoreg %v: status %d, message %q", args, code, errOut.String())
		}
	}
	watched("generate", "-m", small().model, "recipe for")
	var seed string
	if _, err := fmt.Sscanf(errOut.String(), "autoreg: seed %s\n", &seed); err != nil {
		t.Fatalf("%v in %q", err, errOut.String())
	}
	if again := ok(t, "generate", "-m", small().model, "recipe for", "--seed", seed); again != out.String() {
		t.Errorf("seed %s gave %q and then %q", seed, out.String(), again)
	}
	watched(trainArgs(small().data, filepath.Join(t.TempDir(), "model"), "--epochs", "3", "--units", "40")...)
	for _, want := range []string{"epoch 1/3  loss ", "tokens/s", "%", "/15"} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("the bar lacks %q: %q", want, errOut.String())
		}
	}
	if strings.ContainsAny(out.String(), "\r\x1b") {
		t.Errorf("the bar is in the output: %q", out.String())
	}
	watched("score", "-m", small().model, small().data)
}

// TestProgressLines runs without a terminal: a line now and then, each whole.
func TestProgressLines(t *testing.T) {
	var errOut bytes.Buffer
	a := &app{in: strings.NewReader(""), out: io.Discard, err: &errOut, every: 1}
	args := trainArgs(small().data, filepath.Join(t.TempDir(), "model"))
	if code := a.run(context.Background(), args); code != exitOK {
		t.Fatalf("status %d, message %q", code, errOut.String())
	}
	lines := strings.Split(errOut.String(), "\n")
	if len(lines) != 10 || lines[9] != "" || !strings.HasPrefix(lines[0], "autoreg: epoch 1/2  loss ") ||
		!strings.Contains(lines[0], "tokens/s  1/10, ") || !strings.HasSuffix(lines[0], " left") {
		t.Errorf("lines %q, want one for each of 10 steps but the last", lines)
	}
	if r := command(args[:len(args):len(args)]...); r.code != exitError { // a checkpoint is there
		t.Errorf("%+v", r)
	}
}

// TestInterruptedOutput ends a text half way.
func TestInterruptedOutput(t *testing.T) {
	for _, args := range [][]string{
		{"generate", "-m", small().model, "recipe for", "--plain", "--seed", "1"},
		{"probs", "-m", small().model, "recipe for"},
		{"score", "-m", small().model, small().data},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		out, errOut := &trigger{at: "recipe for", do: cancel}, new(bytes.Buffer)
		if args[0] != "generate" {
			cancel()
		}
		if code := run(ctx, args, nil, out, errOut); code != exitInterrupted || errOut.String() != "autoreg: interrupted\n" {
			t.Errorf("autoreg %v: status %d, output %q, message %q", args, code, out.String(), errOut)
		}
		if want := "recipe for\n"; args[0] == "generate" && out.String() != want {
			t.Errorf("output %q, want %q", out.String(), want)
		}
		cancel()
	}
}

func TestProfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profile")
	ok(t, "generate", "-m", small().model, "recipe for", "--cpuprofile", path)
	if len(read(t, path)) == 0 {
		t.Error("the profile is empty")
	}
	fails(t, exitError, "no such file", "generate", "a", "--cpuprofile", filepath.Join(path+"x", "y"))
}
