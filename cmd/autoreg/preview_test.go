package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"strconv"
	"strings"
	"testing"
)

// A fakeTerminal carries out what a preview prints.
type fakeTerminal struct {
	t           testing.TB
	cells       map[image.Point]cell
	at          image.Point
	set         cell
	lowest      int
	onWrite     func(string)
	highestMove int
}

// A cell is a character, and its colours as the terminal has been told them.
type cell struct {
	char          rune
	colour, under string
}

func (f *fakeTerminal) Write(b []byte) (int, error) {
	s := string(b)
	if f.onWrite != nil {
		f.onWrite(s)
	}
	for len(s) > 0 {
		if rest, ok := strings.CutPrefix(s, "\x1b["); ok {
			end := strings.IndexAny(rest, "AKJm")
			f.escape(rest[end], rest[:end])
			s = rest[end+1:]
			continue
		}
		r := []rune(s)[0]
		s = s[len(string(r)):]
		if r == '\n' {
			f.at = image.Pt(0, f.at.Y+1)
			f.lowest = max(f.lowest, f.at.Y)
			continue
		}
		f.cells[f.at] = cell{r, f.set.colour, f.set.under}
		f.at.X++
	}
	return len(b), nil
}

func (f *fakeTerminal) escape(what byte, args string) {
	switch what {
	case 'A':
		n, err := strconv.Atoi(args)
		if f.at.Y -= n; err != nil || f.at.Y < 0 {
			f.t.Errorf("up by %q from line %d", args, f.at.Y)
		}
		f.highestMove = max(f.highestMove, n)
	case 'K', 'J':
		for p := range f.cells {
			if p.Y == f.at.Y && p.X >= f.at.X || what == 'J' && p.Y > f.at.Y {
				delete(f.cells, p)
			}
		}
	case 'm':
		if args == "0" {
			f.set = cell{}
		} else if c, ok := strings.CutPrefix(args, "38;"); ok {
			f.set.colour = c
		} else if c, ok := strings.CutPrefix(args, "48;"); ok {
			f.set.under = c
		} else {
			f.t.Errorf("set %q", args)
		}
	}
}

// watch runs paint with a terminal of so many columns and rows.
func watch(t testing.TB, columns, rows int, deep bool, args ...string) (f *fakeTerminal, errOut string) {
	t.Helper()
	f = &fakeTerminal{t: t, cells: make(map[image.Point]cell)}
	var e bytes.Buffer
	a := &app{in: strings.NewReader(""), out: f, err: &e, terminal: true, outTerminal: true, screen: &screen{f, columns, rows, deep}}
	if code := a.run(context.Background(), append([]string{"paint", "-m", smallImage().model}, args...)); code != exitOK {
		t.Fatalf("status %d, message %q", code, e.String())
	}
	for p := range f.cells {
		if p.X >= columns {
			t.Fatalf("column %d of %d is written to", p.X, columns)
		}
	}
	if f.highestMove >= rows {
		t.Errorf("the cursor goes %d lines up on a terminal of %d", f.highestMove, rows)
	}
	return f, e.String()
}

// shows checks that the images of a sheet of scale 1 are on the terminal, columns
// side by side.
func (f *fakeTerminal) shows(sheet image.Image, count, sheetColumns, columns int, code func(c color.NRGBA) string) {
	f.t.Helper()
	high := (smallHeight + 1) / 2
	for i := range count {
		from := image.Pt(i%sheetColumns*(smallWidth+1), i/sheetColumns*(smallHeight+1))
		to := image.Pt(i%columns*(smallWidth+1), i/columns*(high+1))
		for y := range high {
			for x := range smallWidth {
				at := func(y int) string {
					return code(color.NRGBAModel.Convert(sheet.At(from.X+x, from.Y+y)).(color.NRGBA))
				}
				want := cell{'▀', at(2 * y), at(2*y + 1)}
				if got := f.cells[to.Add(image.Pt(x, y))]; got != want {
					f.t.Fatalf("image %d, row %d, column %d: %+v, want %+v", i, y, x, got, want)
				}
			}
		}
	}
}

func deepCode(c color.NRGBA) string { return fmt.Sprintf("2;%d;%d;%d", c.R, c.G, c.B) }

