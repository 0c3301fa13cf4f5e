package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// gemmLayouts are the ways a matrix may lie: row-major, row-major with longer
// rows around it, panels, and rows 1 to n+1 of a taller matrix in panels.
var gemmLayouts = []string{"rows", "wide", "panels", "between"}

// gemmView returns a rows×cols matrix over buf, which has gemmLen values.
func gemmView(layout string, buf []float32, rows, cols int) Matrix {
	switch layout {
	case "rows":
		return RowMajor(buf, rows, cols)
	case "wide":
		return Matrix{Data: buf, Rows: rows, Cols: cols, Row: roundUp(cols, PanelWidth) + 9, Panel: PanelWidth}
	case "panels":
		return PanelsOf(buf, rows, cols)
	}
	return PanelsOf(buf, rows+2, cols).SubRows(1, rows)
}

func gemmLen(layout string, rows, cols int) int {
	switch layout {
	case "rows":
		return rows * cols
	case "wide":
		return rows * (roundUp(cols, PanelWidth) + 9)
	case "panels":
		return PanelsLen(rows, cols)
	}
	return PanelsLen(rows+2, cols)
}

// The operations of gemmCase.
const (
	opMul  = iota // Gemm without a bias
	opBias        // Gemm with one
	opAdd         // GemmAdd
	opTAdd        // GemmTAdd
	ops
)

var opNames = [ops]string{"Gemm", "Gemm with bias", "GemmAdd", "GemmTAdd"}

// A gemmCase is one product on values that do not depend on how they lie.
type gemmCase struct {
	op, m, n, k int
	a, b        []float32 // [m, k], transposed for opTAdd, and [k, n]
	c, bias     []float32 // what dst holds before, and [n]
	want        []float32
}

func newGemmCase(op, m, n, k int, fill func(dst []float32, seed uint64)) *gemmCase {
	g := &gemmCase{op: op, m: m, n: n, k: k,
		a: make([]float32, m*k), b: make([]float32, k*n), c: make([]float32, m*n), bias: make([]float32, n), want: make([]float32, m*n)}
	fill(g.a, 1)
	fill(g.b, 2)
	fill(g.c, 3)
	fill(g.bias, 4)
	for i := range m {
		for j := range n {
			y := float32(0)
			switch op {
			case opBias:
				y = g.bias[j]
			case opAdd, opTAdd:
				y = g.c[i*n+j]
			}
			for p := range k {
				a := i*k + p
				if op == opTAdd {
					a = p*m + i
				}
				y = fma32(g.a[a], g.b[p*n+j], y)
			}
			g.want[i*n+j] = y
		}
	}
	return g
}

func gemmValues(dst []float32, seed uint64) { testkit.Values(dst, seed, 1) }

// place lays values out in a guarded buffer, the rest of which is random.
func place(values []float32, layout string, rows, cols, off int) (Matrix, *testkit.Buffer) {
	buf := testkit.NewBuffer(gemmLen(layout, rows, cols), off)
	testkit.Values(buf.S, 9, 1)
	m := gemmView(layout, buf.S, rows, cols)
	for i := range rows {
		for j := range cols {
			m.Set(i, j, values[i*cols+j])
		}
	}
	return m, buf.Fill(slices.Clone(buf.S))
}

// check runs the case with operands that lie as given and compares every value
// of the buffers: dst's elements with the definition, its padding with nothing,
// all others with what they were.
func (g *gemmCase) check(t *testing.T, isa, dst, a, b string, off int, w *Workers) {
	t.Helper()
	arows, acols := g.m, g.k
	if g.op == opTAdd {
		arows, acols = g.k, g.m
	}
	ma, bufA := place(g.a, a, arows, acols, off)
	mb, bufB := place(g.b, b, g.k, g.n, (off*3+1)%16)
	md, bufD := place(g.c, dst, g.m, g.n, (off*5+2)%16)
	switch g.op {
	case opMul:
		Gemm(w, md, ma, mb, nil)
	case opBias:
		Gemm(w, md, ma, mb, g.bias)
	case opAdd:
		GemmAdd(w, md, ma, mb)
	case opTAdd:
		GemmTAdd(w, md, ma, mb)
	}
	d := bufD.Stray() + bufA.Unchanged() + bufB.Unchanged()
	for i := range g.m {
		for j := range g.n {
			if got, want := md.At(i, j), g.want[i*g.n+j]; !testkit.SameBits(got, want) && d == "" {
				d = fmt.Sprintf("dst[%d, %d] = %v (%#08x), want %v (%#08x)", i, j, got, math.Float32bits(got), want, math.Float32bits(want))
			}
			md.Set(i, j, g.c[i*g.n+j])
		}
		if dst == "panels" || dst == "between" {
			was := gemmView(dst, bufD.Was(), g.m, g.n)
			for j := g.n; j < roundUp(g.n, PanelWidth); j++ {
				md.Set(i, j, was.At(i, j))
			}
		}
	}
	if d += bufD.Unchanged(); d != "" {
		t.Fatalf("%s[%s](m=%d, n=%d, k=%d, dst %s, a %s, b %s, off=%d, %d workers): %s",
			opNames[g.op], isa, g.m, g.n, g.k, dst, a, b, off, w.Len(), d)
	}
}

// checkSome runs the case with a few of the ways to lie, different ones each
// time.
func (g *gemmCase) checkSome(t *testing.T, isa string, r *rand.Rand, times int, workers []*Workers) {
	t.Helper()
	layout := func() string { return gemmLayouts[r.IntN(len(gemmLayouts))] }
	for range times {
		g.check(t, isa, layout(), layout(), layout(), r.IntN(16), workers[r.IntN(len(workers))])
	}
}

func gemmWorkers() []*Workers {
	return []*Workers{NewWorkers(1), NewWorkers(2), NewWorkers(3), NewWorkers(4)}
}
