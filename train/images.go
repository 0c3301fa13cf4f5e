package train

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"image"
	"math"
	"os"

	"github.com/autoreg/autoreg/internal/pixels"
)

// Formats of image files, for ImageOptions.Format.
const (
	ImageFormatAuto     = "auto"     // what the first bytes look like
	ImageFormatIDX      = "idx"      // as MNIST and Fashion-MNIST come
	ImageFormatCIFAR10  = "cifar10"  // CIFAR-10's binary version
	ImageFormatPictures = "pictures" // PNG or JPEG, or a folder of them
)

// What holds where ImageOptions does not say otherwise, and what holds always.
const (
	DefaultImageLevels   = 4 // the reference model's
	DefaultMaxImageBytes = 4 << 30

	// MaxImageSide is the greatest height and width of the images in a set.
	MaxImageSide = pixels.MaxSide

	maxPixels = 1 << 26 // of one image as it comes
)

// ImageOptions choose how image files are read. The zero value, or a nil pointer,
// works.
type ImageOptions struct {
	// Format is one of the ImageFormat constants, for all paths; "" means
	// ImageFormatAuto.
	Format string
	// Height and Width are the size that all images get, 1 to MaxImageSide; both 0
	// means the size that they have, which must then be one.
	Height, Width int
	// Channels is 1 for grey or 3 for colour; 0 means what the images have, which must
	// then be the same for all.
	Channels int
	// Levels is how many a sample has, 2 to 256; 0 means DefaultImageLevels.
	Levels int
	// Limit is how many images are kept, the first ones; 0 means all.
	Limit int
	// MaxBytes is the largest set, in bytes of ImageSet.Data; 0 means
	// DefaultMaxImageBytes. While a set is read, up to as much again may be in use.
	MaxBytes int64
}

// An ImageSet is images of one size as levels.
type ImageSet struct {
	Height, Width, Channels int
	Levels                  int
	Data                    []uint8 // [Len(), Height, Width, Channels], each below Levels
	Source                  ImageSource
}

// An ImageSource says what an ImageSet was read from.
type ImageSource struct {
	Files  []ImageFile // one for each path
	Images int         // in all of them; an ImageSet with a Limit may hold fewer

	// SHA256 is of the contents of the files, unpacked, one after the other:
	//
	//	zcat -f FILE... | sha256sum
	//
	// In a folder, the lines that sha256sum prints stand for the pictures:
	//
	//	export LC_ALL=C; cd FOLDER; sha256sum *.png | sha256sum
	SHA256 [sha256.Size]byte
}

// An ImageFile is one file or folder of an ImageSource.
type ImageFile struct {
	Path    string
	Format  string // never ImageFormatAuto
	Images  int
	Skipped int // other entries of a folder, hidden ones not counted

	Height, Width, Channels int // of the first image, as it came
}

// Len returns the number of images.
func (s *ImageSet) Len() int { return len(s.Data) / max(s.Height*s.Width*s.Channels, 1) }

// Image returns the levels of image i, [Height, Width, Channels], to be read only.
// It panics if i is outside 0 to Len()-1.
func (s *ImageSet) Image(i int) []uint8 {
	n := s.Height * s.Width * s.Channels
	return s.Data[i*n : (i+1)*n : (i+1)*n]
}

// Picture returns image i to look at: level k as the grey or colour value
// 255·k/(Levels-1), or the nearest one that is read as level k again. It panics as
// Image does.
func (s *ImageSet) Picture(i int) *image.NRGBA {
	return pixels.Render(s.Image(i), s.Height, s.Width, s.Channels, s.Levels)
}

// ReadImages reads the images of all paths, in order. A path is one of
//
//   - an IDX file of unsigned bytes in 3 dimensions (magic number 2051), as MNIST and
//     Fashion-MNIST come, plain or gzip;
//   - a binary batch of CIFAR-10: records of 3,073 bytes, a label below 10 and then
//     32×32 of red, green and blue; plain or gzip;
//   - a PNG or JPEG file;
//   - a folder: its *.png, *.jpg and *.jpeg files (in any case) sorted by name, byte
//     by byte. Names that begin with a dot, other names and folders inside are left
//     out.
//
// They are told apart by their first bytes, not their names. nil options mean the
// zero value.
//
// Where an image is to be of another size, it is resized: bilinear, half-pixel
// centres, no antialiasing, nothing rounded, exactly as the reference model's data.
// Colour becomes grey by color.GrayModel, before that; transparency lies over white.
// A sample's level is ⌊value·Levels/256⌋. All but the decoding of JPEG is the same on
// every machine and with every Go version.
//
// Errors name the file. A file is read to its end and checked even beyond
// ImageOptions.Limit, but pictures there are not decoded. Memory grows with the
// images kept and the largest image, as its bytes arrive, and never by what a header
// merely claims.
func ReadImages(paths []string, o *ImageOptions) (*ImageSet, error) {
	if len(paths) == 0 {
		return nil, errors.New("train: images: no files named")
	}
	r, err := newImageReader(o)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if err := r.readPath(path); err != nil {
			return nil, err
		}
	}
	return r.finish(), nil
}

// An imageReader gathers the images of one set.
type imageReader struct {
	o    ImageOptions // no zero where that means a default, but Height, Width and Channels
	set  *ImageSet
	hash hash.Hash

	sized, coloured string // the files that the set's size and channels are from
	resizer         *pixels.Resizer
	from            [2]int // height and width that resizer is for
	target          int    // len(set.Data) once all images expected are there
}

