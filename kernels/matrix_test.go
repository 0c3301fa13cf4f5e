package kernels

import (
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/autoreg/autoreg/internal/testkit"
)

// TestMatrixElements checks where the elements of each layout are, and that no
// two share a place.
func TestMatrixElements(t *testing.T) {
	for _, s := range [][2]int{{1, 1}, {3, 63}, {3, 64}, {2, 65}, {4, 128}, {3, 130}} {
		rows, cols := s[0], s[1]
		for _, layout := range gemmLayouts {
			m := gemmView(layout, make([]float32, gemmLen(layout, rows, cols)), rows, cols)
			if !m.ok() {
				t.Fatalf("%s %d×%d does not fit its own data", layout, rows, cols)
			}
			for i := range rows {
				for j := range cols {
					m.Set(i, j, float32(i*cols+j+1))
				}
			}
			for i := range rows {
				for j := range cols {
					if got := m.At(i, j); got != float32(i*cols+j+1) {
						t.Fatalf("%s %d×%d: (%d, %d) = %v", layout, rows, cols, i, j, got)
					}
				}
				n := 0
				for p := range m.Panels() {
					segment := m.Segment(i, p)
					for l, v := range segment[:min(len(segment), cols-p*PanelWidth)] {
						if v != m.At(i, p*PanelWidth+l) {
							t.Fatalf("%s %d×%d: Segment(%d, %d)[%d] = %v", layout, rows, cols, i, p, l, v)
						}
						n++
					}
				}
				if n != cols {
					t.Fatalf("%s %d×%d: the segments of a row have %d elements", layout, rows, cols, n)
				}
			}
		}
	}
}

// Weights in panels are one stream: input k of the panel's 64 outputs, then
// input k+1.
func TestPanelsOrder(t *testing.T) {
	m := NewPanels(5, 100)
	if len(m.Data) != 5*128 || m.Panels() != 2 {
		t.Fatalf("NewPanels(5, 100) has %d values in %d panels", len(m.Data), m.Panels())
	}
	m.Set(2, 7, 1)
	m.Set(3, 70, 2)
	if m.Data[2*64+7] != 1 || m.Data[5*64+3*64+6] != 2 {
		t.Error("elements of panels lie elsewhere than the documentation says")
	}
}

func TestSubRows(t *testing.T) {
	for _, layout := range gemmLayouts {
		m := gemmView(layout, make([]float32, gemmLen(layout, 7, 70)), 7, 70)
		testkit.Values(m.Data, 1, 1)
		s := m.SubRows(2, 3)
		if s.Rows != 3 || s.Cols != 70 || !s.ok() {
			t.Fatalf("%s: SubRows(2, 3) is %d×%d", layout, s.Rows, s.Cols)
		}
		for i := range 3 {
			for j := range 70 {
				if s.At(i, j) != m.At(2+i, j) {
					t.Fatalf("%s: SubRows(2, 3)(%d, %d) is not (%d, %d)", layout, i, j, 2+i, j)
				}
			}
		}
		if e := m.SubRows(7, 0); e.Rows != 0 || !e.ok() {
			t.Errorf("%s: SubRows(7, 0) is not empty", layout)
		}
		for _, bad := range [][2]int{{-1, 1}, {0, -1}, {0, 8}, {7, 1}} {
			testkit.Panics(t, "kernels: SubRows: out of range", func() { m.SubRows(bad[0], bad[1]) })
		}
	}
}

