package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
)

// TestPaintLargeClaims draws what a small file claims to be large only if asked for.
func TestPaintLargeClaims(t *testing.T) {
	dir := t.TempDir()
	file, out := filepath.Join(dir, "large.safetensors"), filepath.Join(dir, "out.png")
	var b bytes.Buffer
	c := layers.PixelCNN{Channels: 1, Levels: 2, Filters: 2, Blocks: 0, Kernel: 1}
	if _, err := model.NewPixel(model.PixelConfig{Height: 65, Width: 4096, PixelSpec: c}).File().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	const want = "large.safetensors: the model's file asks for images of 4096×65 pixels (2 MiB each to draw), which are drawn only if height and width are given: give --width and --height (4096 and 65 for the size in the file)"
	fails(t, exitError, want, "paint", "-m", file, "-o", out)
	if _, err := os.Stat(out); err == nil {
		t.Error("an image was written")
	}
	ok(t, "paint", "-m", file, "-o", out, "-n", "1", "--width", "8", "--height", "4", "--scale", "1")
	if size := decode(t, read(t, out)).Bounds().Size(); size.X != 8 || size.Y != 4 {
		t.Errorf("asked for 8×4 pixels: %v", size)
	}
	ok(t, "paint", "-m", file, "-o", out, "-n", "1", "--width", "4096", "--height", "65")
	ok(t, "info", "-m", file)
}

// TestLargeSamples draws samples of a training on large images: those are no claim.
func TestLargeSamples(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "m.safetensors")
	ok(t, "train", "image", "--data", write(t, dir, "large.png", picture(65, 4096, nil)), "-o", out, "--width", "0", "--height", "0",
		"--filters", "2", "--blocks", "1", "--kernel", "1", "--epochs", "1", "--sample-count", "1", "--channels", "1")
	if size := decode(t, read(t, filepath.Join(out+".samples", "epoch-001.png"))).Bounds().Size(); size.X != 4096 || size.Y != 65 {
		t.Errorf("a sample of %v", size)
	}
}
