package corpus

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/input"
)

// readText reads plain text, which begins at byte at of the unpacked data: a line is
// a document, or a paragraph is.
func (r *reader) readText(in *bufio.Reader, at int64, paragraphs bool) error {
	in = bufio.NewReaderSize(lineEnds{in}, input.PeekSize)
	var (
		before = r.docs.n
		doc    []byte // the paragraph so far
		text   []byte // scratch: the document made valid
	)
	flush := func(b []byte) error {
		if len(b) == 0 {
			return nil
		}
		if r.labels != nil {
			return r.labelledLine(b)
		}
		text = r.appendPart(text[:0], b)
		return r.docs.add(text)
	}
	for n := 1; ; n++ {
		room := r.docs.room(r.o.MaxDocBytes)
		line, size, err := readLine(in, room)
		tooLarge := func() error { return r.tooLarge(fmt.Sprintf("the document at line %d", n), room) }
		if err == errLongLine {
			return tooLarge()
		}
		if err != nil && err != io.EOF {
			return err
		}
		end := err == io.EOF
		if i := bytes.IndexByte(line, 0); i >= 0 && !r.anyBytes() {
			return nulError(n, at+int64(i))
		}
		if !r.o.Raw {
			line = r.dropMarks(line)
		}
		blank := isBlank(line)
		err = nil
		switch {
		case !paragraphs && !blank:
			err = flush(line)
		case paragraphs && blank:
			err = flush(doc)
			doc = doc[:0]
		case paragraphs:
			if len(doc) > 0 {
				doc = append(doc, '\n')
			}
			if len(line) > room-len(doc) {
				return tooLarge()
			}
			doc = append(doc, line...)
		}
		at += size
		if err == nil && end {
			err = flush(doc)
		}
		if err != nil {
			return apierror.Errorf("line %d: %w", n, err)
		}
		if !end {
			continue
		}
		if r.docs.n == before && r.file.Skipped > 0 {
			return emptyErrorf("nothing to learn from: of %d lines %d have no text and %d no label", r.file.Skipped, r.file.NoText, r.file.NoLabel)
		}
		if r.docs.n == before {
			return emptyErrorf("there is no text in it: %d bytes, none but blanks", at)
		}
		return nil
	}
}

// anyBytes reports whether documents may hold any bytes. Labels may not, nor may the lines
// that hold one.
func (r *reader) anyBytes() bool { return r.o.Raw && r.labels == nil }

// isBlank reports whether s holds only ASCII blanks.
func isBlank(s []byte) bool { return len(bytes.Trim(s, " \t\n\v\f\r")) == 0 }

func nulError(line int, at int64) error {
	return fmt.Errorf("line %d, byte %d: a NUL byte: this is no text file", line, at)
}
