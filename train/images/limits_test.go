package images

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/input"
	"github.com/autoreg/autoreg/internal/testkit"
)

// chunk is a chunk of a PNG.
func chunk(kind, data string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(b, kind+data...)
	return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:])))
}

// pngHead is the beginning of a PNG up to its pixels.
func pngHead(width, height uint32, depth, colour, interlace byte) string {
	b := binary.BigEndian.AppendUint32(nil, width)
	b = binary.BigEndian.AppendUint32(b, height)
	return string(pngMagic) + chunk("IHDR", string(append(b, depth, colour, 0, 0, interlace)))
}

// segment is a segment of a JPEG.
func segment(marker byte, data string) string {
	b := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2))
	return string(append(b, data...))
}

// frame is a start of frame of a JPEG with these sampling factors.
func frame(marker byte, width, height uint16, factors ...byte) string {
	b := binary.BigEndian.AppendUint16([]byte{8}, height)
	b = append(binary.BigEndian.AppendUint16(b, width), byte(len(factors)))
	for i, f := range factors {
		b = append(b, byte(i+1), f, 0)
	}
	return segment(marker, string(b))
}

// scan is a scan of some components of a JPEG, numbered from 1, and its data.
func scan(data string, components ...byte) string {
	b := []byte{byte(len(components))}
	for _, c := range components {
		b = append(b, c, 0)
	}
	return segment(0xda, string(append(b, 0, 0, 0))) + data
}

