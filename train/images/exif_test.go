package images

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exif is Exif data with entries of a tag, type, count and value before the
// orientation.
func exif(order binary.AppendByteOrder, orientation uint16, before ...[4]uint32) string {
	b := []byte("II*\x00")
	if order.String() == binary.BigEndian.String() {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, uint16(len(before)+1))
	for _, e := range before {
		b = order.AppendUint16(b, uint16(e[0]))
		b = order.AppendUint16(b, uint16(e[1]))
		b = order.AppendUint32(b, e[2])
		b = order.AppendUint32(b, e[3])
	}
	for _, v := range []uint16{0x0112, 3} {
		b = order.AppendUint16(b, v)
	}
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation)
	return string(order.AppendUint32(b, 0)) + "\x00\x00"
}

// orientedPNG is a PNG with Exif data, and orientedJPEG a JPEG.
func orientedPNG(file, exif string) string { return file[:33] + chunk("eXIf", exif) + file[33:] }
func orientedJPEG(file, exif string) string {
	return file[:2] + segment(0xe1, "Exif\x00\x00"+exif) + file[2:]
}

// Where the rows and columns of an image of 3×2 pixels, stored as
//
//	1 2 3
//	4 5 6
//
// belong, as the Exif standard names them: "row 0 is the visual right-hand side, column
// 0 the visual top" for 6, and so on.
var orientations = []struct {
	height, width int
	pix           []uint8
}{
	1: {2, 3, []uint8{1, 2, 3, 4, 5, 6}},
	2: {2, 3, []uint8{3, 2, 1, 6, 5, 4}}, // top, right
	3: {2, 3, []uint8{6, 5, 4, 3, 2, 1}}, // bottom, right
	4: {2, 3, []uint8{4, 5, 6, 1, 2, 3}}, // bottom, left
	5: {3, 2, []uint8{1, 4, 2, 5, 3, 6}}, // left, top
	6: {3, 2, []uint8{4, 1, 5, 2, 6, 3}}, // right, top
	7: {3, 2, []uint8{6, 3, 5, 2, 4, 1}}, // right, bottom
	8: {3, 2, []uint8{3, 6, 2, 5, 1, 4}}, // left, bottom
}

func TestOrientation(t *testing.T) {
	stored := pngFile(t, greyImage(2, 3, "\x01\x02\x03\x04\x05\x06"))
	for n, want := range orientations {
		if n == 0 {
			continue
		}
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			file := orientedPNG(stored, exif(order, uint16(n), [4]uint32{0x010f, 2, 4, 0x41414100}, [4]uint32{0x0100, 4, 1, 3}))
			s, err := readImagesString(file, &Options{Levels: 256})
			if err != nil {
				t.Errorf("%d: %v", n, err)
				continue
			}
			f := s.Source.Files[0]
			if s.Height != want.height || s.Width != want.width || f.Height != want.height || f.Width != want.width || !slices.Equal(s.Data, want.pix) {
				t.Errorf("%d, %v: %d×%d pixels, %v, want %d×%d, %v", n, order, s.Width, s.Height, s.Data, want.width, want.height, want.pix)
			}
			path := filepath.Join(writeFiles(t, "a.png", file), "a.png")
			img, err := ReadFile(path, nil)
			if err != nil || img.Bounds() != image.Rect(0, 0, want.width, want.height) {
				t.Errorf("%d: ReadFile: %v", n, err)
				continue
			}
			for i, v := range want.pix {
				if got := color.GrayModel.Convert(img.At(i%want.width, i/want.width)).(color.Gray).Y; got != v {
					t.Errorf("%d: ReadFile: pixel %d is %d, want %d", n, i, got, v)
				}
			}
		}
	}
}

