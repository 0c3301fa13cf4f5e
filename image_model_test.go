package autoreg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/sampler"
)

func encodePixels(t testing.TB, m *ImageModel) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("WriteTo = %d, %v; %d bytes written", n, err, b.Len())
	}
	return b.Bytes()
}

func encodeFile(t testing.TB, f *weights.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pixelCheckpoint returns the file of m as a checkpoint has it.
func pixelCheckpoint(m *ImageModel) *weights.File {
	f := m.pixel.File()
	f.Metadata[model.KeyCheckpoint] = `{"step":7}`
	f.Tensors = append(f.Tensors, weights.Tensor{Name: model.OptimizerPrefix + "m.output.bias", Shape: []int{1}, Data: []float32{1}})
	return f
}

// However a model is loaded and written again, the bytes are the same, and it
// draws the same.
func TestLoadImages(t *testing.T) {
	for _, channels := range []int{1, 3} {
		m := smallPixels(channels)
		want := encodePixels(t, m)
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := os.WriteFile(path, want, 0o666); err != nil {
			t.Fatal(err)
		}
		fsys := fstest.MapFS{"a/m": {Data: want}}
		for how, load := range map[string]func() (*ImageModel, error){
			"Load": func() (*ImageModel, error) { return Load[*ImageModel](bytes.NewReader(want), nil) },
			"Load, a stream": func() (*ImageModel, error) {
				return Load[*ImageModel](io.MultiReader(bytes.NewReader(want)), &LoadOptions{})
			},
			"Load, limited": func() (*ImageModel, error) {
				return Load[*ImageModel](bytes.NewReader(want), &LoadOptions{MaxBytes: int64(len(want))})
			},
			"Load, a checkpoint": func() (*ImageModel, error) {
				return Load[*ImageModel](bytes.NewReader(encodeFile(t, pixelCheckpoint(m))), nil)
			},
			"Open":   func() (*ImageModel, error) { return Open[*ImageModel](path) },
			"LoadFS": func() (*ImageModel, error) { return LoadFS[*ImageModel](fsys, "a/m") },
		} {
			got, err := load()
			if err != nil {
				t.Errorf("%s: %v", how, err)
				continue
			}
			if !bytes.Equal(encodePixels(t, got), want) {
				t.Errorf("%s: written again, the bytes differ", how)
			}
			if h, w := got.Size(); h != 6 || w != 5 || got.Channels() != channels || got.Levels() != 4 {
				t.Errorf("%s: %d×%d pixels, %d channels, %d levels", how, h, w, got.Channels(), got.Levels())
			}
			if got.Params() != m.Params() || got.Effective() != m.Effective() {
				t.Errorf("%s: %d parameters, %d effective", how, got.Params(), got.Effective())
			}
			p, err := got.Draw(t.Context(), &DrawOptions{Seed: 3})
			if want := naive(m, &DrawOptions{Seed: 3}, 0); err != nil || !slices.Equal(p[0].Levels, want.Levels) {
				t.Errorf("%s: drew %v, %v; want %v", how, p, err, want)
			}
		}
	}
}

// What another program's file holds where masks are closed is of no effect, NaN
// included: the model is the same, and it is written with zeros there.
func TestLoadImagesClosedTaps(t *testing.T) {
	for _, channels := range []int{1, 3} {
		m := smallPixels(channels)
		f, open := m.pixel.File(), m.pixel.File()
		closed := 0
		for i := range open.Tensors {
			for j, v := range open.Tensors[i].Data {
				if v == 0 {
					f.Tensors[i].Data[j] = float32(math.NaN())
					closed++
				}
			}
		}
		if want := m.Params() - m.Effective(); closed != want {
			t.Fatalf("%d weights are 0, want the %d closed ones", closed, want)
		}
		got, err := Load[*ImageModel](bytes.NewReader(encodeFile(t, f)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encodePixels(t, got), encodePixels(t, m)) {
			t.Errorf("%d channels: closed taps change the model", channels)
		}
	}
}

func TestLoadImagesErrors(t *testing.T) {
	m := smallPixels(1)
	good := encodePixels(t, m)
	broken := errors.New("the disk is on fire")
	dir := t.TempDir()
	junk, text := filepath.Join(dir, "junk.txt"), filepath.Join(dir, "words")
	for path, b := range map[string][]byte{junk: []byte("once upon a time there was no model"), text: encode(t, small(t))} {
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	load := func(r io.Reader, o *LoadOptions) error {
		_, err := Load[*ImageModel](r, o)
		return err
	}
	open := func(path string) error {
		_, err := Open[*ImageModel](path)
		return err
	}
	loadFS := func(fsys fs.FS, name string) error {
		_, err := LoadFS[*ImageModel](fsys, name)
		return err
	}
	asText := func(b []byte) error {
		_, err := Load[*TextModel](bytes.NewReader(b), nil)
		return err
	}
	for _, c := range []struct {
		name  string
		err   error
		is    error
		parts []string
	}{
		{"empty", load(strings.NewReader(""), nil), ErrFormat, []string{"ends early"}},
		{"too large", load(bytes.NewReader(good), &LoadOptions{MaxBytes: int64(len(good)) - 1}), ErrTooLarge, nil},
		{"negative limit", load(bytes.NewReader(good), &LoadOptions{MaxBytes: -1}), nil, []string{"MaxBytes", "-1"}},
		{"trailing byte", load(bytes.NewReader(append(good[:len(good):len(good)], 0)), nil), ErrFormat, []string{"goes on"}},
		{"reader fails", load(io.MultiReader(bytes.NewReader(good[:99]), failing{broken}), nil), broken, []string{"fire"}},
		{"no file", open(filepath.Join(dir, "none")), fs.ErrNotExist, []string{"none"}},
		{"a directory", open(dir), nil, []string{dir + ": this is a directory"}},
		{"junk", open(junk), ErrFormat, []string{junk + ": this is not a model file (safetensors): "}},
		{"no file in FS", loadFS(fstest.MapFS{}, "none"), fs.ErrNotExist, []string{"none"}},
		{"junk in FS", loadFS(os.DirFS(dir), "junk.txt"), ErrFormat, []string{"junk.txt"}},
		{"a model of text", open(text), ErrFormat, []string{text, `kind "text" (of text), want "pixelcnn" (of images)`}},
		{"a checkpoint of text", load(bytes.NewReader(encodeFile(t, textCheckpoint(t))), nil), ErrFormat, []string{`kind "text" (of text)`}},
		{"a model of images for text", asText(good), ErrFormat, []string{`kind "pixelcnn" (of images), want "text" (of text)`}},
		{"a checkpoint of images for text", asText(encodeFile(t, pixelCheckpoint(m))), ErrFormat, []string{`kind "pixelcnn" (of images)`}},
	} {
		if c.err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		msg := c.err.Error()
		if !strings.HasPrefix(msg, "autoreg: ") {
			t.Errorf("%s: %q: want the prefix of this package", c.name, msg)
			continue
		}
		for _, prefix := range []string{"autoreg: ", "weights: ", "model: "} {
			if strings.Contains(msg[len("autoreg: "):], prefix) {
				t.Errorf("%s: %q: want one prefix, found %q too", c.name, msg, prefix)
			}
		}
		if c.is != nil && !errors.Is(c.err, c.is) {
			t.Errorf("%s: %q does not wrap %q", c.name, msg, c.is)
		}
		for _, part := range c.parts {
			if !strings.Contains(msg, part) {
				t.Errorf("%s: %q does not contain %q", c.name, msg, part)
			}
		}
	}
}

func textCheckpoint(t testing.TB) *weights.File {
	f := small(t).text.File()
	f.Metadata[model.KeyCheckpoint] = `{"step":7}`
	f.Tensors = append(f.Tensors, weights.Tensor{Name: model.OptimizerPrefix + "m.output.bias", Shape: []int{1}, Data: []float32{1}})
	return f
}

// A file cut at any byte is an error.
func TestLoadImagesCut(t *testing.T) {
	good := encodePixels(t, smallPixels(3))
	for n := range good {
		if n > 3000 && n%97 != 0 {
			continue // within the weights one place is like another
		}
		m, err := Load[*ImageModel](bytes.NewReader(good[:n]), nil)
		if m != nil || !errors.Is(err, ErrFormat) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at byte %d of %d: got %v, %v; want an error that wraps ErrFormat and io.ErrUnexpectedEOF", n, len(good), m, err)
		}
	}
}

// A flipped bit of a weight is an error, anywhere in the file.
func TestLoadImagesFlippedWeight(t *testing.T) {
	good := encodePixels(t, smallPixels(3))
	for i := 8 + int(binary.LittleEndian.Uint64(good)); i < len(good); i += 37 {
		b := bytes.Clone(good)
		b[i] ^= 1 << (i % 8)
		if m, err := Load[*ImageModel](bytes.NewReader(b), nil); m != nil || !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "the checksum does not match") {
			t.Fatalf("byte %d: got %v, %v; want an error about the checksum", i, m, err)
		}
	}
}

// Without a checksum, a file with any bit of its header flipped is an error, or a
// model that works where the bit means no more than another size of the images
// seen in training, or other metadata of no meaning.
func TestLoadImagesFlipped(t *testing.T) {
	good := testkit.DisableChecksum(encodePixels(t, smallPixels(3)))
	end := 8 + int(binary.LittleEndian.Uint64(good))
	header := string(good[:end])
	digit := func(member string) int {
		at := strings.Index(header, `\"`+member+`\":`)
		if at < 0 {
			t.Fatalf("no %s in %s", member, header)
		}
		return at + len(`\"`+member+`\":`)
	}
	height, width := digit("height"), digit("width")
	free := strings.Index(header, `disabled`)
	accepted, step := 0, 1
	if testkit.RaceEnabled {
		step = 3
	}
	for i := range end {
		for bit := 0; bit < 8; bit += step {
			b := bytes.Clone(good)
			b[i] ^= 1 << bit
			m, err := Load[*ImageModel](bytes.NewReader(b), nil)
			if err != nil {
				if m != nil || !(errors.Is(err, ErrFormat) || errors.Is(err, ErrTooLarge)) {
					t.Fatalf("byte %d, bit %d: got %v, %v; want an error that wraps ErrFormat or ErrTooLarge", i, bit, m, err)
				}
				continue
			}
			accepted++
			if i != height && i != width && !(free <= i && i < free+len(`disabled":"sha256:`)+64) {
				t.Errorf("byte %d, bit %d: %q for %q was accepted", i, bit, b[i], good[i])
			}
			if _, err := m.Draw(t.Context(), nil); err != nil {
				t.Errorf("byte %d, bit %d: Draw: %v", i, bit, err)
			}
		}
	}
	if accepted == 0 {
		t.Error("no flipped header was accepted: the test does not see what it should")
	}
}

// The reference chapter's table.
func TestImageLayers(t *testing.T) {
	m := chapterPixels()
	const block = " {blocks.%d.conv1 Conv 1×1 128 64 8256 8256 0} {blocks.%[1]d.conv2 MaskedConv B 3×3 64 64 36928 20544 0} {blocks.%[1]d.conv3 Conv 1×1 64 128 8320 8320 0}"
	want := "[{input MaskedConv A 7×7 1 128 6400 3200 0}"
	for i := range 5 {
		want += fmt.Sprintf(block, i)
	}
	want += " {hidden.0 Conv 1×1 128 128 16512 16512 0} {hidden.1 Conv 1×1 128 128 16512 16512 0} {output Conv 1×1 128 4 516 516 0}]"
	if got := fmt.Sprint(m.Layers()); got != want {
		t.Errorf("Layers = %s, want %s", got, want)
	}
	if m.Params() != 307_460 || m.Effective() != 222_340 {
		t.Errorf("%d parameters, %d effective; want 307460 and 222340", m.Params(), m.Effective())
	}
	if got := smallPixels(3).Layers()[1].Type; got != "MaskedConv B 1×1" {
		t.Errorf("a 1×1 layer in colour is a %s", got)
	}
}

func TestImageWriteToFails(t *testing.T) {
	n, err := smallPixels(1).WriteTo(fullDisk{})
	if err == nil || n != 3 || !errors.Is(err, io.ErrShortWrite) || !strings.HasPrefix(err.Error(), "autoreg: ") {
		t.Errorf("WriteTo = %d, %v; want 3 and io.ErrShortWrite", n, err)
	}
}

// Render and Quantise undo each other; Quantise resizes, and turns colours into
// grey.
func TestQuantiseRender(t *testing.T) {
	for _, channels := range []int{1, 3} {
		m := smallPixels(channels)
		for _, size := range [][2]int{{0, 0}, {3, 8}, {1, 1}} {
			height, width := size[0], size[1]
			if height == 0 {
				height, width = 6, 5
			}
			levels := randomLevels(m, height, width, 1)
			img := m.Render(levels, size[0], size[1])
			if b := img.Bounds(); b.Dx() != width || b.Dy() != height {
				t.Errorf("%v: an image of %v", size, b)
			}
			got, err := m.Quantise(img, size[0], size[1])
			if err != nil || !slices.Equal(got, levels) {
				t.Errorf("%v: %v, %v came back, want %v", size, got, err, levels)
			}
		}
		white := image.NewUniform(color.White)
		all := image.NewNRGBA(image.Rect(-3, 2, 20, 9)) // transparent: white
		for name, img := range map[string]image.Image{"white": cropped{white, image.Rect(2, 2, 9, 9)}, "transparent": all} {
			got, err := m.Quantise(img, 0, 0)
			if err != nil || len(got) != 30*channels || slices.ContainsFunc(got, func(v uint8) bool { return v != 3 }) {
				t.Errorf("%s: %v, %v; want all 3", name, got, err)
			}
		}
		for name, img := range map[string]image.Image{
			"empty": image.NewGray(image.Rect(0, 0, 0, 9)), "huge": cropped{white, image.Rect(0, 0, 1<<14, 1<<13)},
			"endless": white, "backwards": cropped{white, image.Rectangle{image.Pt(5, 5), image.Pt(1, 9)}},
		} {
			if got, err := m.Quantise(img, 0, 0); got != nil || err == nil || !strings.HasPrefix(err.Error(), "autoreg: the image has ") {
				t.Errorf("%s: %v, %v; want an error", name, got, err)
			}
		}
		for _, size := range [][2]int{{0, 3}, {-1, -1}, {4097, 1}} {
			if got, err := m.Quantise(all, size[0], size[1]); got != nil || err == nil {
				t.Errorf("%v: %v, %v; want an error", size, got, err)
			}
		}
	}
	// A pure green is half of the way to white, and more.
	green := cropped{image.NewUniform(color.NRGBA{0, 255, 0, 255}), image.Rect(0, 0, 5, 6)}
	grey, err := smallPixels(1).Quantise(green, 0, 0)
	if err != nil || grey[0] != 2 {
		t.Errorf("green as grey is %v, %v; want 2", grey, err)
	}
	rgb, err := smallPixels(3).Quantise(green, 0, 0)
	if err != nil || !slices.Equal(rgb[:3], []uint8{0, 3, 0}) {
		t.Errorf("green is %v, %v; want 0 3 0", rgb, err)
	}
}

// A cropped image has other bounds.
type cropped struct {
	image.Image
	bounds image.Rectangle
}

func (c cropped) Bounds() image.Rectangle { return c.bounds }

func FuzzLoadImages(f *testing.F) {
	for _, channels := range []int{1, 3} {
		good := encodePixels(f, smallPixels(channels))
		f.Add(good)
		f.Add(good[:300])
	}
	f.Add(encodeFile(f, pixelCheckpoint(smallPixels(1))))
	f.Add(encode(f, small(f)))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Load[*ImageModel](bytes.NewReader(testkit.DisableChecksum(b)), nil)
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("error %v wraps neither ErrFormat nor ErrTooLarge", err)
			}
			return
		}
		if _, err := m.Draw(t.Context(), &DrawOptions{Height: 2, Width: 2}); err != nil && !errors.Is(err, sampler.ErrNoSymbol) {
			t.Errorf("Draw: %v", err)
		}
		again, err := Load[*ImageModel](bytes.NewReader(encodePixels(t, m)), nil)
		if err != nil || !bytes.Equal(encodePixels(t, again), encodePixels(t, m)) {
			t.Errorf("written and loaded again, the model differs: %v", err)
		}
	})
}
