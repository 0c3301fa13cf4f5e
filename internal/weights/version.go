package weights

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
)

// ErrReplaced is wrapped by the error for a file that holds something else than
// when it was written or looked at last.
var ErrReplaced = errors.New("weights: the file holds something else than before")

// A Version says what a path holds: two that are equal stand for the same
// content. The zero Version stands for no file. Of a model file only size and
// header are compared, which has a checksum of the rest; of another file the
// size and its beginning.
type Version struct {
	exists bool
	sum    [sha256.Size]byte
}

// Exists reports whether there is a file.
func (v Version) Exists() bool { return v.exists }

// VersionOf returns the version of what path holds. It reads MaxHeader bytes at
// most. What is not a regular file is an error.
func VersionOf(path string) (Version, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Version{}, nil
	case err != nil:
		return Version{}, err
	case !info.Mode().IsRegular():
		return Version{}, fmt.Errorf("weights: %s is not a regular file", path)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, err
	}
	defer f.Close()
	return versionOf(f)
}

// ReadVersioned is Read of the file at path, whose own size is the limit, and
// its version. What is not a regular file is an error. Errors of opening do not
// name path.
func ReadVersioned(path string) (*File, Version, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, Version{}, bare(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, Version{}, bare(err)
	}
	if !info.Mode().IsRegular() {
		return nil, Version{}, errors.New("it is not a file")
	}
	v, err := versionOf(in)
	if err != nil {
		return nil, v, err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return nil, v, bare(err)
	}
	f, err := Read(in, info.Size())
	return f, v, err
}

// versionOf reads the version of an open file.
func versionOf(f *os.File) (Version, error) {
	v := Version{exists: true}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return v, err
	}
	h := sha256.New()
	_ = binary.Write(h, binary.LittleEndian, size) // a hash takes everything
	var prefix [8]byte
	n, err := io.ReadFull(f, prefix[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return v, err
	}
	h.Write(prefix[:n])
	header := binary.LittleEndian.Uint64(prefix[:])
	if _, err := io.CopyN(h, f, int64(min(header, MaxHeader))); err != nil && !errors.Is(err, io.EOF) {
		return v, err
	}
	h.Sum(v.sum[:0])
	return v, nil
}

// check returns an error that wraps ErrReplaced if target holds something else
// than was.
func check(target string, was *Version) error {
	if was == nil {
		return nil
	}
	now, err := VersionOf(target)
	if err != nil {
		return bare(err)
	}
	if now.exists && now != *was {
		return ErrReplaced
	}
	return nil
}

// FreeName returns the first of path.1, path.2 and so on that is not there.
func FreeName(path string) string {
	for i := 1; ; i++ {
		name := fmt.Sprintf("%s.%d", path, i)
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) || i == 1000 {
			return name
		}
	}
}

// ReadMetadata reads the metadata of the model file at path and nothing behind its
// header, whatever the size of the file.
func ReadMetadata(path string) (map[string]string, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("weights: %s is not a file", path)
	}
	s, err := newSource(in)
	if err != nil {
		return nil, err
	}
	b, err := s.readHeader(math.MaxInt64)
	if err != nil {
		return nil, err
	}
	meta, _, err := parseHeader(b)
	return meta, err
}
