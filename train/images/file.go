package images

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"math"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/input"
)

// checkStream refuses files that never end or are no data, such as /dev/zero.
func checkStream(info fs.FileInfo, path string) error {
	switch mode := info.Mode(); {
	case mode.IsRegular(), mode&fs.ModeNamedPipe != 0:
		return nil
	case path == input.Stdin && mode&fs.ModeDevice != 0:
		return errors.New("this is a device, a terminal perhaps: send a file or a pipe to it")
	case path == input.Stdin:
		return nil // a socket has an end, and the caller has chosen it
	case mode&fs.ModeDevice != 0:
		return errors.New("this is a device: name a file, or - for standard input")
	case mode&fs.ModeSocket != 0:
		return errors.New("this is a socket: name a file")
	}
	return errors.New("this is no file, pipe or folder")
}

// readFile reads one file of images, of which name is for messages and size how many
// bytes it has, or -1 where that is not known.
func (r *reader) readFile(f io.Reader, name string, size int64) error {
	r.begin(File{Path: name})
	if err := r.readStream(f, name, size); err != nil {
		return apierror.In(name, err)
	}
	return nil
}

func (r *reader) readStream(f io.Reader, name string, size int64) error {
	in, packed, err := openImages(f, max(r.o.MaxBytes, min(DefaultMaxBytes, math.MaxInt)))
	if err != nil {
		return err
	}
	if packed {
		size = -1
	}
	format := r.o.Format
	if format == FormatAuto {
		if format, err = sniffImages(in, size); err != nil {
			return err
		}
	} else if _, err := in.Peek(1); err == io.EOF {
		return errEmpty
	}
	r.file().Format = format
	data := io.TeeReader(in, r.hash)
	switch {
	case format == FormatIDX:
		return r.readIDX(data, name, size)
	case format == FormatCIFAR10:
		return r.readCIFAR(data, name, size, cifar10)
	case format == FormatCIFAR100:
		return r.readCIFAR(data, name, size, cifar100)
	case packed:
		return errors.New("this is a gzip file, and PNG and JPEG files are read as they are: unpack it")
	}
	return r.readImage(data, name)
}

var errEmpty = errors.New("the file is empty")

// openImages returns the unpacked bytes of f, at most maxBytes if it is gzip.
func openImages(f io.Reader, maxBytes int64) (in *bufio.Reader, packed bool, err error) {
	in = bufio.NewReaderSize(f, input.PeekSize)
	if packed = input.IsGzip(in); packed {
		z, err := input.Gunzip(in)
		if err != nil {
			return nil, true, err
		}
		over := optionErrorf("the unpacked data is larger than the limit of %s: unpack it, or raise %s", input.Size(maxBytes), option("MaxBytes"))
		in = bufio.NewReaderSize(&input.Limited{R: z, Left: &maxBytes, Over: over}, input.PeekSize)
	}
	return in, packed, nil
}

// fill reads n bytes to dst[:0], which grows no faster than twice what has arrived,
// and returns what it got: fewer than n with an error. Data that end early give
// io.ErrUnexpectedEOF, or io.EOF if there are none.
func fill(in io.Reader, dst []byte, n int) ([]byte, error) {
	dst = dst[:0]
	for len(dst) < n {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, min(n-len(dst), max(len(dst), 64<<10)))
		}
		part := dst[len(dst):min(cap(dst), n)]
		m, err := io.ReadFull(in, part)
		dst = dst[:len(dst)+m]
		if err == io.EOF && len(dst) > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// isCut reports whether err says that the data ended early. The errors of gzip for its own
// end are others, see gzipError.
func isCut(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }
