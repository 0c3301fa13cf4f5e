package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oriented returns a PNG file with an Exif orientation.
func oriented(file string, orientation byte) string {
	exif := "eXIfII*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(rune(orientation)) + "\x00\x00\x00\x00\x00\x00\x00"
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(exif)-4))
	chunk = binary.BigEndian.AppendUint32(append(chunk, exif...), crc32.ChecksumIEEE([]byte(exif)))
	const head = 33 // of signature and header
	return file[:head] + string(chunk) + file[head:]
}

// sideways returns img as it is stored with orientation 6: its first row is the right
// side of what is shown.
func sideways(img image.Image) image.Image {
	size := img.Bounds().Size()
	out := image.NewNRGBA(image.Rect(0, 0, size.Y, size.X))
	for y := range size.Y {
		for x := range size.X {
			out.Set(y, size.X-1-x, img.At(x, y))
		}
	}
	return out
}

// TestPicturesUpright turns images wherever they are read.
func TestPicturesUpright(t *testing.T) {
	dir := t.TempDir()
	plain := picture(9, 12, nil)
	turned := oriented(encode(sideways(decode(t, []byte(plain)))), 6)
	a, b := write(t, dir, "a.png", plain), write(t, dir, "b.png", turned)
	model := smallImage().model

	scores := func(path string) string {
		return strings.ReplaceAll(ok(t, "score", "-m", model, path), path, "FILE")
	}
	if one, other := scores(a), scores(b); one != other {
		t.Errorf("score:\n%s\nturned:\n%s", one, other)
	}
	mask := func(w, h int) image.Image {
		m := image.NewGray(image.Rect(0, 0, w, h))
		for i := range m.Pix {
			if i%w < w/3 {
				m.Pix[i] = 255
			}
		}
		return m
	}
	c, d := write(t, dir, "c.png", encode(mask(12, 9))), write(t, dir, "d.png", oriented(encode(sideways(mask(12, 9))), 6))
	var painted [][]byte
	for _, f := range [][2]string{{a, c}, {b, c}, {a, d}} {
		out := filepath.Join(dir, "out.png")
		ok(t, "paint", "-m", model, "-n", "2", "--seed", "1", "--complete", f[0], "--mask", f[1], "-o", out)
		painted = append(painted, read(t, out))
	}
	if !bytes.Equal(painted[0], painted[1]) || !bytes.Equal(painted[0], painted[2]) {
		t.Error("paint draws something else where the image or the mask is turned")
	}
	var models [][]byte
	for _, data := range []string{a, b} {
		out := filepath.Join(dir, "model")
		text := ok(t, trainImageArgs(data, out, "--samples", "", "--overwrite")...)
		if !strings.Contains(text, "1 image of 12×9 pixels, colour") || !strings.Contains(text, "steps      1 an epoch, for there is one image only") {
			t.Errorf("%s:\n%s", data, text)
		}
		models = append(models, tensors(t, out))
	}
	if !bytes.Equal(models[0], models[1]) {
		t.Error("a turned image is learnt as another one")
	}
}

// tensors returns the bytes of a model file after its header.
func tensors(t *testing.T, path string) []byte {
	t.Helper()
	b := read(t, path)
	return b[8+binary.LittleEndian.Uint64(b):]
}

