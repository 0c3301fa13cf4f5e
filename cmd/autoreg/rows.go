package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// An eagerReader calls wait before it waits for r, and returns the error of a context that
// ends meanwhile.
type eagerReader struct {
	ctx  context.Context
	r    io.Reader
	wait func() error
	buf  [64 << 10]byte // of a read that may outlive its call
}

func (e *eagerReader) Read(p []byte) (int, error) {
	if err := e.wait(); err != nil {
		return 0, err
	}
	room := e.buf[:min(len(p), len(e.buf))]
	type read struct {
		n   int
		err error
	}
	r, err := await(e.ctx, func() (read, error) {
		n, err := e.r.Read(room)
		return read{n, err}, nil
	})
	if err != nil {
		return 0, err
	}
	return copy(p, room[:r.n]), r.err
}

// A rowReader reads lines of numbers separated by commas.
type rowReader struct {
	r      *bufio.Reader
	line   int    // number of the last line, from 1
	header func() // is called if the first line is one
	row    []float32
	text   []byte
	most   int // bytes of a line
}

// newRowReader reads rows of a number of columns.
func newRowReader(r io.Reader, columns int) *rowReader {
	// The longest float64 that printf writes has some hundred digits.
	return &rowReader{r: bufio.NewReaderSize(r, 64<<10), row: make([]float32, columns), most: 4096 + 512*columns}
}

// next returns the next row, which is valid until the call after it, or io.EOF. Errors name
// line and column.
func (r *rowReader) next() ([]float32, error) {
	blank := 0 // a line that is none, unless everything ends with it
	for {
		text, err := r.readLine()
		if err != nil {
			return nil, err
		}
		text = bytes.TrimSpace(text)
		if r.line == 1 {
			text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")))
		}
		if len(text) == 0 {
			if blank == 0 {
				blank = r.line
			}
			continue
		}
		if blank > 0 {
			return nil, fmt.Errorf("line %d is empty: want %s", blank, counted(len(r.row), "number"))
		}
		if r.line == 1 && isHeader(text) {
			r.header()
			continue
		}
		return r.row, r.parse(text)
	}
}

// readLine returns the next line, or io.EOF after the last.
func (r *rowReader) readLine() ([]byte, error) {
	r.text = r.text[:0]
	for {
		part, err := r.r.ReadSlice('\n')
		r.text = append(r.text, part...)
		switch {
		case err == io.EOF && len(r.text) > 0: // the last line has no end
			err = nil
		case errors.Is(err, bufio.ErrBufferFull):
			if len(r.text) <= r.most {
				continue
			}
			err = nil
		}
		if err != nil {
			return nil, err
		}
		r.line++
		if len(r.text) > r.most {
			return nil, fmt.Errorf("line %d has more than %d bytes: want %s", r.line, r.most, counted(len(r.row), "number"))
		}
		return r.text, nil
	}
}

// isHeader reports whether no field of a line is a number, and some are not empty.
func isHeader(text []byte) bool {
	if len(bytes.Trim(text, ", \t")) == 0 {
		return false
	}
	for field := range bytes.SplitSeq(text, []byte(",")) {
		if _, err := strconv.ParseFloat(string(bytes.TrimSpace(field)), 64); !errors.Is(err, strconv.ErrSyntax) {
			return false
		}
	}
	return true
}

// parse sets the row to the numbers of a line.
func (r *rowReader) parse(text []byte) error {
	if n := bytes.Count(text, []byte(",")) + 1; n != len(r.row) {
		return fmt.Errorf("line %d has %s: want %d", r.line, counted(n, "column"), len(r.row))
	}
	for i := range r.row {
		field, rest, _ := bytes.Cut(text, []byte(","))
		text = rest
		v, err := strconv.ParseFloat(string(bytes.TrimSpace(field)), 32)
		switch {
		case errors.Is(err, strconv.ErrRange):
			err = errors.New("is too large for a float32")
		case err != nil:
			err = errors.New("is not a number")
		case math.IsNaN(v) || math.IsInf(v, 0):
			err = errors.New("is not finite")
		}
		if err != nil {
			return fmt.Errorf("line %d, column %d: %.40q %w", r.line, i+1, bytes.TrimSpace(field), err)
		}
		r.row[i] = float32(v)
	}
	return nil
}

// writeRow writes the outputs for a line of inputs, in the shortest form that reads back
// exactly. It refuses what is not finite, as the reader does.
func writeRow(w *bufio.Writer, y []float32, line int) error {
	for i, v := range y {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("line %d: output %d is %v: the weights of the model or the inputs are too large", line, i+1, v)
		}
	}
	for i, v := range y {
		if i > 0 {
			w.WriteByte(',')
		}
		w.Write(strconv.AppendFloat(w.AvailableBuffer(), float64(v), 'g', -1, 32))
	}
	w.WriteByte('\n') // Flush has the error
	return nil
}