func newImageReader(o *ImageOptions) (*imageReader, error) {
	var opt ImageOptions
	if o != nil {
		opt = *o
	}
	if opt.Format == "" {
		opt.Format = ImageFormatAuto
	}
	if opt.Levels == 0 {
		opt.Levels = DefaultImageLevels
	}
	if opt.MaxBytes == 0 {
		opt.MaxBytes = DefaultMaxImageBytes
	}
	err := error(nil)
	switch {
	case opt.Format != ImageFormatAuto && opt.Format != ImageFormatIDX && opt.Format != ImageFormatCIFAR10 && opt.Format != ImageFormatPictures:
		err = fmt.Errorf("format %.40q: want %s, %s, %s or %s", opt.Format, ImageFormatAuto, ImageFormatIDX, ImageFormatCIFAR10, ImageFormatPictures)
	case opt.Levels < 2 || opt.Levels > 256:
		err = fmt.Errorf("levels is %d: want 2 to 256", opt.Levels)
	case opt.Height < 0 || opt.Height > MaxImageSide:
		err = fmt.Errorf("height is %d: want 1 to %d, or 0 for the images' own", opt.Height, MaxImageSide)
	case opt.Width < 0 || opt.Width > MaxImageSide:
		err = fmt.Errorf("width is %d: want 1 to %d, or 0 for the images' own", opt.Width, MaxImageSide)
	case (opt.Height == 0) != (opt.Width == 0):
		err = fmt.Errorf("height is %d and width %d: give both, or neither for the images' own", opt.Height, opt.Width)
	case opt.Channels != 0 && opt.Channels != 1 && opt.Channels != 3:
		err = fmt.Errorf("channels is %d: want 1 for grey or 3 for colour, or 0 for the images' own", opt.Channels)
	case opt.Limit < 0:
		err = fmt.Errorf("limit is %d: want how many images to keep, or 0 for all", opt.Limit)
	case opt.MaxBytes < 0:
		err = fmt.Errorf("MaxBytes is %d: want 0 or more", opt.MaxBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("train: images: %w", err)
	}
	opt.MaxBytes = min(opt.MaxBytes, math.MaxInt)
	set := &ImageSet{Height: opt.Height, Width: opt.Width, Channels: opt.Channels, Levels: opt.Levels}
	return &imageReader{o: opt, set: set, hash: sha256.New()}, nil
}

func (r *imageReader) readPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("train: images: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return r.readFolder(path)
	}
	return r.readFile(f, path)
}

func (r *imageReader) finish() *ImageSet {
	r.hash.Sum(r.set.Source.SHA256[:0])
	return r.set
}

// file returns the path being read.
func (r *imageReader) file() *ImageFile {
	files := r.set.Source.Files
	return &files[len(files)-1]
}

// left returns how many more images are wanted.
func (r *imageReader) left() int64 {
	if r.o.Limit == 0 {
		return math.MaxInt64
	}
	return max(int64(r.o.Limit-r.set.Source.Images), 0)
}

// expect makes ready for count images of a size that come from the file called name,
// or says why they do not fit the set.
func (r *imageReader) expect(name string, height, width, channels int, count int64) error {
	s := r.set
	if err := checkPictureSize(height, width); err != nil {
		return err
	}
	switch {
	case count > int64(math.MaxInt-s.Source.Images):
		return fmt.Errorf("%d images are more than can be counted here", count)
	case s.Height == 0 && (height > MaxImageSide || width > MaxImageSide):
		return fmt.Errorf("the size is %d×%d, more than a model can have, %d: give a height and width to resize to", height, width, MaxImageSide)
	}
	switch {
	case s.Height == 0:
		s.Height, s.Width, r.sized = height, width, name
	case r.o.Height == 0 && (height != s.Height || width != s.Width):
		return fmt.Errorf("the size is %d×%d, but that of %s is %d×%d: give a height and width to resize all to", height, width, r.sized, s.Height, s.Width)
	}
	switch {
	case s.Channels == 0:
		s.Channels, r.coloured = channels, name
	case r.o.Channels == 0 && channels != s.Channels:
		return fmt.Errorf("this is %s, but %s is %s: give the number of channels to turn all into, 1 or 3",
			colourName(channels), r.coloured, colourName(s.Channels))
	}
	size, keep := s.Height*s.Width*s.Channels, min(count, r.left())
	if room := r.o.MaxBytes - int64(len(s.Data)); keep > room/int64(size) {
		return fmt.Errorf("%d images of %d×%d×%d take more than the %d bytes allowed: choose a smaller size, limit their number or raise MaxBytes",
			int64(s.Source.Images)+keep, s.Height, s.Width, s.Channels, r.o.MaxBytes)
	}
	r.target = len(s.Data) + int(keep)*size
	if from := [2]int{height, width}; r.resizer == nil || r.from != from {
		r.resizer, r.from = pixels.NewResizer(height, width, s.Height, s.Width), from
	}
	if f := r.file(); f.Images == 0 {
		f.Height, f.Width, f.Channels = height, width, channels
	}
	return nil
}

func colourName(channels int) string {
	if channels == 1 {
		return "grey"
	}
	return "colour"
}

// add counts the next of the images expected and keeps it if it is wanted; else nil
// will do.
func (r *imageReader) add(m *pixels.Image) {
	s := r.set
	if r.left() > 0 {
		at := len(s.Data)
		end := at + s.Height*s.Width*s.Channels
		if end > cap(s.Data) {
			// Twice as much, for more has proved to be there; but not beyond what will be.
			room := int(min(2*int64(cap(s.Data)), r.o.MaxBytes))
			if r.file().Format == ImageFormatIDX {
				room = min(room, r.target)
			}
			data := make([]uint8, at, max(room, end))
			copy(data, s.Data)
			s.Data = data
		}
		s.Data = s.Data[:end]
		r.resizer.Quantise(s.Data[at:], m.To(s.Channels), s.Levels)
	}
	r.file().Images++
	s.Source.Images++
}
