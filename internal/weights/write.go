package weights

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteTo writes f to w in the one form described in the package comment, with a
// checksum, and returns the number of bytes written. The same content gives the same
// bytes, whatever the order of f.Tensors and the checksum in f.Metadata; f is not
// modified. Read gives the content back, floats bit for bit.
//
// Before the first byte it checks what Read would check (shapes against data,
// unique names other than "__metadata__", UTF-8, the limits) and returns an
// error that wraps ErrFormat. An error of w is returned wrapped.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	order, err := f.sorted()
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 0, chunk)
	sum, err := f.checksum(order, nil, buf)
	if err != nil {
		return 0, err
	}
	head, err := f.header(order, sum)
	if err != nil {
		return 0, err
	}
	if n := len(head) - 8; n > MaxHeader {
		return 0, formatErr("the header would have %d bytes, more than %d", n, MaxHeader)
	}
	out := sink{w: w}
	if err := out.write(head, "header"); err != nil {
		return out.at, err
	}
	for _, t := range order {
		what := "tensor " + quote(t.Name)
		for data := t.Data; len(data) > 0; {
			n := min(len(data), chunk/4)
			buf = encode(buf[:4*n], data[:n])
			if err := out.write(buf, what); err != nil {
				return out.at, err
			}
			data = data[n:]
		}
	}
	return out.at, nil
}

// Size returns how many bytes WriteTo would write, and the error that it would
// return before the first of them, but for one: a header beyond MaxHeader is
// measured like any other. It is header and 8 bytes for a File without tensors. The
// tensors' data are not looked at.
func (f *File) Size() (int64, error) {
	order, err := f.sorted()
	if err != nil {
		return 0, err
	}
	head, err := f.header(order, checksumPrefix+strings.Repeat("0", 2*sha256.Size))
	if err != nil {
		return 0, err
	}
	n := int64(len(head))
	for _, t := range order {
		n += 4 * int64(len(t.Data))
	}
	return n, nil
}

// sorted checks every tensor and returns them by name.
func (f *File) sorted() ([]*Tensor, error) {
	order := make([]*Tensor, len(f.Tensors))
	for i := range f.Tensors {
		t := &f.Tensors[i]
		order[i] = t
		n, ok := elements(t.Shape)
		switch {
		case t.Name == metadataKey:
			return nil, formatErr("tensor %s: the name is reserved", quote(t.Name))
		case !utf8.ValidString(t.Name):
			return nil, formatErr("tensor %s: the name is not UTF-8", quote(t.Name))
		case !ok:
			return nil, formatErr("tensor %s: shape %v: want at most %d dimensions from 0 to %d, and a size of 63 bits", quote(t.Name), t.Shape, MaxRank, MaxDim)
		case n != int64(len(t.Data)):
			return nil, formatErr("tensor %s: shape %v takes %d elements, Data has %d", quote(t.Name), t.Shape, n, len(t.Data))
		}
	}
	slices.SortFunc(order, func(a, b *Tensor) int { return cmp.Compare(a.Name, b.Name) })
	for i := 1; i < len(order); i++ {
		if order[i].Name == order[i-1].Name {
			return nil, formatErr("tensor %s appears twice", quote(order[i].Name))
		}
	}
	return order, nil
}

// header returns the length, the JSON and its padding, with the given checksum.
func (f *File) header(order []*Tensor, sum string) ([]byte, error) {
	meta := make(map[string]string, len(f.Metadata)+1)
	maps.Copy(meta, f.Metadata)
	meta[KeyChecksum] = sum
	if n := len(meta) - 1; n > MaxMetadata {
		return nil, formatErr("metadata has %d keys, more than %d", n, MaxMetadata)
	}
	return appendHeader(nil, meta, order)
}

// appendHeader appends the header of a file with the given metadata, with its length
// in front and the padding behind, to an empty b.
func appendHeader(b []byte, meta map[string]string, order []*Tensor) ([]byte, error) {
	b = append(b, make([]byte, 8)...)
	b = append(b, '{')
	if len(meta) > 0 {
		b = append(b, `"`+metadataKey+`":{`...)
		for i, key := range slices.Sorted(maps.Keys(meta)) {
			value := meta[key]
			if !utf8.ValidString(key) || !utf8.ValidString(value) {
				return nil, formatErr("metadata %s: not UTF-8", quote(key))
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, key)
			b = append(b, ':')
			b = appendString(b, value)
		}
		b = append(b, '}')
	}
	at := int64(0)
	for i, t := range order {
		if i > 0 || len(meta) > 0 {
			b = append(b, ',')
		}
		b = appendString(b, t.Name)
		b = append(b, `:{"dtype":"F32","shape":[`...)
		for j, d := range t.Shape {
			if j > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(d), 10)
		}
		b = append(b, `],"data_offsets":[`...)
		b = strconv.AppendInt(b, at, 10)
		b = append(b, ',')
		at += 4 * int64(len(t.Data))
		b = strconv.AppendInt(b, at, 10)
		b = append(b, "]}"...)
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	binary.LittleEndian.PutUint64(b, uint64(len(b)-8))
	return b, nil
}

// appendString appends s, which is UTF-8, in quotes. Only what JSON demands is
// escaped, in the shortest form: the rule is ours, so that no release of Go can
// change the bytes of a model.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			if c < ' ' {
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"')
}

// encode sets b, of 4·len(src) bytes, to src in little-endian order.
func encode(b []byte, src []float32) []byte {
	for i, v := range src {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
	}
	return b
}

// A sink writes to w and counts.
type sink struct {
	w  io.Writer
	at int64
}

func (s *sink) write(b []byte, what string) error {
	n, err := s.w.Write(b)
	s.at += int64(n)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("%s, at byte %d: %w", what, s.at, err)
	}
	return nil
}
