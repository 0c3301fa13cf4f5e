package weights

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/autoreg/autoreg/internal/apierror"
)

// Limits on what a file may hold. They are the same on every architecture, so
// that a file is good everywhere or nowhere, as far as memory allows.
const (
	MaxHeader   = 16 << 20      // bytes of header, padding included
	MaxMetadata = 1024          // metadata keys, the checksum's aside; their values are not limited
	MaxRank     = 8             // dimensions of a tensor
	MaxDim      = math.MaxInt32 // length of one dimension
)

// metadataKey is the header's one key that is not a tensor's name.
const metadataKey = "__metadata__"

var (
	// ErrFormat is wrapped by every error that says that a file, or a File
	// about to be written, breaks the rules of the format.
	ErrFormat = errors.New("bad format")

	// ErrTooLarge is wrapped by the error for a file that may be well formed
	// but exceeds the caller's limit or the address space.
	ErrTooLarge = errors.New("too large")
)

// A Tensor is a named array of float32.
type Tensor struct {
	Name  string
	Shape []int     // outermost first; none for a scalar, at most MaxRank
	Data  []float32 // row-major; its length is the product of Shape
}

// A File is the content of a model file. The zero File is empty and can be
// written. It is safe for concurrent use while nothing modifies it.
type File struct {
	Metadata map[string]string // Read leaves the checksum in, WriteTo replaces it
	Tensors  []Tensor          // names are unique; Read gives them in the order of the data
}

// Lookup returns the tensor called name, or nil. The tensor belongs to f. The
// search is linear; a Picker has an index.
func (f *File) Lookup(name string) *Tensor {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			return &f.Tensors[i]
		}
	}
	return nil
}

// elements returns the product of shape. It reports false for more than MaxRank
// dimensions, a negative one, one beyond MaxDim, and if four bytes times the
// product of the dimensions that are not 0 overflow an int64. (Leaving out the
// zeros makes the answer independent of the order of dimensions.)
func elements(shape []int) (int64, bool) {
	if len(shape) > MaxRank {
		return 0, false
	}
	n, zero := uint64(1), false
	for _, d := range shape {
		if d < 0 || d > MaxDim {
			return 0, false
		}
		if d == 0 {
			zero = true
			continue
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt64/4 {
			return 0, false
		}
		n = lo
	}
	if zero {
		return 0, true
	}
	return int64(n), true
}

// formatErr returns an error that wraps ErrFormat.
func formatErr(format string, args ...any) error {
	return apierror.Mark(fmt.Errorf(format, args...), ErrFormat)
}

// quote quotes a name from a file for a message, cut to a length fit to print.
func quote(name string) string {
	const most = 80
	if len(name) > most {
		return fmt.Sprintf("%q…", name[:most])
	}
	return fmt.Sprintf("%q", name)
}
