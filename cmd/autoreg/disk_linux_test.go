package main

import (
	"bytes"
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// limitFiles lets no file of this process grow beyond n bytes until the returned
// function is called: writing then fails midway, as on a full disk.
func limitFiles(t *testing.T, n int) (restore func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = uint64(n)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Error(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	}
}

// TestFullDisk fills the disk, so to speak, after the first epoch: the run stops, the
// checkpoint of that epoch is intact, and the run goes on from it later.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "recipes.json", recipes()), filepath.Join(dir, "model")
	checkpoint := model + ".checkpoint"
	// The limit holds for what package testing writes meanwhile too: a list of the files
	// that are opened.
	large := []string{"--epochs", "3", "--embedding", "128", "--units", "256"}
	var saved []byte
	restore := func() {}
	out := &trigger{at: "epoch 1/3"}
	out.do = func() {
		saved = read(t, checkpoint)
		restore = limitFiles(t, len(saved)/2)
	}
	var errOut bytes.Buffer
	code := run(context.Background(), trainArgs(data, model, large...), nil, out, &errOut)
	restore()
	if code != exitError || !strings.Contains(errOut.String(), checkpoint) || !strings.Contains(errOut.String(), "file too large") || strings.Count(errOut.String(), "\n") != 1 {
		t.Errorf("status %d, message %q", code, errOut.String())
	}
	if !bytes.Equal(read(t, checkpoint), saved) {
		t.Error("the checkpoint is not what it was")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	hidden, err2 := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || err2 != nil || len(names) != 2 || len(hidden) != 0 {
		t.Errorf("files left: %v, %v", names, hidden)
	}
	ok(t, "train", "text", "-d", data, "-o", model, "--resume", checkpoint)
	want := filepath.Join(dir, "want")
	ok(t, trainArgs(data, want, large...)...)
	if !bytes.Equal(read(t, model), read(t, want)) {
		t.Error("the resumed model differs from the uninterrupted one")
	}
}

// TestFullDevice writes to the device that is always full.
func TestFullDevice(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for _, args := range [][]string{{"generate", "-m", small().model, "recipe for"}, {"info", "-m", small().model}, {"paint", "-m", smallImage().model, "-o", "-", "--seed", "1"}} {
		var errOut bytes.Buffer
		if code := run(context.Background(), args, nil, full, &errOut); code != exitError || !strings.Contains(errOut.String(), "no space left") {
			t.Errorf("autoreg %v > /dev/full: status %d, message %q", args, code, errOut.String())
		}
	}

	// The log cannot be written: the run stops after its first epoch, whose
	// checkpoint is good.
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	fails(t, exitError, "no space left on device; go on with: autoreg train text", trainArgs(small().data, model, "--log", "/dev/full")...)
	ok(t, "train", "text", "-d", small().data, "-o", model, "--resume", model+".checkpoint")
	// What must be a file is refused before the work begins.
	for _, args := range [][]string{
		trainArgs(small().data, "/dev/full", "--checkpoint", filepath.Join(dir, "other")),
		trainArgs(small().data, filepath.Join(dir, "other"), "--checkpoint", "/dev/full", "--overwrite"),
		trainArgs(small().data, filepath.Join(dir, "other"), "--plot", "/dev/full"),
		{"paint", "-m", smallImage().model, "-o", "/dev/full", "--seed", "1"},
		{"paint", "-m", smallImage().model, "--gif", "/dev/full", "--seed", "1"},
	} {
		if r := command(args...); r.code != exitError || r.out != "" || !strings.Contains(r.err, "/dev/full is not a regular file") {
			t.Errorf("autoreg %v: %+v", args, r)
		}
	}
}
