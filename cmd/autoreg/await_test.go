package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAwait(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	if v, err := await(ctx, func() (int, error) { return 7, io.EOF }); v != 7 || err != io.EOF {
		t.Errorf("%v, %v", v, err)
	}
	forever := make(chan int)
	if v, err := await(ctx, func() (int, error) { cancel(); return <-forever, nil }); v != 0 || err != context.Canceled {
		t.Errorf("work that blocks: %v, %v", v, err)
	}
	for range 100 { // both are ready: it is always the end that counts
		if v, err := await(ctx, func() (int, error) { return 7, nil }); v != 0 || err != context.Canceled {
			t.Fatalf("after the end: %v, %v", v, err)
		}
	}
}

// A silent reader never has anything, and says when it is asked.
type silent struct{ asked func() }

func (s silent) Read([]byte) (int, error) {
	s.asked()
	select {}
}

// TestInterruptedInput ends commands while they wait for standard input.
func TestInterruptedInput(t *testing.T) {
	for _, args := range [][]string{
		{"generate", "-"}, {"probs", "-"}, {"score", "-"}, {"score", "--model", smallImage().model, "-"},
		{"train", "text", "--data", "-", "-o", filepath.Join(t.TempDir(), "m")},
		{"train", "image", "--data", "-", "-o", filepath.Join(t.TempDir(), "m"), "--samples", ""},
		{"paint", "--complete", "-", "-o", filepath.Join(t.TempDir(), "p.png")},
		{"generate", "--model", "-", "a"}, {"info", "--model", "-"}, {"paint", "--model", "-", "-o", filepath.Join(t.TempDir(), "p.png")},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		var out, errOut bytes.Buffer
		code := run(ctx, args, silent{cancel}, &out, &errOut)
		if code != exitInterrupted || out.Len() > 0 || errOut.String() != "autoreg: interrupted\n" {
			t.Errorf("autoreg %v: status %d, output %q, message %q", args, code, out.String(), errOut.String())
		}
	}
}

// A stuck writer takes no more once it has been given some text, as a pipe that
// is not read. It says so.
type stuck struct {
	at   string
	full func()
}

func (w *stuck) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.at) {
		w.full()
		select {}
	}
	return len(p), nil
}

// TestStuckOutput ends commands whose output is not read. A run saves its checkpoint.
func TestStuckOutput(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	for _, c := range []struct {
		at, want string
		args     []string
	}{
		{"", "interrupted", []string{"info"}},
		{"", "interrupted", []string{"generate", "recipe for", "--seed", "1"}},
		{"", "interrupted", []string{"score", "-m", small().model, small().data}},
		{"corpus", "interrupted", trainArgs(small().data, model)},
		{"epoch 1/3", "go on with: autoreg train text", trainArgs(small().data, model, "--epochs", "3")},
		{"", "interrupted", []string{"paint", "-m", smallImage().model, "--seed", "1", "-o", "-"}},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		var errOut bytes.Buffer
		code := run(ctx, c.args, strings.NewReader(""), &stuck{c.at, cancel}, &errOut)
		if code != exitInterrupted || !strings.Contains(errOut.String(), c.want) || strings.Count(errOut.String(), "\n") != 1 {
			t.Errorf("autoreg %v: status %d, message %q", c.args, code, errOut.String())
		}
	}
	ok(t, "info", "-m", model+".checkpoint")
}

// TestOutput writes promptly after the end, and not at all after a write that blocked.
func TestOutput(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var b bytes.Buffer
	o := newOutput(ctx, &b)
	cancel()
	if n, err := io.WriteString(o, "late"); n != 4 || err != nil || b.String() != "late" {
		t.Errorf("%d, %v, %q", n, err, b.String())
	}
	begin := time.Now()
	o = newOutput(ctx, &stuck{"", func() {}})
	for range 20 {
		if _, err := io.WriteString(o, "x"); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	if d := time.Since(begin); d < grace || d > 10*grace {
		t.Errorf("20 writes that block took %v, want %v once", d, grace)
	}
}
