package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
)

func TestComplete(t *testing.T) {
	dir := t.TempDir()
	m := pixelModel(t, smallImage().model)
	given := write(t, dir, "given.png", picture(13, 9, nil))
	levels, err := m.Quantise(decode(t, read(t, given)), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	mask := func(name string, height, width int, kept func(y, x int) bool) string {
		return write(t, dir, name, encode(maskOf(height, width, kept)))
	}
	odd := func(y, x int) bool { return (x+y)%2 == 1 }
	for _, c := range []struct {
		args []string
		kept func(y, x int) bool
	}{
		{nil, func(y, x int) bool { return y < 3 }},
		{[]string{"--keep", "top"}, func(y, x int) bool { return y < 3 }},
		{[]string{"--keep", "top:5"}, func(y, x int) bool { return y < 5 }},
		{[]string{"--keep", "bottom:1"}, func(y, x int) bool { return y == 5 }},
		{[]string{"--keep", "left"}, func(y, x int) bool { return x < 2 }},
		{[]string{"--keep", "right:4"}, func(y, x int) bool { return x > 0 }},
		{[]string{"--mask", mask("small.png", smallHeight, smallWidth, odd)}, odd},
		{[]string{"--mask", mask("large.png", 13, 9, func(y, x int) bool { return y < 6 })}, func(y, x int) bool { return y < 3 }},
		{[]string{"--mask", write(t, dir, "clear.png", encode(clearMask(odd)))}, odd},
	} {
		var out, errOut bytes.Buffer
		args := append([]string{"paint", "-m", smallImage().model, "--complete", given, "-o", "-", "--scale", "1", "--seed", "5", "-n", "1"}, c.args...)
		if code := run(context.Background(), args, nil, &out, &errOut); code != exitOK {
			t.Fatalf("%v: %s", c.args, errOut.String())
		}
		got, err := m.Quantise(decode(t, out.Bytes()), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		kept := make([]bool, smallHeight*smallWidth)
		n := 0
		for at := range kept {
			if kept[at] = c.kept(at/smallWidth, at%smallWidth); kept[at] {
				n++
			}
		}
		drawn, err := m.Draw(context.Background(), &autoreg.DrawOptions{Seed: 5, Known: levels, Mask: kept})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, drawn[0].Levels) {
			t.Errorf("%v: %v, want %v", c.args, got, drawn[0].Levels)
		}
		want := fmt.Sprintf("image pixels kept ln p nats/value bits/value all %d %.4f ", n, drawn[0].KnownLogProb)
		if text := strings.Join(strings.Fields(errOut.String()), " "); !strings.HasPrefix(text, want) {
			t.Errorf("%v: %q, want %q", c.args, text, want)
		}
	}

	args := []string{"paint", "-m", smallImage().model, "--complete", given, "-o", filepath.Join(dir, "out.png"), "--seed", "5", "-n", "3"}
	// What is kept of the top is as likely for all, what is kept below is not.
	if out := ok(t, args...); strings.Count(out, "\n") != 2 {
		t.Errorf("kept at the top:\n%s", out)
	}
	out := ok(t, append(args, "--keep", "bottom", "--first", "4")...)
	if lines := strings.Split(out, "\n"); len(lines) != 5 || !strings.HasPrefix(lines[1], "4 ") || !strings.HasPrefix(lines[3], "6 ") {
		t.Errorf("kept at the bottom:\n%s", out)
	}
	r := command(append(args, "--keep", "top:6")...)
	s, err := m.Score(context.Background(), func(yield func([]uint8) bool) { yield(levels) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.code != exitOK || r.err != "autoreg: all of the image is kept: nothing is left to draw\n" || !strings.Contains(r.out, fmt.Sprintf(" %.4f ", s.Mean())) {
		t.Errorf("all kept: %+v, want a mean of %.4f", r, s.Mean())
	}
	r = command(append(args, "--mask", mask("none.png", smallHeight, smallWidth, func(y, x int) bool { return false }))...)
	if r.code != exitOK || r.err != "autoreg: nothing of the image is kept: all is drawn\n" || r.out != "" {
		t.Errorf("nothing kept: %+v", r)
	}
	if !bytes.Equal(read(t, filepath.Join(dir, "out.png")), paint(t, "--seed", "5", "-n", "3")) {
		t.Error("nothing kept: the images differ from those drawn freely")
	}

	fails(t, exitUsage, "want top, bottom, left or right", append(args, "--keep", "middle")...)
	fails(t, exitUsage, "have 6 rows: want 1 to 6", append(args, "--keep", "bottom:7")...)
	fails(t, exitUsage, "have 5 columns: want 1 to 5", append(args, "--keep", "left:0")...)
	fails(t, exitUsage, "have 5 columns", append(args, "--keep", "right:x")...)
	fails(t, exitUsage, "has 4×3 pixels: want 9×13 as the image to complete has, or 5×6", append(args, "--mask", mask("odd.png", 3, 4, odd))...)
	fails(t, exitUsage, "--keep and --mask exclude", append(args, "--keep", "top", "--mask", given)...)
	fails(t, exitUsage, "same file", append(args, "-o", given)...)
	fails(t, exitError, "no such file", append(args, "--complete", filepath.Join(dir, "missing.png"))...)
	fails(t, exitError, "no such file", append(args, "--mask", filepath.Join(dir, "missing.png"))...)
	fails(t, exitError, "this is a folder", append(args, "--complete", dir)...)
	fails(t, exitError, "neither PNG nor JPEG", append(args, "--complete", smallImage().data)...)
	fails(t, exitError, "the file is empty", append(args, "--mask", write(t, dir, "empty.png", ""))...)
	fails(t, exitError, "cannot be decoded", append(args, "--complete", write(t, dir, "cut.png", picture(9, 9, nil)[:70]))...)
	if data := picture(13, 9, nil); string(read(t, given)) != data {
		t.Error("the image to complete has changed")
	}
	// One pixel is enough.
	ok(t, append(args, "--complete", write(t, dir, "dot.png", picture(1, 1, nil)))...)
}

// maskOf is white where kept, otherwise black.
func maskOf(height, width int, kept func(y, x int) bool) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			if kept(y, x) {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return img
}

// clearMask is white, and transparent where nothing is kept.
func clearMask(kept func(y, x int) bool) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, smallWidth, smallHeight))
	for y := range smallHeight {
		for x := range smallWidth {
			c := color.NRGBA{R: 255, G: 255, B: 255, A: 0}
			if kept(y, x) {
				c.A = 255
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}
