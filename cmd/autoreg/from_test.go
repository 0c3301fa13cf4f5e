package main

import (
	"path/filepath"
	"testing"

	"github.com/autoreg/autoreg/internal/weights"
)

// TestTrainFrom begins runs with models, and refuses flags that describe others.
func TestTrainFrom(t *testing.T) {
	dir := t.TempDir()
	f, images := small(), smallImage()
	text := filepath.Join(dir, "text.safetensors")
	ok(t, "train", "text", "--from", f.model, "--data", f.data, "-o", text, "--epochs", "1", "--sample", "", "--length", "11")
	meta, err := weights.ReadMetadata(text)
	before, err2 := weights.ReadMetadata(f.model)
	if err != nil || err2 != nil || meta["tokenizer"] != before["tokenizer"] {
		t.Errorf("the vocabulary is not the model's: %v, %v", err, err2)
	}
	ok(t, "train", "image", "--from", images.model, "--data", images.data, "-o", filepath.Join(dir, "images.safetensors"), "--epochs", "1")
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "--units describes a new model", []string{"text", "--from", f.model, "--data", f.data, "--units", "12"}},
		{exitUsage, "--line-ends describes a new model", []string{"text", "--from", f.model, "--data", f.data, "--line-ends"}},
		{exitUsage, "--filters describes a new model", []string{"image", "--from", images.model, "--data", images.data, "--filters", "12"}},
		{exitUsage, "--from and --resume", []string{"text", "--from", f.model, "--data", f.data, "--resume", f.checkpoint}},
		{exitError, "autoreg train image", []string{"text", "--from", images.model, "--data", f.data}},
		{exitError, "autoreg train text", []string{"image", "--from", f.model, "--data", images.data}},
		{exitError, "no such file", []string{"text", "--from", filepath.Join(dir, "none"), "--data", f.data}},
	} {
		fails(t, c.code, c.want, append([]string{"train"}, append(c.args, "-o", filepath.Join(dir, "new.safetensors"))...)...)
	}
}
