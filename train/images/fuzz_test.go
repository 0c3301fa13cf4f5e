package images

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"image"
	"image/color"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// readFuzzed reads data and checks what holds for every image file: memory below
// base bytes and rate for each byte of size, and a consistent set or an error that
// names the file.
func readFuzzed(t *testing.T, data []byte, o *Options, base, rate, size int) *Set {
	t.Helper()
	var s *Set
	var err error
	used := testkit.Allocated(func() { s, err = readImagesString(string(data), o) })
	if limit := uint64(base + rate*size); used > limit {
		t.Fatalf("%d bytes allocated for %d, limit %d", used, size, limit)
	}
	if err != nil {
		if s != nil || !strings.HasPrefix(err.Error(), "images: test: ") {
			t.Fatalf("%v, error %q", s, err)
		}
		return nil
	}
	f := s.Source.Files[0]
	if s.Len() < 1 || s.Len() > s.Source.Images || f.Images != s.Source.Images || f.Format == FormatAuto || len(s.Data) != s.Len()*s.Height*s.Width*s.Channels {
		t.Fatalf("%d images of %d×%d×%d, %d bytes, source %+v", s.Len(), s.Height, s.Width, s.Channels, len(s.Data), s.Source)
	}
	for i, k := range s.Data {
		if int(k) >= s.Levels {
			t.Fatalf("level %d at %d of %d levels", k, i, s.Levels)
		}
	}
	return s
}

// unpacked returns what data hold if they are gzip, at most 1 MiB of it, whether all
// is well with it, and data itself otherwise.
func unpacked(data []byte) (plain []byte, ok bool) {
	if !bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		return data, true
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, false
	}
	plain, err = io.ReadAll(io.LimitReader(z, 1<<20))
	return plain, err == nil
}

