package train

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/weights"
)

// Metadata that other programs add to a checkpoint is kept by the run that is
// resumed from it, in its checkpoints and in its model; where it leaves no room for
// what is still to come, the run is refused before it begins.
func TestFreeMetadata(t *testing.T) {
	tr := midway(t)
	images, set := imageMidway(t, 1)
	for name, c := range map[string]struct {
		run    *Trainer
		resume func(path string) (*Trainer, error)
	}{
		"text":   {tr, func(path string) (*Trainer, error) { return Resume(path, smallText(), nil) }},
		"images": {images, func(path string) (*Trainer, error) { return Resume(path, &Images{Set: set}, nil) }},
	} {
		f, err := readFile(save(t, c.run))
		if err != nil {
			t.Fatal(err)
		}
		changed := filepath.Join(t.TempDir(), "changed")
		add := func(author string) {
			t.Helper()
			f.Metadata["author"] = author
			if err := atomicfile.Write(changed, f); err != nil {
				t.Fatal(err)
			}
		}
		add("A. N. Other")
		again, err := c.resume(changed)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		saved, err := readFile(save(t, again))
		if err != nil {
			t.Fatal(err)
		}
		for what, f := range map[string]*weights.File{"checkpoint": saved, "model": again.Model().f} {
			if got := f.Metadata["author"]; got != "A. N. Other" {
				t.Errorf("%s: the author in the %s is %q", name, what, got)
			}
		}
		add(strings.Repeat("x", weights.MaxHeader-12<<10))
		if _, err := c.resume(changed); err == nil || !strings.Contains(err.Error(), "header") {
			t.Errorf("%s: almost 16 MiB of metadata: error %v, want one about the header", name, err)
		}
	}
}