func TestMatrixBounds(t *testing.T) {
	for _, layout := range gemmLayouts {
		m := gemmView(layout, make([]float32, gemmLen(layout, 3, 70)), 3, 70)
		last := m.index(2, 69)
		if m.padded() {
			last = m.index(2, 127)
		}
		m.Data = m.Data[:last+1]
		if !m.ok() {
			t.Errorf("%s: ok is false although every element is there", layout)
		}
		m.Data = m.Data[:last]
		if m.ok() {
			t.Errorf("%s: ok is true although the last element is not there", layout)
		}
	}
	for _, m := range []Matrix{{Rows: -1}, {Cols: -1}, {Rows: 1, Cols: 1, Row: -1}, {Rows: 1, Cols: 1, Panel: -1}} {
		if m.ok() {
			t.Errorf("%+v is ok", m)
		}
	}
	data := make([]float32, 1000)
	for what, m := range map[string]Matrix{
		"without a panel stride": {Data: data, Rows: 1, Cols: 65, Row: 65},
		"whose rows overflow":    {Data: data, Rows: math.MaxInt/4 + 2, Cols: 4, Row: 4, Panel: PanelWidth},
		"whose panels overflow":  {Data: data, Rows: 1, Cols: 65, Row: 65, Panel: math.MaxInt - 10},
		"whose panels add up":    {Data: data, Rows: 1, Cols: 1 << 30, Row: 1 << 30, Panel: 1 << 30},
	} {
		if m.ok() {
			t.Errorf("a matrix %s is ok", what)
		}
	}
	testkit.Panics(t, "kernels: RowMajor: data shorter than rows*cols", func() { RowMajor(data, math.MaxInt/2+1, 2) })
	testkit.Panics(t, "kernels: PanelsOf: data shorter than PanelsLen", func() { PanelsOf(data, math.MaxInt/64+1, 1) })
	testkit.Panics(t, "kernels: RowMajor: data shorter than rows*cols", func() { RowMajor(make([]float32, 5), 2, 3) })
	testkit.Panics(t, "kernels: RowMajor: data shorter than rows*cols", func() { RowMajor(nil, -1, 3) })
	testkit.Panics(t, "kernels: PanelsOf: data shorter than PanelsLen", func() { PanelsOf(make([]float32, 127), 2, 3) })
	testkit.Panics(t, "kernels: PanelsOf: data shorter than PanelsLen", func() { PanelsOf(nil, 2, -3) })
}

func TestAlloc(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 1000} {
		s := Alloc(n)
		if len(s) != n || cap(s) != n {
			t.Errorf("Alloc(%d) has length %d and capacity %d", n, len(s), cap(s))
		}
		if n > 0 && uintptr(unsafe.Pointer(&s[0]))%64 != 0 {
			t.Errorf("Alloc(%d) is not 64-byte aligned", n)
		}
	}
}

// checkTranspose transposes values [rows, cols] from one layout to another and
// compares every element, the padding with zeros, and the surroundings with what
// they were.
func checkTranspose(t *testing.T, values []float32, from, to string, rows, cols, off int) {
	t.Helper()
	what := fmt.Sprintf("Transpose(%s %d×%d to %s)", from, rows, cols, to)
	src, bufS := place(values, from, rows, cols, off)
	dst, bufD := place(make([]float32, rows*cols), to, cols, rows, (off+2)%16)
	Transpose(dst, src)
	for j := range cols {
		for i := range rows {
			if got := dst.At(j, i); math.Float32bits(got) != math.Float32bits(values[i*cols+j]) {
				t.Fatalf("%s: (%d, %d) = %v, want %v", what, j, i, got, values[i*cols+j])
			}
			dst.Set(j, i, 0)
		}
		if to == "panels" || to == "between" {
			was := gemmView(to, bufD.Was(), cols, rows)
			for i := rows; i < roundUp(rows, PanelWidth); i++ {
				if dst.At(j, i) != 0 {
					t.Fatalf("%s: padding (%d, %d) = %v, want 0", what, j, i, dst.At(j, i))
				}
				dst.Set(j, i, was.At(j, i))
			}
		}
	}
	if d := bufD.Unchanged() + bufS.Unchanged(); d != "" {
		t.Fatalf("%s: %s", what, d)
	}
}

func TestTranspose(t *testing.T) {
	for _, s := range [][2]int{{0, 0}, {1, 1}, {3, 5}, {64, 63}, {65, 64}, {70, 130}} {
		values := make([]float32, s[0]*s[1])
		testkit.Values(values, 1, 1)
		for _, from := range gemmLayouts {
			for _, to := range gemmLayouts {
				checkTranspose(t, values, from, to, s[0], s[1], 3)
			}
		}
	}
	testkit.Panics(t, "kernels: Transpose: shapes do not match", func() { Transpose(NewPanels(3, 4), NewPanels(3, 4)) })
}

func FuzzTranspose(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f, 1, 0, 0xa0, 0x7f}, uint8(3), uint8(70), uint8(0))
	f.Add([]byte("any values do, for they are only moved"), uint8(65), uint8(64), uint8(0x4b))
	f.Fuzz(func(t *testing.T, raw []byte, rows, cols, how uint8) {
		in := testkit.Floats(raw)
		if len(in) == 0 {
			return
		}
		r, c := int(rows)%140, int(cols)%140
		values := make([]float32, r*c)
		for i := range values {
			values[i] = in[i%len(in)]
		}
		checkTranspose(t, values, gemmLayouts[how&3], gemmLayouts[how>>2&3], r, c, int(how>>4))
	})
}
