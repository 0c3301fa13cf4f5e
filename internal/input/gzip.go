package input

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// IsGzip reports whether the data to be read next are gzip.
func IsGzip(in *bufio.Reader) bool {
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

// Gunzip returns the unpacked bytes of a gzip file. An end of in within its data is an
// error other than io.EOF and io.ErrUnexpectedEOF.
func Gunzip(in *bufio.Reader) (io.Reader, error) {
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
	if !IsGzip(g.in) {
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
