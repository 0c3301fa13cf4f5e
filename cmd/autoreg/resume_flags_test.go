package main

import (
	"bytes"
	"path/filepath"
	"testing"
)

// The command line of a run goes on with it, and messages about others say what flags do.
func TestResumeFlags(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "lines", "a b c\nd e f\na c\nb d\n"), filepath.Join(dir, "model")
	args := []string{"train", "text", "--data", data, "-o", model, "--embedding", "4", "--units", "5", "--dropout", "0.25",
		"--schedule", "step:0.9:from=3", "--batch", "2", "--keep-checkpoint", "--sample", "", "--epochs"}
	ok(t, append(args, "2")...)
	first := read(t, model)
	resume := append(args, "3", "--resume", model+".checkpoint")
	ok(t, resume...)
	if bytes.Equal(first, read(t, model)) {
		t.Error("the run has not gone on")
	}
	resume = append(args, "4", "--resume", model+".checkpoint")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--dropout is 0.5 now and was 0.25 when", []string{"--dropout", "0.5"}},
		{"--units is 6 now and was 5 when", []string{"--units", "6"}},
		{"--schedule is step:0.5:from=3 now and was step:0.9:from=3 when", []string{"--schedule", "step:0.5:from=3"}},
	} {
		fails(t, exitError, c.want, append(resume, c.args...)...)
	}
	layers := []string{"train", "text", "--data", data, "-o", model, "--resume", model + ".checkpoint", "--layers", "gru:5"}
	fails(t, exitError, "--layers is gru:5 now and was lstm:5 when", layers...)
	fails(t, exitError, "--schedule is constant now and was step:0.9:from=3 when", append(layers[:8:8], "--schedule", "constant")...)
}
