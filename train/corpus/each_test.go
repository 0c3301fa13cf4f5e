package corpus

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// linesOf reads data with Lines.
func linesOf(r io.Reader, o Options) (lines []Line, err error) {
	o.Open = func(string) (fs.File, error) { return stream{r}, nil }
	for line, e := range Lines("log", &o) {
		if err = e; err == nil {
			lines = append(lines, line)
		}
	}
	return lines, err
}

// A stream is a file that only reads.
type stream struct{ io.Reader }

func (stream) Stat() (fs.FileInfo, error) { return nil, errors.ErrUnsupported }
func (stream) Close() error               { return nil }

func TestLines(t *testing.T) {
	const nul = "12:00 start\x00\x00end\n"
	for name, c := range map[string]struct {
		data string
		want []Line
		o    Options
	}{
		"ends":       {"a b\r\n\r\n \t\nc\rd\r\r\nlast", []Line{{1, "a b"}, {4, "c"}, {5, "d"}, {6, "last"}}, Options{}},
		"empty":      {"", nil, Options{}},
		"blank":      {"\n\n", nil, Options{}},
		"marks":      {"\ufeffa\n\ufeffb\n", []Line{{1, "a"}, {2, "b"}}, Options{}},
		"not UTF-8":  {"a\xff\xfeb\nc\xc3", []Line{{1, "a\ufffdb"}, {2, "c\ufffd"}}, Options{}},
		"raw":        {"a\xff\xfeb\nc\xc3", []Line{{1, "a\xff\xfeb"}, {2, "c\xc3"}}, Options{Raw: true}},
		"UTF-16":     {"\xff\xfea\x00\n\x00b\x00", []Line{{1, "a"}, {2, "b"}}, Options{}},
		"gzip":       {testkit.Gzip(t, "a\nb"), []Line{{1, "a"}, {2, "b"}}, Options{}},
		"JSON":       {"[{\"a\":1}]\n", []Line{{1, "[{\"a\":1}]"}}, Options{Format: FormatRecipes}},
		"late bytes": {strings.Repeat("x\n", 40000) + nul, nil, Options{}},
	} {
		got, err := linesOf(strings.NewReader(c.data), c.o)
		if name == "late bytes" {
			c.want = []Line{{40001, strings.TrimSpace(nul)}}
			got = got[min(len(got), 40000):]
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func TestLinesErrors(t *testing.T) {
	packed := testkit.Gzip(t, strings.Repeat("some text\n", 5000))
	broken := errors.New("the disk is broken")
	for name, c := range map[string]struct {
		r     io.Reader
		o     Options
		lines int
		want  string
	}{
		"binary":    {strings.NewReader("a\nb\x00"), Options{}, 0, "log: line 2, byte 3: a NUL byte: this is no text file"},
		"long line": {strings.NewReader("a\n" + strings.Repeat("x", 1001) + "\nb\n"), Options{MaxDocBytes: 1000}, 1, "log: line 2 is longer than the limit of 1000 bytes: raise MaxDocBytes"},
		"too much":  {strings.NewReader(strings.Repeat("12345678\n", 20000)), Options{MaxBytes: 9 * 9000}, 9000, "log: line 9001: the unpacked data is larger than the limit of "},
		"cut gzip":  {strings.NewReader(packed[:len(packed)-9]), Options{}, -1, "log: "},
		"broken":    {io.MultiReader(strings.NewReader(strings.Repeat("a\n", 50000)), failing{broken}), Options{}, 50000, "log: line 50001: the disk is broken"},
		"limits":    {strings.NewReader(""), Options{MaxDocBytes: -1}, 0, "MaxDocBytes is -1"},
	} {
		got, err := linesOf(c.r, c.o)
		if err == nil || !strings.HasPrefix(err.Error(), "corpus: "+c.want) || c.lines >= 0 && len(got) != c.lines {
			t.Errorf("%s: %d lines, %v; want %d and %q", name, len(got), err, c.lines, c.want)
		}
	}
	for _, path := range []string{t.TempDir(), "/nowhere/none"} {
		n := 0
		for line, err := range Lines(path, nil) {
			if n++; err == nil || line != (Line{}) {
				t.Errorf("%s: %v, %v", path, line, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d lines", path, n)
		}
	}
	n := 0
	for range Lines("log", &Options{Open: func(string) (fs.File, error) { return stream{strings.NewReader("a\nb\nc")}, nil }}) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d lines before the loop was left", n)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Memory does not grow with the file.
func TestLinesMemory(t *testing.T) {
	text := ""
	for i := range 1000 {
		text += fmt.Sprintf("12:00:%02d request %d took %d ms\n", i%60, i, i*7%1000)
	}
	h := &heapMeter{r: io.LimitReader(&repeated{text: text}, 32<<20), start: liveHeap()}
	n := 0
	for _, err := range Lines("log", &Options{Open: func(string) (fs.File, error) { return stream{h}, nil }}) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if grown := int64(h.peak) - int64(h.start); n < 500_000 || grown > 1<<20 {
		t.Errorf("%d lines of %d bytes: the heap grew by %d", n, h.n, grown)
	}
}
