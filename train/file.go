package train

import (
	"io"

	"github.com/autoreg/autoreg/internal/weights"
)

// A ModelFile is the content of a model file: what package autoreg loads. It does not
// change.
type ModelFile struct{ f *weights.File }

// Size returns the number of bytes that WriteTo writes.
func (m *ModelFile) Size() (int64, error) { return m.f.Size() }

// WriteTo writes the file.
func (m *ModelFile) WriteTo(w io.Writer) (int64, error) { return m.f.WriteTo(w) }

// Reader returns the bytes of the file as they are read, without having them in memory as
// a whole. Close it if it is not read to its end.
func (m *ModelFile) Reader() io.ReadCloser {
	size, err := m.Size()
	r, w := io.Pipe()
	go func() {
		if err == nil {
			_, err = m.WriteTo(w)
		}
		w.CloseWithError(err)
	}()
	return &sizedReader{r, size}
}

// A sizedReader knows how much is left, so that its reader can make room at once.
type sizedReader struct {
	*io.PipeReader
	left int64
}

// Len returns the number of bytes that are left.
func (s *sizedReader) Len() int { return int(s.left) }

func (s *sizedReader) Read(b []byte) (int, error) {
	n, err := s.PipeReader.Read(b)
	s.left -= int64(n)
	return n, err
}
