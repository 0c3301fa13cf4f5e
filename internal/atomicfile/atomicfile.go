package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/autoreg/autoreg/internal/apierror"
)

// Write makes path hold exactly the bytes that wt writes. They go to a temporary
// file in the same directory, which is synced and then renamed to path: at every
// moment, through a full disk or a power cut, path holds either the old content or all
// of the new. On an error, or if wt panics, path is as before and the temporary file is
// removed. The error names path and wraps the cause.
//
// A new file gets mode 0644 less the umask, an existing one keeps its
// permissions. A symbolic link is followed and stays; one that leads nowhere is
// replaced. An existing path that is not a regular file or that is marked
// read-only is refused. A process killed midway may leave a file called
// .autoreg-….tmp; the next Write or Lock of the same path removes it.
func Write(path string, wt io.WriterTo) error {
	_, err := Replace(path, wt, nil)
	return err
}

// Replace is Write, unless path holds something else than was: then it
// changes nothing, and the error wraps ErrReplaced. A nil was stands for
// whatever there is. A file that is gone can be written again. Replace returns
// the version that path has now.
func Replace(path string, wt io.WriterTo, was *Version) (now Version, err error) {
	defer func() {
		if err != nil {
			err = apierror.Errorf("saving %s: %w", path, err)
		}
	}()
	target, mode, exists, err := resolve(path)
	if err != nil {
		return now, err
	}
	if err := check(target, was); err != nil {
		return now, err
	}
	removeStale(target)
	f, err := createTemp(target, mode)
	if err != nil {
		return now, fmt.Errorf("cannot create a temporary file beside it: %w", bare(err))
	}
	done := false
	defer func() {
		if done {
			return
		}
		f.Close() // perhaps again; Windows removes no open file
		if rmErr := f.remove(); rmErr != nil {
			err = errors.Join(err, rmErr)
		}
	}()

	w := writer{f: f.File, hash: newHash()}
	if _, err := wt.WriteTo(&w); err != nil {
		return now, err
	}
	if exists {
		// The umask may have narrowed the mode. Where this fails there are no
		// modes to keep, or the narrower one is the safe side.
		_ = f.Chmod(mode)
	}
	if err := f.Sync(); err != nil {
		return now, fmt.Errorf("cannot sync: %w", bare(err))
	}
	if err := f.Close(); err != nil {
		return now, fmt.Errorf("cannot close: %w", bare(err))
	}
	if err := check(target, was); err != nil { // again: writing takes its time
		return now, err
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return now, fmt.Errorf("cannot rename the temporary file: %w", bare(err))
	}
	done = true
	f.unlock()
	syncDir(filepath.Dir(target))
	return w.hash.version(), nil
}

// Check returns an error if Write would refuse path before it writes
// anything: for what stands there, or because no file can be made beside it. It
// tries that out and leaves nothing behind. What it cannot know is how much room
// there will be. The error names path.
func Check(path string) error {
	err := checkPath(path)
	if err != nil {
		return apierror.Errorf("%s cannot be written: %w", path, err)
	}
	return nil
}

func checkPath(path string) error {
	target, mode, _, err := resolve(path)
	if err != nil {
		return err
	}
	f, err := createTemp(target, mode)
	if err != nil {
		return fmt.Errorf("cannot create a temporary file beside it: %w", bare(err))
	}
	return errors.Join(f.Close(), f.remove())
}

// resolve returns the file that path leads to and its permissions, or those of a
// new one. It refuses what Write does not replace.
func resolve(path string) (target string, mode fs.FileMode, exists bool, err error) {
	if path == "" {
		return "", 0, false, errors.New("the name is empty")
	}
	target = path
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		target = resolved
	}
	switch info, err := os.Stat(target); {
	case errors.Is(err, fs.ErrNotExist):
		return target, 0o644, false, nil
	case err != nil:
		return "", 0, false, bare(err)
	case info.IsDir():
		return "", 0, false, errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return "", 0, false, errors.New("it exists and is not a regular file")
	case info.Mode()&0o200 == 0:
		// A rename asks for no right to the file itself on unix, and fails on
		// Windows. The mark is meant for the content.
		return "", 0, false, fmt.Errorf("it is marked read-only: %w", fs.ErrPermission)
	default:
		return target, info.Mode().Perm(), true, nil
	}
}

// syncDir makes a rename within dir durable where that can be done. An error is
// no failure to save: the file is complete and in place, and should a power cut
// undo the rename then path is, in full, what it was.
func syncDir(dir string) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	_ = d.Sync()
	_ = d.Close()
}

// bare removes the name of the temporary file from an error of package os, because it
// does not help a user.
func bare(err error) error {
	if e, ok := err.(*fs.PathError); ok {
		return e.Err
	}
	if e, ok := err.(*os.LinkError); ok {
		return e.Err
	}
	return err
}

// A writer writes to a file, with bare errors, and hashes what it writes.
type writer struct {
	f    *os.File
	hash *versionHash
}

func (w *writer) Write(b []byte) (int, error) {
	n, err := w.f.Write(b)
	w.hash.Write(b[:n])
	return n, bare(err)
}
