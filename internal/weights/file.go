package weights

import (
	"errors"
	"math"
	"os"
)

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
		return nil, errors.New("it is not a file")
	}
	s, err := newSource(in)
	if err != nil {
		return nil, err
	}
	b, err := s.readHeader(math.MaxInt64)
	if err != nil {
		return nil, err
	}
	meta, _, err := parseHeader(b, false)
	return meta, err
}
