package convert

import (
	"io"

	"github.com/autoreg/autoreg/internal/apierror"
)

// read reads the network that a file holds.
func read(r io.ReaderAt, size int64, o *ImportOptions) (*network, error) {
	form, err := formOf(r, size)
	if err != nil {
		return nil, err
	}
	switch form {
	case formHDF5:
		return readKerasHDF5(r, size, o.Like)
	case formKeras:
		z, err := openZip(r, size)
		if err != nil {
			return nil, err
		}
		return readKerasZip(z, r, size)
	case formTorch:
		return readTorch(r, size, o.Steps)
	case formSafetensors:
		return readSafetensors(r, size, o.Steps)
	case formONNX:
		return readONNX(r, size)
	}
	list, err := jsonMembers(r, size)
	switch {
	case err != nil:
		return nil, err
	case find(list, "architecture") != nil:
		return readNAM(list)
	case find(list, "in_shape") != nil:
		return readRTNeural(list)
	}
	return readRTNeuralTorch(list, o.Steps)
}

// maxJSON is the largest JSON file that is read.
const maxJSON = 1 << 28

// jsonMembers reads the members of the object that a JSON file is.
func jsonMembers(r io.ReaderAt, size int64) ([]member, error) {
	if size > maxJSON {
		return nil, apierror.Errorf("a JSON file of %d bytes: want at most %d", size, maxJSON)
	}
	text := make([]byte, size)
	if _, err := r.ReadAt(text, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return parseMembers(text)
}
