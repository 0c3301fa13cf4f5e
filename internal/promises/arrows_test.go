package promises

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/autoreg/autoreg"

// Imports point one way: asm <- kernels <- layers <- {sampler, train}, the root on
// top of layers and sampler, tokenizer alone, the readers of corpora and of images
// below train. So an inference binary carries no trainer, no command and no plotting,
// also if it reads corpora and images.
func TestImportArrows(t *testing.T) {
	cpuid := []string{"github.com/klauspost/cpuid/v2", "golang.org/x/sys"} // the second is of the first
	arithmetic := []string{"/kernels", "/asm", "/internal/cpu", "/internal/portable", "/internal/philox"}
	words := []string{"github.com/kljensen/snowball"}
	text := slices.Concat(cpuid, words)
	inference := slices.Concat(arithmetic, []string{"/sampler", "/layers", "/internal/apierror", "/internal/dtype", "/internal/weights", "/internal/model", "/internal/pixels", "/tokenizer"})
	eachImports(t, func(t *testing.T, imports map[string][]string) {
		for _, c := range []struct {
			pkg     string   // within the module; "" is the root
			ours    []string // packages of ours that it may reach
			foreign []string // modules that it may reach; "*" is any
		}{
			{"/internal/cpu", nil, cpuid},
			{"/internal/apierror", nil, nil},
			{"/internal/promises", nil, nil},
			{"/internal/atomicfile", []string{"/internal/apierror"}, nil},
			{"/internal/input", nil, nil},
			{"/internal/pixels", nil, nil},
			{"/internal/portable", nil, nil},
			{"/internal/philox", nil, nil},
			{"/internal/dtype", nil, nil},
			{"/internal/torchfile", []string{"/internal/apierror", "/internal/dtype"}, nil},
			{"/internal/weights", []string{"/internal/apierror", "/internal/dtype"}, nil},
			{"/internal/hdf5", []string{"/internal/apierror", "/internal/dtype"}, nil},
			{"/internal/onnx", []string{"/internal/apierror"}, nil},
			{"/asm", nil, nil},
			{"/kernels", []string{"/asm", "/internal/cpu", "/internal/philox"}, cpuid},
			{"/layers", arithmetic, cpuid},
			{"/sampler", append([]string{"/layers", "/internal/apierror"}, arithmetic...), cpuid},
			{"/tokenizer", []string{"/internal/apierror"}, words},
			{"/internal/model", append([]string{"/layers", "/internal/apierror", "/internal/dtype", "/internal/weights", "/tokenizer"}, arithmetic...), text},
			{"/train/corpus", []string{"/internal/apierror", "/internal/input"}, nil},
			{"/train/images", []string{"/internal/apierror", "/internal/input", "/internal/pixels"}, nil},
			{"/train", append([]string{"/layers", "/internal/apierror", "/internal/atomicfile", "/internal/dtype", "/internal/weights", "/internal/model", "/internal/pixels", "/internal/input", "/tokenizer", "/train/images"}, arithmetic...), []string{"*"}},
			{"", inference, text},
			{"/examples/textgen", append([]string{""}, inference...), text},
			{"/examples/pixels", append([]string{""}, inference...), text},
			{"/examples/server", append([]string{""}, inference...), text},
			{"/examples/suggest", append([]string{""}, inference...), text},
			{"/examples/names", append([]string{""}, inference...), text},
		} {
			pkg := module + c.pkg
			if _, ok := imports[pkg]; !ok {
				t.Errorf("there is no package %s", pkg)
			}
			for dep := range reach(imports, pkg) {
				inner, ours := strings.CutPrefix(dep, module)
				if ours = ours && (inner == "" || inner[0] == '/'); ours {
					ours = slices.Contains(c.ours, inner)
				} else {
					ours = slices.ContainsFunc(c.foreign, func(m string) bool { return m == "*" || dep == m || strings.HasPrefix(dep, m+"/") })
				}
				if !ours {
					t.Errorf("%s reaches %s, which it must not", pkg, dep)
				}
			}
		}
	})
}

// Only the kernels know that instruction sets exist; the test kit, which is in no
// binary, makes tests run on all of them.
func TestOnlyKernelsKnowInstructionSets(t *testing.T) {
	eachImports(t, func(t *testing.T, imports map[string][]string) {
		for _, pkg := range []string{"/asm", "/internal/cpu"} {
			var got []string
			for importer, direct := range imports {
				if slices.Contains(direct, module+pkg) {
					got = append(got, strings.TrimPrefix(importer, module))
				}
			}
			slices.Sort(got)
			if want := []string{"/internal/testkit", "/kernels"}; !slices.Equal(got, want) {
				t.Errorf("%s is imported by %q, want %q", pkg, got, want)
			}
		}
		for importer := range imports {
			if slices.Contains(imports[importer], module+"/internal/testkit") {
				t.Errorf("%s imports the test kit other than in a test", importer)
			}
		}
	})
}

// eachImports calls f with what each package beyond the standard library that is
// part of the module, or reached from it, imports, on both architectures that have
// assembly.
func eachImports(t *testing.T, f func(t *testing.T, imports map[string][]string)) {
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no processes here")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here: ", err)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			list := exec.Command("go", "list", "-deps", "-f", `{{if not .Standard}}{{.ImportPath}} {{join .Imports " "}}{{end}}`, module+"/...")
			list.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
			list.Stderr = os.Stderr
			out, err := list.Output()
			if err != nil {
				t.Fatalf("go list: %v", err)
			}
			imports := make(map[string][]string)
			for line := range strings.Lines(string(out)) {
				fields := strings.Fields(line)
				imports[fields[0]] = fields[1:]
			}
			f(t, imports)
		})
	}
}

// reach returns the packages beyond the standard library that pkg imports,
// directly or not.
func reach(imports map[string][]string, pkg string) map[string]bool {
	seen := make(map[string]bool)
	for todo := []string{pkg}; len(todo) > 0; {
		last := len(todo) - 1
		direct := imports[todo[last]]
		todo = todo[:last]
		for _, dep := range direct {
			if _, foreign := imports[dep]; foreign && !seen[dep] {
				seen[dep] = true
				todo = append(todo, dep)
			}
		}
	}
	return seen
}
