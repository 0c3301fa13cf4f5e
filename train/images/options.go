package images

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/input"
	"github.com/autoreg/autoreg/internal/pixels"
)

// Formats of image files, for Options.Format.
const (
	FormatAuto     = "auto"     // recognised by the first bytes
	FormatIDX      = "idx"      // as MNIST and Fashion-MNIST come
	FormatCIFAR10  = "cifar10"  // CIFAR-10's binary version
	FormatCIFAR100 = "cifar100" // CIFAR-100's binary version
	FormatPNGJPEG  = "png-jpeg" // PNG or JPEG, or a folder of them
)

// Defaults and limits of Options.
const (
	DefaultLevels        = 4 // the reference model's
	DefaultMaxBytes      = 4 << 30
	DefaultMaxImageBytes = 128 << 20

	// MaxSide is the greatest height and width of the images in a set.
	MaxSide = pixels.MaxSide
)

// Options choose how image files are read. The zero value, or a nil pointer,
// works.
type Options struct {
	// Format is one of the Format constants, for all paths; "" means
	// FormatAuto.
	Format string
	// Height and Width are the size that all images get, 1 to MaxSide; both 0
	// means the size that they have, which must then be one.
	Height, Width int
	// Channels is 1 for grey or 3 for colour; 0 means what the images have, which must
	// then be the same for all.
	Channels int
	// Levels is how many a sample has, 2 to 256; 0 means DefaultLevels.
	Levels int
	// Labels are IDX files of labels, plain or gzip: one for each path, with a label for each
	// of its images, in order. Nil means the labels that the files of images have, if any.
	Labels []string
	// Limit is how many images are kept, the first ones; 0 means all.
	Limit int
	// Antialias averages where a side shrinks, so that every pixel counts; see
	// Read.
	Antialias bool
	// Pad puts black around images that are smaller than Height and Width instead of
	// resizing them; none may be larger. It cannot be combined with Antialias.
	Pad bool
	// Fractions keeps what lies between the levels that Set.Data has, in Set.Fractions: for
	// 256 levels of images that are resized, as the reference's notebook trains on them.
	Fractions bool
	// MaxBytes is how much memory the set may take, in bytes, also while it is read; 0
	// means DefaultMaxBytes. Images whose number is not known before they are
	// read, from gzip or a pipe, are copied as the set grows: they may come to about
	// half of it.
	MaxBytes int64
	// MaxImageBytes is how much memory reading one PNG or JPEG may take, in bytes,
	// beyond 64 for each byte of its file; 0 means DefaultMaxImageBytes. It also
	// limits the images of an IDX file, and the blocks of a JPEG's scans; see
	// Read.
	MaxImageBytes int64
	// Open opens the file or folder at a path; nil means a file of the system, or
	// standard input for "-". A folder must be an fs.ReadDirFile.
	Open func(path string) (fs.File, error)
}

// withDefaults returns o with every zero field replaced, but Height, Width and
// Channels, or an error that names the first field out of range.
func (o *Options) withDefaults() (Options, error) {
	var opt Options
	if o != nil {
		opt = *o
	}
	opt.Format = cmp.Or(opt.Format, FormatAuto)
	opt.Levels = cmp.Or(opt.Levels, DefaultLevels)
	opt.MaxBytes = cmp.Or(opt.MaxBytes, DefaultMaxBytes)
	opt.MaxImageBytes = cmp.Or(opt.MaxImageBytes, DefaultMaxImageBytes)
	if opt.Open == nil {
		opt.Open = input.Open
	}
	err := error(nil)
	switch {
	case !slices.Contains(formats, opt.Format):
		err = outOfRange("Format", fmt.Sprintf("%.40q", opt.Format), strings.Join(formats[:len(formats)-1], ", ")+" or "+formats[len(formats)-1])
	case opt.Levels < 2 || opt.Levels > 256:
		err = outOfRange("Levels", opt.Levels, "2 to 256")
	case opt.Pad && opt.Antialias:
		err = optionErrorf("%s puts black around images instead of resizing them: leave %s out", option("Pad"), option("Antialias"))
	case opt.Fractions && opt.Levels != 256:
		err = outOfRange("Levels", opt.Levels, "256 with Fractions, which lie between those")
	case opt.Height < 0 || opt.Height > MaxSide:
		err = outOfRange("Height", opt.Height, ownSide)
	case opt.Width < 0 || opt.Width > MaxSide:
		err = outOfRange("Width", opt.Width, ownSide)
	case (opt.Height == 0) != (opt.Width == 0):
		err = optionErrorf("%s is %d and %s is %d: give both, or neither for the images' own", option("Height"), opt.Height, option("Width"), opt.Width)
	case opt.Channels != 0 && opt.Channels != 1 && opt.Channels != 3:
		err = outOfRange("Channels", opt.Channels, "1 for grey or 3 for colour, or 0 for the images' own")
	case opt.Limit < 0:
		err = outOfRange("Limit", opt.Limit, "how many images to keep, or 0 for all")
	case opt.MaxBytes < 0:
		err = outOfRange("MaxBytes", opt.MaxBytes, "0 or more")
	case opt.MaxImageBytes < 0:
		err = outOfRange("MaxImageBytes", opt.MaxImageBytes, "0 or more")
	}
	opt.MaxBytes = min(opt.MaxBytes, math.MaxInt)
	opt.MaxImageBytes = min(opt.MaxImageBytes, math.MaxInt, pixels.MaxPixels)
	return opt, err
}

// ownSide is what is wanted for a height or width.
var ownSide = fmt.Sprintf("1 to %d, or 0 for the images' own", MaxSide)

var formats = []string{FormatAuto, FormatIDX, FormatCIFAR10, FormatCIFAR100, FormatPNGJPEG}

func colourName(channels int) string {
	if channels == 1 {
		return "grey"
	}
	return "colour"
}
