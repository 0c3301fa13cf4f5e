package hdf5

import (
	"fmt"
	"strings"
)

// A kind is how the bytes of an element become a value.
type kind uint8

const (
	kindOther kind = iota // not read
	kindInt
	kindUint
	kindFloat16
	kindBfloat16
	kindFloat32
	kindFloat64
	kindString    // of fixed length
	kindVarString // in a global heap
)

// A datatype is the type of the elements of a data set or an attribute.
type datatype struct {
	kind    kind
	name    string // for users
	size    int    // bytes of an element, of a part of it if that is an array
	big     bool   // numbers are big-endian
	padding byte   // of strings: 0 ended by a zero, 1 filled with zeros, 2 with spaces
	opaque  bool
	dims    []int // of the arrays that elements are; none otherwise
}

// parts returns how many values an element has; the product was checked by datatype.
func (t *datatype) parts() int {
	n := 1
	for _, d := range t.dims {
		n *= d
	}
	return n
}

// datatype reads a datatype message. Types that are not read have kindOther.
func (f *File) datatype(c *cursor, depth int) (t datatype, err error) {
	const what = "datatype"
	class := c.uint(1)
	flags, size := c.uint(3), c.uint(4)
	if c.short || size == 0 {
		return t, formatErr("%s: %d bytes", what, size)
	}
	if size > maxDim {
		return t, formatErr("%s: %d bytes, at most %d", what, size, maxDim)
	}
	if depth > 4 {
		return t, formatErr("%s: arrays or enumerations in one another, more than 4 deep", what)
	}
	t.size = int(size)
	t.big = flags&1 != 0
	version := class >> 4
	switch class & 15 {
	case 0:
		t.integer(flags, c)
	case 1:
		t.float(flags, c)
	case 2:
		t.name = "time"
	case 3:
		t.kind, t.name, t.padding = kindString, "string", byte(flags&15)
	case 4:
		t.name = "bit field"
	case 5:
		t.name, t.opaque = fmt.Sprintf("opaque of %d bytes", size), true
	case 6:
		t.name = "compound"
	case 7:
		t.name = "reference"
	case 8:
		if t, err = f.datatype(c, depth+1); err != nil {
			return t, err
		}
		if name, _, _ := strings.Cut(string(c.take(min(6, uint64(len(c.b))))), "\x00"); name == "FALSE" && flags&0xffff == 2 {
			t.name = "bool"
		}
		if uint64(t.size) != size || t.dims != nil {
			return t, formatErr("%s: an enumeration of %d bytes of integers of %d", what, size, t.size)
		}
	case 9:
		t.name = "variable-length sequence"
		if flags&15 == 1 {
			t.kind, t.name, t.padding = kindVarString, "string", byte(flags>>4&15)
			if t.size != 8+f.offsetSize {
				return t, formatErr("%s: a variable-length string of %d bytes, want %d", what, size, 8+f.offsetSize)
			}
		}
	case 10:
		return f.arrayType(c, version, size, depth)
	default:
		t.name = fmt.Sprintf("datatype of class %d", class&15)
	}
	return t, c.end(what)
}

// integer takes integers without unused bits.
func (t *datatype) integer(flags uint64, c *cursor) {
	offset, precision := c.uint(2), c.uint(2)
	t.kind, t.name = kindUint, "uint"
	if flags&8 != 0 {
		t.kind, t.name = kindInt, "int"
	}
	t.name = fmt.Sprintf("%s%d", t.name, precision)
	if whole := t.size == 1 || t.size == 2 || t.size == 4 || t.size == 8; !whole || offset != 0 || precision != uint64(8*t.size) {
		t.kind, t.name = kindOther, fmt.Sprintf("%s in %d bytes", t.name, t.size)
	}
}

// float takes the formats of IEEE 754 and bfloat16.
func (t *datatype) float(flags uint64, c *cursor) {
	type layout struct{ size, offset, precision, sign, exponent, exponentSize, mantissa, mantissaSize, bias uint64 }
	got := layout{size: uint64(t.size), sign: flags >> 8 & 0xff}
	got.offset, got.precision = c.uint(2), c.uint(2)
	got.exponent, got.exponentSize, got.mantissa, got.mantissaSize = c.uint(1), c.uint(1), c.uint(1), c.uint(1)
	got.bias = c.uint(4)
	t.name = fmt.Sprintf("floating point of %d bits", got.precision)
	if flags>>4&3 != 2 || flags>>6&1 != 0 { // the first bit of the mantissa is implied; not in the order of the VAX
		return
	}
	switch got {
	case layout{2, 0, 16, 15, 10, 5, 0, 10, 15}:
		t.kind, t.name = kindFloat16, "float16"
	case layout{2, 0, 16, 15, 7, 8, 0, 7, 127}:
		t.kind, t.name = kindBfloat16, "bfloat16"
	case layout{4, 0, 32, 31, 23, 8, 0, 23, 127}:
		t.kind, t.name = kindFloat32, "float32"
	case layout{8, 0, 64, 63, 52, 11, 0, 52, 1023}:
		t.kind, t.name = kindFloat64, "float64"
	}
}

// arrayType reads the properties of an array of size bytes.
func (f *File) arrayType(c *cursor, version, size uint64, depth int) (t datatype, err error) {
	rank := c.uint(1)
	if version < 3 {
		c.take(3)
	}
	dims := make([]uint64, min(rank, maxRank+1))
	for i := range dims {
		dims[i] = c.uint(4)
	}
	if version < 3 {
		c.take(4 * rank) // permutation
	}
	outer, err := shape(dims)
	if err != nil {
		return t, err
	}
	if t, err = f.datatype(c, depth+1); err != nil {
		return t, err
	}
	t.dims = append(outer, t.dims...)
	total := uint64(t.size)
	for _, d := range t.dims {
		if d == 0 || total > size/uint64(d) {
			return t, formatErr("datatype: an array %v of %d bytes", t.dims, size)
		}
		total *= uint64(d)
	}
	if total != size || len(t.dims) > maxRank {
		return t, formatErr("datatype: an array %v of %d bytes", t.dims, size)
	}
	return t, nil
}
