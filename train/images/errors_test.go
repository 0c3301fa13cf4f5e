package images

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/autoreg/autoreg/internal/testkit"
)

func TestOptionsRefused(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Format: "png"}, `Format is "png": want auto, idx, cifar10, cifar100 or png-jpeg`},
		{Options{Levels: 1}, "Levels is 1: want 2 to 256"},
		{Options{Levels: 300}, "Levels is 300: want 2 to 256"},
		{Options{Levels: -4}, "Levels is -4: want 2 to 256"},
		{Options{Height: -1, Width: 1}, "Height is -1: want 1 to 4096, or 0 for the images' own"},
		{Options{Height: 1, Width: 4097}, "Width is 4097: want 1 to 4096, or 0 for the images' own"},
		{Options{Height: 16}, "Height is 16 and Width is 0: give both, or neither for the images' own"},
		{Options{Channels: 2}, "Channels is 2: want 1 for grey or 3 for colour, or 0 for the images' own"},
		{Options{Limit: -1}, "Limit is -1: want how many images to keep, or 0 for all"},
		{Options{MaxBytes: -1}, "MaxBytes is -1: want 0 or more"},
	} {
		s, err := Read([]string{"no such file"}, &c.o)
		if s != nil || err == nil || err.Error() != "images: "+c.want {
			t.Errorf("%+v: %v, error %v, want %q", c.o, s, err, c.want)
		}
	}
	var option *OptionError
	if _, err := Read([]string{"no such file"}, &Options{Height: 16}); !errors.As(err, &option) || option.Field != "Height" {
		t.Errorf("error %v, want one about Height", err)
	} else if got, want := option.Text(func(pkg, field string) string { return "--" + pkg + "-" + field }), "--images-Height is 16 and --images-Width is 0: give both, or neither for the images' own"; got != want {
		t.Errorf("with flags it is %q, want %q", got, want)
	}
	if _, err := Read(nil, nil); err == nil || err.Error() != "images: no files named" {
		t.Errorf("no paths: error %v", err)
	}
}

