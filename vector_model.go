package autoreg

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// ErrWhole is what the error of VectorModel.NewStream wraps for a model that reads
// sequences in both directions: VectorModel.Run takes them whole.
var ErrWhole = errors.New("the model reads sequences in both directions and takes them whole, not step by step")

// A VectorModel is an immutable network over sequences of vectors of numbers: time series,
// sound, measurements. It is safe for concurrent use.
type VectorModel struct {
	m    *model.Vectors
	hash func() modelHash // computed once
}

// newVectorModel returns the model of m, which must not change any more.
func newVectorModel(m *model.Vectors) *VectorModel {
	return &VectorModel{m, sync.OnceValue(func() modelHash { return hashOf(m.File()) })}
}

var vectorKind = kind{model.KindVectors, (*VectorModel)(nil), func(f *weights.File) (Model, error) {
	m, err := model.VectorsFromFile(f)
	if err != nil {
		return nil, err
	}
	return newVectorModel(m), nil
}}

func (m *VectorModel) file() *weights.File { return m.m.File() }

// Kind returns "vectors".
func (m *VectorModel) Kind() string { return model.KindVectors }

// Inputs returns the number of values of a vector that goes in.
func (m *VectorModel) Inputs() int { return m.m.Stack.InLen() }

// Outputs returns the number of values of a vector that comes out.
func (m *VectorModel) Outputs() int { return m.m.Stack.OutLen() }

// Sequential reports whether the model can go step by step: whether an output depends on
// this and earlier inputs only.
func (m *VectorModel) Sequential() bool {
	_, err := m.m.Stack.Steppers()
	return err == nil
}

// Layers returns the model's layers from input to output.
func (m *VectorModel) Layers() []LayerInfo { return layers.Describe(m.m.Stack) }

// Params returns the number of the model's parameters.
func (m *VectorModel) Params() int {
	n, _ := paramsOf(m)
	return n
}

// Metadata returns a copy of the metadata of the model's file: see Model.
func (m *VectorModel) Metadata() map[string]string { return copied(m.m.Metadata) }

// WriteTo writes the model in the form that Load reads: see Model.
func (m *VectorModel) WriteTo(w io.Writer) (int64, error) { return write(m, w) }

// maxRunBytes is how much memory a sequence may take that is known whole.
const maxRunBytes = 1 << 30

// RunBytes returns how much memory Run takes beside dst and xs for a sequence of so many
// steps: as good as none for each step, unless the model reads in both directions.
func (m *VectorModel) RunBytes(steps int) int64 {
	if m.Sequential() {
		return 0
	}
	return m.m.Config.Stack().SequenceBytes() * int64(steps)
}

// Run computes the outputs for a whole sequence of T vectors:
//
//	dst  [T, Outputs()]  row-major; overwritten; must not overlap xs
//	xs   [T, Inputs()]   row-major
//
// The outputs are those of steps of a new stream, to the bit; models that read in both
// directions have no others. Run returns an error that wraps ErrTooLarge for a sequence
// that would take more than 1 GiB, which RunBytes tells. It panics if the lengths are not
// those of the same number of vectors.
func (m *VectorModel) Run(dst, xs []float32) error {
	in, out := m.Inputs(), m.Outputs()
	T := len(xs) / in
	if len(xs) != T*in || len(dst) != T*out {
		panic("autoreg: VectorModel: Run: lengths do not match")
	}
	if n := m.RunBytes(T); n > maxRunBytes {
		err := fmt.Errorf("%d steps would take %d MiB: want at most %d MiB", T, n>>20, maxRunBytes>>20)
		return wrap(apierror.Mark(err, ErrTooLarge))
	}
	m.m.Stack.NewSequence(T).Run(kernels.RowMajor(dst, T, out), kernels.RowMajor(xs, T, in))
	return nil
}
