package train

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/pixels"
)

// maxPictureBytes is the largest PNG or JPEG file read: more than maxPixels in
// colour take.
const maxPictureBytes = 256 << 20

// readFolder reads the pictures of a folder.
func (r *imageReader) readFolder(path string) error {
	fail := func(path string, err error) error { return fmt.Errorf("train: images %s: %w", path, err) }
	if r.o.Format != ImageFormatAuto && r.o.Format != ImageFormatPictures {
		return fail(path, fmt.Errorf("this is a folder, which is read as pictures only, not as %s: name a file", r.o.Format))
	}
	entries, err := os.ReadDir(path) // sorted
	if err != nil {
		return fmt.Errorf("train: images: %w", err)
	}
	r.set.Source.Files = append(r.set.Source.Files, ImageFile{Path: path, Format: ImageFormatPictures})
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		switch ext := strings.ToLower(filepath.Ext(e.Name())); {
		case e.Name()[0] == '.':
			continue
		case ext != ".png" && ext != ".jpg" && ext != ".jpeg":
			r.file().Skipped++
			continue
		}
		info, err := os.Stat(name) // of what a link leads to
		if err != nil {
			return fmt.Errorf("train: images: %w", err)
		}
		if !info.Mode().IsRegular() {
			r.file().Skipped++
			continue
		}
		if err := r.readFolderPicture(name, e.Name()); err != nil {
			return fail(name, err)
		}
	}
	if r.file().Images == 0 {
		return fail(path, errors.New("there is no .png, .jpg or .jpeg file in this folder (folders inside are not searched; IDX and CIFAR-10 files are to be named)"))
	}
	return nil
}

func (r *imageReader) readFolderPicture(path, name string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if err := r.readPicture(io.TeeReader(f, sum), path); err != nil {
		return err
	}
	fmt.Fprintf(r.hash, "%x  %s\n", sum.Sum(nil), name)
	return nil
}

// readPicture reads one PNG or JPEG.
func (r *imageReader) readPicture(in io.Reader, name string) error {
	if r.left() == 0 {
		if _, err := io.Copy(io.Discard, in); err != nil {
			return err
		}
		r.add(nil)
		return nil
	}
	img, err := decodePicture(in, func(height, width, channels int) error {
		return r.expect(name, height, width, channels, 1)
	})
	if err != nil {
		return err
	}
	r.add(pixels.FromImage(img, r.set.Channels))
	return nil
}

// ReadPicture reads the PNG or JPEG file at path as carefully as ReadImages does.
func ReadPicture(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("train: picture: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("train: picture %s: this is a folder: name a PNG or JPEG file", path)
	}
	img, err := decodePicture(f, func(height, width, _ int) error { return checkPictureSize(height, width) })
	if err != nil {
		return nil, fmt.Errorf("train: picture %s: %w", path, err)
	}
	return img, nil
}

// checkPictureSize refuses an image without pixels or with too many.
func checkPictureSize(height, width int) error {
	switch {
	case height < 1 || width < 1:
		return fmt.Errorf("the size is %d×%d pixels: want at least 1×1", height, width)
	case int64(height)*int64(width) > maxPixels:
		return fmt.Errorf("the size is %d×%d: images of more than %d pixels are not read", height, width, maxPixels)
	}
	return nil
}

// decodePicture decodes a PNG or JPEG of a size and depth that accept has agreed to.
func decodePicture(in io.Reader, accept func(height, width, channels int) error) (image.Image, error) {
	data, err := fill(in, nil, maxPictureBytes+1)
	switch {
	case err == nil:
		return nil, fmt.Errorf("the file is larger than %d bytes: pictures of that size are not read", maxPictureBytes)
	case err == io.EOF:
		return nil, errors.New("the file is empty")
	case !isCut(err):
		return nil, err
	}
	kind, decodeConfig, decode := "PNG", png.DecodeConfig, png.Decode
	switch {
	case bytes.HasPrefix(data, pngMagic):
	case bytes.HasPrefix(data, jpegMagic):
		kind, decodeConfig, decode = "JPEG", jpeg.DecodeConfig, jpeg.Decode
	default:
		return nil, errors.New("this is neither PNG nor JPEG, by its first bytes: convert it to PNG or take it away")
	}
	bad := func(err error) error {
		return fmt.Errorf("this %s cannot be decoded: fetch or save it again, or take it away: %w", kind, err)
	}
	c, err := decodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, bad(err)
	}
	channels := 3
	if isGrey(c, data) {
		channels = 1
	}
	if err := accept(c.Height, c.Width, channels); err != nil {
		return nil, err
	}
	if !canHold(c, data) {
		return nil, bad(fmt.Errorf("a file of %d bytes cannot hold %d×%d pixels", len(data), c.Height, c.Width))
	}
	img, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil, bad(err)
	}
	if size := img.Bounds().Size(); size.X != c.Width || size.Y != c.Height {
		return nil, bad(errors.New("it has two sizes"))
	}
	return img, nil
}

// Where a PNG that DecodeConfig has accepted says how deep it is.
const (
	pngDepth      = 24
	pngColourType = 25
)

// isGrey reports whether a picture is stored without colour, transparent or not.
func isGrey(c image.Config, data []byte) bool {
	if bytes.HasPrefix(data, jpegMagic) {
		return c.ColorModel == color.GrayModel
	}
	if p, ok := c.ColorModel.(color.Palette); ok {
		return !slices.ContainsFunc(p, func(c color.Color) bool {
			r, g, b, _ := c.RGBA()
			return r != g || g != b
		})
	}
	return data[pngColourType]&2 == 0 // of 0 grey, 2 colour, 4 grey and alpha, 6 colour and alpha
}

// canHold reports whether data can be all of a picture of that size, however well
// packed: the decoders believe the header and allocate before they read. In PNG,
// two bits of deflate stand for at most 258 bytes; in JPEG, a block of 8×8 pixels
// takes a bit at least.
func canHold(c image.Config, data []byte) bool {
	w, h, size := int64(c.Width), int64(c.Height), int64(len(data))
	if bytes.HasPrefix(data, jpegMagic) {
		return w*h <= 8*64*size
	}
	samples := [8]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[data[pngColourType]&7]
	return h*((w*samples*int64(data[pngDepth])+7)/8) <= 4*258*size
}
