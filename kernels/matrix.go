package kernels

import "unsafe"

// PanelWidth is the number of columns in a panel. It is the same on every
// instruction set, so packed weights never need repacking: 64 columns are four
// AVX-512 registers, eight AVX2 registers or sixteen NEON registers of chains.
const PanelWidth = 64

// A Matrix is a view of float32 values whose columns lie in groups of
// PanelWidth:
//
//	element (i, j) = Data[(j/64)·Panel + i·Row + j%64]
//
// Row-major order has Row = row length and Panel = 64. In panels, Row = 64 and
// each group of 64 columns is one block of Rows·64 values: this is how weights
// are held (row k holds input k of every output), since a product then reads
// them as one stream. The same layout serves gradients of a weight matrix and
// the rows of logits of a batch, so none of the three products of training
// needs to copy its large operand.
//
// Columns from Cols to the next multiple of 64 are padding. A panel matrix has
// room for them, and routines may write there; a row-major matrix does not.
type Matrix struct {
	Data       []float32
	Rows, Cols int
	Row, Panel int // strides in values
}

// RowMajor returns data as a rows×cols matrix in row-major order. It panics if
// data is shorter.
func RowMajor(data []float32, rows, cols int) Matrix {
	if rows < 0 || cols < 0 || cols > 0 && rows > len(data)/cols {
		panic("kernels: RowMajor: data shorter than rows*cols")
	}
	return Matrix{Data: data, Rows: rows, Cols: cols, Row: cols, Panel: PanelWidth}
}

// PanelsOf returns data as a rows×cols matrix in panels. It panics if data is
// shorter than PanelsLen(rows, cols).
func PanelsOf(data []float32, rows, cols int) Matrix {
	if rows < 0 || cols < 0 || cols > 0 && rows > len(data)/roundUp(cols, PanelWidth) {
		panic("kernels: PanelsOf: data shorter than PanelsLen")
	}
	return Matrix{Data: data, Rows: rows, Cols: cols, Row: PanelWidth, Panel: rows * PanelWidth}
}

// PanelsLen returns the number of values that a rows×cols panel matrix takes.
func PanelsLen(rows, cols int) int { return rows * roundUp(cols, PanelWidth) }

// NewPanels allocates a zero rows×cols matrix in panels, 64-byte aligned.
func NewPanels(rows, cols int) Matrix {
	return PanelsOf(Alloc(PanelsLen(rows, cols)), rows, cols)
}

// Alloc returns n zero values, 64-byte aligned, which Go does not promise.
func Alloc(n int) []float32 {
	const align = 64 / 4
	s := make([]float32, n+align-1)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s)))/4) & (align - 1)
	return s[skip : skip+n : skip+n]
}

// SubRows returns rows [i, i+n) as a view. It panics if m has no such rows.
func (m Matrix) SubRows(i, n int) Matrix {
	if i < 0 || n < 0 || i+n > m.Rows {
		panic("kernels: SubRows: out of range")
	}
	m.Data = m.Data[min(i*m.Row, len(m.Data)):]
	m.Rows = n
	return m
}

// At returns element (i, j), which may be padding. It panics if that lies
// outside Data, but compares i and j with nothing else.
func (m Matrix) At(i, j int) float32 { return m.Data[m.index(i, j)] }

// Set sets element (i, j), which may be padding. It panics where At does.
func (m Matrix) Set(i, j int, v float32) { m.Data[m.index(i, j)] = v }

func (m Matrix) index(i, j int) int {
	return j/PanelWidth*m.Panel + i*m.Row + j%PanelWidth
}

// Segment returns the part of row i in panel p: PanelWidth values in a panel
// matrix, padding included, and what the row has left in a row-major one. It
// panics if they lie outside Data.
func (m Matrix) Segment(i, p int) []float32 {
	n := PanelWidth
	if !m.padded() {
		n = min(n, m.Cols-p*PanelWidth)
	}
	at := p*m.Panel + i*m.Row
	return m.Data[at : at+n : at+n]
}

// Panels returns the number of column groups.
func (m Matrix) Panels() int { return (m.Cols + PanelWidth - 1) / PanelWidth }

// padded reports whether columns beyond Cols, up to a multiple of PanelWidth,
// are there to be written.
func (m Matrix) padded() bool { return m.Row == PanelWidth || m.Cols%PanelWidth == 0 }

// ok reports whether every element, and the padding that may be written, lies
// inside Data.
func (m Matrix) ok() bool {
	if m.Rows < 0 || m.Cols < 0 || m.Row < 0 || m.Panel < 0 {
		return false
	}
	if m.Rows == 0 || m.Cols == 0 {
		return true
	}
	if m.Cols > len(m.Data) {
		return false
	}
	panels := m.Panels()
	down, ok := product2(m.Rows-1, m.Row)
	across, ok2 := product2(panels-1, m.Panel)
	if panels > 1 && m.Panel < PanelWidth || !ok || !ok2 || down > len(m.Data) || across > len(m.Data) {
		return false // the sums below do not overflow
	}
	last := m.index(m.Rows-1, m.Cols-1)
	if m.padded() {
		last = m.index(m.Rows-1, panels*PanelWidth-1)
	}
	return 0 <= last && last < len(m.Data)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// Transpose copies srcᵀ: dst[j, i] = src[i, j]. It packs weights that are
// stored row by row, [outputs, inputs], into panels, and makes the transposed
// copy that backpropagation multiplies with. Padding columns of a panel dst
// are set to zero. It panics if the shapes do not match.
func Transpose(dst, src Matrix) {
	if dst.Rows != src.Cols || dst.Cols != src.Rows || !dst.ok() || !src.ok() {
		panic("kernels: Transpose: shapes do not match")
	}
	for p := range dst.Panels() {
		for j := range dst.Rows {
			d := dst.Segment(j, p)
			at := src.index(p*PanelWidth, j)
			n := min(len(d), src.Rows-p*PanelWidth)
			for i := range n {
				d[i] = src.Data[at]
				at += src.Row
			}
			clear(d[n:])
		}
	}
}

// clearPadding sets the padding of a matrix in panels to zero.
func clearPadding(m Matrix) {
	if rest := m.Cols % PanelWidth; rest != 0 {
		for b := range m.Rows {
			clear(m.Segment(b, m.Panels()-1)[rest:])
		}
	}
}
