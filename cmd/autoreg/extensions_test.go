package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestExtensions refuses names that say another format than what is written.
func TestExtensions(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	f, images := small(), smallImage()
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--plot x.jpg: what is written is a PNG: name it x.png", trainArgs(f.data, "m", "--plot", "x.jpg")},
		{"--plot x.PDF: what is written is a PNG: name it x.png", trainImageArgs(images.data, "m", "--plot", "x.PDF")},
		{"--log x.csv: what is written is a JSON object a line: name it x.jsonl", trainArgs(f.data, "m", "--log", "x.csv")},
		{"--log x.jsonl.gz: what is written is a JSON object a line: name it x.jsonl.jsonl", trainArgs(f.data, "m", "--log", "x.jsonl.gz")},
		{"--output m.png: what is written is a model file: name it m.safetensors", trainArgs(f.data, "m.png")},
		{"--output m.pt: what is written is a model file: name it m.safetensors", trainImageArgs(images.data, "m.pt")},
		{"--checkpoint c.ckpt: what is written is a checkpoint: name it c.checkpoint", trainArgs(f.data, "m", "--checkpoint", "c.ckpt")},
		{"--samples x.jpg: this is a folder, for one PNG an epoch: name it x", trainImageArgs(images.data, "m", "--samples", "x.jpg")},
		{"--output x.jpg: what is written is a PNG: name it x.png", []string{"paint", "-m", images.model, "-o", "x.jpg"}},
		{"--output x.gif: what is written is a PNG: name it x.png, or give --gif", []string{"paint", "-m", images.model, "-o", "x.gif"}},
		{"--gif x.png: what is written is a GIF: name it x.gif", []string{"paint", "-m", images.model, "--gif", "x.png"}},
		{"--gif x.mp4: what is written is a GIF: name it x.gif", []string{"paint", "-m", images.model, "--gif", "x.mp4"}},
	} {
		fails(t, exitUsage, c.want, c.args...)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("files left: %v, %v", list, err)
	}
	ok(t, trainArgs(f.data, "m.v1.2", "--plot", "plot.PNG", "--log", "log.txt", "--checkpoint", filepath.Join(dir, "m.st"))...)
}
