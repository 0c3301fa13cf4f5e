package images

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// headerBytes is how much memory going through the markers or chunks of an image may
// take, whatever they say: none but what the fuzzer itself takes meanwhile.
const headerBytes = 64 << 10

// FuzzExif checks that any bytes give an orientation, and that no memory is taken.
func FuzzExif(f *testing.F) {
	for n := range uint16(10) {
		f.Add([]byte(exif(binary.LittleEndian, n)))
		f.Add([]byte(exif(binary.BigEndian, n, [4]uint32{0x010f, 2, 4, 8})))
	}
	f.Add([]byte("II*\x00\xff\xff\xff\xff"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\xff\xff"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		if used := testkit.Allocated(func() { n = exifOrientation(data) }); used > headerBytes {
			t.Fatalf("%d bytes allocated", used)
		}
		if n < 1 || n > 8 {
			t.Fatalf("orientation %d", n)
		}
		// The same bytes in a file do not make it unreadable, and turn it.
		if len(data) > math.MaxUint16-8 {
			return
		}
		plain := pngFile(t, greyImage(2, 3, "abcdef"))
		s, err := readImagesString(orientedPNG(plain, string(data)), nil)
		if err != nil || isSideways(n) != (s.Height == 3) {
			t.Fatalf("orientation %d: %+v, %v", n, s, err)
		}
	})
}

// FuzzJPEGHeader checks that going through the markers takes no memory, that it agrees
// with the decoder on the size, and that it finds every scan that is decoded: a decoder
// that is given what is before the last scan has not read all that counts.
func FuzzJPEGHeader(f *testing.F) {
	small := image.NewNRGBA(image.Rect(0, 0, 20, 9))
	plain := jpegFile(f, small)
	progressive := progressiveJPEG(f)
	for _, s := range []string{
		plain, jpegFile(f, image.NewGray(small.Rect)), progressive, progressive[:len(progressive)-100], orientedJPEG(plain, exif(binary.BigEndian, 6)), "\xff\xd8", "\xff\xd8\xff\xff", "",
		"\xff\xd8" + frame(0xc2, 100, 100, 0x42, 0x11, 0x11) + scan("abc", 1, 2, 3), "\xff\xd8" + frame(0xc0, 65535, 65535, 0xff) + scan("abc", 1),
		"\xff\xd8" + segment(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x00") + frame(0xc0, 9, 9, 0x11, 0x11, 0x11) + scan("\xff\x00\xff\xd0a", 1, 2, 3),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var h jpegHeader
		if used := testkit.Allocated(func() { h = readJPEGHeader(data) }); used > headerBytes {
			t.Fatalf("%d bytes allocated", used)
		}
		if h.scans < 0 || h.scans > int64(len(data)/4) || h.blocks < 0 || h.orientation < 1 || h.orientation > 8 || len(h.components) > 4 {
			t.Fatalf("%+v", h)
		}
		c, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return
		}
		height, width := int64(c.Height), int64(c.Width)
		if h.cost(height, width) < height*width {
			t.Fatalf("%d×%d pixels cost %d bytes", c.Width, c.Height, h.cost(height, width))
		}
		if height*width > 1<<16 {
			return
		}
		// No more is allocated than foretold, scans behind the first included.
		used := testkit.Allocated(func() { _, err = jpeg.Decode(bytes.NewReader(data)) })
		if limit := uint64(h.cost(height, width)) + 512<<10; used > limit {
			t.Fatalf("%d bytes allocated, foretold %d, for %d×%d pixels", used, h.cost(height, width), c.Width, c.Height)
		}
		if err == nil && h.scans == 0 {
			t.Fatal("decoded, but no scan was found")
		}
	})
}

// FuzzPNGHeader checks the chunks likewise.
func FuzzPNGHeader(f *testing.F) {
	rect := image.Rect(0, 0, 9, 7)
	for _, img := range []image.Image{image.NewGray(rect), image.NewGray16(rect), image.NewNRGBA(rect), image.NewNRGBA64(rect), opaque{image.NewNRGBA(rect)}} {
		f.Add([]byte(pngFile(f, img)))
	}
	grey := pngFile(f, image.NewGray(rect))
	for _, s := range []string{
		greyAlphaPNG, orientedPNG(grey, exif(binary.BigEndian, 8)), grey[:33] + chunk("tRNS", "\x00\x07") + grey[33:], grey[:8] + chunk("CgBI", "abcd") + grey[8:],
		interlacedPNG(f, 9, 7, 8), interlacedPNG(f, 5, 1, 1), pngHead(1<<20, 1<<20, 16, 6, 1), grey[:30], string(pngMagic), "", grey[:33] + "\xff\xff\xff\xffzTXt" + strings.Repeat("a", 99),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var h pngHeader
		if used := testkit.Allocated(func() { h = readPNGHeader(data) }); used > headerBytes {
			t.Fatalf("%d bytes allocated", used)
		}
		if h.orientation < 1 || h.orientation > 8 {
			t.Fatalf("%+v", h)
		}
		c, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil || !bytes.HasPrefix(data, pngMagic) {
			return
		}
		height, width := int64(c.Height), int64(c.Width)
		if height > 1<<16/width {
			return
		}
		cost := h.cost(height, width)
		if cost < height*width {
			t.Fatalf("%d×%d pixels cost %d bytes", c.Width, c.Height, cost)
		}
		used := testkit.Allocated(func() { _, err = png.Decode(bytes.NewReader(data)) })
		if limit := uint64(cost+cost/8) + 512<<10; used > limit {
			t.Fatalf("%d bytes allocated, foretold %d, for %d×%d pixels", used, cost, c.Width, c.Height)
		}
		if least := (height*h.row(width) + 1031) / 1032; err == nil && least > int64(len(data)) {
			t.Fatalf("%d bytes hold %d×%d pixels, of which at least %d was foretold", len(data), c.Width, c.Height, least)
		}
	})
}
