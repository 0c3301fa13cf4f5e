package train

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// readText reads plain text, which begins at byte at of the unpacked data: a line is
// a document, or a paragraph is.
func (c *Corpus) readText(in *bufio.Reader, at int64, maxDoc int, paragraphs bool) error {
	var (
		doc  []byte // the paragraph so far
		text []byte // scratch: the document made valid
	)
	flush := func(b []byte) {
		if len(b) > 0 {
			text = c.appendValid(text[:0], b)
			c.Docs = append(c.Docs, string(text))
		}
	}
	for n := 1; ; n++ {
		line, size, err := readLine(in, maxDoc)
		tooLarge := func() error {
			return fmt.Errorf("the document at line %d is larger than the limit of %d bytes", n, maxDoc)
		}
		if err == errLongLine {
			return tooLarge()
		}
		if err != nil && err != io.EOF {
			return err
		}
		if i := bytes.IndexByte(line, 0); i >= 0 {
			return fmt.Errorf("line %d, byte %d: a NUL byte: this is no text file", n, at+int64(i))
		}
		blank := len(bytes.Trim(line, " \t\n\v\f\r")) == 0
		switch {
		case !paragraphs && !blank:
			flush(line)
		case paragraphs && blank:
			flush(doc)
			doc = doc[:0]
		case paragraphs:
			if len(doc) > 0 {
				doc = append(doc, '\n')
			}
			if len(line) > maxDoc-len(doc) {
				return tooLarge()
			}
			doc = append(doc, line...)
		}
		at += size
		if err == io.EOF {
			flush(doc)
			if len(c.Docs) == 0 {
				return fmt.Errorf("there is no text in it: %d bytes, none but blanks", at)
			}
			return nil
		}
	}
}

var errLongLine = errors.New("line too long")

// readLine returns the next line without its end, the number of bytes that it took
// with it, and io.EOF with the last line (which is empty where the data ends in
// LF). More than max bytes give errLongLine. The result is valid until the next read.
func readLine(in *bufio.Reader, max int) (line []byte, size int64, err error) {
	line, err = in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		line = bytes.Clone(line) // the next read overwrites what ReadSlice returned
		for err == bufio.ErrBufferFull && len(line) <= max {
			var part []byte
			part, err = in.ReadSlice('\n')
			line = append(line, part...)
		}
	}
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return nil, 0, err
	}
	size = int64(len(line))
	line = bytes.TrimSuffix(line, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) > max {
		return nil, 0, errLongLine
	}
	return line, size, err
}