func TestImageFilesRefused(t *testing.T) {
	one := idx(1, 2, 2, "abcd")
	packed := testkit.Gzip(t, idx(3, 2, 2, "abcdefghijkl"))
	damaged := []byte(packed)
	damaged[len(damaged)-8] ^= 1 // of the checksum
	magic := func(m uint32) string {
		return string(binary.BigEndian.AppendUint32(nil, m)) + strings.Repeat("\x00", 12)
	}
	grey := pngFile(t, greyImage(2, 2, "abcd"))
	photo := jpegFile(t, colourImage(40, 40, color.NRGBA{1, 100, 200, 255}))
	for _, c := range []struct {
		name, data string
		o          *Options
		want       string // all of it, or with a … at the end how it begins
	}{
		{"empty", "", nil, "the file is empty"},
		{"empty gzip", testkit.Gzip(t, ""), nil, "the file is empty"},
		{"text", "some words", nil, "this is text: " + understood},
		{"no format", "\x99\x01\x02", nil, "the file's first bytes are of no known format: " + understood},
		{"text that begins with a tab", "\tsome words", nil, "this is text: " + understood},
		{"bytes that begin with a small one", "\x09\x00\x99", nil, "the file is of no known format: " + understood + "; as a CIFAR-10 batch, it has 3 bytes: want a multiple of 3073"},
		{"archive", "cifar-10-batches-bin/" + strings.Repeat("\x00", 491), nil, "this is an archive of CIFAR: unpack it and name the files of the binary version, data_batch_1.bin and so on, or train.bin of CIFAR-100"},
		{"gif", "GIF89a..........", nil, "this is a GIF image, not a PNG or JPEG: convert it to PNG"},

		{"idx of labels", magic(0x801), nil, "this is an IDX file of labels (magic number 2049): name the one with the images, called images-idx3-ubyte"},
		{"idx of labels, packed", testkit.Gzip(t, magic(0x801)), nil, "this is an IDX file of labels (magic number 2049): name the one with the images, called images-idx3-ubyte"},
		{"idx in 4 dimensions", magic(0x804), nil, "this IDX file has 4 dimensions (magic number 2052): want 3, for images, rows and columns, 2051"},
		{"idx of floats", magic(0xd03), nil, "this IDX file holds 32-bit floats (magic number 3331): want unsigned bytes in 3 dimensions, 2051"},
		{"no idx", magic(0x80300), &Options{Format: FormatIDX}, "this is no IDX file: it begins with the number 525056, want 2051"},
		{"no such type", magic(0xa03), &Options{Format: FormatIDX}, "this is no IDX file: it begins with the number 2563, want 2051"},
		{"idx header", one[:15], nil, "the file is cut off: it has 15 bytes, less than the 16 of an IDX header: fetch it again"},
		{"idx magic", one[:3], &Options{Format: FormatIDX}, "the file is cut off: it has 3 bytes, less than the 16 of an IDX header: fetch it again"},
		{"idx without images", idx(0, 2, 2, ""), nil, "the header says that there are no images"},
		{"idx without rows", idx(1, 0, 2, ""), nil, "the size is 2×0 pixels: want at least 1×1"},
		{"idx without columns", idx(1, 2, 0, ""), nil, "the size is 0×2 pixels: want at least 1×1"},
		{"idx cut off at once", idx(2, 2, 2, ""), nil, "the file is cut off: the header says 2 images of 2×2 pixels, 8 bytes, but 0 bytes follow it: fetch the file again"},
		{"idx cut off between images", idx(2, 2, 2, "abcd"), nil, "the file is cut off: the header says 2 images of 2×2 pixels, 8 bytes, but 4 bytes follow it: fetch the file again"},
		{"idx cut off", idx(2, 2, 2, "abcdefg"), nil, "the file is cut off: the header says 2 images of 2×2 pixels, 8 bytes, but 7 bytes follow it: fetch the file again"},
		{"idx cut off beyond the limit", idx(2, 2, 2, "abcdefg"), &Options{Limit: 1}, "the file is cut off: the header says 2 images of 2×2 pixels, 8 bytes, but 7 bytes follow it: fetch the file again"},
		{"idx cut off, packed", testkit.Gzip(t, idx(2, 2, 2, "abcdefg")), nil, "the file is cut off: the header says 2 images of 2×2 pixels, 8 bytes, but 7 bytes follow it: fetch the file again"},
		{"idx with more", one + "\x00", nil, "the header says 1 images of 2×2 pixels, 4 bytes, but more follow: this is another kind of file or a damaged one"},
		{"idx with more, packed", testkit.Gzip(t, one+"\x00"), nil, "the header says 1 images of 2×2 pixels, 4 bytes, but more follow: this is another kind of file or a damaged one"},
		{"idx of vast images", idx(1, 1<<32-1, 1<<32-1, "a"), nil, "the header says that images are 4294967295×4294967295 pixels, more than the 128 MiB allowed: raise MaxImageBytes"},
		{"idx of large images", idx(1, 1<<14, 1<<14, "a"), nil, "the header says that images are 16384×16384 pixels, more than the 128 MiB allowed: raise MaxImageBytes"},
		{"idx of long images", idx(1, 4097, 1, "a"), nil, "the size is 1×4097 pixels, more than a model can have, 4096: give a height and width to resize to"},
		{"idx of too many images", idx(1<<31-1, 64, 64, "a"), &Options{MaxBytes: 1 << 30}, "2147483647 images of 64×64 pixels, grey, take more memory than the 1 GiB allowed: choose a smaller size, limit their number or raise MaxBytes"},
		{"idx beyond the limit of memory", idx(2, 2, 2, "abcdefgh"), &Options{MaxBytes: 7}, "2 images of 2×2 pixels, grey, take more memory than the 7 bytes allowed: choose a smaller size, limit their number or raise MaxBytes"},

		{"gzip header", packed[:8], nil, "the gzip data is cut off: it ends in the middle, 0 unpacked bytes in: fetch the file again"},
		{"gzip cut off", packed[:len(packed)-12], nil, "the gzip data is cut off: …"},
		{"gzip without its checksum", packed[:len(packed)-8], nil, "the gzip data is cut off: it ends in the middle, 28 unpacked bytes in: fetch the file again"},
		{"gzip with a wrong checksum", string(damaged), nil, "the gzip data is damaged, found out 28 unpacked bytes in: fetch the file again: gzip: invalid checksum"},
		{"gzip with other data behind", packed + "more than a header", nil, "something follows the gzip data, after 28 unpacked bytes, which is neither gzip nor padding with zeros: take it away or fetch the file again"},
		{"gzip of an image", testkit.Gzip(t, grey), nil, "this is a gzip file, and PNG and JPEG files are read as they are: unpack it"},

		{"cifar cut off", cifar(1, 2)[:2*3073-1], nil, "this is no CIFAR-10 binary batch, or it is damaged: it has 6145 bytes: want a multiple of 3073"},
		{"cifar with more", cifar(1, 2) + "\x00", nil, "this is no CIFAR-10 binary batch, or it is damaged: it has 6147 bytes: want a multiple of 3073"},
		{"cifar label", cifar(1, 10), nil, "this is no CIFAR-10 binary batch, or it is damaged: the label of record 1 is 10: want 0 to 9"},
		{"cifar, first label", cifar(10), &Options{Format: FormatCIFAR10}, "this is no CIFAR-10 binary batch, or it is damaged: the label of record 0 is 10: want 0 to 9"},
		{"cifar beyond the limit of memory", cifar(1, 2), &Options{MaxBytes: 6143}, "2 images of 32×32 pixels, colour, take more memory than the 6143 bytes allowed: choose a smaller size, limit their number or raise MaxBytes"},

		{"no image", one, &Options{Format: FormatPNGJPEG}, "this is neither PNG nor JPEG, by its first bytes: convert it to PNG or take it away"},
		{"png cut off", grey[:len(grey)-20], nil, "this PNG cannot be decoded: fetch or save it again, or take it away: png: invalid format: unexpected EOF"},
		{"png header cut off", grey[:20], nil, "this PNG cannot be decoded: fetch or save it again, or take it away: …"},
		{"png damaged", strings.Replace(grey, "IDAT", "IDAX", 1), nil, "this PNG cannot be decoded: fetch or save it again, or take it away: png: invalid format: …"},
		{"jpeg cut off", photo[:len(photo)/2], nil, "this JPEG cannot be decoded: fetch or save it again, or take it away: unexpected EOF"},
		{"jpeg header", photo[:4], nil, "this JPEG cannot be decoded: fetch or save it again, or take it away: …"},
		{"png of vast size", resizedPNG(grey, 1<<30, 1<<30), nil, "this PNG cannot be decoded: fetch or save it again, or take it away: …"},
		{"png of a large size", resizedPNG(grey, 1<<14, 1<<13), nil, "the size is 16384×8192 pixels, more than a model can have, 4096: give a height and width to resize to"},
		{"png of a larger size", resizedPNG(grey, 1<<20, 1<<20), nil, "the size is 1048576×1048576 pixels: images of more than 17179869184 pixels are not read"},
		{"png of a size that cannot be", resizedPNG(grey, 4096, 4096), nil, "this PNG cannot be decoded: fetch or save it again, or take it away: a file of 75 bytes cannot hold 4096×4096 pixels"},
		{"jpeg of a size that cannot be", resizedJPEG(photo, 4000, 3000), nil, "this JPEG cannot be decoded: fetch or save it again, or take it away: a file of …"},
		{"jpeg without rows", resizedJPEG(photo, 40, 0), nil, "the size is 40×0 pixels: want at least 1×1"},
	} {
		s, err := readImagesString(c.data, c.o)
		want, begins := strings.CutSuffix("images: test: "+c.want, "…")
		if s != nil || err == nil || err.Error() != want && !(begins && strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, error %v, want %q", c.name, s, err, c.want)
		}
	}
}

