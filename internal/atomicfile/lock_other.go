//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package atomicfile

import (
	"errors"
	"os"
)

const haveLocks = false

func tryLock(*os.File) int { return unsupported }

func lockFile(string) (unlock func(), owner string, err error) {
	return nil, "", errors.ErrUnsupported
}
