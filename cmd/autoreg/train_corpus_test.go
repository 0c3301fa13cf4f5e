package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrainFiles trains on several files, a folder and standard input: the model is the
// one of a file that holds them all.
func TestTrainFiles(t *testing.T) {
	dir := t.TempDir()
	one := write(t, dir, "one.txt", strings.Repeat("boil the oats and serve .\n", 4))
	two := write(t, dir, "two.txt", "\ufefffry the rice .\r\n\ufeffserve it warm\xff .\n")
	all := write(t, dir, "all.txt", strings.Repeat("boil the oats and serve .\n", 4)+"fry the rice .\nserve it warm\uFFFD .\n")
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, folder, "1.txt", string(read(t, one)))
	write(t, folder, "2.md", string(read(t, two)))
	write(t, folder, "notes.csv", "a,b\n")
	want := filepath.Join(dir, "want")
	ok(t, trainArgs(all, want)...)
	sum := fmt.Sprintf("%x", sha256.Sum256(append(read(t, one), read(t, two)...)))
	for _, c := range []struct {
		name, stdin string
		data        []string
		want        []string
	}{
		{"files", "", []string{one, two}, []string{one + ": 4 documents, read as lines", two + ": 2 documents, read as lines", "6 documents in 2 files",
			"1 invalid UTF-8 sequence replaced, 1 byte order mark dropped", sum}},
		{"folder", "", []string{folder}, []string{"6 documents in 2 files", filepath.Join(folder, "2.md") + ": 2 documents", "1 other entry of folders left out", sum}},
		{"standard input", string(read(t, two)), []string{one, "-"}, []string{"standard input: 2 documents, read as lines", sum}},
	} {
		model := filepath.Join(dir, "model-"+strings.ReplaceAll(c.name, " ", ""))
		args := trainArgs(c.data[0], model)
		for _, path := range c.data[1:] {
			args = append(args, "--data", path)
		}
		r := commandIn(c.stdin, args...)
		if r.code != exitOK {
			t.Errorf("%s: %+v", c.name, r)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(r.out, want) {
				t.Errorf("%s: no %q in\n%s", c.name, want, r.out)
			}
		}
		if strings.Contains(r.out, "want of a title") {
			t.Errorf("%s: lines are said to want a title:\n%s", c.name, r.out)
		}
		if m, w := ok(t, "generate", "-m", model, "boil", "--seed", "3"), ok(t, "generate", "-m", want, "boil", "--seed", "3"); m != w {
			t.Errorf("%s: the model writes %q, that of one file %q", c.name, m, w)
		}
	}
	many := filepath.Join(dir, "many")
	if err := os.Mkdir(many, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		write(t, many, fmt.Sprintf("%02d.txt", i), "a\n")
	}
	out := ok(t, trainArgs(many, filepath.Join(dir, "many.st"))...)
	if !strings.Contains(out, "19.txt: 1 document,") || strings.Contains(out, "20.txt") || !strings.Contains(out, "and 30 files more") || !strings.Contains(out, "50 documents in 50 files") {
		t.Errorf("many files:\n%s", out)
	}
}

// Messages of the corpus name the flags that help.
func TestTrainCorpusFlags(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	bad := func(want, content string, more ...string) {
		t.Helper()
		fails(t, exitError, want, trainArgs(write(t, dir, "data", content), model, more...)...)
	}
	bad("; or read it as plain text with --format lines", "version https://git-lfs.github.com/spec/v1\noid sha256:2\nsize 3\n")
	bad("the document at line 2 is larger than the limit of 1 MiB: raise --max-document", "a\n"+strings.Repeat("b", 1<<20+1), "--max-document", "1")
	bad("larger than the limit of 1 MiB, all files together: raise --max-corpus", strings.Repeat("a b c d\n", 1<<17+1), "--max-corpus", "1")
	bad("or raise --max-memory", strings.Repeat("a\n", 1<<17), "--max-memory", "1")
	bad("an eighth of what is left of the 1 MiB of memory allowed: raise --max-memory", strings.Repeat("a", 1<<18), "--max-memory", "1")
	for _, args := range [][]string{{"--max-document", "0"}, {"--max-document", "1025"}, {"--max-corpus", "0"}} {
		fails(t, exitUsage, args[0], trainArgs(small().data, model, args...)...)
	}
	out := ok(t, trainArgs(write(t, dir, "old", "Cr\xe8me br\xfbl\xe9e\nP\xe2t\xe9\n"), model)...)
	if !strings.Contains(out, "4 invalid UTF-8 sequences replaced") && !strings.Contains(out, "5 invalid UTF-8 sequences replaced") || !strings.Contains(out, "looks like Latin-1") {
		t.Errorf("Latin-1:\n%s", out)
	}
	wide := write(t, dir, "wide", "\xff\xfea\x00\n\x00")
	if out := ok(t, trainArgs(wide, filepath.Join(dir, "wide.st"))...); !strings.Contains(out, "1 document, read as lines, converted from UTF-16LE") {
		t.Errorf("UTF-16:\n%s", out)
	}
	// Text in UTF-16 without a mark, and UTF-32, is not taken for images.
	for _, data := range []string{"\x00B\x00o\x00i\x00l\x00\n", "\x00\x00\x00B\x00\x00\x00o\x00\x00\x00i\x00\x00\x00l"} {
		ok(t, "score", "-m", small().model, write(t, dir, "wide", data))
	}
	if _, err := os.Stat("/dev/zero"); err == nil {
		fails(t, exitError, "this is a device", trainArgs("/dev/zero", filepath.Join(dir, "zero"))...)
		fails(t, exitError, "this is a device", "score", "-m", small().model, "/dev/zero")
	}
}
