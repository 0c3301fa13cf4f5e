// Package input is what the readers of texts and of images share: it opens what a
// path names, unpacks gzip, and limits what is read.
package input

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Stdin is the path of standard input.
const Stdin = "-"

// PeekSize is how many bytes of an input may be looked at before they are read.
const PeekSize = 64 << 10

// Name is what messages call a path.
func Name(path string) string {
	if path == Stdin {
		return "standard input"
	}
	return path
}

// Open opens a path of the machine's file system, or standard input for Stdin, which
// Close then leaves open. It refuses what CheckKind refuses.
func Open(path string) (fs.File, error) {
	if path == Stdin {
		return stdinFile{os.Stdin}, nil
	}
	// Looked at first: opening a device may do something, and a socket cannot be opened.
	if info, err := os.Stat(path); err == nil {
		if err := CheckKind(info.Mode(), path); err != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
	return os.Open(path)
}

// A stdinFile is standard input, which stays open.
type stdinFile struct{ *os.File }

func (stdinFile) Close() error { return nil }

// CheckKind refuses what has no end or cannot be read. What standard input is was
// chosen by the caller, be it a terminal.
func CheckKind(mode fs.FileMode, path string) error {
	standard := path == Stdin || path == "/dev/stdin" ||
		strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/self/fd/")
	switch {
	case mode&fs.ModeSocket != 0:
		return errors.New("this is a socket: name a file")
	case mode&(fs.ModeDevice|fs.ModeCharDevice) != 0 && !standard:
		return errors.New("this is a device: name a file, or - for standard input")
	}
	return nil
}

// Size writes a count of bytes for a message; below 1 MiB exactly.
func Size(n int64) string {
	const kib, mib, gib = 1 << 10, 1 << 20, 1 << 30
	switch {
	case n >= gib && n%gib == 0:
		return fmt.Sprintf("%d GiB", n/gib)
	case n >= 10*gib:
		return fmt.Sprintf("%.0f GiB", float64(n)/gib)
	case n >= 10*mib || n >= mib && n%mib == 0:
		return fmt.Sprintf("%.0f MiB", float64(n)/mib)
	case n >= mib:
		return fmt.Sprintf("%.1f MiB", float64(n)/mib)
	case n >= kib && n%kib == 0:
		return fmt.Sprintf("%d KiB", n/kib)
	}
	return fmt.Sprintf("%d bytes", n)
}
