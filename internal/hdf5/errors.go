package hdf5

import (
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/internal/apierror"
)

var (
	// ErrFormat is wrapped by errors that say that a file breaks the rules of HDF5, or
	// takes more memory than this package gives it.
	ErrFormat = errors.New("bad HDF5 file")

	// ErrUnsupported is wrapped by errors about what HDF5 has and this package does not
	// read. The other objects of the file can be read.
	ErrUnsupported = errors.New("unsupported part of HDF5")
)

func formatErr(format string, args ...any) error {
	return apierror.Mark(fmt.Errorf(format, args...), ErrFormat)
}

func unsupported(format string, args ...any) error {
	return apierror.Mark(fmt.Errorf(format, args...), ErrUnsupported)
}

// quote quotes a name from a file for a message, cut to a length fit to print.
func quote(name string) string {
	const most = 80
	if len(name) > most {
		return fmt.Sprintf("%q…", name[:most])
	}
	return fmt.Sprintf("%q", name)
}

func readErr(what string, addr uint64, err error) error {
	return fmt.Errorf("%s, byte %d: %w", what, addr, err)
}

// wrap says which object err is about.
func wrap(kind, path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", kind, pathText(path), err)
}