func TestPreview(t *testing.T) {
	sheet := decode(t, paint(t, "-n", "6", "--columns", "3", "--scale", "1"))

	f, errOut := watch(t, 80, 24, true, "-n", "6", "--seed", "7", "--columns", "3")
	f.shows(sheet, 6, 3, 3, deepCode)
	if f.at.X != 0 || len(f.cells) != 2*(3*3*smallWidth+2*3) || errOut != "" {
		t.Errorf("the cursor is at %v, %d cells are written, message %q", f.at, len(f.cells), errOut)
	}
	f, _ = watch(t, 80, 24, false, "-n", "6", "--seed", "7", "--columns", "3")
	f.shows(sheet, 6, 3, 3, func(c color.NRGBA) string { return fmt.Sprintf("5;%d", nearest256(c.R, c.G, c.B)) })

	// Less room: other columns, fewer images, smaller ones.
	f, errOut = watch(t, 80, 7, true, "-n", "6", "--seed", "7", "--columns", "3")
	f.shows(sheet, 6, 3, 6, deepCode)
	f, errOut = watch(t, 12, 7, true, "-n", "6", "--seed", "7", "--columns", "3")
	f.shows(sheet, 2, 3, 2, deepCode)
	if !strings.Contains(errOut, "4 more images do not fit") {
		t.Errorf("message %q", errOut)
	}
	for _, size := range [][2]int{{1, 3}, {3, 3}, {4, 4}, {200, 3}} {
		if f, _ := watch(t, size[0], size[1], true, "-n", "2", "--seed", "7"); len(f.cells) == 0 {
			t.Errorf("nothing on a terminal of %v", size)
		}
	}
	// The seed is told, and no bar is in the way.
	if _, errOut := watch(t, 80, 24, true); !strings.HasPrefix(errOut, "autoreg: seed ") || strings.Count(errOut, "\n") != 1 {
		t.Errorf("message %q", errOut)
	}
	if f, _ := watch(t, 80, 24, true, "--preview=false", "--gif", t.TempDir()+"/a.gif"); len(f.cells) != 0 {
		t.Errorf("a preview although it is not wanted: %v", f.cells)
	}
}

// TestPreviewGrows looks at the screen after each row.
func TestPreviewGrows(t *testing.T) {
	m := pixelModel(t, smallImage().model)
	f := &fakeTerminal{t: t, cells: make(map[image.Point]cell)}
	j := paintJob{pixels: m}
	j.options.Count, j.options.Height, j.options.Width, j.options.Seed = 1, smallHeight, smallWidth, 7
	j.options.Known, j.options.Mask = make([]uint8, smallHeight*smallWidth), make([]bool, smallHeight*smallWidth)
	j.options.Mask[3*smallWidth+1] = true // one pixel further down is known: it is there from the start
	p := newPreview(&screen{f, 80, 24, true}, m, j.options, 1)
	p.every = 0
	known := cell{'▄', "2;0;0;0", ""}
	if got := f.cells[image.Pt(1, 1)]; got != known || f.cells[image.Pt(0, 0)].char != ' ' {
		t.Errorf("at first: %v", f.cells)
	}
	rows := 0
	o := j.options
	o.OnRow = func(number, row int, levels []uint8) {
		p.row(number, row, levels)
		rows++
		for y := range smallHeight {
			char := f.cells[image.Pt(2, y/2)].char
			if y%2 == 0 && (char == '▀') != (y <= row) {
				t.Errorf("after row %d: %q where row %d is", row, char, y)
			}
		}
	}
	if _, err := m.Draw(context.Background(), &o); err != nil || rows != smallHeight {
		t.Errorf("%d rows, %v", rows, err)
	}
	if last := f.cells[image.Pt(0, 3)]; last.char != '1' { // 100%
		t.Errorf("no line on the progress: %+v", last)
	}
	p.finish()
	if _, ok := f.cells[image.Pt(0, 3)]; ok {
		t.Error("the line on the progress stays")
	}
}

func TestNearest256(t *testing.T) {
	cube := []int{0, 95, 135, 175, 215, 255}
	for i, v := range cube {
		if got := nearest256(uint8(v), 0, 255); got != 16+36*i+5 {
			t.Errorf("red %d: %d", v, got)
		}
	}
	for v := range 256 {
		shown := map[int]int{16: 0, 231: 255}
		for i := range 24 {
			shown[232+i] = 8 + 10*i
		}
		got, ok := shown[nearest256(uint8(v), uint8(v), uint8(v))]
		if d := got - v; !ok || d < -9 || d > 9 {
			t.Errorf("grey %d is shown as %d", v, got)
		}
	}
}
