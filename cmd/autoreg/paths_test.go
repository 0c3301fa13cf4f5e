package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSameFile names one file in two ways: nothing may be lost, whatever they are.
func TestSameFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	data := write(t, dir, "corpus.json", recipes())
	if err := os.Symlink("corpus.json", "symbolic"); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if err := os.Symlink(dir, "there"); err != nil {
		t.Fatal(err)
	}
	if err := os.Link("corpus.json", "hard"); err != nil {
		t.Skip("no hard links here: ", err)
	}
	checkpoint := write(t, dir, "run.checkpoint", string(read(t, small().checkpoint)))
	for _, name := range []string{"corpus.json", "./corpus.json", data, "symbolic", "hard", filepath.Join("there", "corpus.json")} {
		for _, flag := range []string{"--checkpoint", "--log", "--plot"} {
			fails(t, exitUsage, "same file", trainArgs(data, "model", flag, name, "--overwrite")...)
		}
		fails(t, exitUsage, "same file", trainArgs(data, name, "--overwrite")...)
		fails(t, exitUsage, "same file", trainArgs(name, data, "--overwrite")...)
	}
	// Neither need exist.
	for _, name := range []string{"new", filepath.Join(dir, "new"), filepath.Join("there", "new")} {
		fails(t, exitUsage, "same file", trainArgs(data, "new", "--log", name)...)
	}
	for _, flag := range []string{"--output", "--log", "--plot", "--data"} {
		args := append([]string{"train", "text", "-d", data, "-o", "model", "--resume", checkpoint}, flag, "there/run.checkpoint")
		fails(t, exitUsage, "same file", args...)
	}
	if string(read(t, data)) != recipes() || string(read(t, checkpoint)) != string(read(t, small().checkpoint)) {
		t.Error("a file has changed")
	}
}

// TestKeepsOtherRuns refuses to replace what another run has left.
func TestKeepsOtherRuns(t *testing.T) {
	dir := t.TempDir()
	f := small()
	model, notes := filepath.Join(dir, "model"), write(t, dir, "notes.txt", "buy milk\n")
	other := write(t, dir, "other.checkpoint", string(read(t, f.checkpoint)))
	fails(t, exitError, "holds something already", trainArgs(f.data, model, "--log", notes)...)
	fails(t, exitError, "this is no log", trainArgs(f.data, model, "--log", notes, "--overwrite")...)
	log := filepath.Join(dir, "log")
	ok(t, trainArgs(f.data, model, "--log", log)...)
	was := string(read(t, log))
	fails(t, exitError, "holds something already", trainArgs(f.data, model+"2", "--log", log)...)
	ok(t, trainArgs(f.data, model+"2", "--log", log, "--overwrite", "--seed", "9")...)
	if now := string(read(t, log)); now == was || len(now) == 0 {
		t.Errorf("log %q, and before --overwrite %q", now, was)
	}

	resume := func(more ...string) []string {
		return append([]string{"train", "text", "-d", f.data, "-o", model, "--resume", f.checkpoint}, more...)
	}
	fails(t, exitError, "holds another run", resume("--checkpoint", other)...)
	fails(t, exitUsage, "--overwrite replaces a run", resume("--checkpoint", f.checkpoint, "--overwrite")...)
	ok(t, resume("--checkpoint", other, "--overwrite")...)
	ok(t, resume("--checkpoint", filepath.Join(dir, "new.checkpoint"))...)
	if string(read(t, notes)) != "buy milk\n" {
		t.Error("the notes are gone")
	}
}

// TestReadOnlyOutput is found out before the run.
func TestReadOnlyOutput(t *testing.T) {
	dir := t.TempDir()
	f := small()
	model := filepath.Join(dir, "model")
	kept := write(t, dir, "kept", "")
	if err := os.Chmod(kept, 0o444); err != nil {
		t.Skip("no modes here: ", err)
	}
	fails(t, exitError, "--output: "+kept+" cannot be written: it is marked read-only", trainArgs(f.data, kept)...)
	for _, flag := range []string{"--plot", "--log", "--checkpoint"} {
		fails(t, exitError, flag+": "+kept+" cannot be written: it is marked read-only", trainArgs(f.data, model, flag, kept, "--overwrite")...)
	}
	fails(t, exitUsage, "--output FILE", trainArgs(f.data, "")...)
	fails(t, exitUsage, "--data FILE", trainArgs("", model)...)
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("files %v, %v: want none new", list, err)
	}
	if err := os.Chmod(kept, 0o644); err != nil { // Windows deletes no read-only file
		t.Fatal(err)
	}
}