// FuzzIDX checks the IDX reader against the header as it is written, that it accepts
// just what that says, and what it allocates.
func FuzzIDX(f *testing.F) {
	for _, s := range []string{
		"", idx(2, 2, 3, "abcdefghijkl"), idx(2, 2, 3, "abcdefghijklm"), idx(3, 1, 1, "abc"), idx(3, 1, 1, "ab"),
		idx(0, 1, 1, ""), idx(1, 0, 1, ""), idx(1<<32-1, 1<<32-1, 1<<32-1, "a"), idx(1<<20, 28, 28, "abc"), idx(1, 1<<13, 1<<13, strings.Repeat("a", 1000)),
		"\x00\x00\x08\x01\x00\x00\x00\x01\x05", idx(1, 4097, 1, strings.Repeat("a", 4097)), idx(40, 30, 20, strings.Repeat("abc", 8000)),
	} {
		f.Add([]byte(s))
		f.Add([]byte(testkit.Gzip(f, s)))
		f.Add([]byte(testkit.Gzip(f, s)[:20]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		plain, whole := unpacked(data)
		for _, o := range []*Options{{Format: FormatIDX, Levels: 256}, {Format: FormatIDX, Height: 2, Width: 1, Channels: 3, Limit: 5, Levels: 3}} {
			s := readFuzzed(t, data, o, 1<<19, 30, len(plain))
			if len(plain) == 1<<20 {
				continue // perhaps not all of it
			}
			var count, rows, cols uint64
			if len(plain) >= idxHeader {
				count, rows, cols = uint64(binary.BigEndian.Uint32(plain[4:])), uint64(binary.BigEndian.Uint32(plain[8:])), uint64(binary.BigEndian.Uint32(plain[12:]))
			}
			const most = 1 << 20 // more than fits plain, and no product of these overflows
			good := whole && bytes.HasPrefix(plain, []byte{0, 0, 8, 3}) && count > 0 && rows > 0 && cols > 0 &&
				count < most && rows < most && cols < most && count*rows*cols == uint64(len(plain)-idxHeader) &&
				(o.Height > 0 || rows <= MaxSide && cols <= MaxSide)
			if good != (s != nil) {
				t.Fatalf("%q: read: %v, want %v", data, s != nil, good)
			}
			if good && o.Height == 0 && !bytes.Equal(s.Data, plain[idxHeader:]) {
				t.Fatalf("%q: read as %q", data, s.Data)
			}
			if good && o.Height > 0 && uint64(s.Len()) != min(count, 5) {
				t.Fatalf("%q: %d images, want %d", data, s.Len(), min(count, 5))
			}
		}
	})
}

// FuzzCIFAR10 checks the reader of batches likewise.
func FuzzCIFAR10(f *testing.F) {
	for _, s := range []string{"", "a", cifar(0), cifar(9, 3), cifar(9, 10), cifar(1)[:3072], cifar(1) + "a", cifar(1, 2, 3, 4, 5, 6)} {
		f.Add([]byte(s))
		f.Add([]byte(testkit.Gzip(f, s)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		plain, whole := unpacked(data)
		s := readFuzzed(t, data, &Options{Format: FormatCIFAR10, Levels: 256}, 1<<19, 8, len(plain))
		if len(plain) == 1<<20 {
			return
		}
		good := whole && len(plain) > 0 && len(plain)%cifar10.record() == 0
		for i := 0; good && i < len(plain); i += cifar10.record() {
			good = plain[i] < 10
		}
		if good != (s != nil) {
			t.Fatalf("%d bytes: read: %v, want %v", len(plain), s != nil, good)
		}
		for i := 0; good && i < s.Len(); i++ {
			record := plain[i*cifar10.record()+1:]
			for j, v := range s.Image(i) {
				if want := record[j%3*cifarPlane+j/3]; v != want {
					t.Fatalf("image %d, sample %d: %d, want %d", i, j, v, want)
				}
			}
		}
	})
}

// FuzzDetected feeds any bytes to the reader that chooses the format itself. The
// ceiling is high, for a PNG of one bit a pixel may hold 8,256 pixels a byte, in
// several copies; a header alone must not reach it.
func FuzzDetected(f *testing.F) {
	small := image.NewNRGBA(image.Rect(0, 0, 9, 7))
	for i := range small.Pix {
		small.Pix[i] = uint8(i * 37)
	}
	paletted := image.NewPaletted(image.Rect(0, 0, 64, 64), color.Palette{color.Black, color.White})
	grey := pngFile(f, greyImage(2, 2, "abcd"))
	photo := jpegFile(f, small)
	for _, s := range []string{
		pngFile(f, small), grey, pngFile(f, paletted), pngFile(f, image.NewNRGBA64(small.Rect)), pngFile(f, image.NewGray16(small.Rect)), greyAlphaPNG,
		photo, jpegFile(f, image.NewGray(small.Rect)), photo[:len(photo)/2], grey[:40],
		resizedPNG(grey, 4096, 4096), resizedPNG(grey, 1<<31-1, 1), resizedPNG(grey, 0, 2), resizedJPEG(photo, 65535, 1024), resizedJPEG(photo, 0, 9), resizedJPEG(photo, 64, 64),
		string(pngMagic), string(jpegMagic), "GIF89a", "text", idx(1, 2, 2, "abcd"), "\x1f\x8b",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 8<<10 {
			return // up to 400 MB by the rate below
		}
		plain, _ := unpacked(data)
		size := max(len(data), len(plain)/40)
		a := readFuzzed(t, data, &Options{Height: 3, Width: 5, Channels: 3}, 1<<20, 50000, size)
		b := readFuzzed(t, data, &Options{Levels: 256}, 1<<20, 50000, size)
		if a == nil && b != nil {
			t.Fatalf("%q: can be read as it is, but not resized", data)
		}
		if b == nil || b.Len() != 1 {
			return
		}
		// What is written without loss is read again as it was.
		again, err := readImagesString(pngFile(t, b.Render(0)), &Options{Levels: 256, Channels: b.Channels})
		if err != nil || again.Height != b.Height || again.Width != b.Width || !slices.Equal(again.Data, b.Data) {
			t.Fatalf("%q: written and read again, %v", data, err)
		}
	})
}