// TestAntialias gives the same flag to train, score and paint.
func TestAntialias(t *testing.T) {
	dir := t.TempDir()
	dots := image.NewGray(image.Rect(0, 0, 50, 60)) // to 5×6: one pixel of 10×10 is white
	for i := range dots.Pix {
		if i%50%10 == 2 && i/50%10 == 7 {
			dots.Pix[i] = 255
		}
	}
	data := write(t, dir, "dots.png", encode(dots))
	model, second := filepath.Join(dir, "model"), filepath.Join(dir, "second")
	out := ok(t, trainImageArgs(data, model, "--levels", "256", "--samples", "", "--antialias")...)
	if !strings.Contains(out, "256 levels, antialiased\n") {
		t.Errorf("the output does not say antialiased:\n%s", out)
	}
	ok(t, trainImageArgs(data, second, "--levels", "256", "--samples", "")...)
	if bytes.Equal(tensors(t, model), tensors(t, second)) {
		t.Error("--antialias makes no difference to train")
	}
	if a, b := ok(t, "score", "-m", model, data, "--antialias"), ok(t, "score", "-m", model, data); a == b {
		t.Error("--antialias makes no difference to score")
	}
	sheet := filepath.Join(dir, "out.png")
	for flag, want := range map[string]uint8{"--antialias": 2, "--antialias=false": 0} { // 2.55, and between the dots
		ok(t, "paint", "-m", model, "-n", "1", "--scale", "1", "--complete", data, "--keep", "top:6", "-o", sheet, flag)
		if got := color.GrayModel.Convert(decode(t, read(t, sheet)).At(1, 1)).(color.Gray).Y; got != want {
			t.Errorf("paint %s: a pixel is %d, want %d", flag, got, want)
		}
	}
	fails(t, exitUsage, "--antialias, --pad and --max-picture say how the image to complete is read", "paint", "-m", model, "--antialias", "-o", sheet)
}

// TestMaxPicture names the flag that lets an image in.
func TestMaxPicture(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "white.png", encode(image.NewGray16(image.Rect(0, 0, 1000, 1000))))
	model := smallImage().model
	const want = "decoding 1000×1000 pixels would take 1.9 MiB of memory, more than the 1.2 MiB allowed for a file of this size: make the image smaller, or raise --max-picture (1 MiB)"
	for _, args := range [][]string{
		trainImageArgs(data, filepath.Join(dir, "model"), "--samples", ""),
		{"score", "-m", model, data},
		{"paint", "-m", model, "--complete", data, "-n", "1", "-o", filepath.Join(dir, "out.png")},
	} {
		fails(t, exitError, want, append(args, "--max-picture", "1")...)
		ok(t, append(args, "--max-picture", "4")...)
	}
	fails(t, exitUsage, "want a whole number of MiB, 1 or more", "score", "-m", model, data, "--max-picture", "0")
}

// TestImageMemory counts the images with the memory of a run.
func TestImageMemory(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "images", idx(5000, 16, 16))
	model := filepath.Join(dir, "model")
	fails(t, exitError, "take more memory than the 1 MiB allowed: choose a smaller size, limit their number or raise --max-memory", trainImageArgs(data, model, "--height", "16", "--width", "16", "--max-memory", "1")...)
	if _, err := os.Stat(model); err == nil {
		t.Error("there is a model")
	}
}

// okWith is ok with something on standard input.
func okWith(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	r := commandIn(stdin, args...)
	if r.code != exitOK {
		t.Fatalf("autoreg %s: status %d: %s", strings.Join(args, " "), r.code, r.err)
	}
	return r.out
}

// TestImagesFromStandardInput reads images where - stands for a file.
func TestImagesFromStandardInput(t *testing.T) {
	dir := t.TempDir()
	data := idx(9, 7, 8)
	path := write(t, dir, "images", data)
	model := filepath.Join(dir, "model")
	text := okWith(t, data, trainImageArgs("-", model, "--samples", "", "--data", path)...)
	if !strings.Contains(text, "standard input: 9 images of 8×7 pixels") || !strings.Contains(text, "training   18 images") {
		t.Errorf("train:\n%s", text)
	}
	one, other := okWith(t, data, "score", "-m", model, "-"), ok(t, "score", "-m", model, path)
	if strings.Fields(one)[6] == "" || strings.Join(strings.Fields(one)[6:], " ") != strings.Join(strings.Fields(other)[6:], " ") {
		t.Errorf("score:\n%s\nof the file:\n%s", one, other)
	}
	var sheets [][]byte
	for _, c := range []struct{ stdin, path string }{{picture(9, 8, nil), "-"}, {"", write(t, dir, "a.png", picture(9, 8, nil))}} {
		out := filepath.Join(dir, "out.png")
		okWith(t, c.stdin, "paint", "-m", model, "-n", "1", "--seed", "3", "--complete", c.path, "-o", out)
		sheets = append(sheets, read(t, out))
	}
	if !bytes.Equal(sheets[0], sheets[1]) {
		t.Error("paint draws something else where the image is standard input")
	}
}
