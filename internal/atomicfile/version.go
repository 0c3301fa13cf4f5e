package atomicfile

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
)

// ErrReplaced is wrapped by the error for a file that holds something else than
// when it was written or looked at last.
var ErrReplaced = errors.New("the file holds something else than before")

// A Version says what a path holds. Two that are equal stand for files of equal size
// that begin with the same 17 MiB: for the same content, then, if a longer file has a
// checksum of the rest there, as model files have in their header. The zero Version
// stands for no file.
type Version struct {
	exists bool
	size   int64
	sum    [sha256.Size]byte // of the beginning
}

// versionBytes is how much of a file counts, beside its size.
const versionBytes = 17 << 20

// Exists reports whether there is a file.
func (v Version) Exists() bool { return v.exists }

// VersionOf returns the version of what path holds. What is not a regular file is an
// error.
func VersionOf(path string) (Version, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Version{}, nil
	case err != nil:
		return Version{}, err
	case !info.Mode().IsRegular():
		return Version{}, fmt.Errorf("%s is not a regular file", path)
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

// Open opens the file at path, to be read from its start, and returns its version. What
// is not a regular file is an error. Errors do not name path.
func Open(path string) (*os.File, Version, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, Version{}, bare(err)
	}
	v, err := versionOf(f)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, Version{}, bare(err)
	}
	return f, v, nil
}

// versionOf reads the version of a file that has just been opened.
func versionOf(f *os.File) (Version, error) {
	info, err := f.Stat()
	if err != nil {
		return Version{}, err
	}
	if !info.Mode().IsRegular() {
		return Version{}, errors.New("it is not a file")
	}
	h := newHash()
	if _, err := io.Copy(h, io.LimitReader(f, versionBytes)); err != nil {
		return Version{}, err
	}
	h.size = info.Size()
	return h.version(), nil
}

// A versionHash is the version of what is written to it.
type versionHash struct {
	sum  hash.Hash
	size int64
}

func newHash() *versionHash { return &versionHash{sum: sha256.New()} }

// Write always succeeds.
func (h *versionHash) Write(b []byte) (int, error) {
	if left := versionBytes - h.size; left > 0 {
		h.sum.Write(b[:min(int64(len(b)), left)])
	}
	h.size += int64(len(b))
	return len(b), nil
}

func (h *versionHash) version() Version {
	v := Version{exists: true, size: h.size}
	h.sum.Sum(v.sum[:0])
	return v
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
