package autoreg

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Imports point one way: asm <- kernels <- layers <- {sampler, train}, the root on
// top of layers and sampler, tokenizer alone. So an inference binary carries no
// trainer, no command and no plotting.
func TestImportArrows(t *testing.T) {
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no processes here")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here: ", err)
	}
	const module = "github.com/autoreg/autoreg"
	const (
		cpuid   = "github.com/klauspost/cpuid/v2"
		vek     = "github.com/viterin/vek"
		math32  = "github.com/chewxy/math32" // of vek
		gonum   = "gonum.org/v1/gonum"
		stemmer = "github.com/kljensen/snowball"
		system  = "golang.org/x/sys" // of cpuid
	)
	arithmetic := []string{cpuid, system, vek, math32, gonum}
	for _, c := range []struct {
		pkg     string   // within the module; "" is the root
		ours    []string // packages of ours that it may reach
		foreign []string // modules that it may reach
	}{
		{"/internal/cpu", nil, []string{cpuid, system}},
		{"/internal/weights", nil, nil},
		{"/asm", nil, arithmetic},
		{"/kernels", []string{"/asm", "/internal/cpu"}, arithmetic},
		{"/layers", []string{"/kernels", "/asm", "/internal/cpu"}, arithmetic},
		{"/sampler", []string{"/layers", "/kernels", "/asm", "/internal/cpu"}, arithmetic},
		{"/tokenizer", nil, []string{stemmer}},
		{"/internal/model", []string{"/layers", "/kernels", "/asm", "/internal/cpu", "/internal/weights", "/tokenizer"}, append(arithmetic, stemmer)},
		{"/train", []string{"/layers", "/kernels", "/asm", "/internal/cpu", "/internal/weights", "/internal/model", "/tokenizer"}, nil},
		{"", []string{"/sampler", "/layers", "/kernels", "/asm", "/internal/cpu", "/internal/weights", "/internal/model", "/tokenizer"}, append(arithmetic, stemmer)},
	} {
		out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", module+c.pkg).Output()
		if err != nil {
			t.Errorf("go list %s: %v", module+c.pkg, err)
			continue
		}
		for dep := range strings.FieldsSeq(string(out)) {
			if dep == module+c.pkg {
				continue
			}
			if inner, ours := strings.CutPrefix(dep, module); ours && (inner == "" || inner[0] == '/') {
				if !slices.Contains(c.ours, inner) {
					t.Errorf("%s%s reaches %s, which it must not", module, c.pkg, dep)
				}
				continue
			}
			if c.pkg == "/train" {
				continue // the trainer may use what it likes
			}
			if !slices.ContainsFunc(c.foreign, func(m string) bool { return dep == m || strings.HasPrefix(dep, m+"/") }) {
				t.Errorf("%s%s reaches %s, which it must not", module, c.pkg, dep)
			}
		}
	}
}
