package corpus

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/autoreg/autoreg/internal/input"
)

// unpack returns the text of r as UTF-8 after any byte order mark, and how many bytes
// that mark took.
func (r *reader) unpack(f io.Reader) (in *bufio.Reader, at int64, err error) {
	raw := bufio.NewReaderSize(f, input.PeekSize)
	limited := &input.Limited{R: raw, Left: &r.left, Over: optionErrorf("the unpacked data is larger than the limit of %s, all files together: raise %s", input.Size(r.o.MaxBytes), option("MaxBytes"))}
	if input.IsGzip(raw) {
		if limited.R, err = input.Gunzip(raw); err != nil {
			return nil, 0, err
		}
	}
	in = bufio.NewReaderSize(limited, input.PeekSize)
	if input.IsGzip(in) {
		return nil, 0, errors.New("this is gzip within gzip: unpack it once, with gzip -d")
	}
	head, _ := in.Peek(input.PeekSize) // an error comes again when it is read
	r.file.Encoding = "UTF-8"
	if e := wideEncoding(head); e != nil {
		if r.o.Raw {
			return nil, 0, fmt.Errorf("this is text in %s: to read it byte by byte convert it to UTF-8, with iconv for example", e.name)
		}
		r.file.Encoding = e.name
		return bufio.NewReaderSize(&wideReader{in: in, encoding: *e}, input.PeekSize), 0, nil
	}
	if r.o.Raw && r.o.Format == FormatText {
		return in, 0, nil
	}
	for bytes.HasPrefix(head, mark) {
		if at > 0 {
			r.file.Marks++
		}
		n, err := in.Discard(len(mark))
		if err != nil {
			return nil, 0, err
		}
		at += int64(n)
		head = head[n:]
	}
	return in, at, nil
}
