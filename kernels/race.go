//go:build race

package kernels

import (
	"runtime"
	"unsafe"
)

// The race detector sees what compiled Go touches, not what assembly does.
// Every dispatch to assembly therefore reports it first, with the functions
// below: raceRead for what is only read, raceWrite for what is overwritten or
// updated, by slices or by the elements of a view. Without -race they are empty
// and cost nothing. The generic forms need no report.

// raceEnabled is for reports that take work to make.
const raceEnabled = true

// raceRead reports that s is about to be read by assembly.
func raceRead(s []float32) {
	if len(s) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(unsafe.SliceData(s)), len(s)*4)
	}
}

// raceWrite reports that s is about to be written, or read and written.
func raceWrite(s []float32) {
	if len(s) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(unsafe.SliceData(s)), len(s)*4)
	}
}

// raceReadMatrix reports that the elements of m, without padding, are about to
// be read.
func raceReadMatrix(m Matrix) { raceEach(m, m.Cols, raceRead) }

// raceWriteMatrix reports that the elements of m, without padding, are about to
// be written.
func raceWriteMatrix(m Matrix) { raceEach(m, m.Cols, raceWrite) }

// raceWritePadded is raceWriteMatrix for a routine that also writes the
// padding, where m has any.
func raceWritePadded(m Matrix) {
	cols := m.Cols
	if m.padded() {
		cols = roundUp(cols, PanelWidth)
	}
	raceEach(m, cols, raceWrite)
}

// raceEach reports the first cols columns of every row of m, group by group.
func raceEach(m Matrix, cols int, report func([]float32)) {
	for p := range m.Panels() {
		n := min(PanelWidth, cols-p*PanelWidth)
		for i := range m.Rows {
			at := p*m.Panel + i*m.Row
			report(m.Data[at : at+n])
		}
	}
}
