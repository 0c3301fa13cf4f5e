//go:build unix

package train

import (
	"bytes"
	"context"
	"errors"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A disk that fills up while a checkpoint is written, imitated by a limit on the
// size of files.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "checkpoint")
	o := smallVariants()["patience"]
	o.Embedding, o.Layers = 96, oneLSTM(320)
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(&countdown{context.Background(), 10}, &RunOptions{Checkpoint: path}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	before := readAll(t, path)
	// The limit holds for the whole process, so it must spare what package testing
	// writes meanwhile, the list of files that the tests have opened among them.
	if len(before) < 5_100_000 {
		t.Fatalf("the checkpoint has only %d bytes", len(before))
	}

	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Skip(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	limit := old
	limit.Cur = 5_000_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skip(err)
	}
	err = tr.Run(context.Background(), &RunOptions{Checkpoint: path})
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "untouched") {
		t.Errorf("error %v, want one that names the file and says that it is as it was", err)
	}
	if !bytes.Equal(readAll(t, path), before) {
		t.Error("the old checkpoint has changed")
	}
	if names, _ := filepath.Glob(filepath.Join(dir, ".*")); len(names) > 0 {
		t.Errorf("left behind: %q", names)
	}
	// Once there is room the run goes on as if nothing had happened.
	if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
		t.Fatal(err)
	}
	whole, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := whole.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readAll(t, save(t, whole)), readAll(t, path)) {
		t.Error("the run ends otherwise than one on a large disk")
	}
}
