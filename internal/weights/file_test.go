package weights

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
)

// readFile reads the file at path.
func readFile(t *testing.T, path string) *File {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	f, err := Read(in, noLimit)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A model file is replaced as a whole; what the writer refuses leaves it as it was.
func TestModelFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m")
	f := sample()
	for range 2 {
		f.Metadata["x"] += "y"
		if err := atomicfile.Write(path, f); err != nil {
			t.Fatal(err)
		}
		if err := same(readFile(t, path), f); err != nil {
			t.Error(err)
		}
		meta, err := ReadMetadata(path)
		if err != nil || meta["x"] != f.Metadata["x"] || len(meta) != len(f.Metadata)+1 {
			t.Errorf("metadata %q, %v", meta, err)
		}
	}
	err := atomicfile.Write(path, &File{Tensors: []Tensor{{Name: metadataKey, Shape: []int{0}}}})
	wantErr(t, err, ErrFormat, "saving "+path, "reserved")
	if err := same(readFile(t, path), f); err != nil {
		t.Error(err)
	}
	for _, path := range []string{filepath.Dir(path), path + "2"} {
		if _, err := ReadMetadata(path); err == nil {
			t.Errorf("%s has metadata", path)
		}
	}
}
