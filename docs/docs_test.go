package docs_test

import (
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

func pages(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("*.md")
	if err != nil || len(paths) < 5 {
		t.Fatalf("pages %q, %v", paths, err)
	}
	all := make(map[string]string)
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[path] = string(b)
	}
	return all
}

// blocks returns the parts of a page between ```kind and ```.
func blocks(page, kind string) []string {
	var list []string
	for rest := page; ; {
		_, after, ok := strings.Cut(rest, "\n```"+kind+"\n")
		if !ok {
			return list
		}
		var block string
		block, rest, _ = strings.Cut(after, "\n```")
		list = append(list, block)
	}
}

// dedent removes what stands before and behind each line.
func dedent(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// The Go code of a page stands in a file that is compiled and tested, blank lines that
// part two pieces of it aside.
func TestCode(t *testing.T) {
	var source strings.Builder
	for _, pattern := range []string{"example_test.go", "../examples/*/*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			source.WriteString(dedent(string(b)))
		}
	}
	n := 0
	for path, page := range pages(t) {
		for _, block := range blocks(page, "go") {
			for _, part := range strings.Split(block, "\n\n") {
				if !strings.Contains(source.String(), dedent(part)) {
					t.Errorf("%s: this stands in no Go file:\n%s", path, part)
				}
				n++
			}
		}
	}
	if n < 8 {
		t.Errorf("only %d pieces of code", n)
	}
}

// What pages refer to is there.
func TestLinks(t *testing.T) {
	code := regexp.MustCompile("(?s)\n```.*?\n```")
	for path, page := range pages(t) {
		page = code.ReplaceAllString(page, "")
		for _, m := range regexp.MustCompile(`\]\(([^)]*)\)`).FindAllStringSubmatch(page, -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

// The command has the flags that the pages name.
func TestFlags(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no processes here")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here: ", err)
	}
	command := filepath.Join(t.TempDir(), "autoreg.exe")
	if out, err := exec.Command("go", "build", "-o", command, "../cmd/autoreg").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var help strings.Builder
	for _, args := range [][]string{{"train", "text"}, {"train", "image"}, {"paint"}, {"generate"}, {"probs"}, {"info"}, {"score"}, {"export"}, {"import"}, {"run"}} {
		out, err := exec.Command(command, append(args, "--help")...).Output()
		if err != nil {
			t.Fatal(err)
		}
		help.Write(out)
	}
	flag := regexp.MustCompile("[ `]--[a-z][a-z0-9-]*")
	n := 0
	for path, page := range pages(t) {
		for _, name := range flag.FindAllString(page, -1) {
			if !regexp.MustCompile(name[1:] + `[ \n]`).MatchString(help.String()) {
				t.Errorf("%s: there is no flag %s", path, name[1:])
			}
			n++
		}
	}
	if n < 50 {
		t.Errorf("only %d flags", n)
	}
}

func TestImage(t *testing.T) {
	f, err := os.Open("sampling.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Error(err)
	}
}
