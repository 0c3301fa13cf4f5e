package layers

import "github.com/autoreg/autoreg/kernels"

// rowOf returns row i of a row-major matrix.
func rowOf(m kernels.Matrix, i int) []float32 { return m.Data[i*m.Row:][:m.Cols] }

// columnsOf returns n columns of a row-major matrix from column first on, as a view.
func columnsOf(m kernels.Matrix, first, n int) kernels.Matrix {
	m.Data = m.Data[min(first, len(m.Data)):]
	m.Cols = n
	return m
}

// panelsOf returns panels [from, to) of m as a view.
func panelsOf(m kernels.Matrix, from, to int) kernels.Matrix {
	m.Data = m.Data[from*m.Panel:]
	m.Cols = min(m.Cols, to*kernels.PanelWidth) - from*kernels.PanelWidth
	return m
}

// copyRows copies the rows of a row-major matrix.
func copyRows(dst, src kernels.Matrix) {
	for i := range src.Rows {
		copy(rowOf(dst, i), rowOf(src, i))
	}
}

// clearPadding sets the columns of a panel matrix beyond its last to zero.
func clearPadding(m kernels.Matrix) {
	if n := m.Cols % kernels.PanelWidth; n > 0 {
		for i := range m.Rows {
			clear(m.Segment(i, m.Panels()-1)[n:])
		}
	}
}

// checkBatch panics with a message unless the arguments of l.StepBatch fit.
func checkBatch(message string, l Stepper, dst, x, state kernels.Matrix, scratch []float32) {
	n := x.Rows
	if x.Cols != l.InLen() || dst.Rows != n || dst.Cols != l.OutLen() || dst.Panel != kernels.PanelWidth ||
		state.Rows != n || state.Cols != l.StateLen() || state.Panel != kernels.PanelWidth ||
		len(scratch) < l.ScratchLen(n) {
		panic(message)
	}
}

// biases returns n zero values in an allocation of whole panels.
func biases(n int) []float32 { return kernels.Alloc(kernels.PanelsLen(1, n))[:n] }

// addBiases adds the rows of panels from panel first on to the gradients of biases.
func addBiases(bias []float32, dz kernels.Matrix, first int) {
	kernels.AddRows(bias[first*kernels.PanelWidth:][:dz.Cols], dz)
}

// A biasTensor is a tensor of n biases and where its values lie.
type biasTensor struct {
	n  int
	at func(r int) *float32
}

func (b biasTensor) set(data []float32) {
	if len(data) != b.n {
		panic("layers: Parameter: Set: wrong length")
	}
	for r, v := range data {
		*b.at(r) = v
	}
}

// add adds data to the biases. Where a value is 0, as in the files of this library, the
// bias keeps its bits, those of -0 included: reading and writing change nothing.
func (b biasTensor) add(data []float32) {
	if len(data) != b.n {
		panic("layers: Parameter: Set: wrong length")
	}
	for r, v := range data {
		if v != 0 {
			*b.at(r) += v
		}
	}
}

func (b biasTensor) get() []float32 {
	data := make([]float32, b.n)
	for r := range data {
		data[r] = *b.at(r)
	}
	return data
}

// A buffer is memory for matrices of up to a number of rows.
type buffer struct {
	data   []float32
	cols   int
	panels bool
}

func newBuffer(rows, cols int) buffer {
	return buffer{data: kernels.Alloc(rows * cols), cols: cols}
}

func newPanelBuffer(rows, cols int) buffer {
	return buffer{data: kernels.Alloc(kernels.PanelsLen(rows, cols)), cols: cols, panels: true}
}

// rows returns the first n rows.
func (b *buffer) rows(n int) kernels.Matrix {
	if b.panels {
		return kernels.PanelsOf(b.data, n, b.cols)
	}
	return kernels.RowMajor(b.data, n, b.cols)
}
