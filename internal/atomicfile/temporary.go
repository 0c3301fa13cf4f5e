package atomicfile

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A temporary is a file that becomes a target when it is complete. While the process lives it is
// locked, where there are locks, so that removeStale of another process leaves
// it alone.
type temporary struct {
	*os.File
	guard *os.File // holds the lock beyond Close; nil where there are no locks
}

// nameFor returns the beginning of the names of what stands beside target for a
// while. All have a fixed length, for the target's may be as long as is allowed.
func nameFor(target string) string {
	sum := sha256.Sum256([]byte(filepath.Base(target)))
	return fmt.Sprintf(".autoreg-%x", sum[:8])
}

const temporarySuffix = ".tmp"

// createTemp creates a file for target that did not exist. os.CreateTemp would
// give mode 0600 and no way to learn the umask; here the umask applies as to any
// file.
func createTemp(target string, mode fs.FileMode) (*temporary, error) {
	for try := 0; ; try++ {
		name := fmt.Sprintf("%s-%016x%s", nameFor(target), rand.Uint64(), temporarySuffix)
		name = filepath.Join(filepath.Dir(target), name)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			if try < 100 && errors.Is(err, fs.ErrExist) {
				continue
			}
			return nil, err
		}
		t := &temporary{File: f}
		if t.lock() || try == 100 {
			return t, nil
		}
		f.Close() // another process took it for stale before it was locked
	}
}

// lock reports whether the file is locked and there, or cannot be locked.
func (t *temporary) lock() bool {
	if !haveLocks {
		return true
	}
	// A lock ends with its descriptor: t.File is closed before it is renamed.
	guard, err := os.OpenFile(t.Name(), os.O_WRONLY, 0)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	switch tryLock(guard) {
	case busy:
		guard.Close()
		return false
	case unsupported:
		guard.Close()
		return true
	}
	if !stillAt(guard, t.Name()) {
		guard.Close()
		return false
	}
	t.guard = guard
	return true
}

// unlock ends the lock.
func (t *temporary) unlock() {
	if t.guard != nil {
		t.guard.Close()
		t.guard = nil
	}
}

// remove removes the file, which is closed.
func (t *temporary) remove() error {
	defer t.unlock()
	return os.Remove(t.Name())
}

// removeStale removes the temporary files that processes killed midway have left
// for target. Where that is not possible they stay: they do no harm.
func removeStale(target string) {
	dir, err := os.Open(filepath.Dir(target))
	if err != nil {
		return
	}
	defer dir.Close()
	prefix := nameFor(target) + "-"
	for {
		names, err := dir.Readdirnames(1000)
		for _, name := range names {
			if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, temporarySuffix) {
				removeIfStale(filepath.Join(filepath.Dir(target), name))
			}
		}
		if err != nil {
			return
		}
	}
}

// staleAge is the time without a write after which a temporary file counts as
// stale where there are no locks.
const staleAge = time.Hour

// removeIfStale removes a temporary file unless a process is writing it.
func removeIfStale(name string) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	old := time.Since(info.ModTime()) > staleAge
	if haveLocks {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return // another user's, say
		}
		defer f.Close()
		switch tryLock(f) {
		case busy:
			return
		case locked:
			old = true
		}
	}
	if old {
		_ = os.Remove(name)
	}
}

// stillAt reports whether path leads to the open file f.
func stillAt(f *os.File, path string) bool {
	a, err := f.Stat()
	b, err2 := os.Lstat(path)
	return err == nil && err2 == nil && os.SameFile(a, b)
}
