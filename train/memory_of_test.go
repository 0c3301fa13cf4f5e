package train

import (
	"cmp"
	"reflect"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// memoryOf returns how many bytes the numbers take that values lead to, of 32 bits each,
// in slices: each byte once, however often it is reached. Workers are left out: what
// they take does not depend on the run.
func memoryOf(values ...any) (total int64) {
	w := walk{seen: map[uintptr]bool{}}
	for _, v := range values {
		w.visit(reflect.ValueOf(v))
	}
	slices.SortFunc(w.spans, func(a, b [2]uintptr) int { return cmp.Compare(a[0], b[0]) })
	end := uintptr(0)
	for _, s := range w.spans {
		if from := max(s[0], end); s[1] > from {
			total += int64(s[1] - from)
			end = s[1]
		}
	}
	return total
}

// A walk goes through everything that a value leads to.
type walk struct {
	seen  map[uintptr]bool // pointers
	spans [][2]uintptr     // of memory
}

func (w *walk) visit(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || w.seen[v.Pointer()] || v.Type() == reflect.TypeFor[*kernels.Workers]() {
			return
		}
		w.seen[v.Pointer()] = true
		w.visit(v.Elem())
	case reflect.Interface:
		if !v.IsNil() {
			w.visit(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			w.visit(v.Field(i))
		}
	case reflect.Array, reflect.Slice:
		switch v.Type().Elem().Kind() {
		case reflect.Float32, reflect.Int32, reflect.Uint32:
			if v.Kind() == reflect.Slice && v.Len() > 0 {
				at := v.Pointer()
				w.spans = append(w.spans, [2]uintptr{at, at + 4*uintptr(v.Len())})
			}
			return
		}
		for i := range v.Len() {
			w.visit(v.Index(i))
		}
	}
}

// What a layer says that a Sequence takes is what it takes, and little more.
func TestSequenceMemory(t *testing.T) {
	for _, c := range []struct {
		in, units int
		size      layers.BatchSize
	}{
		{3, 2, layers.BatchSize{Sequences: 2, Steps: 5, Rows: 8}},
		{100, 128, layers.BatchSize{Sequences: 32, Steps: 200, Rows: 3000}},
		{65, 33, layers.BatchSize{Sequences: 4, Steps: 1000, Rows: 2000}},
		{16, 300, layers.BatchSize{Sequences: 700, Steps: 1, Rows: 700}},
	} {
		for _, s := range netkit.Specs(c.units) {
			l, grad := s.New(c.in), s.New(c.in)
			seq := l.NewSequence(c.size, grad, layers.NewThreads(2))
			taken := memoryOf(seq, l, grad) - memoryOf(l, grad)
			z := s.Sizes(c.in)
			said := 4 * (z.Transposed + int64(c.size.Rows)*z.Row + int64(c.size.Sequences)*z.Sequence)
			if taken <= 0 || said < taken || said > 2*taken && said > taken+64<<10 || c.size.Rows > 1000 && said > taken+taken/5 {
				t.Errorf("%s of %d inputs, %+v: %d bytes are taken, Sizes says %d", layers.FormatSpecs([]layers.Spec{s}), c.in, c.size, taken, said)
			}
		}
	}
}
