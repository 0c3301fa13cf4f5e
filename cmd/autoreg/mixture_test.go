package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// trainMixtureArgs is a command line that trains a small mixture of 8×4 pixels.
func trainMixtureArgs(data, model string, more ...string) []string {
	return append([]string{"train", "image", "--data", data, "--output", model, "--mixture", "--height", "8", "--width", "4",
		"--filters", "4", "--components", "2", "--batch", "7", "--epochs", "2", "--sample-count", "2"}, more...)
}

// A mixture is trained in one go or in parts, described, drawn, completed and scored by the
// same commands as other networks.
func TestMixture(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	data := write(t, dir, "images.gz", gzipped(idx(smallCount, 7, 4)))

	whole := ok(t, trainMixtureArgs(data, path("whole"), "--pad", "--validation", "0.2", "--average", "0.9", "--keep-checkpoint")...)
	for _, want := range []string{
		"4×8 pixels, grey, 256 levels, with black around", "down.0.stride.vertical (Conv /2 2×3 of 4×4)", "parameters  in use",
		"output (Conv 1×1)", " bits; validation loss ", "saved ",
	} {
		if !strings.Contains(whole, want) {
			t.Errorf("the output lacks %q:\n%s", want, whole)
		}
	}
	part := trainMixtureArgs(data, path("parts"), "--pad", "--validation", "0.2", "--average", "0.9", "--keep-checkpoint")
	ok(t, append(part, "--epochs", "1")...)
	ok(t, append(part, "--resume", path("parts.checkpoint"), "--threads", "2")...)
	for _, suffix := range []string{"", ".checkpoint", ".samples/epoch-002.png"} {
		if !bytes.Equal(read(t, path("whole"+suffix)), read(t, path("parts"+suffix))) {
			t.Errorf("whole%s and parts%[1]s differ", suffix)
		}
	}

	if out := ok(t, "info", path("whole")); !strings.Contains(out, "mixture") || !strings.Contains(out, "up.1.1.horizontal.nin") {
		t.Errorf("info prints:\n%s", out)
	}
	paint := func(args ...string) []byte {
		ok(t, append([]string{"paint", "-m", path("whole"), "-n", "2", "--seed", "3", "--scale", "1", "-o", path("drawn.png")}, args...)...)
		return read(t, path("drawn.png"))
	}
	drawn := paint()
	if !bytes.Equal(drawn, paint("--threads", "2")) {
		t.Error("two threads draw other images than one")
	}
	if bytes.Equal(drawn, paint("--unrounded")) {
		t.Error("--unrounded draws the same images")
	}
	given := write(t, dir, "given.png", picture(8, 4, nil))
	half := decode(t, paint("-n", "1", "--complete", given, "--keep", "top"))
	mine, err := pixelModel(t, path("whole")).Quantise(decode(t, read(t, given)), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	bounds := half.Bounds()
	for i, level := range mine[:16] {
		if r, _, _, _ := half.At(bounds.Min.X+i%4, bounds.Min.Y+i/4).RGBA(); uint8(r>>8) != level {
			t.Fatalf("value %d of the half that is kept is %d, want %d", i, r>>8, level)
		}
	}
	if out := ok(t, "score", "-m", path("whole"), "--pad", data); !strings.Contains(out, " bits") {
		t.Errorf("score prints:\n%s", out)
	}
}

// Flags of a mixture that no network can have are refused by their names, before anything is
// written.
func TestMixtureFlags(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "images", idx(8, 8, 8)), filepath.Join(dir, "model")
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitError, "images of 4×7 pixels: with 2 resolutions width and height are multiples of 2", []string{"--height", "7"}},
		{exitError, "images of 6×8 pixels: with 3 resolutions width and height are multiples of 4", []string{"--width", "6", "--resolutions", "3"}},
		{exitUsage, `"0" for "--components" flag: want a whole number from 1`, []string{"--components", "0"}},
		{exitUsage, `"0" for "--resolutions" flag: want a whole number from 1`, []string{"--resolutions", "0"}},
		{exitUsage, `"20" for "--resolutions" flag`, []string{"--resolutions", "20"}},
		{exitUsage, `--field "2x3": want at least 3 rows and 3 columns`, []string{"--field", "2x3"}},
		{exitUsage, `--field "0x0": want at least 3 rows and 3 columns`, []string{"--field", "0x0"}},
		{exitUsage, `--field "3x4": want an odd number of columns`, []string{"--field", "3x4"}},
		{exitUsage, `--field "3": want rows and columns`, []string{"--field", "3"}},
		{exitUsage, `--field "3x3x3": want rows and columns`, []string{"--field", "3x3x3"}},
		{exitError, "--field is 99: want 3 to 63", []string{"--field", "99x3"}},
		{exitUsage, `"1" for "--dropout" flag: want 0 or more and less than 1`, []string{"--dropout", "1"}},
		{exitUsage, `"NaN" for "--dropout"`, []string{"--dropout", "NaN"}},
		{exitError, "--pad puts black around images instead of resizing them: leave --antialias out", []string{"--pad", "--antialias"}},
		{exitUsage, "--levels 4: a mixture has 256", []string{"--levels", "4"}},
		{exitUsage, "--kernel is not for --mixture", []string{"--kernel", "5"}},
		{exitUsage, `"tanh" for "--activation"`, []string{"--activation", "tanh"}},
		{exitUsage, "--channels 2: want 1 for grey or 3 for colour", []string{"--channels", "2"}},
		{exitUsage, "--conditional needs a label for each image", []string{"--conditional"}},
		{exitUsage, `"1" for "--average"`, []string{"--average", "1"}},
	} {
		fails(t, c.code, c.want, trainMixtureArgs(data, model, c.args...)...)
	}
	for _, flag := range []string{"components=3", "resolutions=2", "field=3x3", "activation=elu", "dropout=0.1", "direct", "fractions"} {
		name, _, _ := strings.Cut(flag, "=")
		fails(t, exitUsage, fmt.Sprintf("--%s is for --mixture", name), trainImageArgs(data, model, "--"+flag)...)
	}
	if list := names(t, dir); len(list) != 1 {
		t.Errorf("the runs left %v", list)
	}
}
