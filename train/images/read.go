package images

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"math"
	"runtime"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/input"
	"github.com/autoreg/autoreg/internal/pixels"
)

// Read reads the images of all paths, in order. A path is one of
//
//   - an IDX file of unsigned bytes in 3 dimensions (magic number 2051), as MNIST and
//     Fashion-MNIST come, plain or gzip;
//   - a binary batch of CIFAR-10 or CIFAR-100: records of a label below 10, or two
//     labels below 20 and 100, and then 32×32 of red, green and blue; plain or gzip;
//   - a PNG or JPEG file;
//   - a folder: its *.png, *.jpg and *.jpeg files (in any case) sorted by name, byte
//     by byte. Names that begin with a dot, other names and folders inside are left
//     out;
//   - "-": one of these files on standard input.
//
// They are told apart by their first bytes, not their names. nil options mean the
// zero value. Pipes are read as files are; devices and sockets are refused.
//
// An image with an Exif orientation, in a JPEG or a PNG, is turned upright. Where an
// image is to be of another size, it is resized: bilinear, half-pixel centres, no
// antialiasing, nothing rounded, exactly as the reference model's data. Bilinear
// resizing to less than half leaves pixels out. With Options.Antialias a side that
// shrinks from len to n pixels is averaged instead: output i is the exact mean of the
// source from i·len/n to (i+1)·len/n, pixels at the ends counted by the part that lies
// within. With Options.Pad an image keeps its pixels instead and is centred in black, an odd
// row or column below it and right of it. With Options.Fractions what the level leaves of
// the value is kept, in 1/256. Colour becomes grey by color.GrayModel, before that; transparency lies over
// white. A sample's level is ⌊value·Levels/256⌋. All but the decoding of JPEG is the
// same on every machine and with every Go version.
//
// Errors name the file. A file is read to its end and checked even beyond
// Options.Limit, but images there are not decoded. Memory grows with the
// images kept and the largest image, as its bytes arrive, and never by what a header
// merely claims. A PNG or JPEG is refused before it is decoded if that would take more
// than MaxImageBytes and 64 bytes for each byte of the file: 128 MiB are enough for a
// photograph of 12 megapixels in any form, and for 24 as most programs write them. A
// JPEG is refused, too, if its scans have more than MaxImageBytes/8 blocks of 8×8
// pixels and 16 for each byte of the file: progressive ones of that size have 10 scans
// or so, and each takes the time of an image.
func Read(paths []string, o *Options) (*Set, error) {
	if len(paths) == 0 {
		return nil, wrap(errors.New("no files named"))
	}
	r, err := newReader(o)
	if err != nil {
		return nil, wrap(err)
	}
	if n := len(r.o.Labels); n > 0 && n != len(paths) {
		return nil, wrap(optionErrorf("%s has %d files: want %d, one for each file of images", option("Labels"), n, len(paths)))
	}
	for _, path := range paths {
		if err := r.readPath(path); err != nil {
			return nil, wrap(err)
		}
	}
	for i, path := range r.o.Labels {
		if err := r.readLabels(path, &r.set.Source.Files[i]); err != nil {
			return nil, wrap(err)
		}
	}
	return r.finish(), nil
}

// A reader gathers the images of one set.
type reader struct {
	o    Options // no zero where that means a default, but Height, Width and Channels
	set  *Set
	hash hash.Hash

	mixed           bool   // files have labels of different classes
	sized, coloured string // the files that the set's size and channels are from
	stdin           bool   // standard input has been read
	resizer         *pixels.Resizer
	from            [2]int // height and width that resizer is for

	// Of the file being read.
	sizes  map[[2]int]bool // heights and widths
	coming int64           // images that are there for certain; 0 where that is not known
	target int             // len(set.Data) once all images expected are there
}

func newReader(o *Options) (*reader, error) {
	opt, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	set := &Set{Height: opt.Height, Width: opt.Width, Channels: opt.Channels, Levels: opt.Levels}
	return &reader{o: opt, set: set, hash: sha256.New()}, nil
}

