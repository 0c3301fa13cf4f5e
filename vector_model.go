package autoreg

import (
	"errors"
	"io"
	"sync"

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

// RunBytes returns about how much memory Run takes for a sequence of so many steps, beside
// dst and xs: for a model that reads in both directions it grows with the steps, for the
// others it is small and 0 is returned.
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
// directions have no others. It takes RunBytes of memory. It panics if the lengths are not
// those of the same number of vectors.
func (m *VectorModel) Run(dst, xs []float32) {
	in, out := m.Inputs(), m.Outputs()
	T := len(xs) / in
	if len(xs)%in != 0 || len(dst)%out != 0 || len(dst)/out != T {
		panic("autoreg: VectorModel: Run: lengths do not match")
	}
	m.m.Stack.NewSequence(T).Run(kernels.RowMajor(dst, T, out), kernels.RowMajor(xs, T, in))
}