// resizedPNG is a PNG file with another size in its header and the checksum right.
func resizedPNG(file string, width, height uint32) string {
	b := []byte(file)
	binary.BigEndian.PutUint32(b[16:], width)
	binary.BigEndian.PutUint32(b[20:], height)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return string(b)
}

// resizedJPEG is a JPEG file with another size in its start of frame.
func resizedJPEG(file string, width, height uint16) string {
	b := []byte(file)
	i := bytes.Index(b, []byte("\xff\xc0\x00\x11"))
	binary.BigEndian.PutUint16(b[i+5:], height)
	binary.BigEndian.PutUint16(b[i+7:], width)
	return string(b)
}

func TestImagePathsRefused(t *testing.T) {
	grey := func(h, w int) string { return pngFile(t, greyImage(h, w, strings.Repeat("a", h*w))) }
	dir := writeFiles(t,
		"empty/notes.txt", "", "empty/.a.png", grey(1, 1), "empty/inside/a.png", grey(1, 1),
		"sizes/a.png", grey(2, 3), "sizes/b.png", grey(3, 2),
		"depths/a.png", grey(2, 2), "depths/b.jpg", jpegFile(t, image.NewNRGBA(image.Rect(0, 0, 2, 2))),
		"broken/a.png", grey(2, 2), "broken/b.png", "words", "broken/c.png", "",
		"nothing/c.png", "",
		"digits", idx(1, 2, 3, "abcdef"), "others", idx(1, 3, 3, "abcdefghi"), "batch", cifar(1),
	)
	for _, c := range []struct {
		paths string
		o     *Options
		want  string // after the folder's name, which DIR stands for
	}{
		{"empty", nil, "DIR/empty: there is no .png, .jpg or .jpeg file in this folder (folders inside are not searched; IDX and CIFAR files are to be named)"},
		{"digits empty", nil, "DIR/empty: there is no .png, .jpg or .jpeg file in this folder (folders inside are not searched; IDX and CIFAR files are to be named)"},
		{"sizes", nil, "DIR/sizes/b.png: the size is 2×3 pixels, but that of DIR/sizes/a.png is 3×2: give a height and width to resize all to"},
		{"digits others", nil, "DIR/others: the size is 3×3 pixels, but that of DIR/digits is 3×2: give a height and width to resize all to"},
		{"digits sizes", nil, "DIR/sizes/b.png: the size is 2×3 pixels, but that of DIR/digits is 3×2: give a height and width to resize all to"},
		{"depths", nil, "DIR/depths/b.jpg: this is colour, but DIR/depths/a.png is grey: give the number of channels to turn all into, 1 or 3"},
		{"batch digits", &Options{Height: 1, Width: 1}, "DIR/digits: this is grey, but DIR/batch is colour: give the number of channels to turn all into, 1 or 3"},
		{"broken", nil, "DIR/broken/b.png: this is neither PNG nor JPEG, by its first bytes: convert it to PNG or take it away"},
		{"nothing", nil, "DIR/nothing/c.png: the file is empty"},
		{"empty", &Options{Format: FormatIDX}, "DIR/empty: this is a folder, which is read as PNG and JPEG files only, not as idx: name a file"},
		{"digits digits", &Options{MaxBytes: 11}, "DIR/digits: 2 images of 3×2 pixels, grey, take more memory than the 11 bytes allowed: choose a smaller size, limit their number or raise MaxBytes"},
	} {
		var paths []string
		for p := range strings.FieldsSeq(c.paths) {
			paths = append(paths, filepath.Join(dir, p))
		}
		s, err := Read(paths, c.o)
		want := "images: " + c.want
		if s != nil || err == nil || filepath.ToSlash(strings.ReplaceAll(err.Error(), dir, "DIR")) != want {
			t.Errorf("%s: %v, error %v, want %q", c.paths, s, err, want)
		}
	}
	if _, err := Read([]string{filepath.Join(dir, "missing")}, nil); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "images: ") {
		t.Errorf("missing file: error %v", err)
	}
	if err := os.Symlink("missing", filepath.Join(dir, "sizes", "a.jpg")); err == nil {
		if _, err := Read([]string{filepath.Join(dir, "sizes")}, nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "a.jpg") {
			t.Errorf("link to nothing: error %v", err)
		}
	}
}

