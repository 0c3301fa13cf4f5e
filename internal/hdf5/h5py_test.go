package hdf5

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// testFile returns a file of testdata, which make.py has written.
func testFile(t testing.TB, name string) []byte {
	t.Helper()
	r, err := os.Open(filepath.Join("testdata", name+".h5.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// testNames returns the names of the files of testdata.
func testNames(t testing.TB) (names []string) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.h5.gz")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, p := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(p), ".h5.gz"))
	}
	return names
}

func mustOpen(t testing.TB, b []byte) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// lines returns the lines of a list that make.py has written.
func lines(t testing.TB, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// Every group, attribute and data set is what h5py says that it is.
func TestAgainstH5py(t *testing.T) {
	for _, name := range testNames(t) {
		t.Run(name, func(t *testing.T) {
			compare(t, mustOpen(t, testFile(t, name)), lines(t, "testdata/"+name+".txt"))
		})
	}
}

// So it is in files of other people's programs.
func TestRealFilesAgainstH5py(t *testing.T) {
	var name string
	var want []string
	done := func() {
		if name == "" {
			return
		}
		t.Run(name, func(t *testing.T) {
			compare(t, mustOpen(t, realFile(t, name)), want)
		})
		want = nil
	}
	for _, line := range lines(t, "testdata/models.txt") {
		if next, ok := strings.CutPrefix(line, "file\t"); ok {
			done()
			name = next
		} else {
			want = append(want, line)
		}
	}
	done()
}

// realFile returns a file of the data directory's models, or the weights of one that is
// a zip archive.
func realFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(testkit.DataFile(t, "models/"+name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".keras") {
		return b
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Open("model.weights.h5")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	return b
}

// compare reads all of f, twice, and reports lines that are missing or not wanted.
func compare(t *testing.T, f *File, want []string) {
	t.Helper()
	for range 2 {
		got := describe(f.Root(), nil, map[*object]bool{})
		for _, line := range got {
			if !slices.Contains(want, line) {
				t.Errorf("got  %s", line)
			}
		}
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("want %s", line)
			}
		}
	}
	var walked, listed []string
	if err := f.Walk(func(path string, d *Dataset, err error) error {
		walked = append(walked, path)
		return nil
	}); err != nil {
		t.Error(err)
	}
	for _, line := range want {
		if x := strings.Split(line, "\t"); x[0] == "data" || x[0] == "other" {
			listed = append(listed, x[1])
		}
	}
	walked = slices.DeleteFunc(walked, func(p string) bool { return strings.HasSuffix(p, "____") })
	if !slices.Equal(walked, listed) {
		t.Errorf("Walk: %q, want %q", walked, listed)
	}
}

// describe returns the lines of make.py about g and what is below it.
func describe(g *Group, out []string, seen map[*object]bool) []string {
	seen[g.o] = true
	add := func(x ...any) { out = append(out, strings.TrimSuffix(fmt.Sprintln(tabs(x)...), "\n")) }
	names := g.Names()
	a, err := g.Attributes()
	add("group", name0(g.Path()), len(names), digest(names))
	attributeLines(a, err, g.Path(), add)
	if len(names) == 900 {
		return out
	}
	for _, k := range names {
		path := join(g.Path(), k)
		switch kind, err := g.Kind(k); {
		case err != nil:
			add("error", path, err)
		case strings.HasSuffix(kind, " link"):
			add("other", path, "link")
		case kind == "group":
			next, err := g.Group(k)
			if err != nil {
				add("error", path, err)
			} else if seen[next.o] {
				add("other", path, "group again")
			} else {
				out = describe(next, out, seen)
			}
		case kind == "data set":
			d, err := g.Dataset(k)
			if err != nil {
				add("error", path, err)
				continue
			}
			datasetLine(d, add)
			a, err := d.Attributes()
			attributeLines(a, err, path, add)
		default:
			add("other", path, kind)
		}
	}
	return out
}

func tabs(x []any) []any {
	for i := range x {
		x[i] = fmt.Sprint(x[i])
	}
	s := make([]string, len(x))
	for i := range x {
		s[i] = x[i].(string)
	}
	return []any{strings.Join(s, "\t")}
}

func name0(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

func datasetLine(d *Dataset, add func(x ...any)) {
	var sum string
	if d.Type() == "string" {
		s, err := d.Strings()
		sum = result(digest(s), err)
	} else {
		v, err := d.Float32s()
		b := make([]byte, 4*len(v))
		for i, x := range v {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
		}
		sum = result(fmt.Sprintf("%x", sha256.Sum256(b)), err)
	}
	if sum == "unsupported" {
		add("other", d.Path(), "data set")
		return
	}
	add("data", d.Path(), d.Type(), shapeText(&d.array), sum)
}

func attributeLines(a *Attributes, err error, path string, add func(x ...any)) {
	if err != nil {
		add("error", path, err)
		return
	}
	for _, k := range a.Names() {
		x, sum := a.byName[k], ""
		if x.Type() == "string" {
			s, err := a.Strings(k)
			sum = result(digest(s), err)
		} else {
			v, err := a.Float64s(k)
			b := make([]byte, 8*len(v))
			for i, x := range v {
				binary.LittleEndian.PutUint64(b[8*i:], math.Float64bits(x))
			}
			sum = result(fmt.Sprintf("%x", sha256.Sum256(b)), err)
		}
		add("attr", name0(path), k, shapeText(&x.array), sum)
	}
}

func shapeText(a *array) string {
	if a.null {
		return "null"
	}
	return strings.ReplaceAll(fmt.Sprint(a.Shape()), " ", ",")
}

func result(sum string, err error) string {
	if errors.Is(err, ErrUnsupported) {
		return "unsupported"
	}
	if err != nil {
		return err.Error()
	}
	return sum
}

func digest(s []string) string {
	h := sha256.New()
	for _, x := range s {
		io.WriteString(h, x+"\x00")
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
