package atomicfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// A text writes itself.
type text string

func (s text) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(s))
	return int64(n), err
}

// A writerTo is a function as an io.WriterTo.
type writerTo func(w io.Writer) (int64, error)

func (f writerTo) WriteTo(w io.Writer) (int64, error) { return f(w) }

// holds checks that dir holds one file, called name, with the given content:
// no temporary file is left.
func holds(t *testing.T, dir, name, content string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Name() != name {
		t.Errorf("the directory holds %v, want %s alone", list, name)
	}
	if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != content {
		t.Errorf("the file holds %q, %v; want %q", got, err, content)
	}
}

// wantErr checks that err wraps target and contains parts.
func wantErr(t *testing.T, err, target error, parts ...string) {
	t.Helper()
	if err == nil || !errors.Is(err, target) {
		t.Errorf("error %v, want one that wraps %q", err, target)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not contain %q", err, part)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	for _, content := range []string{"first", "", "third and longer"} {
		if err := Write(path, text(content)); err != nil {
			t.Fatalf("Write: %v", err)
		}
		holds(t, dir, "m", content)
	}
}

// The disk fills up, midway or at once; or the writer itself fails, or panics.
func TestWriteFails(t *testing.T) {
	diskFull := errors.New("no space left on device")
	for name, write := range map[string]writerTo{
		"at once": func(io.Writer) (int64, error) { return 0, diskFull },
		"midway": func(w io.Writer) (int64, error) {
			n, err := w.Write(bytes.Repeat([]byte("x"), 1<<20))
			return int64(n), errors.Join(err, diskFull)
		},
	} {
		for _, exists := range []bool{true, false} {
			dir := t.TempDir()
			path := filepath.Join(dir, "m")
			if exists {
				if err := Write(path, text("old")); err != nil {
					t.Fatal(err)
				}
			}
			wantErr(t, Write(path, write), diskFull, path, "no space left")
			if exists {
				holds(t, dir, "m", "old")
			} else if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
				t.Errorf("%s: the directory holds %v, %v; want nothing", name, list, err)
			}
		}
	}
}

// Check leaves a directory as it was.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	if err := Check(path); err != nil {
		t.Errorf("a new file: %v", err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("the directory holds %v, %v; want nothing", list, err)
	}
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	if err := Check(path); err != nil {
		t.Errorf("an old file: %v", err)
	}
	holds(t, dir, "m", "old")
}

func TestWritePanics(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if got := recover(); got != "out of order" {
				t.Errorf("recovered %v, want the writer's own panic", got)
			}
		}()
		Write(path, writerTo(func(w io.Writer) (int64, error) {
			w.Write([]byte("new"))
			panic("out of order")
		}))
	}()
	holds(t, dir, "m", "old")
}

// The last step fails: while the bytes are written, path becomes a directory.
func TestWriteRenameFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	err := Write(path, writerTo(func(w io.Writer) (int64, error) {
		if err := os.MkdirAll(filepath.Join(path, "x"), 0o777); err != nil {
			t.Fatal(err)
		}
		return text("new").WriteTo(w)
	}))
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "rename") {
		t.Errorf("Write = %v, want an error about renaming that names %s", err, path)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 || list[0].Name() != "m" {
		t.Errorf("the directory holds %v, %v; want m alone", list, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := Write(file, text("old")); err != nil {
		t.Fatal(err)
	}
	never := writerTo(func(io.Writer) (int64, error) {
		t.Error("the writer was called")
		return 0, nil
	})
	for _, path := range []string{
		"",
		dir,
		filepath.Join(dir, "missing", "m"),
		filepath.Join(file, "m"),
		filepath.Join(dir, strings.Repeat("x", 5000)),
		os.DevNull,
		"zero\x00byte",
	} {
		err := Write(path, never)
		if path != os.DevNull || runtime.GOOS != "windows" { // where it is no file at all
			wantErr(t, err, err, path)
			err = Check(path)
			wantErr(t, err, err, path)
		}
	}
	holds(t, dir, "file", "old")

	if err := os.Chmod(file, 0o444); err != nil {
		t.Skip("no modes here: ", err)
	}
	wantErr(t, Write(file, never), fs.ErrPermission, file, "read-only")
	wantErr(t, Check(file), fs.ErrPermission, file, "read-only")
	holds(t, dir, "file", "old")
	if err := os.Chmod(file, 0o644); err != nil { // Windows deletes no read-only file
		t.Fatal(err)
	}
}

func TestWriteReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	if probe, err := os.Create(filepath.Join(dir, "probe")); err == nil {
		probe.Close()
		os.Remove(probe.Name())
		t.Skip("this user may write to a read-only directory")
	}
	wantErr(t, Write(path, text("new")), fs.ErrPermission, path, "temporary file")
	wantErr(t, Check(path), fs.ErrPermission, path, "temporary file")
	holds(t, dir, "m", "old")
}

func TestWriteMode(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOARCH == "wasm" {
		t.Skip("no modes here")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	probe := filepath.Join(dir, "probe")
	if err := os.WriteFile(probe, nil, 0o644); err != nil { // shows the umask
		t.Fatal(err)
	}
	modeOf := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode()
	}
	if err := Write(path, text("new")); err != nil {
		t.Fatal(err)
	}
	if got, want := modeOf(path), modeOf(probe); got != want {
		t.Errorf("mode of a new file = %v, want %v", got, want)
	}
	for _, mode := range []fs.FileMode{0o600, 0o666, 0o640, 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		err := Write(path, writerTo(func(w io.Writer) (int64, error) {
			list, err := filepath.Glob(filepath.Join(dir, ".autoreg-*.tmp"))
			if err != nil || len(list) != 1 {
				t.Fatalf("temporary files %v, %v; want one", list, err)
			}
			if got := modeOf(list[0]); got&^mode != 0 { // what is secret stays so meanwhile
				t.Errorf("temporary file has mode %v, want no more than %v", got, mode)
			}
			return text("newer").WriteTo(w)
		}))
		if err != nil {
			t.Fatal(err)
		}
		if got := modeOf(path); got != mode {
			t.Errorf("mode of a replaced file = %v, want %v", got, mode)
		}
	}
}

func TestWriteSymlink(t *testing.T) {
	there, here := t.TempDir(), t.TempDir()
	target, link := filepath.Join(there, "m"), filepath.Join(here, "link")
	if err := Write(target, text("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if err := Write(link, text("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, there, "m", "new")
	holds(t, here, "link", "new")
	if got, err := os.Readlink(link); err != nil || got != target {
		t.Errorf("the link leads to %q, %v; want %q", got, err, target)
	}
}

// Writers to one path: at every moment a reader finds one of theirs, complete.
func TestWriteConcurrent(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	content := func(c byte) string { return strings.Repeat(string(c), 200_000) }
	if err := Write(path, text(content('a'))); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for range 10 {
				// Windows refuses to replace a file that another has open;
				// an error is allowed there, a mixture is not.
				err := Write(path, text(content('a'+byte(i))))
				if err != nil && runtime.GOOS != "windows" {
					t.Errorf("Write: %v", err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		got, err := os.ReadFile(path)
		if err != nil {
			if runtime.GOOS == "windows" {
				continue
			}
			t.Fatalf("reading: %v", err)
		}
		if len(got) == 0 || string(got) != content(got[0]) {
			t.Fatalf("read a mixture of %d bytes", len(got))
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, dir, "m", string(got))
}
