package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"

	"github.com/autoreg/autoreg/internal/apierror"
)

// ErrFormat is wrapped by every error that says that a file breaks the rules of the
// format or the limits of this package.
var ErrFormat = errors.New("bad format")

func formatErr(format string, args ...any) error {
	return apierror.Mark(fmt.Errorf(format, args...), ErrFormat)
}

// quote returns a name out of a file as it stands in a message.
func quote(name string) string {
	const most = 80
	if len(name) > most {
		return fmt.Sprintf("%q…", name[:most])
	}
	return fmt.Sprintf("%q", name)
}

// Wire types of fields.
const (
	varint    = 0
	fixed64   = 1
	delimited = 2 // with a length in front: a string, a message, a packed list
	fixed32   = 5
)

// A message is an encoded message and the byte of the file at which it begins.
type message struct {
	b  []byte
	at int
}

// A field is a field of a message.
type field struct {
	num  int
	wire int
	u    uint64  // the value, if it is a number
	m    message // the value, if it has a length
	at   int     // byte of the file
	raw  []byte  // the field, number included
}

// next takes the first field off m.
func (m *message) next() (f field, err error) {
	start := *m
	f.at = m.at
	tag, err := m.varint()
	if err != nil {
		return f, err
	}
	if tag>>3 == 0 || tag>>3 >= 1<<29 {
		return f, formatErr("byte %d: field number %d: this is no ONNX file, or it is damaged", f.at, tag>>3)
	}
	f.num, f.wire = int(tag>>3), int(tag&7)
	switch f.wire {
	case varint:
		f.u, err = m.varint()
	case fixed64, fixed32:
		n := 8
		if f.wire == fixed32 {
			n = 4
		}
		if len(m.b) < n {
			return f, formatErr("byte %d: the message ends within a field", f.at)
		}
		if n == 8 {
			f.u = binary.LittleEndian.Uint64(m.b)
		} else {
			f.u = uint64(binary.LittleEndian.Uint32(m.b))
		}
		m.skip(n)
	case delimited:
		var n uint64
		if n, err = m.varint(); err != nil {
			return f, err
		}
		if n > uint64(len(m.b)) {
			return f, formatErr("byte %d: a field of %d bytes where %d remain", f.at, n, len(m.b))
		}
		f.m = message{m.b[:n:n], m.at}
		m.skip(int(n))
	default:
		return f, formatErr("byte %d: wire type %d: this is no ONNX file, or it is damaged", f.at, f.wire)
	}
	f.raw = start.b[:m.at-start.at]
	return f, err
}

func (m *message) skip(n int) { m.b, m.at = m.b[n:], m.at+n }

func (m *message) varint() (uint64, error) {
	u, n := binary.Uvarint(m.b)
	if n <= 0 {
		return 0, formatErr("byte %d: a number is cut off or exceeds 64 bits", m.at)
	}
	m.skip(n)
	return u, nil
}

// counts returns how often each field below 32 occurs in m, up to the first error, which
// a second pass reports.
func (m message) counts() (n [32]int) {
	for len(m.b) > 0 {
		f, err := m.next()
		if err != nil {
			return n
		}
		if f.num < len(n) {
			n[f.num]++
		}
	}
	return n
}

// A budget is the bytes that may still be allocated for what a file describes.
type budget struct{ left int64 }

// newBudget returns what is left of 4 times the file and 1 MB once the file itself is in
// memory, less 128 kB for errors and what is not counted.
func newBudget(size int64) budget { return budget{3*size + 1<<20 - 128<<10} }

// spend counts an allocation of n elements of size bytes before it is made.
func (g *budget) spend(n int, size uintptr) error {
	// Rounding up to a size class adds at most an eighth, but for the smallest.
	if s := int64(size + size/8); n > 0 && (s > 0 && int64(n) > g.left/s || int64(n)*s+16 > g.left) {
		return formatErr("the file describes more than memory of 4 times its size holds")
	} else if n > 0 {
		g.left -= int64(n)*s + 16
	}
	return nil
}

// list returns an empty slice with room for n elements.
func list[T any](g *budget, n int) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	if err := g.spend(n, reflect.TypeFor[T]().Size()); err != nil {
		return nil, err
	}
	return make([]T, 0, n), nil
}

// want returns an error if the field has another wire type.
func (f *field) want(wire int) error {
	if f.wire != wire {
		return formatErr("byte %d: field %d has wire type %d, want %d", f.at, f.num, f.wire, wire)
	}
	return nil
}

func (f *field) int(dst *int64) error {
	*dst = int64(f.u)
	return f.want(varint)
}

func (f *field) str(g *budget, dst *string) error {
	if err := f.want(delimited); err != nil {
		return err
	}
	if err := g.spend(len(f.m.b), 1); err != nil {
		return err
	}
	*dst = string(f.m.b)
	return nil
}
