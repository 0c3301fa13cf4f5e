package corpus

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/autoreg/autoreg/internal/testkit"
)

// files writes files into a new folder and returns it.
func files(t *testing.T, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range content {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadCorpusFiles(t *testing.T) {
	const recipe = `[{"title":"Peas","directions":["Chop."]},{"title":"none"}]`
	content := map[string]string{
		"one.txt": "a\nb\n", "two": testkit.Gzip(t, "\ufeffc\r\n\ufeffd\xff\n"), "recipes.json": recipe,
		"folder/b.txt": "2\n", "folder/B.TXT": "1\n", "folder/c.md.gz": testkit.Gzip(t, "3\n"), "folder/d.text": " \n",
		"folder/.hidden.txt": "x\n", "folder/e.csv": "x\n", "folder/noext": "x\n", "folder/sub/f.txt": "x\n", "folder/g.gz": "x\n",
	}
	dir := files(t, content)
	in := func(names ...string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, filepath.FromSlash(name)))
		}
		return paths
	}
	for _, c := range []struct {
		paths, read []string
		docs        []string
		format      string
		counts      Counts
		leftOut     int
	}{
		{[]string{"one.txt", "two"}, []string{"one.txt", "two"}, []string{"a", "b", "c", "d\uFFFD"}, FormatLines, Counts{Replaced: 1, Marks: 1}, 0},
		{[]string{"two", "recipes.json"}, []string{"two", "recipes.json"}, []string{"c", "d\uFFFD", "Recipe for Peas | Chop."}, FormatMixed, Counts{Replaced: 1, Marks: 1, Skipped: 1}, 0},
		{[]string{"recipes.json"}, []string{"recipes.json"}, []string{"Recipe for Peas | Chop."}, FormatRecipes, Counts{Skipped: 1}, 0},
		{[]string{"folder", "one.txt"}, []string{"folder/B.TXT", "folder/b.txt", "folder/c.md.gz", "folder/d.text", "one.txt"}, []string{"1", "2", "3", "a", "b"}, FormatLines, Counts{}, 4},
		{[]string{"one.txt", "one.txt"}, []string{"one.txt", "one.txt"}, []string{"a", "b", "a", "b"}, FormatLines, Counts{}, 0},
	} {
		got, err := Read(in(c.paths...), nil)
		if err != nil {
			t.Errorf("%v: %v", c.paths, err)
			continue
		}
		if !slices.Equal(got.Docs, c.docs) || got.Format != c.format || got.Counts != c.counts || got.LeftOut != c.leftOut {
			t.Errorf("%v: %q, read as %s, %+v, %d left out; want %q, %s, %+v, %d", c.paths, got.Docs, got.Format, got.Counts, got.LeftOut, c.docs, c.format, c.counts, c.leftOut)
		}
		var read []string
		all := sha256.New()
		docs := 0
		for i, f := range got.Files {
			rel, _ := filepath.Rel(dir, f.Path)
			read = append(read, filepath.ToSlash(rel))
			data := content[read[i]]
			all.Write([]byte(data))
			if f.SHA256 != sha256.Sum256([]byte(data)) {
				t.Errorf("%s: SHA256 %x", f.Path, f.SHA256)
			}
			docs += f.Docs
		}
		if !slices.Equal(read, c.read) || docs != len(c.docs) || !slices.Equal(got.SHA256[:], all.Sum(nil)) {
			t.Errorf("%v: files %v with %d documents, SHA256 %x, want %v, %d, %x", c.paths, read, docs, got.SHA256, c.read, len(c.docs), all.Sum(nil))
		}
	}

	for _, c := range []struct {
		content map[string]string
		paths   []string
		o       *Options
		want    string
	}{
		{map[string]string{"a.txt": "a\n", "b.txt": ""}, []string{"a.txt", "b.txt"}, nil, "b.txt: there is no text in it"},
		{map[string]string{"a.txt": "a\n"}, []string{"a.txt", "none"}, nil, "none"},
		{map[string]string{"d/a.txt": "", "d/b.txt": "\n"}, []string{"d"}, nil, "there is no text in its 2 files"},
		{map[string]string{"d/a.csv": "a\n"}, []string{"d"}, nil, "there is no .txt, .text, .md, .log, .json, .jsonl or .ndjson file in this folder"},
		{map[string]string{"d/a.txt": "a\n", "d/b.json": `{"a":1}`}, []string{"d"}, nil, "b.json: this is one JSON object"},
		{map[string]string{"a.txt": "abc\n", "b.txt": "abcd\n"}, []string{"a.txt", "b.txt"}, &Options{MaxBytes: 8}, "b.txt: the unpacked data is larger than the limit of 8 bytes, all files together: raise MaxBytes"},
	} {
		dir := files(t, c.content)
		var paths []string
		for _, p := range c.paths {
			paths = append(paths, filepath.Join(dir, p))
		}
		got, err := Read(paths, c.o)
		if err == nil || got != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "corpus: ") {
			t.Errorf("%v: error %v, want one with %q", c.paths, err, c.want)
		}
	}
	if _, err := Read(nil, nil); err == nil || !strings.Contains(err.Error(), "no files named") {
		t.Errorf("no paths: error %v", err)
	}
}

