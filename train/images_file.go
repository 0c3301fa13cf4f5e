package train

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// readFile reads one file of images, of which name is for messages.
func (r *imageReader) readFile(f io.Reader, name string) error {
	r.set.Source.Files = append(r.set.Source.Files, ImageFile{Path: name})
	if err := r.readStream(f, name); err != nil {
		return fmt.Errorf("train: images %s: %w", name, err)
	}
	return nil
}

func (r *imageReader) readStream(f io.Reader, name string) error {
	in, head, packed, err := openImages(f, max(r.o.MaxBytes, min(DefaultMaxImageBytes, math.MaxInt)))
	if err != nil {
		return err
	}
	if len(head) == 0 {
		return errors.New("the file is empty")
	}
	format := r.o.Format
	if format == ImageFormatAuto {
		if format, err = sniffImages(head); err != nil {
			return err
		}
	}
	r.file().Format = format
	in = io.TeeReader(in, r.hash)
	switch {
	case format == ImageFormatIDX:
		return r.readIDX(in, name)
	case format == ImageFormatCIFAR10:
		return r.readCIFAR10(in, name)
	case packed:
		return errors.New("this is a gzip file, and pictures are read as they are: unpack it")
	}
	return r.readPicture(in, name)
}

// openImages returns the unpacked bytes of f, at most maxBytes if it is gzip, and the
// first few of them. It reads no further ahead in what is unpacked.
func openImages(f io.Reader, maxBytes int64) (in io.Reader, head []byte, packed bool, err error) {
	raw := bufio.NewReaderSize(f, peekLen)
	in = raw
	if startsGzip(raw) {
		z, err := newGunzip(raw)
		if err != nil {
			return nil, nil, true, err
		}
		in, packed = &cappedReader{r: z, left: &maxBytes, max: maxBytes}, true
	}
	head = make([]byte, idxHeader)
	n, err := io.ReadFull(in, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, nil, packed, err
	}
	head = head[:n]
	return io.MultiReader(bytes.NewReader(head), in), head, packed, nil
}

var (
	pngMagic  = []byte("\x89PNG\r\n\x1a\n")
	jpegMagic = []byte("\xff\xd8\xff")
)

const understood = "want an IDX file of images or a CIFAR-10 binary batch, plain or gzip, a PNG, a JPEG, or a folder of PNG and JPEG files"

// sniffImages chooses the format of a file that begins with head.
func sniffImages(head []byte) (string, error) {
	switch {
	case len(head) >= 4 && head[0] == 0 && head[1] == 0 && idxTypes[head[2]] != "" && head[3] > 0 && head[3] < 8:
		return ImageFormatIDX, nil
	case bytes.HasPrefix(head, pngMagic), bytes.HasPrefix(head, jpegMagic):
		return ImageFormatPictures, nil
	case bytes.HasPrefix(head, []byte("cifar-10-batches")):
		return "", errors.New("this is CIFAR-10's archive: unpack it and name the files data_batch_1.bin and so on")
	case bytes.HasPrefix(head, []byte("GIF8")), bytes.HasPrefix(head, []byte("BM")), bytes.HasPrefix(head, []byte("RIFF")):
		return "", errors.New("this looks like a picture, but not PNG or JPEG: convert it to PNG")
	case head[0] < cifarLabels:
		return ImageFormatCIFAR10, nil
	}
	return "", errors.New("the file's first bytes are of no known format: " + understood)
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

// isCut reports whether err says that the data ended early. What gzip has to say of
// its own end is worded by gzipError and is another error.
func isCut(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }
