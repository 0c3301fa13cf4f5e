package corpus

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// A lineEnds reads a text with each CR that ends a line as LF. A CR before LF, or
// before CR LF as some programs write it, is no end of its own. Bytes keep their
// places.
type lineEnds struct{ in *bufio.Reader }

func (l lineEnds) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	var ahead []byte // what follows p[:n], where it matters
	for i := 0; i < n; i++ {
		k := bytes.IndexByte(p[i:n], '\r')
		if k < 0 {
			break
		}
		i += k
		if i+2 >= n && err == nil && ahead == nil {
			ahead, err = l.in.Peek(2)
			if err == io.EOF || len(ahead) == 2 {
				err = nil // it comes again
			}
		}
		next := func(k int) byte {
			switch {
			case k < n:
				return p[k]
			case k-n < len(ahead):
				return ahead[k-n]
			}
			return 0
		}
		if next(i+1) != '\n' && (next(i+1) != '\r' || next(i+2) != '\n') {
			p[i] = '\n'
		}
	}
	return n, err
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
	if bytes.HasSuffix(line, []byte("\n")) {
		line = bytes.TrimRight(line[:len(line)-1], "\r")
	}
	if len(line) > max {
		return nil, 0, errLongLine
	}
	return line, size, err
}
