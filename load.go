package autoreg

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

// Errors of Load, Open and LoadFS, and of LoadPixel and its siblings, wrap one of
// these, unless reading itself failed. They say which tensor, metadata or byte is
// wrong.
var (
	ErrFormat   = weights.ErrFormat   // not a model file, damaged, or of another version
	ErrTooLarge = weights.ErrTooLarge // larger than LoadOptions allow or the machine can hold
	ErrKind     = model.ErrKind       // an ErrFormat: of images where one of text is wanted, or the other way round
)

// DefaultMaxBytes is what LoadOptions.MaxBytes means by 0: 1 GiB.
const DefaultMaxBytes = 1 << 30

// LoadOptions limit what Load accepts. The zero value, or a nil pointer, works.
type LoadOptions struct {
	MaxBytes int64 // refuse larger files; 0 means DefaultMaxBytes
}

// Load reads a model file, or a checkpoint of one, from r up to its end. nil
// options mean the zero value.
//
// The file is not trusted. Whatever it holds, the result is a model or an error,
// and memory stays proportional to the bytes that r delivers. Weights that are not
// finite are an error. Finite ones may be so large that the scores are not: drawing
// then ends with sampler.ErrNoSymbol.
func Load(r io.Reader, o *LoadOptions) (*Model, error) {
	m, err := load(r, o)
	if err != nil {
		return nil, &rootError{"", err}
	}
	return m, nil
}

// Open reads the model file at path, as Load does by default.
func Open(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &rootError{"", err} // names the path
	}
	return closing(f, path, load)
}

// LoadFS reads the model file called name in fsys, such as an embed.FS, as Load
// does by default.
func LoadFS(fsys fs.FS, name string) (*Model, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, &rootError{"", err} // names the file
	}
	return closing(f, name, load)
}

// errDirectory comes before the many ways in which systems refuse to read one.
var errDirectory = errors.New("this is a directory: want a model file")

// closing reads the model in f, which it closes.
func closing[M any](f fs.File, name string, load func(io.Reader, *LoadOptions) (*M, error)) (*M, error) {
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, &rootError{name, errDirectory}
	}
	m, err := load(f, nil)
	if err != nil {
		return nil, &rootError{name, err}
	}
	return m, nil
}

func load(r io.Reader, o *LoadOptions) (*Model, error) {
	f, err := read(r, o)
	if err != nil {
		return nil, err
	}
	text, err := model.FromFile(f)
	if err != nil {
		return nil, err
	}
	return &Model{text}, nil
}

// read reads a file of either kind within the options' limit.
func read(r io.Reader, o *LoadOptions) (*weights.File, error) {
	limit := int64(DefaultMaxBytes)
	if o != nil && o.MaxBytes != 0 {
		limit = o.MaxBytes
	}
	if limit < 0 {
		return nil, fmt.Errorf("LoadOptions.MaxBytes is %d: want 1 or more, or 0 for %d", limit, DefaultMaxBytes)
	}
	return weights.Read(r, limit)
}

// A rootError gives an error of the packages below our prefix in place of theirs.
type rootError struct {
	name string // of the file, or ""
	err  error
}

func (e *rootError) Error() string {
	msg := e.err.Error()
	for _, prefix := range []string{"weights: ", "model: ", "sampler: "} {
		msg = strings.TrimPrefix(msg, prefix)
	}
	if e.name != "" {
		msg = e.name + ": " + msg
	}
	return "autoreg: " + msg
}

func (e *rootError) Unwrap() error { return e.err }