// open opens a file or a folder.
func (r *reader) open(path string) (fs.File, fs.FileInfo, error) {
	if path == input.Stdin {
		if r.stdin {
			return nil, nil, errors.New("standard input can be read only once: name it once")
		}
		r.stdin = true
	}
	f, err := r.o.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func (r *reader) readPath(path string) error {
	f, info, err := r.open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if info.IsDir() {
		return r.readFolder(f, path)
	}
	if err := checkStream(info, path); err != nil {
		return apierror.In(input.Name(path), err)
	}
	size := int64(-1)
	if path != input.Stdin && info.Mode().IsRegular() { // standard input may have been read from already
		size = info.Size()
	}
	return r.readFile(f, input.Name(path), size)
}

func (r *reader) finish() *Set {
	r.hash.Sum(r.set.Source.SHA256[:0])
	if r.mixed || len(r.set.Labels) != r.set.Len() {
		r.set.Labels, r.set.Classes = nil, 0
	}
	return r.set
}

// begin makes ready for the images of the next path.
func (r *reader) begin(f File) {
	r.set.Source.Files = append(r.set.Source.Files, f)
	r.sizes, r.coming, r.target = make(map[[2]int]bool), 0, 0
}

// file returns the path being read.
func (r *reader) file() *File {
	files := r.set.Source.Files
	return &files[len(files)-1]
}

// left returns how many more images are wanted.
func (r *reader) left() int64 {
	if r.o.Limit == 0 {
		return math.MaxInt64
	}
	return max(int64(r.o.Limit-r.set.Source.Images), 0)
}

// expect makes ready for count images of a size that come from the file called name,
// or says why they do not fit the set.
func (r *reader) expect(name string, height, width, channels int, count int64) error {
	s := r.set
	if err := checkSize(height, width, channels); err != nil {
		return err
	}
	switch {
	case count > int64(math.MaxInt-s.Source.Images):
		return fmt.Errorf("%d images are more than can be counted here", count)
	case s.Height == 0 && (height > MaxSide || width > MaxSide):
		return fmt.Errorf("the size is %d×%d pixels, more than a model can have, %d: give a height and width to resize to", width, height, MaxSide)
	}
	switch {
	case s.Height == 0:
		s.Height, s.Width, r.sized = height, width, name
	case r.o.Height == 0 && (height != s.Height || width != s.Width):
		return fmt.Errorf("the size is %d×%d pixels, but that of %s is %d×%d: give a height and width to resize all to", width, height, r.sized, s.Width, s.Height)
	case r.o.Pad && (height > s.Height || width > s.Width):
		return fmt.Errorf("the size is %d×%d pixels, which does not fit into %d×%d: %s puts black around images, give a larger height and width", width, height, s.Width, s.Height, option("Pad"))
	}
	switch {
	case s.Channels == 0:
		s.Channels, r.coloured = channels, name
	case r.o.Channels == 0 && channels != s.Channels:
		return fmt.Errorf("this is %s, but %s is %s: give the number of channels to turn all into, 1 or 3",
			colourName(channels), r.coloured, colourName(s.Channels))
	}
	f := r.file()
	size, keep := s.Height*s.Width*s.Channels, min(max(count, r.coming-int64(f.Images)), r.left())
	if room := r.maxValues() - int64(len(s.Data)); keep > room/int64(size) {
		return r.tooMany(int64(s.Source.Images) + keep)
	}
	r.target = len(s.Data) + int(keep)*size
	from := [2]int{height, width}
	if r.resizer == nil || r.from != from {
		r.resizer, r.from = pixels.NewResizer(height, width, s.Height, s.Width, r.o.Antialias), from
		if r.o.Pad {
			r.resizer = pixels.NewPadder(height, width, s.Height, s.Width)
		}
	}
	if f.Images == 0 {
		f.Height, f.Width, f.Channels = height, width, channels
	}
	r.sizes[from] = true
	f.Sizes = len(r.sizes)
	return nil
}

func (r *reader) tooMany(images int64) error {
	s := r.set
	return optionErrorf("%d images of %d×%d pixels, %s, take more memory than the %s allowed: choose a smaller size, limit their number or raise %s",
		images, s.Width, s.Height, colourName(s.Channels), input.Size(r.o.MaxBytes), option("MaxBytes"))
}

// add counts the next of the images expected and keeps it if it is wanted; else nil
// will do.
func (r *reader) add(rows pixels.Rows) error {
	s := r.set
	if r.left() > 0 {
		at := len(s.Data)
		end := at + s.Height*s.Width*s.Channels
		if end > cap(s.Data) {
			if err := r.grow(end); err != nil {
				return err
			}
		}
		s.Data = s.Data[:end]
		if r.o.Fractions {
			s.Fractions = s.Fractions[:end]
			r.resizer.Values(s.Data[at:], s.Fractions[at:], rows, s.Channels)
		} else {
			r.resizer.Quantise(s.Data[at:], rows, s.Channels, s.Levels)
		}
	}
	r.file().Images++
	s.Source.Images++
	return nil
}

// maxValues returns how many values MaxBytes allows.
func (r *reader) maxValues() int64 {
	if r.o.Fractions {
		return r.o.MaxBytes / 2
	}
	return r.o.MaxBytes
}

// grow makes room for end levels at least. Old and new ones are in use at once, and
// MaxBytes limits both.
func (r *reader) grow(end int) error {
	s := r.set
	old := int64(cap(s.Data))
	// Half as much again, for more has proved to be there; but not beyond what will be.
	room := max(old+old/2, int64(end))
	switch {
	case r.coming > 0:
		room = max(room, int64(r.target))
	case r.file().Format == FormatIDX:
		room = max(min(room, int64(r.target)), int64(end))
	}
	if room = min(room, r.maxValues()-old); room < int64(end) {
		return r.tooMany(int64(s.Source.Images) + 1)
	}
	s.Data = append(make([]uint8, 0, room), s.Data...)
	if r.o.Fractions {
		s.Fractions = append(make([]uint8, 0, room), s.Fractions...)
	}
	if old >= 1<<20 {
		runtime.GC() // or what was there before would stay for as long again
	}
	return nil
}
