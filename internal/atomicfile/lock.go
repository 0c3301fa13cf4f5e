package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// ErrInUse is wrapped by the error of Lock for a path that is locked already.
var ErrInUse = errors.New("the file is in use")

// lockSuffix is the end of a lock's name, after nameFor.
const lockSuffix = ".lock"

// Results of tryLock.
const (
	locked = iota
	busy
	unsupported // by this system or file system
)

// Lock claims path for one writer, until unlock is called or the process ends,
// however it ends. Another Lock of the same path, by this process or another, is
// an error that wraps ErrInUse and names path. A lock hinders no other function:
// Write does not ask for one. Temporary files that killed processes have left
// for path are removed.
//
// The lock is a file .autoreg-….lock in the directory of path, which unlock
// removes. One that a killed process leaves is not locked any more and goes with
// the next unlock. Where there are no locks, or no file can be made, Lock does
// nothing: see Replace for what else protects a file.
func Lock(path string) (unlock func(), err error) {
	nothing := func() {}
	target := path
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		target = resolved
	}
	if info, err := os.Stat(target); err == nil && !info.Mode().IsRegular() {
		return nothing, nil // a device, or what Write refuses
	}
	removeStale(target)
	unlock, owner, err := lockFile(filepath.Join(filepath.Dir(target), nameFor(target)+lockSuffix))
	switch {
	case errors.Is(err, ErrInUse):
		if owner != "" {
			owner = " (process " + owner + ")"
		}
		return nil, apierror.Mark(fmt.Errorf("%s is in use by another run%s: wait for its end, or name another file", path, owner), ErrInUse)
	case err != nil:
		return nothing, nil
	}
	return unlock, nil
}

// signLock writes into a lock which process has it.
func signLock(f *os.File) {
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
}

// ownerOf returns which process has the lock f, or "".
func ownerOf(f io.ReaderAt) string {
	var b [20]byte
	n, _ := f.ReadAt(b[:], 0)
	text := strings.TrimSpace(string(b[:n]))
	if _, err := strconv.ParseUint(text, 10, 63); err != nil {
		return ""
	}
	return text
}
