//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// waitFor waits until a file is there.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for range 3000 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s does not come", path)
}

// TestTwoProcesses starts a run on the files of another: it is refused at once, and is
// no longer when that one has been killed. What a killed process leaves goes.
func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	log := filepath.Join(dir, "log")
	args := trainArgs(small().data, model, "--log", log, "--epochs", "50000", "--sample", "", "--validation", "0.1")
	cmd := start(t, nil, args...)
	waitFor(t, model+".checkpoint")

	fails(t, exitError, "--output: "+model+" is in use by another run (process ", trainArgs(small().data, model)...)
	fails(t, exitError, "is in use by another run", trainArgs(small().data, model, "--overwrite", "--checkpoint", filepath.Join(dir, "c"))...)
	fails(t, exitError, "--log: "+log+" is in use by another run", trainArgs(small().data, model+"2", "--log", log, "--overwrite")...)
	fails(t, exitError, "model.checkpoint is in use by another run", trainArgs(small().data, model+"2", "--checkpoint", model+".checkpoint", "--overwrite")...)
	fails(t, exitError, "model.checkpoint is in use by another run", "train", "text", "-d", small().data, "-o", model+"2", "--resume", model+".checkpoint")

	cmd.Process.Kill()
	cmd.Wait()
	checkpoint := read(t, model+".checkpoint")
	for range 5 { // at other moments
		cmd := start(t, nil, "train", "text", "-d", small().data, "-o", model, "--resume", model+".checkpoint", "--sample", "")
		for i := 0; bytes.Equal(read(t, model+".checkpoint"), checkpoint); i++ {
			if i == 3000 {
				t.Fatal("the run that was killed does not go on")
			}
			time.Sleep(10 * time.Millisecond)
		}
		cmd.Process.Kill()
		cmd.Wait()
		checkpoint = read(t, model+".checkpoint")
	}
	// It has many epochs to go: ask for a model of what there is.
	fails(t, exitError, "--epochs is 1", "train", "text", "-d", small().data, "-o", model, "--resume", model+".checkpoint", "--epochs", "1")
	ok(t, trainArgs(small().data, model, "--log", log, "--overwrite")...)
	if list := names(t, dir); strings.Join(list, " ") != "log model model.checkpoint" {
		t.Errorf("left behind: %q", list)
	}
}
