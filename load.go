package autoreg

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

// Errors of Load, Open and LoadFS wrap one of these, unless reading itself failed.
// They say which tensor, metadata or byte is wrong.
var (
	ErrFormat   = weights.ErrFormat   // not a model file, damaged, or of another version
	ErrTooLarge = weights.ErrTooLarge // larger than LoadOptions allow or the machine can hold
	ErrKind     = model.ErrKind       // an ErrFormat: a model of another kind than M
)

// DefaultMaxBytes is what LoadOptions.MaxBytes means by 0: 1 GiB.
const DefaultMaxBytes = 1 << 30

// LoadOptions limit what Load accepts. The zero value, or a nil pointer, works.
type LoadOptions struct {
	MaxBytes int64 // refuse larger files; 0 means DefaultMaxBytes
}

// Load reads a model file, or a checkpoint of one, from r up to its end. M is the kind
// of model that is wanted: *TextModel, *ImageModel, *Classifier or *VectorModel, or Model for
// any kind. A file of another kind is an [ErrKind]. nil options mean the zero value.
//
// The file is not trusted. Whatever it holds, the result is a model or an error,
// and memory stays proportional to the bytes that r delivers. Weights that are not
// finite are an error; those where the mask of a convolution is closed may be anything
// and have no effect. Finite weights may be so large that the logits are not finite:
// drawing then ends with sampler.ErrNoSymbol.
func Load[M Model](r io.Reader, o *LoadOptions) (M, error) {
	m, err := load[M](r, o)
	if err != nil {
		return m, wrap(err)
	}
	return m, nil
}

// Open reads the model file at path, as Load does by default.
func Open[M Model](path string) (m M, err error) {
	f, err := os.Open(path)
	if err != nil {
		return m, wrap(err) // names the path
	}
	return closing[M](f, path)
}

// LoadFS reads the model file called name in fsys, such as an embed.FS, as Load
// does by default.
func LoadFS[M Model](fsys fs.FS, name string) (m M, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return m, wrap(err) // names the file
	}
	return closing[M](f, name)
}

// errDirectory replaces the errors of reading a directory, which differ between systems.
var errDirectory = errors.New("this is a directory: want a model file")

// closing reads the model in f, which it closes.
func closing[M Model](f fs.File, name string) (m M, err error) {
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return m, wrapIn(name, errDirectory)
	}
	if m, err = load[M](f, nil); err != nil {
		return m, wrapIn(name, err)
	}
	return m, nil
}

func load[M Model](r io.Reader, o *LoadOptions) (m M, err error) {
	f, err := read(r, o)
	if err != nil {
		return m, err
	}
	k, err := kindIn[M](f)
	if err != nil {
		return m, err
	}
	loaded, err := k.read(f)
	if err != nil {
		return m, err
	}
	return loaded.(M), nil // of the same type as k.zero
}

// kindIn returns the kind of the model in f, which must be an M. Where f names no kind it
// returns a kind that is an M, whose read function returns the error.
func kindIn[M Model](f *weights.File) (found kind, err error) {
	name := model.KindOf(f.Metadata)
	var wanted []kind
	var names []string
	for _, k := range kinds {
		if _, ok := k.zero.(M); ok {
			wanted, names = append(wanted, k), append(names, k.name)
			if k.name == name {
				return k, nil
			}
		}
	}
	switch {
	case wanted == nil:
		return kind{}, fmt.Errorf("no kind of model is of type %v", reflect.TypeFor[M]())
	case name == "":
		return wanted[0], nil
	}
	return kind{}, model.OtherKind(f, names...)
}

// read reads a file of any kind within the options' limit.
func read(r io.Reader, o *LoadOptions) (*weights.File, error) {
	limit := int64(DefaultMaxBytes)
	if o != nil && o.MaxBytes != 0 {
		limit = o.MaxBytes
	}
	if limit < 0 {
		return nil, optionErr("%s is %d: want 1 or more, or 0 for %d", option("MaxBytes"), limit, DefaultMaxBytes)
	}
	return weights.Read(r, limit)
}
