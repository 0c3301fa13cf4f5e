package images

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"

	"github.com/autoreg/autoreg/internal/input"
	"github.com/autoreg/autoreg/internal/pixels"
)

// idxHeader is the length of the header of an IDX file in 3 dimensions: two zeros,
// the type, the number of dimensions, and the dimensions, big-endian.
const idxHeader = 16

// idxTypes names the types of data that an IDX file can hold.
var idxTypes = [256]string{
	0x08: "unsigned bytes", 0x09: "signed bytes", 0x0b: "16-bit integers",
	0x0c: "32-bit integers", 0x0d: "32-bit floats", 0x0e: "64-bit floats",
}

// readIDX reads an IDX file of images of size bytes, or -1 where that is not known. What
// its header says bounds what is read, to the byte.
func (r *reader) readIDX(in io.Reader, name string, size int64) error {
	header, err := fill(in, nil, idxHeader)
	if err != nil && !isCut(err) {
		return err
	}
	if len(header) >= 4 {
		if err := checkIDXMagic(header); err != nil {
			return err
		}
	}
	if len(header) < idxHeader {
		return fmt.Errorf("the file is cut off: it has %d bytes, less than the %d of an IDX header: fetch it again", len(header), idxHeader)
	}
	count := int64(binary.BigEndian.Uint32(header[4:]))
	rows, cols := binary.BigEndian.Uint32(header[8:]), binary.BigEndian.Uint32(header[12:])
	if count == 0 {
		return errors.New("the header says that there are no images")
	}
	each := uint64(rows) * uint64(cols)
	if limit := r.o.MaxImageBytes; each > uint64(limit) {
		if bits.ReverseBytes32(rows) <= MaxSide && bits.ReverseBytes32(cols) <= MaxSide {
			return errReversedIDX
		}
		return optionErrorf("the header says that images are %d×%d pixels, more than the %s allowed: raise %s", cols, rows, input.Size(limit), option("MaxImageBytes"))
	}
	total := uint64(count) * each // below 2⁶⁶, and below 2⁶³ where it fits a file
	if size >= 0 && each > 0 && uint64(count) <= math.MaxInt64/each && int64(total)+idxHeader <= size {
		r.coming = count
	}
	if err := r.expect(name, int(rows), int(cols), 1, count); err != nil {
		return err
	}
	m := &pixels.Image{Height: int(rows), Width: int(cols), Channels: 1}
	for i := range count {
		m.Pix, err = fill(in, m.Pix, int(each))
		if isCut(err) {
			return fmt.Errorf("the file is cut off: the header says %d images of %d×%d pixels, %d bytes, but %d bytes follow it: fetch the file again",
				count, cols, rows, total, uint64(i)*each+uint64(len(m.Pix)))
		}
		if err != nil {
			return err
		}
		if err := r.add(m.Rows(r.set.Channels)); err != nil {
			return err
		}
	}
	switch _, err := fill(in, nil, 1); {
	case err == nil:
		return fmt.Errorf("the header says %d images of %d×%d pixels, %d bytes, but more follow: this is another kind of file or a damaged one",
			count, cols, rows, total)
	case err != io.EOF:
		return err
	}
	return nil
}

var errReversedIDX = errors.New("this is an IDX file with its bytes in the wrong order (little-endian): write the numbers of its header big-endian")

// isReversedIDX reports whether head begins an IDX file whose header is little-endian:
// its numbers are valid in that order, and a batch of CIFAR-10 does not have that size.
func isReversedIDX(head []byte, size int64) bool {
	if len(head) < 4 || head[0] < 1 || head[0] > 4 || idxTypes[head[1]] == "" || head[2] != 0 || head[3] != 0 {
		return false
	}
	dims := int(head[0])
	if len(head) < 4+4*dims || size >= 0 && cifar10.divides(size) {
		return false
	}
	for i := range dims {
		n := binary.LittleEndian.Uint32(head[4+4*i:])
		if n == 0 || n > 1<<24 || i > 0 && n > MaxSide {
			return false
		}
	}
	return dims > 1 || size == 8+int64(binary.LittleEndian.Uint32(head[4:]))
}

// checkIDXMagic checks the first 4 bytes of an IDX file.
func checkIDXMagic(header []byte) error {
	magic := binary.BigEndian.Uint32(header)
	kind, dims := idxTypes[header[2]], header[3]
	switch {
	case magic == 0x803:
		return nil
	case isReversedIDX(header, -1):
		return errReversedIDX
	case magic>>16 != 0 || kind == "":
		return fmt.Errorf("this is no IDX file: it begins with the number %d, want %d", magic, 0x803)
	case magic == 0x801:
		return fmt.Errorf("this is an IDX file of labels (magic number %d): name the one with the images, called images-idx3-ubyte", magic)
	case header[2] != 0x08:
		return fmt.Errorf("this IDX file holds %s (magic number %d): want unsigned bytes in 3 dimensions, %d", kind, magic, 0x803)
	}
	return fmt.Errorf("this IDX file has %d dimensions (magic number %d): want 3, for images, rows and columns, %d", dims, magic, 0x803)
}
