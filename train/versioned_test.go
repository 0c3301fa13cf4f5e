package train

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
)

// The version of a model file depends on its weights and its metadata.
func TestReadVersioned(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m")
	seen := make(map[atomicfile.Version]string)
	f := newTestTrainer(t, smallDocs(), small()).Model().f
	for _, c := range []struct {
		what   string
		change func()
	}{
		{"the model", func() {}},
		{"another weight", func() { f.Tensors[0].Data[0]++ }},
		{"another metadata", func() { f.Metadata["x"] = "y" }},
	} {
		c.change()
		written, err := atomicfile.Replace(path, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, v, err := readVersioned(path)
		if err != nil || v != written || seen[v] != "" {
			t.Fatalf("%s: %v, written as %v and read as %v, the version of %q", c.what, err, written, v, seen[v])
		}
		seen[v] = c.what
		if again.Metadata["x"] != f.Metadata["x"] || again.Lookup(f.Tensors[0].Name).Data[0] != f.Tensors[0].Data[0] {
			t.Errorf("%s: read another model", c.what)
		}
	}
	if err := os.WriteFile(path, []byte("no model"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, filepath.Dir(path), path + "2"} {
		if f, _, err := readVersioned(path); f != nil || err == nil {
			t.Errorf("%s: %v, %v", path, f, err)
		}
	}
}