// An error of the disk is passed on as what it is, wherever it comes; and how the
// bytes arrive does not matter.
func TestImageReadersAndTheirDisk(t *testing.T) {
	broken := errors.New("the disk is broken")
	for name, data := range map[string]string{
		"idx":  idx(2, 2, 2, "abcdefgh"),
		"gzip": testkit.Gzip(t, idx(2, 2, 2, "abcdefgh")),
		"png":  pngFile(t, greyImage(2, 2, "abcd")),
	} {
		for n := range data {
			r, _ := newReader(nil)
			if err := r.readFile(io.MultiReader(strings.NewReader(data[:n]), iotest.ErrReader(broken)), "test", -1); !errors.Is(err, broken) {
				t.Errorf("%s, error after %d bytes: %v", name, n, err)
			}
		}
		r, _ := newReader(nil)
		if err := r.readFile(iotest.OneByteReader(strings.NewReader(data)), "test", -1); err != nil {
			t.Errorf("%s, byte by byte: %v", name, err)
		}
	}
}

// What a header claims costs nothing, and of a gzip bomb no more is read than the
// header says.
func TestImageHeadersAreNotTrusted(t *testing.T) {
	zeros := testkit.Gzip(t, strings.Repeat("\x00", 1<<20))
	bomb := testkit.Gzip(t, idx(1000, 28, 28, "")) + strings.Repeat(zeros, 1000) // 1 GB
	in := strings.NewReader(bomb)
	for name, c := range map[string]struct {
		data io.Reader
		o    Options
		want string
	}{
		"many images":  {strings.NewReader(idx(5<<20, 28, 28, "abc")), Options{}, "cut off"},
		"large images": {strings.NewReader(idx(50, 1<<13, 1<<13, "abc")), Options{Height: 28, Width: 28}, "cut off"},
		"packed":       {strings.NewReader(testkit.Gzip(t, idx(5<<20, 28, 28, "abc"))), Options{}, "cut off"},
		"bomb":         {in, Options{}, "but more follow"},
		"large png":    {strings.NewReader(resizedPNG(pngFile(t, greyImage(2, 2, "abcd")), 8192, 8192)), Options{Height: 1, Width: 1}, "cannot hold"},
	} {
		var err error
		used := testkit.Allocated(func() {
			r, _ := newReader(&c.o)
			err = r.readFile(c.data, "test", -1)
		})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		if limit := uint64(4 << 20); used > limit { // 1000 images of the bomb, twice, and buffers
			t.Errorf("%s: %d bytes allocated, limit %d", name, used, limit)
		}
	}
	if in.Len() < len(bomb)-len(bomb)/8 {
		t.Errorf("of %d bytes of a gzip bomb only %d are left", len(bomb), in.Len())
	}
}

func TestReadImage(t *testing.T) {
	img := colourImage(3, 4, color.NRGBA{R: 10, G: 200, B: 30, A: 255})
	dir := writeFiles(t, "a.png", pngFile(t, img), "b.jpg", jpegFile(t, img), "empty.png", "", "text.png", "none",
		"cut.png", pngFile(t, img)[:60], "large.png", resizedPNG(pngFile(t, img), 8000, 8000), "huge.png", resizedPNG(pngFile(t, img), 1<<20, 1<<20))
	for _, name := range []string{"a.png", "b.jpg"} {
		got, err := ReadFile(filepath.Join(dir, name), nil)
		if err != nil || got.Bounds().Dx() != img.Rect.Dx() || got.Bounds().Dy() != img.Rect.Dy() {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{
		"none.png": "no such file", "": "this is a folder", "empty.png": "the file is empty", "text.png": "neither PNG nor JPEG",
		"cut.png": "cannot be decoded", "large.png": "cannot hold", "huge.png": "are not read",
	} {
		path := filepath.Join(dir, name)
		if _, err := ReadFile(path, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: error %v, want one with %q and the path", name, err, want)
		}
	}
}
