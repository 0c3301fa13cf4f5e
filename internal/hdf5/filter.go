package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Filters, by their registered numbers.
const (
	filterDeflate    = 1
	filterShuffle    = 2
	filterFletcher32 = 3
)

const maxFilters = 32 // as in the HDF5 library

var otherFilters = map[uint64]string{4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32013: "zfp", 32015: "zstd"}

// A filter is a stage that the bytes of a chunk go through when it is written.
type filter struct {
	id      uint64
	element uint64 // of shuffle: bytes of an element
}

// filters reads a filter pipeline message.
func filters(c *cursor) ([]filter, error) {
	version, n := c.uint(1), c.uint(1)
	switch version {
	case 1:
		c.take(6)
	case 2:
	default:
		return nil, unsupported("filter pipeline: version %d, want 1 or 2", version)
	}
	if n > maxFilters {
		return nil, formatErr("filter pipeline: %d filters, at most %d", n, maxFilters)
	}
	var list []filter
	for range n {
		f := filter{id: c.uint(2)}
		var name uint64
		if version == 1 || f.id >= 256 {
			name = c.uint(2)
		}
		c.take(2)
		values := c.uint(2)
		if version == 1 {
			name = (name + 7) &^ 7
		}
		c.take(name)
		for i := range values {
			if v := c.uint(4); i == 0 {
				f.element = v
			}
		}
		if version == 1 && values%2 == 1 {
			c.take(4)
		}
		if c.short {
			break
		}
		if f.id != filterDeflate && f.id != filterShuffle && f.id != filterFletcher32 {
			return nil, unsupported("filter %d (%s): write the data with gzip, or without a filter", f.id, otherFilters[f.id])
		}
		if f.id == filterShuffle && f.element == 0 {
			return nil, formatErr("filter shuffle: elements of 0 bytes")
		}
		list = append(list, f)
	}
	return list, c.end("filter pipeline")
}

// unfilter takes the n bytes of a chunk in buffer 0 back through the filters, but for
// those that mask says were skipped, to the want bytes that went in.
func (f *File) unfilter(list []filter, mask, n, want uint64) ([]byte, error) {
	b, in := f.buffers[0][:n], 0
	for i := len(list) - 1; i >= 0; i-- {
		if i < 32 && mask>>i&1 != 0 {
			continue
		}
		switch list[i].id {
		case filterFletcher32:
			n := len(b) - 4
			if n < 0 || fletcher32(b[:n]) != binary.LittleEndian.Uint32(b[n:]) {
				return nil, formatErr("the checksum does not match (fletcher32): the file is damaged, fetch or copy it again")
			}
			b = b[:n]
		case filterShuffle:
			out, err := f.buffer(1-in, uint64(len(b)))
			if err != nil {
				return nil, err
			}
			unshuffle(out, b, int(list[i].element))
			b, in = out, 1-in
		case filterDeflate:
			size, err := sizeAfter(list[:i], mask, want)
			if err != nil {
				return nil, err
			}
			out, err := f.buffer(1-in, size)
			if err != nil {
				return nil, err
			}
			if err := f.inflate(out, b); err != nil {
				return nil, err
			}
			b, in = out, 1-in
		}
	}
	if uint64(len(b)) != want {
		return nil, formatErr("it has %d bytes, want %d", len(b), want)
	}
	return b, nil
}

// sizeAfter returns how many bytes leave the filters if n enter them.
func sizeAfter(list []filter, mask, n uint64) (uint64, error) {
	for i, f := range list {
		switch skipped := i < 32 && mask>>i&1 != 0; {
		case skipped:
		case f.id == filterDeflate:
			return 0, unsupported("gzip twice")
		case f.id == filterFletcher32:
			n += 4
		}
	}
	return n, nil
}

// unshuffle puts the bytes of each element together: b has the first bytes of all
// elements, then the second, and so on; what is left over is at the end.
func unshuffle(dst, b []byte, element int) {
	n := len(b) / element
	for j := range min(element, len(b)) {
		for i, v := range b[j*n : j*n+n] {
			dst[i*element+j] = v
		}
	}
	copy(dst[n*element:], b[n*element:])
}

// inflate decompresses b, of which exactly len(dst) bytes must come.
func (f *File) inflate(dst, b []byte) error {
	var err error
	if f.inflater == nil {
		f.inflater, err = zlib.NewReader(bytes.NewReader(b))
	} else {
		err = f.inflater.(zlib.Resetter).Reset(bytes.NewReader(b), nil)
	}
	if err == nil {
		if _, err = io.ReadFull(f.inflater, dst); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("less than %d bytes", len(dst))
		}
	}
	if err == nil { // behind the data comes their checksum, which is compared at the end
		var n int
		if n, err = f.inflater.Read(f.one[:]); n > 0 {
			err = fmt.Errorf("more than %d bytes", len(dst))
		} else if err == io.EOF {
			return nil
		}
	}
	return formatErr("gzip: %w: the file is damaged, fetch or copy it again", err)
}
