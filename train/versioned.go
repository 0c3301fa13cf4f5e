package train

import (
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/weights"
)

// readVersioned reads the model file at path, whose own size is the limit, and its
// version, which no write in between can make that of another file. What is not a
// regular file is an error. Errors of opening do not name path.
func readVersioned(path string) (*weights.File, atomicfile.Version, error) {
	in, v, err := atomicfile.Open(path)
	if err != nil {
		return nil, v, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, v, err
	}
	f, err := weights.Read(in, info.Size())
	return f, v, err
}
