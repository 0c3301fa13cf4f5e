package main

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/kernels"
)

func TestVersion(t *testing.T) {
	if out := ok(t, "--version"); !strings.HasPrefix(out, "autoreg ") || !strings.Contains(out, "runs on   "+kernels.ISA()+"\n") {
		t.Errorf("--version prints %q", out)
	}
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123abc"}, {Key: "vcs.modified", Value: "true"}}}
	info.Main.Version = "v1.2.3"
	out := versionText(info, "neon")
	for _, want := range []string{"autoreg   v1.2.3\n", "revision  0123abc, modified\n", "built by  go", "runs on   neon\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q lacks %q", out, want)
		}
	}
}

// TestDashes lets pass what only looks like a long flag behind one dash.
func TestDashes(t *testing.T) {
	root := (&app{}).rootCommand()
	for _, args := range [][]string{
		{"generate", "-n2", "a"}, {"generate", "-t", "1", "a"}, {"generate", "-", "-m", "x"}, {"generate", "--", "-count", "-model"},
		{"train", "text", "--sample", "-data"}, {"paint", "-o", "-model"}, {"paint", "-opicture.png"}, {"info", "-mx"}, {"generate", "-", "1"},
	} {
		if err := checkDashes(root, args); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}
