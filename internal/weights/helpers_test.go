package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"runtime"
	"slices"
	"testing"
)

// sample returns a small File with everything in it: metadata that needs
// escapes, ranks 0 to 3, a zero-size tensor, special values, names out of order.
func sample() *File {
	return &File{
		Metadata: map[string]string{"format": "autoreg", "b": "\"\\\n\x01é🍲", "a": ""},
		Tensors: []Tensor{
			{"lstm.weight", []int{2, 3}, []float32{1, -2, 3.5, float32(math.Inf(1)), float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32}},
			{"head.bias", []int{3}, []float32{math.Float32frombits(0x7fa00001), math.Float32frombits(0x7fc00000), float32(math.Inf(-1))}},
			{"none", []int{4, 0}, []float32{}},
			{"out.scale", nil, []float32{math.MaxFloat32}},
			{"conv", []int{1, 2, 1}, []float32{0.1, 0.2}},
		},
	}
}

// encoded returns what WriteTo writes.
func encoded(t testing.TB, f *File) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := f.WriteTo(&b)
	if err != nil {
		t.Fatalf("WriteTo: %v", err)
	}
	if n != int64(b.Len()) {
		t.Fatalf("WriteTo = %d, but wrote %d bytes", n, b.Len())
	}
	return b.Bytes()
}

// raw returns a file with the given header and data.
func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	return append(b, make([]byte, data)...)
}

// opaque hides everything of a reader but Read, so that its length is unknown.
type opaque struct{ io.Reader }

// readers returns the ways to present b to Read.
func readers(b []byte) map[string]io.Reader {
	return map[string]io.Reader{
		"Len":    bytes.NewReader(b),
		"Seek":   struct{ io.ReadSeeker }{bytes.NewReader(b)},
		"opaque": opaque{bytes.NewReader(b)},
	}
}

const noLimit = math.MaxInt64

// withoutSum returns what WriteTo writes but for the checksum.
func withoutSum(t testing.TB, f *File) []byte {
	t.Helper()
	order, err := f.sorted()
	if err != nil {
		t.Fatal(err)
	}
	b, err := appendHeader(nil, f.Metadata, order)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range order {
		b = append(b, encode(make([]byte, 4*len(x.Data)), x.Data)...)
	}
	return b
}

// same reports how two Files differ in content, floats compared as bits, checksums
// not at all.
func same(a, b *File) error {
	x, y := maps.Clone(a.Metadata), maps.Clone(b.Metadata)
	delete(x, KeyChecksum)
	delete(y, KeyChecksum)
	if !maps.Equal(x, y) {
		return fmt.Errorf("metadata %.200q and %.200q", x, y)
	}
	if len(a.Tensors) != len(b.Tensors) {
		return fmt.Errorf("%d and %d tensors", len(a.Tensors), len(b.Tensors))
	}
	for i := range a.Tensors {
		x := &a.Tensors[i]
		y := b.Lookup(x.Name)
		if y == nil {
			return fmt.Errorf("tensor %q is in one only", x.Name)
		}
		if !slices.Equal(x.Shape, y.Shape) {
			return fmt.Errorf("tensor %q: shapes %v and %v", x.Name, x.Shape, y.Shape)
		}
		if !slices.EqualFunc(x.Data, y.Data, func(u, v float32) bool {
			return math.Float32bits(u) == math.Float32bits(v)
		}) {
			return fmt.Errorf("tensor %q: data %v and %v", x.Name, x.Data, y.Data)
		}
	}
	return nil
}

// consistent reports what is wrong with a File that Read returned for a file of
// size bytes.
func consistent(f *File, size int) error {
	if f.Metadata == nil {
		return errors.New("Metadata is nil")
	}
	data := 0
	seen := map[string]bool{}
	for _, t := range f.Tensors {
		n := 1
		for _, d := range t.Shape {
			if d < 0 {
				return fmt.Errorf("tensor %q: shape %v", t.Name, t.Shape)
			}
			n *= d
		}
		if len(t.Shape) > MaxRank || n != len(t.Data) || t.Data == nil {
			return fmt.Errorf("tensor %q: shape %v with %d elements", t.Name, t.Shape, len(t.Data))
		}
		if seen[t.Name] {
			return fmt.Errorf("tensor %q twice", t.Name)
		}
		seen[t.Name] = true
		data += 4 * n
	}
	if data > size-8-len("{}") {
		return fmt.Errorf("%d bytes of data in a file of %d", data, size)
	}
	return nil
}

// A meter measures memory allocated since its last reading, by any goroutine.
type meter struct{ m runtime.MemStats }

func (m *meter) read() uint64 {
	last := m.m.TotalAlloc
	runtime.ReadMemStats(&m.m)
	return m.m.TotalAlloc - last
}

// ceiling is the promise of Read's comment for a file of n bytes, headers
// included. It holds for a hostile file too.
func ceiling(b []byte) uint64 {
	header := uint64(0)
	if len(b) >= 8 {
		header = min(binary.LittleEndian.Uint64(b), uint64(len(b)-8))
	}
	return 4*uint64(len(b)) + 16*header + 512<<10
}
