//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

const haveLocks = true

// tryLock locks f until it is closed.
func tryLock(f *os.File) int {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return locked
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return busy
		default:
			return unsupported
		}
	}
}

// lockFile creates the file at path, if need be, and locks it.
func lockFile(path string) (unlock func(), owner string, err error) {
	for range 100 {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o666)
		if errors.Is(err, fs.ErrPermission) {
			f, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0) // another user's
		}
		if err != nil {
			return nil, "", err
		}
		switch tryLock(f) {
		case busy:
			owner = ownerOf(f)
			f.Close()
			return nil, owner, ErrInUse
		case unsupported:
			_ = os.Remove(path)
			f.Close()
			return nil, "", errors.ErrUnsupported
		}
		if stillAt(f, path) {
			signLock(f)
			return func() {
				_ = os.Remove(path) // while it is locked: else it might be the next one's
				f.Close()
			}, "", nil
		}
		f.Close() // the lock ended, and its file with it, since it was opened
	}
	return nil, "", ErrInUse
}
