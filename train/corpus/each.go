package corpus

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"iter"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/input"
)

// A Line is a line of a text file.
type Line struct {
	Number int    // from 1, in the file
	Text   string // without its end; valid UTF-8 unless Options.Raw is set
}

// Lines yields the lines of one file, blank ones left out, as [Read] reads FormatLines,
// but one by one: memory does not grow with the file. It is for logs, so a NUL byte behind
// the first 64 KiB is no error, and with Raw none is. The options Format and MaxMemory do not matter. nil options
// mean the zero value.
//
// An error is yielded last, after the lines before it. A file without a line is no error.
func Lines(path string, o *Options) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		if err := eachLine(path, o, func(l Line) bool { return yield(l, nil) }); err != nil {
			yield(Line{}, wrap(err))
		}
	}
}

// eachLine calls f with each line until it returns false.
func eachLine(path string, o *Options, f func(Line) bool) error {
	var own Options
	if o != nil {
		own = *o
	}
	own.Format = FormatLines
	r, err := newReader(&own, FormatLines)
	if err != nil {
		return err
	}
	file, err := r.o.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := r.eachLine(file, path, f); err != nil {
		return apierror.In(input.Name(path), err)
	}
	return nil
}

func (r *reader) eachLine(file fs.File, path string, f func(Line) bool) error {
	if info, err := file.Stat(); err == nil {
		if info.IsDir() {
			return errors.New("this is a folder: name its files")
		}
		if err := input.CheckKind(info.Mode(), path); err != nil {
			return err
		}
	}
	r.file = &File{Path: path}
	in, at, err := r.unpack(file)
	if err != nil {
		return err
	}
	head, err := in.Peek(input.PeekSize)
	if err != nil && err != io.EOF {
		return err
	}
	if r.o.Raw {
		err = checkSignature(head)
	} else {
		err = checkBinary(head, at)
	}
	if err != nil {
		return err
	}
	in = bufio.NewReaderSize(lineEnds{in}, input.PeekSize)
	var text []byte
	for n := 1; ; n++ {
		line, _, err := readLine(in, r.o.MaxDocBytes)
		switch {
		case err == errLongLine:
			return optionErrorf("line %d is longer than the limit of %s: raise %s", n, input.Size(int64(r.o.MaxDocBytes)), option("MaxDocBytes"))
		case err != nil && err != io.EOF:
			return apierror.Errorf("line %d: %w", n, err)
		}
		if !r.o.Raw {
			line = r.dropMarks(line)
		}
		if !isBlank(line) {
			text = r.appendPart(text[:0], line)
			if !f(Line{n, string(text)}) {
				return nil
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}
