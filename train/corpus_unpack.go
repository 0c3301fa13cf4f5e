package train

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// peekLen is how far ahead the readers of corpora and of images may look.
const peekLen = 64 << 10

// unpack returns the text of r as UTF-8 after any byte order mark, and how many bytes
// that mark took.
func (r *corpusReader) unpack(f io.Reader) (in *bufio.Reader, at int64, err error) {
	raw := bufio.NewReaderSize(f, peekLen)
	capped := &cappedReader{r: raw, left: &r.left, max: r.o.MaxBytes, advice: ", all files together: raise MaxBytes"}
	if startsGzip(raw) {
		if capped.r, err = newGunzip(raw); err != nil {
			return nil, 0, err
		}
	}
	in = bufio.NewReaderSize(capped, peekLen)
	if startsGzip(in) {
		return nil, 0, errors.New("this is gzip within gzip: unpack it once, with gzip -d")
	}
	head, _ := in.Peek(peekLen) // an error comes again when it is read
	r.file.Encoding = "UTF-8"
	if e := wideEncoding(head); e != nil {
		r.file.Encoding = e.name
		return bufio.NewReaderSize(&wideReader{in: in, encoding: *e}, peekLen), 0, nil
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

// A cappedReader passes on at most *left bytes of max, then fails.
type cappedReader struct {
	r      io.Reader
	left   *int64
	max    int64
	advice string // what to do, for the error
}

func (c *cappedReader) Read(p []byte) (int, error) {
	// One byte beyond the limit may be read, to tell a file of just that size.
	if *c.left >= 0 && int64(len(p)) > *c.left {
		p = p[:*c.left+1]
	}
	n, err := 0, error(nil)
	if *c.left >= 0 {
		n, err = c.r.Read(p)
		*c.left -= int64(n)
	}
	if *c.left < 0 {
		return max(n-1, 0), fmt.Errorf("the unpacked data is larger than the limit of %s%s", sizeText(c.max), c.advice)
	}
	return n, err
}

// startsGzip reports whether the data ahead are gzip.
func startsGzip(in *bufio.Reader) bool {
	magic, _ := in.Peek(2)
	return bytes.Equal(magic, []byte("\x1f\x8b"))
}

// A gunzip unpacks the members of a gzip file, one after the other. Zero bytes after a
// member are padding, as tapes and block devices have it.
type gunzip struct {
	in  *bufio.Reader
	z   *gzip.Reader
	n   int64 // bytes unpacked
	err error
}

// maxPadding is how much padding is read.
const maxPadding = 64 << 20

func newGunzip(in *bufio.Reader) (*gunzip, error) {
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, gzipError(err, 0)
	}
	z.Multistream(false)
	return &gunzip{in: in, z: z}, nil
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	for n == 0 && g.err == nil && len(p) > 0 {
		n, err = g.z.Read(p)
		g.n += int64(n)
		if err == io.EOF {
			err = g.next()
		} else if err != nil {
			err = gzipError(err, g.n)
		}
		g.err = err
	}
	if n > 0 {
		return n, nil
	}
	return 0, g.err
}

// next begins the next member. It returns io.EOF after the last.
func (g *gunzip) next() error {
	for range maxPadding {
		b, err := g.in.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			break
		}
	}
	if err := g.in.UnreadByte(); err != nil {
		return err
	}
	if !startsGzip(g.in) {
		return fmt.Errorf("something follows the gzip data, after %d unpacked bytes, which is neither gzip nor padding with zeros: take it away or fetch the file again", g.n)
	}
	if err := g.z.Reset(g.in); err != nil {
		return gzipError(err, g.n)
	}
	g.z.Multistream(false)
	return nil
}

// gzipError says what err means for the user; at is the count of unpacked bytes.
func gzipError(err error, at int64) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the gzip data is cut off: it ends in the middle, %d unpacked bytes in: fetch the file again", at)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("the gzip data is damaged, found out %d unpacked bytes in: fetch the file again: %w", at, err)
	}
	return err
}
