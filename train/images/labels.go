package images

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/input"
)

// idxLabels is the length of the header of an IDX file in 1 dimension.
const idxLabels = 8

// readLabels reads the IDX file of the labels of a file of images.
func (r *reader) readLabels(path string, of *File) error {
	f, info, err := r.open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	name := input.Name(path)
	if info.IsDir() {
		return apierror.In(name, errors.New("this is a folder: name an IDX file of labels"))
	}
	if err := checkStream(info, path); err != nil {
		return apierror.In(name, err)
	}
	in, _, err := openImages(f, max(r.o.MaxBytes, min(DefaultMaxBytes, math.MaxInt)))
	if err == nil {
		err = r.readIDXLabels(io.TeeReader(in, r.hash), of)
	}
	if err != nil {
		return apierror.In(name, err)
	}
	return nil
}

// readIDXLabels reads an IDX file of as many labels as a file has images, and keeps those
// of images that are kept.
func (r *reader) readIDXLabels(in io.Reader, of *File) error {
	header, err := fill(in, nil, idxLabels)
	if err != nil && !isCut(err) {
		return err
	}
	if len(header) >= 4 {
		switch magic := binary.BigEndian.Uint32(header); {
		case magic == 0x803:
			return errors.New("this is an IDX file of images (magic number 2051): name the one with the labels, called labels-idx1-ubyte")
		case isReversedIDX(header, -1) && magic != 0x801:
			return errReversedIDX
		case magic != 0x801:
			return fmt.Errorf("this is no IDX file of labels: it begins with the number %d, want %d", magic, 0x801)
		}
	}
	if len(header) < idxLabels {
		return fmt.Errorf("the file is cut off: it has %d bytes, less than the %d of an IDX header: fetch it again", len(header), idxLabels)
	}
	count := int64(binary.BigEndian.Uint32(header[4:]))
	if count != int64(of.Images) {
		return fmt.Errorf("the header says %d labels, but %s has %d images: want one for each", count, of.Path, of.Images)
	}
	s := r.set
	var part []byte
	for left := count; left > 0; left -= int64(len(part)) {
		part, err = fill(in, part, int(min(left, 64<<10)))
		if isCut(err) {
			return fmt.Errorf("the file is cut off: the header says %d labels, but %d follow it: fetch the file again", count, count-left+int64(len(part)))
		}
		if err != nil {
			return err
		}
		for _, label := range part {
			s.Classes = max(s.Classes, int(label)+1)
		}
		s.Labels = append(s.Labels, part[:min(len(part), s.Len()-len(s.Labels))]...)
	}
	switch _, err := fill(in, nil, 1); {
	case err == nil:
		return fmt.Errorf("the header says %d labels, but more bytes follow: this is another kind of file or a damaged one", count)
	case err != io.EOF:
		return err
	}
	return nil
}
