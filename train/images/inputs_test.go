package images

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/autoreg/autoreg/internal/testkit"
)

// cifarOf is a batch of CIFAR-100 of records with coarse and fine labels, and dark
// pixels.
func cifarOf(labels ...[2]byte) string {
	var b []byte
	for i, l := range labels {
		b = append(b, l[0], l[1])
		for s := range cifarPixels {
			b = append(b, byte(s%7+i))
		}
	}
	return string(b)
}

func TestCIFAR100(t *testing.T) {
	batch := cifarOf([2]byte{19, 99}, [2]byte{0, 0}, [2]byte{3, 42})
	for name, file := range map[string]string{"plain": batch, "gzip": testkit.Gzip(t, batch), "gzip, padded": testkit.Gzip(t, batch) + strings.Repeat("\x00", 700)} {
		for _, format := range []string{"", FormatCIFAR100} {
			s, err := readImagesString(file, &Options{Format: format, Levels: 256})
			if err != nil || s.Len() != 3 || s.Source.Files[0].Format != FormatCIFAR100 || s.Channels != 3 || s.Height != 32 {
				t.Fatalf("%s, format %q: %+v, %v", name, format, s, err)
			}
			for i := range 3 {
				for j, v := range s.Image(i) {
					if want := byte((j%3*cifarPlane+j/3)%7 + i); v != want {
						t.Fatalf("image %d, sample %d: %d, want %d", i, j, v, want)
					}
				}
			}
		}
	}
	for name, c := range map[string]struct{ file, format, want string }{
		"fine label":   {cifarOf([2]byte{1, 2}, [2]byte{1, 100}), FormatCIFAR100, "the fine label of record 1 is 100: want 0 to 99"},
		"coarse label": {cifarOf([2]byte{1, 2}, [2]byte{20, 2}), FormatCIFAR100, "the coarse label of record 1 is 20: want 0 to 19"},
		"cut off":      {cifarOf([2]byte{12, 2}, [2]byte{1, 2})[:6147], "", "this is no CIFAR-100 binary batch, or it is damaged: it has 6147 bytes: want a multiple of 3074"},
		"as CIFAR-10":  {cifarOf([2]byte{1, 2}), FormatCIFAR10, "want a multiple of 3073"},
	} {
		if _, err := readImagesString(c.file, &Options{Format: c.format}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	// Black images have labels of both: their size decides.
	for format, file := range map[string]string{FormatCIFAR10: strings.Repeat("\x01"+strings.Repeat("\x00", 3072), 3), FormatCIFAR100: strings.Repeat("\x01\x05"+strings.Repeat("\x00", 3072), 3)} {
		s, err := readImagesString(file, nil)
		if err != nil || s.Source.Files[0].Format != format {
			t.Errorf("%s: %+v, %v", format, s, err)
		}
	}
}

// What is not read is named.
func TestFormatsNamed(t *testing.T) {
	le := func(magic uint32, dims ...uint32) string {
		b := binary.LittleEndian.AppendUint32(nil, magic)
		n := 1
		for _, d := range dims {
			b = binary.LittleEndian.AppendUint32(b, d)
			n *= int(d)
		}
		return string(b) + strings.Repeat("a", n)
	}
	grey := pngFile(t, greyImage(2, 2, "abcd"))
	tar := "data_batch_1" + strings.Repeat("\x00", 245) + "ustar\x0000" + strings.Repeat("\x00", 300)
	for _, c := range []struct {
		name, data, want string
		image            bool // also where an image is wanted
	}{
		{"little-endian IDX", le(0x803, 6, 28, 28), "this is an IDX file with its bytes in the wrong order (little-endian)", false},
		{"little-endian IDX of labels", le(0x801, 60), "this is an IDX file with its bytes in the wrong order (little-endian)", false},
		{"IDX with a little-endian size", idx(6<<24, 28<<24, 28<<24, strings.Repeat("a", 4704)), "this is an IDX file with its bytes in the wrong order (little-endian)", false},
		{"BMP", "BM\x3e\x00\x00\x00\x00\x00\x00\x00\x36\x00", "this is a BMP image, not a PNG or JPEG: convert it to PNG", true},
		{"TIFF", "II*\x00\x08\x00\x00\x00", "this is a TIFF image", true},
		{"WebP", "RIFF\x24\x00\x00\x00WEBPVP8 ", "this is a WebP image", true},
		{"HEIC", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "this is a HEIC image", true},
		{"AVIF", "\x00\x00\x00\x18ftypavif\x00\x00\x00\x00", "this is an AVIF image", true},
		{"film", "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "this is a film", true},
		{"JPEG XL", "\xff\x0a\x00\x00", "this is a JPEG XL image", true},
		{"SVG", "<?xml version=\"1.0\"?>\n<svg width=\"3\">", "this is an SVG drawing", true},
		{"text changed PNG", strings.Replace(grey, "\r\n", "\n", 1), "this PNG has been changed in transfer", true},
		{"NumPy", "\x93NUMPY\x01\x00", "this is a NumPy array: save the images as PNG files or as an IDX file", true},
		{"zip", "PK\x03\x04\x14\x00", "this is a zip archive, or a NumPy .npz", true},
		{"MATLAB", "MATLAB 5.0 MAT-file", "this is a MATLAB file", true},
		{"HDF5", "\x89HDF\r\n\x1a\n", "this is an HDF5 file", true},
		{"pickle", "\x80\x02}q\x01U\x05labels", "this is a Python pickle, as CIFAR's Python version has: fetch the binary version", true},
		{"tar", tar, "this is a tar archive: unpack it", true},
		{"archive of CIFAR-100", "cifar-100-binary/" + strings.Repeat("\x00", 100), "this is an archive of CIFAR", true},
		{"Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:", "this is a pointer of Git LFS, not the file itself: fetch the file with git lfs pull", true},
		{"web page", "\n<!DOCTYPE HTML><html>", "this is a web page, not the file that it leads to", true},
		{"model", "\x40\x00\x00\x00\x00\x00\x00\x00{\"__metadata__\"", "this is a safetensors file, perhaps a model", true},
		{"text", "hello, world\n", "this is text: want an IDX file", false},
		{"gzip twice", testkit.Gzip(t, "hello"), "this is gzip within gzip", false},
	} {
		files := []string{c.data, testkit.Gzip(t, c.data)}
		if c.name == "gzip twice" {
			files = files[1:]
		}
		for _, file := range files {
			if _, err := readImagesString(file, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
			}
		}
		if _, err := readImagesString(c.data, &Options{Format: FormatPNGJPEG}); c.image && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, as an image: error %v, want one with %q", c.name, err, c.want)
		}
		if strings.Contains(c.name, "IDX") {
			if _, err := readImagesString(c.data, &Options{Format: FormatIDX}); err == nil || !strings.Contains(err.Error(), c.want) && c.name != "little-endian IDX of labels" {
				t.Errorf("%s, format named: error %v, want one with %q", c.name, err, c.want)
			}
		}
	}
}

// Apple's PNGs are named, and told grey from colour although their header is not the
// first chunk.
func TestApplePNG(t *testing.T) {
	file := pngFile(t, colourImage(2, 2, colourOf(200, 10, 10)))
	apple := file[:8] + chunk("CgBI", "\x50\x00\x20\x02") + file[8:]
	if s, err := readImagesString(apple, nil); err != nil || s.Channels != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	raw := pngHead(2, 2, 8, 6, 0) + chunk("IDAT", "\x63\x60\x60")
	raw = raw[:8] + chunk("CgBI", "\x50\x00\x20\x02") + raw[8:]
	if _, err := readImagesString(raw, nil); err == nil || !strings.Contains(err.Error(), "this PNG is of Apple's form for iOS (CgBI)") {
		t.Errorf("error %v", err)
	}
}

// Open decides what a path is.
func TestOpenImages(t *testing.T) {
	one, two := idx(1, 1, 2, "ab"), idx(1, 1, 2, "cd")
	files := fstest.MapFS{
		"one": {Data: []byte(one)}, "dir/a.png": {Data: []byte(pngFile(t, greyImage(1, 2, "ef")))}, "dir/b.png": {Data: []byte(pngFile(t, greyImage(1, 2, "gh")))},
		"dir/c.png/d.png": {Data: []byte("no image")}, "-": {Data: []byte(testkit.Gzip(t, two))},
	}
	var opened []string
	o := &Options{Levels: 256, Open: func(path string) (fs.File, error) {
		opened = append(opened, path)
		return files.Open(filepath.ToSlash(path))
	}}
	s, err := Read([]string{"one", "-", "dir"}, o)
	if err != nil || string(s.Data) != "abcdefgh" {
		t.Fatalf("%q, %v", s.Data, err)
	}
	if want := []string{"one", "-", "dir", filepath.Join("dir", "a.png"), filepath.Join("dir", "b.png")}; !slices.Equal(opened, want) {
		t.Errorf("opened %q, want %q", opened, want)
	}
	if f := s.Source.Files; f[1].Path != "standard input" || f[2].Skipped != 1 {
		t.Errorf("files %+v", f)
	}
	if img, err := ReadFile("dir/b.png", o); err != nil || img.Bounds() != image.Rect(0, 0, 2, 1) {
		t.Errorf("ReadFile: %v", err)
	}
	if _, err := Read([]string{"-", "one", "-"}, o); err == nil || !strings.Contains(err.Error(), "standard input can be read only once") {
		t.Errorf("twice: error %v", err)
	}
	if _, err := Read([]string{"-", "missing"}, o); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("missing file: error %v", err)
	}
}

// Standard input is read as a file is.
func TestImagesFromStandardInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Skip(err) // a system without pipes
	}
	was := os.Stdin
	defer func() { os.Stdin = was }()
	os.Stdin = r
	go func() {
		_, _ = w.WriteString(testkit.Gzip(t, idx(2, 1, 2, "abcd")))
		w.Close()
	}()
	s, err := Read([]string{"-"}, &Options{Levels: 256})
	if err != nil || string(s.Data) != "abcd" || s.Source.Files[0].Path != "standard input" {
		t.Errorf("%+v, %v", s, err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("standard input was closed: %v", err)
	}
}

// Sizes are counted file by file.
func TestImageSizesCounted(t *testing.T) {
	grey := func(h, w int) string { return pngFile(t, greyImage(h, w, strings.Repeat("a", h*w))) }
	dir := writeFiles(t, "f/a.png", grey(2, 3), "f/b.png", grey(3, 2), "f/c.png", grey(2, 3), "f/d.png", grey(4, 4), "digits", idx(3, 2, 2, "abcdefghijkl"))
	s, err := Read([]string{filepath.Join(dir, "f"), filepath.Join(dir, "digits")}, &Options{Height: 2, Width: 2})
	if err != nil || s.Source.Files[0].Sizes != 3 || s.Source.Files[1].Sizes != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

// With Antialias no pixel is left out.
func TestAntialias(t *testing.T) {
	dots := bytes.Repeat([]byte{255}, 64*64)
	for i := range dots {
		if i%64%8 == 1 && i/64%8 == 1 {
			continue
		}
		dots[i] = 0
	}
	file := pngFile(t, greyImage(64, 64, string(dots)))
	for antialias, want := range map[bool]uint8{false: 0, true: 3} { // 255/64 = 3.98
		s, err := readImagesString(file, &Options{Height: 8, Width: 8, Levels: 256, Antialias: antialias})
		if err != nil || !slices.Equal(s.Data, bytes.Repeat([]byte{want}, 64)) {
			t.Errorf("antialias %v: %v, %v, want all %d", antialias, s, err, want)
		}
	}
}

func colourOf(r, g, b uint8) color.NRGBA { return color.NRGBA{R: r, G: g, B: b, A: 255} }
