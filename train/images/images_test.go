package images

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// idx returns an IDX file of images whose header says count, rows and cols.
func idx(count, rows, cols uint32, pix string) string {
	b := binary.BigEndian.AppendUint32(nil, 0x803)
	for _, n := range []uint32{count, rows, cols} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return string(b) + pix
}

// cifar returns a batch of records with these labels. Sample s of channel c in
// record i is 40·i + 80·c + s mod 40.
func cifar(labels ...byte) string {
	var b []byte
	for i, label := range labels {
		b = append(b, label)
		for c := range 3 {
			for s := range cifarPlane {
				b = append(b, byte(40*i+80*c+s%40))
			}
		}
	}
	return string(b)
}

// rising returns n samples 0, step, 2·step, …
func rising(n, step int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * step)
	}
	return string(b)
}

func greyImage(height, width int, pix string) image.Image {
	return &image.Gray{Pix: []byte(pix), Stride: width, Rect: image.Rect(0, 0, width, height)}
}

func colourImage(height, width int, c color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range height * width {
		img.SetNRGBA(i%width, i/width, c)
	}
	return img
}

func pngFile(t testing.TB, img image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jpegFile(t testing.TB, img image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// writeFiles fills a new folder with pairs of a name and a content and returns it.
func writeFiles(t testing.TB, pairs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(pairs); i += 2 {
		path := filepath.Join(dir, filepath.FromSlash(pairs[i]))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pairs[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readImagesString(data string, o *Options) (*Set, error) {
	r, err := newReader(o)
	if err != nil {
		return nil, wrap(err)
	}
	if err := r.readFile(strings.NewReader(data), "test", -1); err != nil {
		return nil, wrap(err)
	}
	return r.finish(), nil
}

func TestReadImages(t *testing.T) {
	red := colourImage(2, 3, color.NRGBA{255, 0, 0, 255})
	six := rising(6, 50) // 0 50 100 150 200 250
	dir := writeFiles(t,
		"two.idx", idx(2, 2, 3, six+"\xff\xff\xff\x00\x40\x80"),
		"one.jpg", testkit.Gzip(t, idx(1, 2, 3, six)), // the name does not matter
		"batch.bin", cifar(9, 0),
		"batch.gz", testkit.Gzip(t, cifar(3)),
		"dot.idx", idx(3, 1, 1, "\x00\x80\xff"),
		"red.png", pngFile(t, red),
		"grey.png", pngFile(t, greyImage(2, 3, six)),
		"folder/b.png", pngFile(t, greyImage(2, 3, six)),
		"folder/B.PNG", pngFile(t, greyImage(2, 3, "\xff\xff\xff\xff\xff\xff")),
		"folder/a.JPeG", jpegFile(t, greyImage(2, 3, "\x60\x60\x60\x60\x60\x60")),
		"folder/.hidden.png", "no image",
		"folder/notes.txt", "no image",
		"folder/png", "no image",
		"folder/inside.png/x.png", "no image",
	)
	type want struct {
		height, width, channels, n int
		data                       []uint8 // nil: not compared
		files                      []File
	}
	for _, c := range []struct {
		name  string
		paths string
		o     *Options
		want  want
	}{
		{"idx", "two.idx", nil, want{2, 3, 1, 2, []uint8{0, 0, 1, 2, 3, 3, 3, 3, 3, 0, 1, 2}, []File{{"", "idx", 2, 0, 2, 3, 1, 1}}}},
		{"gzip", "one.jpg", &Options{Levels: 256}, want{2, 3, 1, 1, []uint8{0, 50, 100, 150, 200, 250}, []File{{"", "idx", 1, 0, 2, 3, 1, 1}}}},
		{"format by name", "one.jpg", &Options{Format: FormatIDX, Levels: 2}, want{2, 3, 1, 1, []uint8{0, 0, 0, 1, 1, 1}, []File{{"", "idx", 1, 0, 2, 3, 1, 1}}}},
		{"grey to colour", "one.jpg", &Options{Channels: 3, Levels: 2}, want{2, 3, 3, 1, []uint8{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1}, []File{{"", "idx", 1, 0, 2, 3, 1, 1}}}},
		{"resized", "one.jpg", &Options{Height: 1, Width: 1, Levels: 256}, want{1, 1, 1, 1, []uint8{125}, []File{{"", "idx", 1, 0, 2, 3, 1, 1}}}},
		{"one pixel", "dot.idx", nil, want{1, 1, 1, 3, []uint8{0, 2, 3}, []File{{"", "idx", 3, 0, 1, 1, 1, 1}}}},
		{"one pixel enlarged", "dot.idx", &Options{Height: 1, Width: 2}, want{1, 2, 1, 3, []uint8{0, 0, 2, 2, 3, 3}, []File{{"", "idx", 3, 0, 1, 1, 1, 1}}}},
		{"cifar", "batch.bin", nil, want{32, 32, 3, 2, nil, []File{{"", "cifar10", 2, 0, 32, 32, 3, 1}}}},
		{"cifar gzip", "batch.gz batch.bin", &Options{Channels: 1}, want{32, 32, 1, 3, nil, []File{{"", "cifar10", 1, 0, 32, 32, 3, 1}, {"", "cifar10", 2, 0, 32, 32, 3, 1}}}},
		{"png", "red.png", nil, want{2, 3, 3, 1, slices.Repeat([]uint8{3, 0, 0}, 6), []File{{"", "png-jpeg", 1, 0, 2, 3, 3, 1}}}},
		{"png to grey", "red.png", &Options{Channels: 1, Levels: 256}, want{2, 3, 1, 1, slices.Repeat([]uint8{76}, 6), []File{{"", "png-jpeg", 1, 0, 2, 3, 3, 1}}}},
		{"folder", "folder", nil, want{2, 3, 1, 3, []uint8{3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 0, 0, 1, 2, 3, 3}, []File{{"", "png-jpeg", 3, 3, 2, 3, 1, 1}}}},
		{"concatenated", "grey.png two.idx folder", &Options{Limit: 4}, want{2, 3, 1, 4, []uint8{0, 0, 1, 2, 3, 3, 0, 0, 1, 2, 3, 3, 3, 3, 3, 0, 1, 2, 3, 3, 3, 3, 3, 3},
			[]File{{"", "png-jpeg", 1, 0, 2, 3, 1, 1}, {"", "idx", 2, 0, 2, 3, 1, 1}, {"", "png-jpeg", 3, 3, 2, 3, 1, 1}}}},
		{"limit inside idx", "two.idx red.png", &Options{Limit: 1}, want{2, 3, 1, 1, []uint8{0, 0, 1, 2, 3, 3},
			[]File{{"", "idx", 2, 0, 2, 3, 1, 1}, {"", "png-jpeg", 1, 0, 0, 0, 0, 0}}}},
		{"sizes and depths made one", "red.png dot.idx batch.bin", &Options{Height: 1, Width: 1, Channels: 3, Limit: 3}, want{1, 1, 3, 3, []uint8{3, 0, 0, 0, 0, 0, 2, 2, 2},
			[]File{{"", "png-jpeg", 1, 0, 2, 3, 3, 1}, {"", "idx", 3, 0, 1, 1, 1, 1}, {"", "cifar10", 2, 0, 32, 32, 3, 1}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var paths []string
			for i, p := range strings.Fields(c.paths) {
				paths = append(paths, filepath.Join(dir, p))
				c.want.files[i].Path = paths[i]
			}
			s, err := Read(paths, c.o)
			if err != nil {
				t.Fatal(err)
			}
			w := c.want
			if s.Height != w.height || s.Width != w.width || s.Channels != w.channels || s.Len() != w.n || len(s.Data) != w.n*w.height*w.width*w.channels {
				t.Fatalf("%d images of %d×%d×%d, %d bytes, want %d of %d×%d×%d", s.Len(), s.Height, s.Width, s.Channels, len(s.Data), w.n, w.height, w.width, w.channels)
			}
			if w.data != nil && !slices.Equal(s.Data, w.data) {
				t.Errorf("levels %v, want %v", s.Data, w.data)
			}
			if !slices.Equal(s.Source.Files, w.files) {
				t.Errorf("files %+v, want %+v", s.Source.Files, w.files)
			}
			images := 0
			for _, f := range w.files {
				images += f.Images
			}
			if s.Source.Images != images {
				t.Errorf("%d images counted, want %d", s.Source.Images, images)
			}
		})
	}
}

// The planes of a record become channels innermost, each image by itself.
func TestCIFAR10Layout(t *testing.T) {
	s, err := readImagesString(cifar(1, 2), &Options{Levels: 256})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		m := s.Image(i)
		if len(m) != 3*cifarPlane || cap(m) != len(m) {
			t.Fatalf("image %d: len %d, cap %d", i, len(m), cap(m))
		}
		for j, got := range m {
			if want := byte(40*i + 80*(j%3) + j/3%40); got != want {
				t.Fatalf("image %d, pixel %d, channel %d: %d, want %d", i, j/3, j%3, got, want)
			}
		}
	}
	if got, want := s.Render(1).NRGBAAt(5, 2), (color.NRGBA{69, 149, 229, 255}); got != want { // pixel 69
		t.Errorf("Render has %v, want %v", got, want)
	}
}

// The hash is what the documented commands print.
func TestImageSourceHash(t *testing.T) {
	a, b := idx(1, 1, 2, "ab"), idx(2, 1, 2, "cdef")
	p, q := pngFile(t, greyImage(1, 2, "xy")), pngFile(t, greyImage(1, 2, "zz"))
	dir := writeFiles(t, "a", a, "b.gz", testkit.Gzip(t, b), "f/p.png", p, "f/q.PNG", q, "f/r.txt", "")
	lines := fmt.Sprintf("%x  p.png\n%x  q.PNG\n", sha256.Sum256([]byte(p)), sha256.Sum256([]byte(q)))
	for _, c := range []struct {
		paths, hashed string
		limit         int
	}{
		{"a", a, 0}, {"b.gz", b, 0}, {"a b.gz", a + b, 0}, {"b.gz a", b + a, 0}, {"f/p.png", p, 0}, {"f", lines, 0}, {"a f b.gz", a + lines + b, 0},
		{"a f b.gz f/p.png", a + lines + b + p, 1}, // and beyond the limit too
	} {
		var paths []string
		for p := range strings.FieldsSeq(c.paths) {
			paths = append(paths, filepath.Join(dir, p))
		}
		s, err := Read(paths, &Options{Limit: c.limit})
		if err != nil {
			t.Fatal(err)
		}
		if want := sha256.Sum256([]byte(c.hashed)); s.Source.SHA256 != want {
			t.Errorf("%s: SHA256 %x, want %x", c.paths, s.Source.SHA256, want)
		}
	}
}

// An image counts as grey if it is stored so.
func TestImageChannels(t *testing.T) {
	rect := image.Rect(0, 0, 2, 2)
	grey := color.Palette{color.Black, color.Gray{99}, color.NRGBA{0, 0, 0, 0}}
	for name, c := range map[string]struct {
		file string
		want int
	}{
		"grey":           {pngFile(t, image.NewGray(rect)), 1},
		"16 bits":        {pngFile(t, image.NewGray16(rect)), 1},
		"grey palette":   {pngFile(t, image.NewPaletted(rect, grey)), 1},
		"colour palette": {pngFile(t, image.NewPaletted(rect, append(grey, color.NRGBA{1, 2, 3, 255}))), 3},
		"colour":         {pngFile(t, image.NewNRGBA(rect)), 3},
		"colour 16 bits": {pngFile(t, image.NewNRGBA64(rect)), 3},
		"grey and alpha": {greyAlphaPNG, 1},
		"grey jpeg":      {jpegFile(t, image.NewGray(rect)), 1},
		"jpeg":           {jpegFile(t, image.NewNRGBA(rect)), 3},
	} {
		s, err := readImagesString(c.file, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if s.Channels != c.want {
			t.Errorf("%s: %d channels, want %d", name, s.Channels, c.want)
		}
	}
	s, err := readImagesString(greyAlphaPNG, &Options{Levels: 256})
	if want := []uint8{255, 100}; err != nil || !slices.Equal(s.Data, want) {
		t.Errorf("grey and alpha: %v, %v, want %v", s, err, want)
	}
}

// greyAlphaPNG is 1×2 pixels with a colour type that package png reads but does not
// write: 7 quite transparent, and 100.
const greyAlphaPNG = "\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x02\x00\x00\x00\x01" +
	"\x08\x04\x00\x00\x00\x5e\x2b\xb7\x01\x00\x00\x00\x0d\x49\x44\x41\x54\x78\x9c\x63\x60\x67\x48\xf9" +
	"\x0f\x00\x01\xe8\x01\x6b\xcd\xf8\x4d\xc1\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82"
