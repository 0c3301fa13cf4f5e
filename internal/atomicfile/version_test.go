package atomicfile

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Replace notices that a file is not what it was, before and while it writes.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	var none Version
	v, err := Replace(path, text("one"), &none)
	if err != nil || !v.Exists() {
		t.Fatalf("a new file: %v", err)
	}
	if now, err := VersionOf(path); err != nil || now != v {
		t.Errorf("version %v, %v; want what Replace returned, %v", now, err, v)
	}
	if v, err = Replace(path, text("two"), &v); err != nil {
		t.Fatalf("its own file: %v", err)
	}
	if err := Write(path, text("alien")); err != nil {
		t.Fatal(err)
	}
	for _, was := range []Version{v, none} {
		_, err = Replace(path, text("three"), &was)
		wantErr(t, err, ErrReplaced, path)
		holds(t, dir, "m", "alien")
	}
	if v, err = VersionOf(path); err != nil {
		t.Fatal(err)
	}
	_, err = Replace(path, writerTo(func(w io.Writer) (int64, error) {
		if err := os.WriteFile(path, []byte("meanwhile"), 0o644); err != nil {
			t.Error(err)
		}
		return text("three").WriteTo(w)
	}), &v)
	wantErr(t, err, ErrReplaced, path)
	holds(t, dir, "m", "meanwhile")
	// What is gone can be written again.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Replace(path, text("three"), &v); err != nil {
		t.Error(err)
	}
	if _, err := Replace(path, text("four"), nil); err != nil {
		t.Error(err)
	}
	holds(t, dir, "m", "four")
	if _, err := VersionOf(dir); err == nil {
		t.Error("a directory has a version")
	}
}

// A version depends on the size of a file and on each of its first 17 MiB.
func TestVersion(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	seen := make(map[Version]string)
	add := func(what, content string) {
		t.Helper()
		written, err := Replace(path, text(content), nil)
		if err != nil {
			t.Fatal(err)
		}
		v, err := VersionOf(path)
		if err != nil || v != written || seen[v] != "" {
			t.Errorf("%s: %v, the version is %v and was %v when it was written; it is that of %q", what, err, v, written, seen[v])
		}
		seen[v] = what
		f, opened, err := Open(path)
		if err != nil || opened != v {
			t.Fatalf("%s: Open gives %v, %v", what, opened, err)
		}
		defer f.Close()
		if got, err := io.ReadAll(f); err != nil || string(got) != content {
			t.Errorf("%s: read %d bytes, %v, want %d", what, len(got), err, len(content))
		}
	}
	for _, s := range []string{"", "a", "b", "shorter", strings.Repeat("x", 1000), strings.Repeat("x", 1001)} {
		add(s, s)
	}
	long := []byte(strings.Repeat("0123456789abcdef", versionBytes/16+1))
	add("a long file", string(long))
	add("a longer file", string(long)+"x")
	long[versionBytes-1]++
	add("another last byte of the beginning", string(long))

	for _, path := range []string{dir, filepath.Join(dir, "missing")} {
		if f, _, err := Open(path); err == nil {
			f.Close()
			t.Errorf("%s can be opened", path)
		}
	}
	if v, err := VersionOf(filepath.Join(dir, "missing")); err != nil || v.Exists() {
		t.Errorf("a missing file: %v, %v", v, err)
	}
}