// A folder may hold links, pipes and folders with names of texts.
func TestReadCorpusFolderEntries(t *testing.T) {
	dir := files(t, map[string]string{"d/a.txt": "a\n", "d/folder.txt/x": "x\n", "elsewhere": "linked\n"})
	want, leftOut := []string{"a"}, 1
	link := func(to, name string) bool { return os.Symlink(to, filepath.Join(dir, "d", name)) == nil }
	if link(filepath.Join(dir, "elsewhere"), "b.txt") && link(filepath.Join(dir, "d", "folder.txt"), "c.txt") {
		want, leftOut = append(want, "linked"), leftOut+1
	} else if runtime.GOOS == "linux" {
		t.Error("no links")
	}
	got, err := Read([]string{filepath.Join(dir, "d")}, nil)
	if err != nil || !slices.Equal(got.Docs, want) || got.LeftOut != leftOut {
		t.Errorf("%+v, %v; want %q, %d left out", got, err, want, leftOut)
	}
}

// TestReadCorpusOpen reads from a file system that is not the machine's, folders and
// standard input included.
func TestReadCorpusOpen(t *testing.T) {
	system := fstest.MapFS{
		"-": {Data: []byte("from standard input\n")}, "d/b.txt": {Data: []byte("b\n")}, "d/a.txt": {Data: []byte("a\n")},
		"device": {Mode: fs.ModeDevice | fs.ModeCharDevice}, "socket": {Mode: fs.ModeSocket}, "pipe": {Mode: fs.ModeNamedPipe, Data: []byte("piped\n")},
	}
	var opened []string
	o := &Options{Open: func(path string) (fs.File, error) {
		opened = append(opened, filepath.ToSlash(path))
		return system.Open(filepath.ToSlash(path))
	}}
	got, err := Read([]string{"-", "d", "pipe"}, o)
	if err != nil || !slices.Equal(got.Docs, []string{"from standard input", "a", "b", "piped"}) {
		t.Errorf("%+v, %v", got, err)
	}
	if want := []string{"-", "d", "d/a.txt", "d/b.txt", "pipe"}; !slices.Equal(opened, want) {
		t.Errorf("opened %q, want each once: %q", opened, want)
	}
	for path, want := range map[string]string{"device": "this is a device", "socket": "this is a socket"} {
		if _, err := Read([]string{path}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", path, err)
		}
	}
	if _, err := Read([]string{"-", "-"}, o); err == nil || !strings.Contains(err.Error(), "only once") {
		t.Errorf("standard input twice: error %v", err)
	}
	if _, err := Read([]string{"none"}, o); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: error %v", err)
	}
}

// TestReadCorpusDevices refuses the devices of this machine without opening them.
func TestReadCorpusDevices(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{"/dev/zero", "/dev/null", "/dev/full", "/dev/random"} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		_, err := Read([]string{path}, nil)
		if err == nil || !strings.Contains(err.Error(), "this is a device: name a file, or - for standard input") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", path, err)
		}
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		if _, err := Decode(f, path, nil); err == nil || !strings.Contains(err.Error(), "this is a device") {
			t.Errorf("%s, open already: error %v", path, err)
		}
		// As standard input it is what the caller chose, and reading it ends.
		if _, err := Decode(f, "-", nil); err == nil || strings.Contains(err.Error(), "device") {
			t.Errorf("%s as standard input: error %v", path, err)
		}
		f.Close()
	}
}

// TestCorpusGzipEnd has a gzip file end in all ways.
func TestCorpusGzipEnd(t *testing.T) {
	data := testkit.Gzip(t, "boil the oats .\n")
	more := testkit.Gzip(t, "boil the rice .\n")
	both := []string{"boil the oats .", "boil the rice ."}
	for _, c := range []struct {
		name, data string
		docs       []string
		want       string
	}{
		{"two members", data + more, both, ""},
		{"an empty member", testkit.Gzip(t, "") + data + testkit.Gzip(t, "") + more, both, ""},
		{"zeros behind", data + strings.Repeat("\x00", 512), both[:1], ""},
		{"a zero behind", data + "\x00", both[:1], ""},
		{"many zeros behind", data + strings.Repeat("\x00", 1<<20), both[:1], ""},
		{"zeros between", data + strings.Repeat("\x00", 100) + more, both, ""},
		{"letters behind", data + "trailing", nil, "something follows the gzip data, after 16 unpacked bytes"},
		{"a letter behind", data + "x", nil, "something follows the gzip data"},
		{"one byte of a member", data + "\x1f", nil, "something follows the gzip data"},
		{"letters after zeros", data + "\x00\x00x", nil, "something follows the gzip data"},
		{"letters behind two members", data + more + "\n", nil, "something follows the gzip data, after 32 unpacked bytes"},
		{"half a header", data + more[:5], nil, "the gzip data is cut off: it ends in the middle, 16 unpacked bytes in"},
		{"second member cut off", data + more[:len(more)-1], nil, "the gzip data is cut off: it ends in the middle, 32 unpacked bytes in"},
	} {
		got, err := readString(c.data, nil)
		switch {
		case c.want == "" && (err != nil || !slices.Equal(got.Docs, c.docs)):
			t.Errorf("%s: %+v, %v, want %q", c.name, got, err, c.docs)
		case c.want == "" && got.SHA256 != sha256.Sum256([]byte(c.data)):
			t.Errorf("%s: the hash is of something else", c.name)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
