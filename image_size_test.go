package autoreg

import (
	"bytes"
	"image"
	"runtime"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
)

// claiming returns a model read from a small file that claims images of a size.
func claiming(t *testing.T, height, width int, c layers.PixelCNN) *ImageModel {
	t.Helper()
	var b bytes.Buffer
	if _, err := model.NewPixel(model.PixelConfig{Height: height, Width: width, PixelSpec: c}).File().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	m, err := Load[*ImageModel](&b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	thin = layers.PixelCNN{Channels: 1, Levels: 2, Filters: 2, Blocks: 0, Kernel: 1}
	// Its file takes 0.8 MB, most of it the names of tensors.
	deep = layers.PixelCNN{Channels: 1, Levels: 2, Filters: 2, Blocks: model.MaxBlocks, Kernel: 1}
)

// The size that a file claims is not drawn unasked where it is large or, with many
// blocks, takes much memory: nothing is allocated before the error.
func TestDefaultSizeIsBounded(t *testing.T) {
	for _, c := range []struct {
		height, width int
		config        layers.PixelCNN
		size          string
	}{
		{4096, 4096, thin, "4096×4096"},
		{513, 512, thin, "512×513"},
		{4096, 65, thin, "65×4096"},
		{64, 4096, deep, "4096×64"}, // few pixels, but rows of each block
		{4096, 4096, layers.PixelCNN{Channels: 3, Levels: 256, Filters: 6, Blocks: 1, Kernel: 63}, "4096×4096"},
	} {
		m := claiming(t, c.height, c.width, c.config)
		if h, w := m.Size(); h != c.height || w != c.width {
			t.Fatalf("Size = %d, %d", h, w)
		}
		for name, draw := range map[string]func() error{
			"NewCanvas":    func() error { _, err := m.NewCanvas(0, 0); return err },
			"Draw":         func() error { _, err := m.Draw(t.Context(), nil); return err },
			"Draw of many": func() error { _, err := m.Draw(t.Context(), &DrawOptions{Count: 50}); return err },
			"Quantise":     func() error { _, err := m.Quantise(image.NewGray(image.Rect(0, 0, 3, 3)), 0, 0); return err },
			"DefaultSize":  func() error { _, _, err := m.DefaultSize(); return err },
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := draw()
			runtime.ReadMemStats(&after)
			if err == nil || !strings.HasPrefix(err.Error(), "autoreg: ") || !strings.Contains(err.Error(), "images of "+c.size+" pixels") || !strings.Contains(err.Error(), "height and width are given") {
				t.Errorf("%s of %s: error %v", name, c.size, err)
			}
			// Bookkeeping for each layer, whatever the size of the images; more under the race detector.
			if used, limit := after.TotalAlloc-before.TotalAlloc, uint64(64<<10+700*len(m.Layers())); used > limit {
				t.Errorf("%s of %s: %d bytes allocated, want at most %d", name, c.size, used, limit)
			}
		}
	}
}

// What is drawn unasked takes no more than is said, and what is asked for is drawn.
func TestDefaultSize(t *testing.T) {
	for _, size := range [][2]int{{512, 512}, {64, 4096}, {1, 1}} {
		m := claiming(t, size[0], size[1], thin)
		if h, w, err := m.DefaultSize(); h != size[0] || w != size[1] || err != nil {
			t.Errorf("DefaultSize = %d, %d, %v; want %v", h, w, err, size)
		}
		if c, err := m.NewCanvas(0, 0); err != nil || len(c.state.Levels()) != 0 {
			t.Errorf("NewCanvas of %v: %v", size, err)
		}
	}
	// Asked for by height and width, or by images that are given.
	m := claiming(t, 513, 512, thin)
	if _, err := m.NewCanvas(513, 512); err != nil {
		t.Error(err)
	}
	if _, err := m.prepareDraw(&DrawOptions{Height: 513, Width: 512}); err != nil {
		t.Error(err)
	}
	known, mask := make([]uint8, 513*512), make([]bool, 513*512)
	if _, err := m.prepareDraw(&DrawOptions{Known: known, Mask: mask}); err != nil {
		t.Error(err)
	}
	if img := m.Render(known, 0, 0); img.Rect.Dx() != 512 || img.Rect.Dy() != 513 {
		t.Errorf("Render: %v", img.Rect)
	}
	score, err := m.Score(t.Context(), func(yield func([]uint8) bool) { yield(known) }, nil)
	if err != nil || score.Symbols != 513*512 {
		t.Errorf("Score = %+v, %v", score, err)
	}
	// The estimate holds for what is allocated.
	m = claiming(t, 64, 256, deep)
	var before, after runtime.MemStats
	want := m.drawBytes(64, 256)
	runtime.ReadMemStats(&before)
	d, err := m.prepareDraw(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := d.newWavefront(1)
	w.pixels = m.pixel.Net.NewWavefront(1, d.Height, d.Width)
	runtime.ReadMemStats(&after)
	if used := int64(after.TotalAlloc - before.TotalAlloc); want > maxDefaultBytes || used > want+want/100+int64(2500*len(m.Layers())) { // bookkeeping for each layer
		t.Errorf("drawing takes %d bytes, %d were foretold", used, want)
	}
}
