package images

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
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/input"
	"github.com/autoreg/autoreg/internal/pixels"
)

// maxFile is the largest PNG or JPEG file read, in bytes.
const maxFile = 256 << 20

// readFolder reads the images of a folder.
func (r *reader) readFolder(f fs.File, path string) error {
	fail := func(path string, err error) error { return apierror.In(path, err) }
	if r.o.Format != FormatAuto && r.o.Format != FormatPNGJPEG {
		return fail(path, fmt.Errorf("this is a folder, which is read as PNG and JPEG files only, not as %s: name a file", r.o.Format))
	}
	dir, ok := f.(fs.ReadDirFile)
	if !ok {
		return fail(path, errors.New("this is a folder that cannot be listed"))
	}
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return fail(path, err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	r.begin(File{Path: path, Format: FormatPNGJPEG})
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		switch ext := strings.ToLower(filepath.Ext(e.Name())); {
		case e.Name()[0] == '.':
			return true
		case ext != ".png" && ext != ".jpg" && ext != ".jpeg", !isFile(filepath.Join(path, e.Name()), e):
			r.file().Skipped++
			return true
		}
		return false
	})
	r.coming = int64(len(entries))
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		if err := r.readEntry(name, e.Name()); err != nil {
			return fail(name, err)
		}
	}
	if r.file().Images == 0 {
		return fail(path, errors.New("there is no .png, .jpg or .jpeg file in this folder (folders inside are not searched; IDX and CIFAR files are to be named)"))
	}
	return nil
}

// isFile reports whether an entry of a folder is a file, or a link to one. Opening
// something else, such as a named pipe, may block for ever.
func isFile(path string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.Type().IsRegular()
	}
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular() // opening it returns the error
}

func (r *reader) readEntry(path, name string) error {
	f, err := r.o.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if err := r.readImage(io.TeeReader(f, sum), path); err != nil {
		return err
	}
	fmt.Fprintf(r.hash, "%x  %s\n", sum.Sum(nil), name)
	return nil
}

// readImage reads one PNG or JPEG.
func (r *reader) readImage(in io.Reader, name string) error {
	if r.left() == 0 {
		if _, err := io.Copy(io.Discard, in); err != nil {
			return err
		}
		return r.add(nil)
	}
	img, err := r.o.decode(in, func(height, width, channels int) error {
		return r.expect(name, height, width, channels, 1)
	})
	if err != nil {
		return err
	}
	return r.add(pixels.RowsOf(img, r.set.Channels))
}

// ReadFile reads the PNG or JPEG file at path as carefully as Read does, and
// turns it upright. Of the options Open and MaxImageBytes count; nil means the zero
// value.
func ReadFile(path string, o *Options) (image.Image, error) {
	opt, err := o.withDefaults()
	if err != nil {
		return nil, wrap(err)
	}
	f, err := opt.Open(path)
	if err != nil {
		return nil, wrap(err)
	}
	defer f.Close()
	img, err := opt.readFile(f, path)
	if err != nil {
		return nil, wrap(apierror.In(input.Name(path), err))
	}
	return img, nil
}

func (o *Options) readFile(f fs.File, path string) (image.Image, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errors.New("this is a folder: name a PNG or JPEG file")
	}
	if err := checkStream(info, path); err != nil {
		return nil, err
	}
	return o.decode(f, checkSize)
}

// checkSize refuses an image without pixels or with too many.
func checkSize(height, width, _ int) error {
	switch {
	case height < 1 || width < 1:
		return fmt.Errorf("the size is %d×%d pixels: want at least 1×1", width, height)
	case int64(height) > pixels.MaxPixels/int64(width):
		return fmt.Errorf("the size is %d×%d pixels: images of more than %d pixels are not read", width, height, int64(pixels.MaxPixels))
	}
	return nil
}

