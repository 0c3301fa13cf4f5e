package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// peekSize is the most bytes of an input that can be read in advance.
const peekSize = 64 << 10

// stdinName is the name of standard input where a file is wanted.
const stdinName = "-"

var errStdinTwice = errors.New("standard input can be read only once: give - once")

// An input is a file, a pipe or standard input that is open. Bytes that head returns are
// read again by Read, so that no input need be opened twice.
type input struct {
	file fs.File
	r    *bufio.Reader
}

func (in *input) Read(p []byte) (int, error) { return in.r.Read(p) }
func (in *input) Stat() (fs.FileInfo, error) { return in.file.Stat() }
func (in *input) Close() error               { return in.file.Close() }

// head returns the first n bytes of what is still to be read, unpacked if it is gzip
// data; fewer if there are not so many, or if they cannot be read: Read returns the error.
func (in *input) head(n int) []byte {
	raw, _ := in.r.Peek(2)
	if !bytes.HasPrefix(raw, []byte("\x1f\x8b")) {
		raw, _ = in.r.Peek(n)
		return raw
	}
	raw, _ = in.r.Peek(peekSize)
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	b := make([]byte, n)
	n, _ = io.ReadFull(z, b)
	return b[:n]
}

// open opens the file at path, or standard input if it is "-". A folder comes as an
// *os.File, everything else as an *input.
func (a *app) open(path string) (fs.File, error) {
	var file fs.File
	if path == stdinName {
		if a.stdinTaken {
			return nil, errStdinTwice
		}
		a.stdinTaken = true
		file = stdinFile{a.in}
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return f, nil
		}
		file = f
	}
	return &input{file, bufio.NewReaderSize(file, peekSize)}, nil
}

// A stdinFile is standard input as a file.
type stdinFile struct{ io.Reader }

func (f stdinFile) Stat() (fs.FileInfo, error) {
	if file, ok := f.Reader.(*os.File); ok {
		return file.Stat()
	}
	return pipeInfo{}, nil
}

func (stdinFile) Close() error { return nil }

// A pipeInfo describes a standard input that is no file of the system.
type pipeInfo struct{}

func (pipeInfo) Name() string       { return stdinName }
func (pipeInfo) Size() int64        { return 0 }
func (pipeInfo) Mode() fs.FileMode  { return fs.ModeNamedPipe | 0o400 }
func (pipeInfo) ModTime() time.Time { return time.Time{} }
func (pipeInfo) IsDir() bool        { return false }
func (pipeInfo) Sys() any           { return nil }

// opened returns the Open of a reader of data that is to read path from f, which is
// open already.
func (a *app) opened(path string, f fs.File) func(string) (fs.File, error) {
	return func(name string) (fs.File, error) {
		if name == path && f != nil {
			first := f
			f = nil
			return first, nil
		}
		return a.open(name)
	}
}

// A modelFile is the file of a model, open. It can be read from its start more than
// once: a file by going back, a pipe by keeping what it gave.
type modelFile struct {
	name string
	r    io.Reader
	kept []byte // read from r, unless r can seek
	io.Closer
}

// openModelFile opens the file of the model called name.
func (a *app) openModelFile(name string) (*modelFile, error) {
	if data := compiledIn(name); data != nil {
		return &modelFile{name: name, r: bytes.NewReader(data), Closer: io.NopCloser(nil)}, nil
	}
	f, err := a.open(name)
	if err != nil {
		return nil, err
	}
	in, ok := f.(*input)
	if !ok {
		f.Close()
		return nil, &fileError{name, errors.New("this is a directory: want a model file")}
	}
	m := &modelFile{name: name, r: in, Closer: in}
	if file, ok := in.file.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			m.r = file // nothing has been peeked at yet
		}
	}
	return m, nil
}

// start returns the file from its start. Readers of earlier calls must not be read any
// more.
func (m *modelFile) start() (io.Reader, error) {
	if s, ok := m.r.(io.Seeker); ok {
		_, err := s.Seek(0, io.SeekStart)
		return m.r, err
	}
	return &replay{m, 0}, nil
}

// head returns the first n bytes of the file, or fewer.
func (m *modelFile) head(n int) []byte {
	r, err := m.start()
	if err != nil {
		return nil
	}
	b := make([]byte, n)
	n, _ = io.ReadFull(r, b)
	return b[:n]
}

// A replay reads the bytes that a modelFile kept, then the rest.
type replay struct {
	m  *modelFile
	at int
}

func (r *replay) Read(p []byte) (n int, err error) {
	if r.at < len(r.m.kept) {
		n = copy(p, r.m.kept[r.at:])
	} else {
		n, err = r.m.r.Read(p)
		r.m.kept = append(r.m.kept, p[:n]...)
	}
	r.at += n
	return n, err
}
