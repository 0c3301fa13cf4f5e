package train

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

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

// readIDX reads an IDX file of images. What its header says bounds what is read, to
// the byte.
func (r *imageReader) readIDX(in io.Reader, name string) error {
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
	if rows > maxPixels || cols > maxPixels {
		// Not even an int on a 32-bit machine.
		return fmt.Errorf("the header says that images are %d×%d: images of more than %d pixels are not read", rows, cols, maxPixels)
	}
	if err := r.expect(name, int(rows), int(cols), 1, count); err != nil {
		return err
	}
	m := &pixels.Image{Height: int(rows), Width: int(cols), Channels: 1}
	size := m.Height * m.Width
	for i := range count {
		m.Pix, err = fill(in, m.Pix, size)
		if isCut(err) {
			return fmt.Errorf("the file is cut off: the header says %d images of %d×%d, %d bytes, but %d bytes follow it: fetch the file again",
				count, rows, cols, count*int64(size), i*int64(size)+int64(len(m.Pix)))
		}
		if err != nil {
			return err
		}
		r.add(m)
	}
	switch _, err := fill(in, nil, 1); {
	case err == nil:
		return fmt.Errorf("the header says %d images of %d×%d, %d bytes, but more follow: this is another kind of file or a damaged one",
			count, rows, cols, count*int64(size))
	case err != io.EOF:
		return err
	}
	return nil
}

// checkIDXMagic judges the first 4 bytes of an IDX file.
func checkIDXMagic(header []byte) error {
	magic := binary.BigEndian.Uint32(header)
	kind, dims := idxTypes[header[2]], header[3]
	switch {
	case magic == 0x803:
		return nil
	case magic>>16 != 0 || kind == "":
		return fmt.Errorf("this is no IDX file: it begins with the number %d, want %d", magic, 0x803)
	case magic == 0x801:
		return fmt.Errorf("this is an IDX file of labels (magic number %d): name the one with the images, called images-idx3-ubyte", magic)
	case header[2] != 0x08:
		return fmt.Errorf("this IDX file holds %s (magic number %d): want unsigned bytes in 3 dimensions, %d", kind, magic, 0x803)
	}
	return fmt.Errorf("this IDX file has %d dimensions (magic number %d): want 3, for images, rows and columns, %d", dims, magic, 0x803)
}
