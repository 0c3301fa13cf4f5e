package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// Windows removes no file that is open. That makes a lock of any open file, but not of
// a temporary one, which is closed before it is renamed.
const haveLocks = false

func tryLock(*os.File) int { return unsupported }

// lockFile creates the file at path and keeps it open. One that a killed process has
// left can be removed.
func lockFile(path string) (unlock func(), owner string, err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		if f, err := os.Open(path); err == nil {
			owner = ownerOf(f)
			f.Close()
		}
		return nil, owner, ErrInUse
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, "", ErrInUse
	}
	if err != nil {
		return nil, "", err
	}
	signLock(f)
	return func() {
		f.Close()
		_ = os.Remove(path)
	}, "", nil
}
