package corpus

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// A wide encoding is UTF-16 or UTF-32.
type wide struct {
	name  string
	mark  string // the byte order mark
	size  int    // bytes of a unit
	order binary.ByteOrder
}

// wides are the wide encodings, UTF-32 first: its little-endian mark begins with that
// of UTF-16.
var wides = []wide{
	{"UTF-32LE", "\xff\xfe\x00\x00", 4, binary.LittleEndian},
	{"UTF-32BE", "\x00\x00\xfe\xff", 4, binary.BigEndian},
	{"UTF-16LE", "\xff\xfe", 2, binary.LittleEndian},
	{"UTF-16BE", "\xfe\xff", 2, binary.BigEndian},
}

// wideEncoding returns the wide encoding of a text that begins with head, by its mark,
// or because it is ASCII for the most part; nil if it is in none.
func wideEncoding(head []byte) *wide {
	for i := range wides {
		if bytes.HasPrefix(head, []byte(wides[i].mark)) {
			return &wides[i]
		}
	}
	for i := range wides {
		if wides[i].fits(head[:min(len(head), 4096)]) {
			return &wides[i]
		}
	}
	return nil
}

// fits reports whether head, without a mark, reads as text with 7 of 10 characters or
// more in ASCII.
func (e *wide) fits(head []byte) bool {
	units, ascii := 0, 0
	for ; len(head) >= e.size; head = head[e.size:] {
		c := e.unit(head)
		switch {
		case c == '\t' || c == '\n' || c == '\r' || c >= ' ' && c < 0x7f:
			ascii++
		case c < ' ' || c == 0xfffe || c == 0xffff || c > utf8.MaxRune:
			return false
		}
		units++
	}
	return units >= 4 && 10*ascii >= 7*units
}

func (e *wide) unit(b []byte) uint32 {
	if e.size == 2 {
		return uint32(e.order.Uint16(b))
	}
	return e.order.Uint32(b)
}

// A wideReader reads a wide encoding as UTF-8, byte order marks included if they are
// not the first character. What is not valid becomes a byte that is not valid in UTF-8.
type wideReader struct {
	in       *bufio.Reader
	encoding wide
	started  bool
	buf      []byte // converted, of utf8.UTFMax bytes or fewer
}

const invalidByte = 0xff

func (w *wideReader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(w.buf) == 0 {
			if w.buf, err = w.next(w.buf[:0]); err != nil {
				break
			}
		}
		k := copy(p[n:], w.buf)
		w.buf = slices.Delete(w.buf, 0, k)
		n += k
		// Bytes that have arrived are passed on without waiting for more.
		if w.in.Buffered() < 2*w.encoding.size {
			break
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, err
}

// next appends the next character to dst. At the beginning that is nothing if it is a
// mark.
func (w *wideReader) next(dst []byte) ([]byte, error) {
	for {
		c, err := w.read()
		if err != nil {
			return dst, err
		}
		if !w.started {
			w.started = true
			if c == '\ufeff' {
				continue
			}
		}
		if c < 0 {
			return append(dst, invalidByte), nil
		}
		return utf8.AppendRune(dst, c), nil
	}
}

// read returns the next character, or -1 for one that is not valid.
func (w *wideReader) read() (rune, error) {
	e := &w.encoding
	b, err := w.in.Peek(e.size)
	if len(b) < e.size {
		if err == io.EOF && len(b) > 0 {
			_, err = w.in.Discard(len(b)) // the file ends within a unit
			return -1, err
		}
		return 0, err
	}
	c := rune(e.unit(b))
	if _, err := w.in.Discard(e.size); err != nil {
		return 0, err
	}
	if e.size == 2 && utf16.IsSurrogate(c) {
		low, err := w.in.Peek(e.size)
		if err != nil && err != io.EOF {
			return 0, err
		}
		if len(low) < e.size {
			return -1, nil
		}
		if c = utf16.DecodeRune(c, rune(e.unit(low))); c == utf8.RuneError {
			return -1, nil // the second half is read as a character of its own
		}
		_, err = w.in.Discard(e.size)
		return c, err
	}
	if !utf8.ValidRune(c) {
		return -1, nil
	}
	return c, nil
}