// A JPEG with an orientation is the one without, turned.
func TestOrientationJPEG(t *testing.T) {
	stored := image.NewNRGBA(image.Rect(0, 0, 19, 11))
	for i := range stored.Pix {
		stored.Pix[i] = uint8(i*7) | 3
	}
	plain := jpegFile(t, stored)
	img, err := jpeg.Decode(strings.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 8; n++ {
		dir := writeFiles(t, "a.jpg", orientedJPEG(plain, exif(binary.BigEndian, uint16(n))))
		got, err := ReadFile(filepath.Join(dir, "a.jpg"), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := upright(img, n)
		if got.Bounds() != want.Bounds() || got.Bounds().Dx() != map[bool]int{false: 19, true: 11}[n > 4] {
			t.Fatalf("%d: bounds %v, want %v", n, got.Bounds(), want.Bounds())
		}
		for y := range got.Bounds().Dy() {
			for x := range got.Bounds().Dx() {
				if got.At(x, y) != want.At(x, y) {
					t.Fatalf("%d: pixel %d, %d: %v, want %v", n, x, y, got.At(x, y), want.At(x, y))
				}
			}
		}
	}
	// Turned four times by a quarter an image is as it was; mirrored twice, too. This
	// image does not begin at 0, 0.
	part := stored.SubImage(image.Rect(3, 2, 10, 6))
	for n, times := range map[int]int{1: 1, 2: 2, 3: 2, 4: 2, 5: 2, 6: 4, 7: 2, 8: 4} {
		again := part
		for range times {
			again = upright(again, n)
		}
		for y := range 4 {
			for x := range 7 {
				o := again.Bounds().Min
				if got, want := again.At(o.X+x, o.Y+y), part.At(3+x, 2+y); got != want {
					t.Fatalf("%d, %d times: pixel %d, %d is %v, want %v", n, times, x, y, got, want)
				}
			}
		}
	}
}

// Sizes are compared upright.
func TestOrientationSizes(t *testing.T) {
	grey := func(h, w int) string { return pngFile(t, greyImage(h, w, strings.Repeat("a", h*w))) }
	dir := writeFiles(t, "a.png", grey(3, 2), "b.png", orientedPNG(grey(2, 3), exif(binary.LittleEndian, 8)))
	s, err := Read([]string{dir}, nil)
	if err != nil || s.Height != 3 || s.Width != 2 || s.Len() != 2 || s.Source.Files[0].Sizes != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

// What is damaged counts as upright.
func TestOrientationDamaged(t *testing.T) {
	good := exif(binary.LittleEndian, 6, [4]uint32{1, 2, 3, 4})
	if got := exifOrientation([]byte(good)); got != 6 {
		t.Fatalf("orientation %d, want 6", got)
	}
	long := []byte(good)
	long[24] = 4 // the type
	if got := exifOrientation(long); got != 6 {
		t.Errorf("orientation %d of 32 bits, want 6", got)
	}
	for name, data := range map[string]string{
		"empty": "", "no TIFF": "XX" + good[2:], "mixed": "MM" + good[2:], "offset": good[:4] + "\xff\xff\xff\xff" + good[8:], "offset at the end": good[:4] + fmt.Sprintf("%c\x00\x00\x00", len(good)-1) + good[8:],
		"cut off": good[:26], "0": exif(binary.BigEndian, 0), "9": exif(binary.BigEndian, 9), "of text": good[:24] + "\x02" + good[25:], "many": good[:26] + "\x02" + good[27:],
		"fewer entries": good[:8] + "\x01" + good[9:],
	} {
		if got := exifOrientation([]byte(data)); got != 1 {
			t.Errorf("%s: orientation %d, want 1", name, got)
		}
	}
	// More entries than there is room for, and the one that counts is there.
	if got := exifOrientation([]byte(good[:8] + "\xff\xff" + good[10:])); got != 6 {
		t.Errorf("many entries: orientation %d, want 6", got)
	}
	file := jpegFile(t, image.NewGray(image.Rect(0, 0, 9, 4)))
	for name, c := range map[string]struct {
		file   string
		height int
	}{
		"first counts": {orientedJPEG(orientedJPEG(file, exif(binary.BigEndian, 1)), exif(binary.BigEndian, 6)), 9},
		"XMP first":    {file[:2] + segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00") + orientedJPEG(file, exif(binary.BigEndian, 6))[2:], 9},
		"empty":        {orientedJPEG(file, ""), 4},
	} {
		if s, err := readImagesString(c.file, nil); err != nil || s.Height != c.height {
			t.Errorf("%s: %v, %v, want height %d", name, s, err, c.height)
		}
	}
}