// What decoding takes is foretold for every form of PNG and JPEG.
func TestDecodingCost(t *testing.T) {
	rect := image.Rect(0, 0, 301, 203)
	palette := image.NewPaletted(rect, color.Palette{color.Black, color.White})
	files := map[string]string{
		"jpeg":        jpegFile(t, image.NewNRGBA(rect)),
		"grey jpeg":   jpegFile(t, image.NewGray(rect)),
		"progressive": progressiveJPEG(t),
	}
	for name, img := range map[string]image.Image{
		"grey": image.NewGray(rect), "grey 16": image.NewGray16(rect), "rgba": image.NewNRGBA(rect), "rgba 64": image.NewNRGBA64(rect), "palette": palette,
		"rgb": opaque{image.NewNRGBA(rect)},
	} {
		files[name] = pngFile(t, img)
	}
	for _, depth := range []byte{1, 8, 16} {
		files[fmt.Sprintf("interlaced %d", depth)] = interlacedPNG(t, 301, 203, depth)
	}
	grey := files["grey"]
	files["grey and transparent"] = grey[:33] + chunk("tRNS", "\x00\x07") + grey[33:]
	files["grey 16 and transparent"] = files["grey 16"][:33] + chunk("tRNS", "\x00\x07") + files["grey 16"][33:]
	for name, file := range files {
		kind, err := kindOf([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		decodeConfig, decode := png.DecodeConfig, png.Decode
		if kind == "JPEG" {
			decodeConfig, decode = jpeg.DecodeConfig, jpeg.Decode
		}
		c, err := decodeConfig(strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		p := describe(kind, []byte(file), c)
		used := testkit.Allocated(func() {
			if _, err := decode(strings.NewReader(file)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		})
		const more = 120 << 10 // tables, the window of deflate, and rounding up
		if want := int64(used); p.cost < (want-more)*9/10 || p.cost > want {
			t.Errorf("%s: %d bytes allocated, cost foretold %d", name, want, p.cost)
		}
		if p.least > int64(len(file)) {
			t.Errorf("%s: %d bytes hold it, least foretold %d", name, len(file), p.least)
		}
	}
}

// opaque is an image that package png writes without alpha.
type opaque struct{ *image.NRGBA }

func (opaque) Opaque() bool            { return true }
func (opaque) ColorModel() color.Model { return color.RGBAModel }

// interlacedPNG is a black image.
func interlacedPNG(t testing.TB, width, height int, depth byte) string {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	for _, p := range [7][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		w, h := (width-p[0]+p[2]-1)/p[2], (height-p[1]+p[3]-1)/p[3]
		if w > 0 {
			z.Write(make([]byte, h*(1+(w*int(depth)+7)/8)))
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return pngHead(uint32(width), uint32(height), depth, 0, 1) + chunk("IDAT", b.String()) + chunk("IEND", "")
}

func progressiveJPEG(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("testdata/progressive.jpg")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A small file that would take much is refused before it is decoded, unless the limit
// is raised; what honest programs write is not.
func TestImageBombs(t *testing.T) {
	jfif := "\xff\xd8" + segment(0xe0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
	zeros := func(n int) string { return strings.Repeat("\x00", n) }
	manyScans := func(w, h uint16, n int) string {
		return jfif + frame(0xc2, w, h, 0x11) + strings.Repeat(scan(zeros(100), 1), n) + "\xff\xd9"
	}
	const memory, time = "of memory, more than the", "scans, which take too long to decode"
	for _, c := range []struct {
		name, file, want string // "" for a file that is decoded
	}{
		{"png of 1 bit", pngHead(8192, 8192, 1, 0, 0) + chunk("IDAT", zeros(8<<10)), ""},
		{"png of 1 bit, interlaced", pngHead(12000, 12000, 1, 0, 1) + chunk("IDAT", zeros(20<<10)), memory},
		{"png of 16 bits and alpha", pngHead(8192, 8192, 16, 6, 0) + chunk("IDAT", zeros(522<<10)), memory},
		{"png of 16 bits, transparent", pngHead(8192, 8192, 16, 0, 0) + chunk("tRNS", "\x00\x00") + chunk("IDAT", zeros(140<<10)), memory},
		{"png of one row", pngHead(1<<28, 1, 1, 0, 0) + chunk("IDAT", zeros(33<<10)), memory},
		{"jpeg of 1,800 scans", manyScans(8192, 8192, 1800), time},
		{"small jpeg of many scans", manyScans(3000, 3000, 900), time},
		{"progressive jpeg", jfif + frame(0xc2, 8000, 8000, 0x22, 0x11, 0x11) + scan(zeros(200<<10), 1, 2, 3), memory},
		{"cmyk jpeg", "\xff\xd8" + frame(0xc0, 9000, 9000, 0x11, 0x11, 0x11, 0x11) + scan(zeros(200<<10), 1, 2, 3, 4), memory},
		{"jpeg with a subsampling that nothing has", jfif + frame(0xc2, 65535, 2000, 0x42, 0x11, 0x11) + scan(zeros(300<<10), 1, 2, 3), memory},

		{"white photograph", jfif + frame(0xc0, 6000, 4000, 0x22, 0x11, 0x11) + scan(zeros(90<<10), 1, 2, 3), ""},
		{"white photograph, progressive", jfif + frame(0xc2, 4000, 3000, 0x22, 0x11, 0x11) + strings.Repeat(scan(zeros(7<<10), 1, 2, 3), 10), ""},
		{"white grey photograph, progressive", jfif + frame(0xc2, 6000, 4000, 0x11) + strings.Repeat(scan(zeros(14<<10), 1), 10), ""},
		{"photograph of 108 megapixels", jfif + frame(0xc0, 12000, 9000, 0x22, 0x11, 0x11) + scan(zeros(4<<20), 1, 2, 3), ""},
		{"white png of 16 bits and alpha", pngHead(4000, 3000, 16, 6, 0) + chunk("IDAT", zeros(100<<10)), ""},
		{"white png, interlaced", pngHead(4000, 3000, 8, 2, 1) + chunk("IDAT", zeros(50<<10)), ""},
		{"a page at 1200 dpi", pngHead(9921, 14032, 1, 0, 0) + chunk("IDAT", zeros(500<<10)), ""},
	} {
		kind, err := kindOf([]byte(c.file))
		if err != nil {
			t.Fatal(err)
		}
		decodeConfig := png.DecodeConfig
		if kind == "JPEG" {
			decodeConfig = jpeg.DecodeConfig
		}
		config, err := decodeConfig(strings.NewReader(c.file))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		p := describe(kind, []byte(c.file), config)
		if p.least > int64(len(c.file)) {
			t.Fatalf("%s: a file of %d bytes cannot hold it", c.name, len(c.file))
		}
		for limit, want := range map[int64]string{DefaultMaxImageBytes: c.want, 16 << 30: ""} {
			o := Options{MaxImageBytes: limit}
			err := o.checkCost(p, config.Width, config.Height, int64(len(c.file)))
			if (err == nil) != (want == "") || err != nil && !(strings.Contains(err.Error(), want) && strings.Contains(err.Error(), "raise MaxImageBytes (128 MiB)")) {
				t.Errorf("%s, %s: error %v, want one with %q", c.name, input.Size(limit), err, want)
			}
		}
		if c.want == "" {
			continue
		}
		used := testkit.Allocated(func() { _, err = readImagesString(c.file, &Options{Height: 8, Width: 8}) })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
		if limit := uint64(2<<20 + 4*len(c.file)); used > limit {
			t.Errorf("%s: %d bytes allocated, limit %d", c.name, used, limit)
		}
	}
}

// Scans are found wherever the decoder finds them.
func TestJPEGHeader(t *testing.T) {
	plain := jpegFile(t, image.NewNRGBA(image.Rect(0, 0, 40, 24)))
	h := readJPEGHeader([]byte(plain))
	if want := (jpegComponent{1, 4}); h.scans != 1 || h.progressive || len(h.components) != 3 || h.components[0] != want || h.across != 3 || h.down != 2 || h.blocks != 6*6 {
		t.Errorf("a JPEG of 40×24 pixels: %+v", h)
	}
	h = readJPEGHeader([]byte(progressiveJPEG(t)))
	if h.scans != 10 || !h.progressive {
		t.Errorf("a progressive JPEG: %+v", h)
	}
	for name, c := range map[string]struct {
		file  string
		scans int64
	}{
		"fill bytes":              {"\xff\xd8\xff\xff\xff" + scan("", 1)[1:] + "\xff\xff" + scan("", 1), 2},
		"in a comment":            {"\xff\xd8" + segment(0xfe, scan("", 1)) + scan("", 1), 1},
		"stuffing and restarts":   {"\xff\xd8" + scan("ab\xff\x00cd\xff\xd3\xff\x00\xff\xd0", 1) + scan("", 1), 2},
		"behind the end":          {"\xff\xd8" + scan("ab\xff\xd9", 1) + scan("", 1), 1},
		"between other bytes":     {"\xff\xd8abc" + scan("", 1) + "abc\xff\x00" + scan("", 1), 2},
		"cut off":                 {"\xff\xd8" + scan("", 1) + scan("", 1)[:4], 1},
		"length less than itself": {"\xff\xd8" + scan("", 1) + "\xff\xda\x00\x01" + scan("", 1), 1},
		"nothing":                 {"\xff\xd8", 0},
		"less":                    {"\xff", 0},
	} {
		if h := readJPEGHeader([]byte(c.file)); h.scans != c.scans {
			t.Errorf("%s: %d scans, want %d", name, h.scans, c.scans)
		}
	}
}

// endless is a source of zeros that watches the memory in use.
type endless struct {
	read, most uint64
}

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	if e.read += uint64(len(p)); e.read>>20 != (e.read-uint64(len(p)))>>20 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		e.most = max(e.most, m.HeapAlloc)
	}
	return len(p), nil
}

// A set that never ends is refused before it takes more than MaxBytes, and copies made
// as it grows count.
func TestEndlessImages(t *testing.T) {
	for _, maxBytes := range []int64{1 << 20, 32 << 20} {
		var before runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		e := &endless{}
		r, err := newReader(&Options{MaxBytes: maxBytes})
		if err != nil {
			t.Fatal(err)
		}
		err = r.readFile(e, "test", -1)
		want := fmt.Sprintf("take more memory than the %s allowed: choose a smaller size, limit their number or raise MaxBytes", input.Size(maxBytes))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if e.read < uint64(maxBytes)/2 {
			t.Errorf("MaxBytes %d: refused after %d bytes", maxBytes, e.read)
		}
		if used, limit := int64(e.most)-int64(before.HeapAlloc), maxBytes+8<<20; used > limit {
			t.Errorf("MaxBytes %d: %d bytes in use, limit %d", maxBytes, used, limit)
		}
	}
}

// A set of known size takes no more than that, and may take all of MaxBytes.
func TestImagesOfKnownSize(t *testing.T) {
	const n = 4000
	file := idx(n, 28, 28, strings.Repeat("a", n*28*28))
	dir := writeFiles(t, "a.idx", file, "a.bin", strings.Repeat(cifar(1), 500))
	for name, size := range map[string]int{"a.idx": n * 28 * 28, "a.bin": 500 * 3 << 10} {
		var s *Set
		var err error
		used := testkit.Allocated(func() { s, err = Read([]string{dir + "/" + name}, &Options{MaxBytes: int64(size)}) })
		if err != nil || len(s.Data) != size || cap(s.Data) != size {
			t.Fatalf("%s: %v, %v", name, s != nil, err)
		}
		if limit := uint64(size + 2<<20); used > limit {
			t.Errorf("%s: %d bytes allocated, limit %d", name, used, limit)
		}
		if _, err := Read([]string{dir + "/" + name}, &Options{MaxBytes: int64(size) - 1}); err == nil || !strings.Contains(err.Error(), "raise MaxBytes") {
			t.Errorf("%s: error %v with a byte less", name, err)
		}
		fractions := func(limit int) error {
			used = testkit.Allocated(func() {
				s, err = Read([]string{dir + "/" + name}, &Options{Levels: 256, Fractions: true, MaxBytes: int64(limit)})
			})
			return err
		}
		if err := fractions(2 * size); err != nil || len(s.Fractions) != size || cap(s.Fractions) != size || used > uint64(2*size+2<<20) {
			t.Errorf("%s with fractions: %v, %d bytes allocated", name, err, used)
		}
		if err := fractions(2*size - 1); err == nil || !strings.Contains(err.Error(), "raise MaxBytes") {
			t.Errorf("%s with fractions: error %v with a byte less", name, err)
		}
	}
}
