package weights

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
)

// model returns a File of about 9.6 MB in the shapes of a word model: embedding,
// LSTM and 10,000 outputs.
func model() *File {
	f := &File{Metadata: map[string]string{"format": "autoreg"}}
	for _, t := range []Tensor{
		{Name: "embedding.weight", Shape: []int{10_000, 100}},
		{Name: "lstm.weight_ih_l0", Shape: []int{512, 100}},
		{Name: "lstm.weight_hh_l0", Shape: []int{512, 128}},
		{Name: "lstm.bias_ih_l0", Shape: []int{512}},
		{Name: "head.weight", Shape: []int{10_000, 128}},
		{Name: "head.bias", Shape: []int{10_000}},
	} {
		n, _ := elements(t.Shape)
		t.Data = make([]float32, n)
		for i := range t.Data {
			t.Data[i] = float32(i) / 8
		}
		f.Tensors = append(f.Tensors, t)
	}
	return f
}

func BenchmarkRead(b *testing.B) {
	data := encoded(b, model())
	path := filepath.Join(b.TempDir(), "m")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	for _, s := range []struct {
		name string
		open func() (io.Reader, error)
	}{
		{"bytes", func() (io.Reader, error) { return bytes.NewReader(data), nil }},
		{"stream", func() (io.Reader, error) { return opaque{bytes.NewReader(data)}, nil }},
		{"file", func() (io.Reader, error) { return os.Open(path) }},
	} {
		b.Run("source="+s.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := s.open()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := Read(r, noLimit); err != nil {
					b.Fatal(err)
				}
				if c, ok := r.(io.Closer); ok {
					c.Close()
				}
			}
		})
	}
}

func BenchmarkWriteTo(b *testing.B) {
	f := model()
	b.SetBytes(int64(len(encoded(b, f))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// Most of it is the sync of the disk.
func BenchmarkWriteFile(b *testing.B) {
	f := model()
	path := filepath.Join(b.TempDir(), "m")
	b.SetBytes(int64(len(encoded(b, f))))
	for b.Loop() {
		if err := atomicfile.Write(path, f); err != nil {
			b.Fatal(err)
		}
	}
}
