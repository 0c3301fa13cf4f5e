package weights

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
	if err := WriteFile(path, text("alien")); err != nil {
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

// A model file's version depends on all of it.
func TestVersion(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	seen := make(map[Version]string)
	add := func(what string, f io.WriterTo) {
		if err := WriteFile(path, f); err != nil {
			t.Fatal(err)
		}
		v, err := VersionOf(path)
		if err != nil || seen[v] != "" {
			t.Errorf("%s: %v, the version of %q", what, err, seen[v])
		}
		seen[v] = what
	}
	f := sample()
	add("a model", f)
	f.Tensors[0].Data[0]++
	add("another weight", f)
	f.Metadata["x"] = "y"
	add("another metadata", f)
	for _, s := range []string{"", "a", "b", "shorter", strings.Repeat("x", 1000), strings.Repeat("x", 1001)} {
		add(s, text(s))
	}
	again, v, err := ReadVersioned(path)
	if again != nil || err == nil {
		t.Errorf("ReadVersioned reads %v, %v", again, v)
	}
	if err := WriteFile(path, f); err != nil {
		t.Fatal(err)
	}
	again, v, err = ReadVersioned(path)
	if err != nil || seen[v] != "another metadata" || again.Metadata["x"] != "y" {
		t.Errorf("ReadVersioned: %v, %q", err, seen[v])
	}
}
