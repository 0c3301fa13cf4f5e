package convert

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/layers"
)

// TestModels reads other people's files.
func TestModels(t *testing.T) {
	data := os.Getenv("AUTOREG_DATA")
	if data == "" {
		t.Skip("AUTOREG_DATA is not set")
	}
	paths, _ := filepath.Glob(data + "/models/*/*")
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		info, _ := f.Stat()
		n, err := read(f, info.Size(), &ImportOptions{})
		var list []string
		if n != nil {
			for _, p := range n.parts {
				s := "embedding"
				if p.spec != nil {
					s = layers.FormatSpecs([]layers.Spec{p.spec})
				}
				list = append(list, fmt.Sprintf("%s %d→%s", p.name, p.in, s))
			}
			t.Logf("%s: %s, in %d: %s\n%q", path[len(data)+8:], n.format, n.input, strings.Join(list, "; "), n.notes)
		}
		if err != nil {
			t.Logf("%s: %v", path[len(data)+8:], err)
		}
	}
}
