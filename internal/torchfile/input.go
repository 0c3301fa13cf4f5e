package torchfile

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// ErrFormat is wrapped by every error that says that a file is damaged, hostile or not of a
// kind that is read here.
var ErrFormat = errors.New("bad format")

// formatErr returns an error that wraps ErrFormat.
func formatErr(format string, args ...any) error {
	return apierror.Mark(fmt.Errorf(format, args...), ErrFormat)
}

// quote quotes a name from a file for a message, cut to a length fit to print.
func quote(name string) string {
	const most = 80
	if len(name) > most {
		return fmt.Sprintf("%q…", name[:most])
	}
	return fmt.Sprintf("%q", name)
}

// A budget is the memory that a file warrants.
type budget struct {
	left, file int64
}

const (
	memoryPerByte = 4       // of the file
	memoryBase    = 1 << 20 // of any file
	memoryBuffers = 96 << 10
)

// newBudget returns the budget of a file of size bytes, less what reading always takes.
func newBudget(size int64) *budget {
	left := int64(1) << 62
	if size < left/memoryPerByte {
		left = memoryPerByte*size + memoryBase - memoryBuffers
	}
	return &budget{left, size}
}

// take takes n bytes. It returns an error if there are not as many left.
func (b *budget) take(n int64) error {
	if n < 0 || n > b.left {
		return formatErr("it needs more memory than a file of %d bytes warrants: it repeats itself, or is hostile", b.file)
	}
	b.left -= n
	return nil
}

// An input reads a part of a file from front to back. Its first error stays: all that is
// read after it is zero.
type input struct {
	r       io.ReaderAt
	name    string // of the part, for messages
	origin  int64  // byte of the file from which messages count
	at, end int64
	mem     *budget
	err     error

	buf     [4096]byte
	bufAt   int64 // of buf[0]
	bufSize int64
}

// newInput returns an input of the bytes [at, end) of r, which are there.
func newInput(r io.ReaderAt, name string, at, end int64, mem *budget) *input {
	return &input{r: r, name: name, origin: at, at: at, end: end, mem: mem, bufAt: at}
}

// fail sets the first error, at the current byte.
func (in *input) fail(format string, args ...any) {
	if in.err == nil {
		in.err = formatErr("%s, byte %d: %s", in.name, in.at-in.origin, fmt.Sprintf(format, args...))
	}
}

// take takes n bytes of the budget and reports whether it had them.
func (in *input) take(n int64) bool {
	if in.err == nil {
		if err := in.mem.take(n); err != nil {
			in.fail("%v", err)
		}
	}
	return in.err == nil
}

// readAt fills b with bytes of r, whose size says that they are there.
func readAt(r io.ReaderAt, b []byte, at int64, name string) error {
	n, err := r.ReadAt(b, at)
	switch {
	case n == len(b):
		return nil
	case err == io.EOF:
		return apierror.Mark(fmt.Errorf("%s: the file ends early, at byte %d", name, at+int64(n)), ErrFormat, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// fill loads the buffer at the current byte. It reports false at the end.
func (in *input) fill() bool {
	if in.err == nil && in.at >= in.end {
		in.fail("it ends early")
	}
	if in.err != nil {
		return false
	}
	if in.at < in.bufAt || in.at >= in.bufAt+in.bufSize {
		in.bufAt, in.bufSize = in.at, min(in.end-in.at, int64(len(in.buf)))
		if err := readAt(in.r, in.buf[:in.bufSize], in.at, in.name); err != nil {
			in.err = err
		}
	}
	return in.err == nil
}

// byte reads one byte.
func (in *input) byte() byte {
	if !in.fill() {
		return 0
	}
	b := in.buf[in.at-in.bufAt]
	in.at++
	return b
}

// uint reads n bytes, at most 8, little-endian.
func (in *input) uint(n int) (v uint64) {
	for i := range n {
		v |= uint64(in.byte()) << (8 * i)
	}
	return v
}

// room reports whether n bytes are left to read, fit into an int and have been taken of
// the budget.
func (in *input) room(n uint64) bool {
	if in.err == nil && n > uint64(in.end-in.at) {
		in.fail("a length of %d bytes, but %d are left", n, in.end-in.at)
	}
	if in.err == nil && n > math.MaxInt {
		in.fail("a length of %d bytes does not fit into this machine's memory", n)
	}
	return in.take(int64(n))
}

// next returns up to n of the bytes that follow, at least one, and is past them. They stay
// until the next call. At the end of the input it returns none.
func (in *input) next(n int) []byte {
	if !in.fill() {
		return nil
	}
	b := in.buf[in.at-in.bufAt : in.bufSize]
	b = b[:min(n, len(b))]
	in.at += int64(len(b))
	return b
}

// bytes reads n bytes into memory of their own.
func (in *input) bytes(n uint64) []byte {
	if !in.room(n) {
		return nil
	}
	b := make([]byte, 0, n)
	for len(b) < cap(b) && in.err == nil {
		b = append(b, in.next(cap(b)-len(b))...)
	}
	return b
}

// string reads n bytes as a string.
func (in *input) string(n uint64) string {
	if !in.room(n) {
		return ""
	}
	var b strings.Builder
	b.Grow(int(n))
	for b.Len() < int(n) && in.err == nil {
		b.Write(in.next(int(n) - b.Len()))
	}
	return b.String()
}

// line reads a line of at most 255 bytes and leaves out its line feed.
func (in *input) line() string {
	var b [256]byte
	for i := range b {
		if b[i] = in.byte(); in.err != nil {
			return ""
		}
		if b[i] == '\n' {
			in.take(int64(i))
			return strings.TrimSuffix(string(b[:i]), "\r")
		}
	}
	in.fail("a line of more than %d bytes", len(b)-1)
	return ""
}

// skip leaves out n bytes.
func (in *input) skip(n uint64) {
	if in.err == nil && n > uint64(in.end-in.at) {
		in.fail("a length of %d bytes, but %d are left", n, in.end-in.at)
	}
	if in.err == nil {
		in.at += int64(n)
	}
}
