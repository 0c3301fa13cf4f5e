package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/autoreg/autoreg"
)

// idx returns an IDX file of n images: bright bars on a dark ground.
func idx(n, height, width int) string {
	var b bytes.Buffer
	for _, v := range []int{0x0803, n, height, width} {
		binary.Write(&b, binary.BigEndian, uint32(v))
	}
	for i := range n {
		for y := range height {
			for x := range width {
				v := 20 + 3*((i*7+y*5+x)%9)
				if x == i%width || y == i/width%height {
					v = 255 - i
				}
				b.WriteByte(byte(v))
			}
		}
	}
	return b.String()
}

// cifar returns a batch of n records as CIFAR-10's binary version has them.
func cifar(n int) string {
	b := make([]byte, n*3073)
	for i := range b {
		switch at := i % 3073; {
		case at == 0:
			b[i] = byte(i / 3073 % 10)
		default:
			b[i] = byte(at/7*(i/3073+1) + at%5*40)
		}
	}
	return string(b)
}

// picture returns a PNG file of height×width pixels, with alpha as given.
func picture(height, width int, alpha func(y, x int) uint8) string {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			a := uint8(255)
			if alpha != nil {
				a = alpha(y, x)
			}
			img.SetNRGBA(x, y, color.NRGBA{R: uint8(37 * x), G: uint8(255 - 31*y), B: uint8(50 * (x + y)), A: a})
		}
	}
	return encode(img)
}

func encode(img image.Image) string {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.String()
}

// decode reads a PNG.
func decode(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// samePixels reports whether two images show the same.
func samePixels(a, b image.Image) bool {
	if a.Bounds().Size() != b.Bounds().Size() {
		return false
	}
	p, q := a.Bounds().Min, b.Bounds().Min
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if color.NRGBAModel.Convert(a.At(p.X+x, p.Y+y)) != color.NRGBAModel.Convert(b.At(q.X+x, q.Y+y)) {
				return false
			}
		}
	}
	return true
}

// The images that models here learn from.
const (
	smallHeight = 6
	smallWidth  = 5
	smallCount  = 30
)

// trainImageArgs is a training command line that takes a fraction of a second.
func trainImageArgs(data, model string, more ...string) []string {
	return append([]string{"train", "image", "--data", data, "--output", model, "--height", fmt.Sprint(smallHeight), "--width", fmt.Sprint(smallWidth),
		"--filters", "8", "--blocks", "1", "--kernel", "3", "--batch", "7", "--lr", "0.02", "--epochs", "2", "--sample-count", "4", "--keep-checkpoint"}, more...)
}

// smallImage returns the files of an image model, of its images, and of a model of
// colour with 8 levels, made once for all tests.
var smallImage = sync.OnceValue(func() (files struct{ model, checkpoint, data, colour, colourData string }) {
	files.model = filepath.Join(shared, "image.safetensors")
	files.checkpoint = files.model + ".checkpoint"
	files.data = filepath.Join(shared, "images.idx")
	files.colour = filepath.Join(shared, "colour.safetensors")
	files.colourData = filepath.Join(shared, "batch.bin")
	for path, content := range map[string]string{files.data: idx(smallCount, smallHeight, smallWidth), files.colourData: cifar(12)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			panic(err)
		}
	}
	for _, args := range [][]string{
		trainImageArgs(files.data, files.model, "--epochs", "4"),
		trainImageArgs(files.colourData, files.colour, "--levels", "8", "--samples", ""),
	} {
		if r := command(args...); r.code != exitOK {
			panic(r.err)
		}
	}
	return files
})

// pixelModel opens an image model.
func pixelModel(t testing.TB, path string) *autoreg.ImageModel {
	t.Helper()
	m, err := autoreg.Open[*autoreg.ImageModel](path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}
