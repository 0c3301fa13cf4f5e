package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// The command line of a run goes on with it, and messages about others say what flags do.
func TestResumeFlags(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "lines", "a b c\nd e f\na c\nb d\n"), filepath.Join(dir, "model")
	args := []string{"train", "text", "--data", data, "-o", model, "--embedding", "4", "--units", "5", "--dropout", "0.25:embedding=0:locked",
		"--schedule", "step:0.9:from=3", "--optimizer", "momentum", "--average", "0.9", "--batch", "2", "--keep-checkpoint", "--sample", "", "--epochs"}
	ok(t, append(args, "2")...)
	first := read(t, model)
	resume := append(args, "3", "--resume", model+".checkpoint")
	ok(t, resume...)
	if bytes.Equal(first, read(t, model)) {
		t.Error("the run has not gone on")
	}
	if out := ok(t, "info", "-m", model); !strings.Contains(out, "average 0.9") {
		t.Errorf("info says %s", out)
	}
	resume = append(args, "4", "--resume", model+".checkpoint")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--dropout is 0.5 now and was 0.25:embedding=0:locked when", []string{"--dropout", "0.5"}},
		{"--dropout is 0.25:embedding=0.5:output=0:locked now", []string{"--dropout", "0.25:locked:output=0:embedding=0.5"}},
		{"--units is 6 now and was 5 when", []string{"--units", "6"}},
		{"--optimizer is momentum:0.8 now and was momentum:0.9 when", []string{"--optimizer", "momentum:0.8"}},
		{"--average is 0.5 now and was 0.9 when", []string{"--average", "0.5"}},
		{"--best is true now and was false when", []string{"--best"}},
		{"--schedule is step:0.5:from=3 now and was step:0.9:from=3 when", []string{"--schedule", "step:0.5:from=3"}},
	} {
		fails(t, exitError, c.want, append(resume, c.args...)...)
	}
	layers := []string{"train", "text", "--data", data, "-o", model, "--resume", model + ".checkpoint", "--layers", "gru:5"}
	fails(t, exitError, "--layers is gru:5 now and was lstm:5 when", layers...)
	fails(t, exitError, "--schedule is constant now and was step:0.9:from=3 when", append(layers[:8:8], "--schedule", "constant")...)
}

// Bad values of the flags for optimizers and schedules, and those that need a validation
// loss, are refused by their names, and a log has the learning rate.
func TestScheduleFlags(t *testing.T) {
	dir := t.TempDir()
	data, model, log := write(t, dir, "lines", "a b c\nd e f\na c\nb d\nc d e\n"), filepath.Join(dir, "model"), filepath.Join(dir, "log.jsonl")
	args := []string{"train", "text", "--data", data, "-o", model, "--embedding", "4", "--units", "5", "--batch", "2", "--epochs", "2", "--sample", ""}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, `"lion" for "--optimizer"`, []string{"--optimizer", "lion"}},
		{exitUsage, `want a factor between 0 and 1`, []string{"--optimizer", "momentum:1"}},
		{exitUsage, `"linear" for "--schedule"`, []string{"--schedule", "linear"}},
		{exitUsage, `"from=x" for`, []string{"--schedule", "from=x"}},
		{exitError, "--schedule is step:-1:from=1: a decay of more than 0", []string{"--schedule", "step:-1"}},
		{exitError, "--schedule has a warm-up of 9 steps, but the run has 6", []string{"--schedule", "constant:warmup=9"}},
		{exitUsage, "--schedule plateau needs documents", []string{"--schedule", "plateau:0.5"}},
		{exitUsage, "--best needs documents", []string{"--best"}},
		{exitUsage, `"1" for "--dropout"`, []string{"--dropout", "1"}},
		{exitUsage, `"" for "--dropout"`, []string{"--dropout", ""}},
		{exitUsage, `"hidden=0" is none of embedding=X, layers=X, output=X and locked`, []string{"--dropout", "0.5:hidden=0"}},
		{exitUsage, "want 0 or more and less than 1", []string{"--dropout", "0.5:layers"}},
		{exitUsage, "want 0 or more and less than 1", []string{"--dropout", "0.5:output=NaN"}},
	} {
		fails(t, c.code, c.want, append(args[:len(args):len(args)], c.args...)...)
	}
	args = append(args, "--optimizer", "nesterov:0.5", "--schedule", "cosine:floor=0.5", "--lr", "0.5", "--log", log, "--keep-checkpoint")
	if out := ok(t, args...); !strings.Contains(out, "; learning rate 0.2") {
		t.Errorf("the epochs are %s", out)
	}
	if text := string(read(t, log)); !strings.Contains(text, `"learning_rate":0.2`) {
		t.Errorf("the log is %s", text)
	}
	// The cosine stays over two epochs, named or not.
	resume := append(args[:len(args):len(args)], "--resume", model+".checkpoint", "--epochs", "3")
	ok(t, resume...)
	ok(t, append(resume, "--schedule", "cosine:epochs=2:floor=0.5")...)
	fails(t, exitError, "--schedule is cosine:epochs=3:floor=0.5 now and was cosine:epochs=2:floor=0.5", append(resume, "--schedule", "cosine:epochs=3:floor=0.5")...)
}
