package corpus

import (
	"bufio"
	"bytes"
	"io"
	"slices"

	"github.com/autoreg/autoreg/internal/input"
)

// readWhole reads a text that is one document, to the letter.
func (r *reader) readWhole(in *bufio.Reader, at int64) error {
	room := r.docs.room(r.o.MaxDocBytes)
	var doc []byte
	for {
		doc = slices.Grow(doc, input.PeekSize)
		n, err := in.Read(doc[len(doc):cap(doc)])
		doc = doc[:len(doc)+n]
		if len(doc) > room {
			return r.tooLarge("the text", room)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if i := bytes.IndexByte(doc, 0); i >= 0 && !r.anyBytes() {
		return nulError(1+bytes.Count(doc[:i], []byte("\n")), at+int64(i))
	}
	size := at + int64(len(doc))
	if !r.o.Raw {
		doc = r.appendValid(nil, r.unixLines(doc))
	}
	if isBlank(doc) {
		return emptyErrorf("there is no text in it: %d bytes, none but blanks", size)
	}
	return r.docs.add(doc)
}

// unixLines makes each CR LF, and CR CR LF, of s an LF, in place, and counts them.
func (r *reader) unixLines(s []byte) []byte {
	if bytes.IndexByte(s, '\r') < 0 {
		return s
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\r' {
			end := i + 1
			if bytes.HasPrefix(s[end:], []byte("\r\n")) {
				end++
			}
			if end < len(s) && s[end] == '\n' {
				r.file.LineEnds++
				i = end
			}
		}
		s[n] = s[i]
		n++
	}
	return s[:n]
}