// decode decodes a PNG or JPEG of a size and depth that accept has agreed to,
// and turns it upright.
func (o *Options) decode(in io.Reader, accept func(height, width, channels int) error) (image.Image, error) {
	data, err := fill(in, nil, maxFile+1)
	switch {
	case err == nil:
		return nil, fmt.Errorf("the file is larger than %s: images of that size are not read", input.Size(maxFile))
	case err == io.EOF:
		return nil, errEmpty
	case !isCut(err):
		return nil, err
	}
	kind, err := kindOf(data)
	if err != nil {
		return nil, err
	}
	bad := func(err error) error {
		return fmt.Errorf("this %s cannot be decoded: fetch or save it again, or take it away: %w", kind, err)
	}
	decodeConfig, decode := png.DecodeConfig, png.Decode
	if kind == "JPEG" {
		decodeConfig, decode = jpeg.DecodeConfig, jpeg.Decode
	}
	c, err := decodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, bad(err)
	}
	if err := checkSize(c.Height, c.Width, 0); err != nil {
		return nil, err
	}
	p := describe(kind, data, c)
	height, width := c.Height, c.Width
	if isSideways(p.orientation) {
		height, width = width, height
	}
	if err := accept(height, width, p.channels); err != nil {
		return nil, err
	}
	if p.least > int64(len(data)) {
		return nil, bad(fmt.Errorf("a file of %d bytes cannot hold %d×%d pixels", len(data), c.Width, c.Height))
	}
	if err := o.checkCost(p, width, height, int64(len(data))); err != nil {
		return nil, err
	}
	if p.cost >= 16<<20 {
		runtime.GC() // so that the memory of the image before is free
	}
	img, err := decode(bytes.NewReader(data))
	switch {
	case err != nil && p.apple:
		return nil, errors.New("this PNG is of Apple's form for iOS (CgBI), which other programs cannot read: save it again as an ordinary PNG")
	case err != nil:
		return nil, bad(err)
	}
	if size := img.Bounds().Size(); size.X != c.Width || size.Y != c.Height {
		return nil, bad(errors.New("it has two sizes"))
	}
	return upright(img, p.orientation), nil
}

// checkCost refuses an image whose file of size bytes is too small for the memory that
// decoding it takes.
func (o *Options) checkCost(p imageInfo, width, height int, size int64) error {
	if p.blocks > o.MaxImageBytes/8+16*size {
		return optionErrorf("this JPEG of %d×%d pixels has %d scans, which take too long to decode: save it again as a baseline JPEG, or raise %s (%s)",
			width, height, p.scans, option("MaxImageBytes"), input.Size(o.MaxImageBytes))
	}
	if limit := o.MaxImageBytes + 64*size; p.cost > min(limit, math.MaxInt) {
		return optionErrorf("decoding %d×%d pixels would take %s of memory, more than the %s allowed for a file of this size: make the image smaller, or raise %s (%s)",
			width, height, input.Size(p.cost), input.Size(limit), option("MaxImageBytes"), input.Size(o.MaxImageBytes))
	}
	return nil
}

// An imageInfo describes an image before it is decoded.
type imageInfo struct {
	channels    int   // 1 if it is stored without colour, transparent or not
	orientation int   // as Exif has it
	cost        int64 // bytes that decoding allocates
	least       int64 // bytes that a file of that size has at least
	scans       int64 // of a JPEG
	blocks      int64 // of 8×8 samples in those
	apple       bool
}

// describe describes an image of which the decoder has accepted the header:
// the decoders believe it and allocate before they read. However well it is packed, in
// PNG two bits of deflate stand for at most 258 bytes, and in JPEG a block of 8×8
// pixels takes a bit at least.
func describe(kind string, data []byte, c image.Config) imageInfo {
	p := imageInfo{channels: 3}
	height, width := int64(c.Height), int64(c.Width)
	palette, _ := c.ColorModel.(color.Palette)
	grey := false
	if kind == "JPEG" {
		h := readJPEGHeader(data)
		p.orientation, p.scans, p.blocks = h.orientation, h.scans, h.blocks
		p.cost, p.least = h.cost(height, width), (height*width+511)/512
		grey = c.ColorModel == color.GrayModel
	} else {
		h := readPNGHeader(data)
		p.orientation, p.apple = h.orientation, h.apple
		p.cost, p.least = h.cost(height, width), (height*h.row(width)+1031)/1032
		grey = h.colour&pngColour == 0
	}
	if palette != nil {
		grey = !slices.ContainsFunc(palette, func(c color.Color) bool {
			r, g, b, _ := c.RGBA()
			return r != g || g != b
		})
	}
	if grey {
		p.channels = 1
	}
	return p
}
