package main

import (
	"fmt"
	"image/color"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/pixels"
)

// A screen is a terminal that shows images: two pixels a character, by half blocks.
type screen struct {
	w             io.Writer
	columns, rows int
	deep          bool // all colours, not only 256
}

// newScreen returns the terminal that one of the files is, the first if possible, or
// nil.
func newScreen(files ...*os.File) *screen {
	if os.Getenv("TERM") == "dumb" || runtime.GOOS == "windows" && os.Getenv("WT_SESSION") == "" {
		return nil // it would print the colours' codes
	}
	for _, f := range files {
		if f == nil || !term.IsTerminal(int(f.Fd())) {
			continue
		}
		columns, rows, err := term.GetSize(int(f.Fd()))
		switch {
		case err != nil || columns < 1 || rows < 1:
			columns, rows = 80, 24
		case rows < 3: // for images, a line on the progress, and the prompt
			continue
		}
		depth := os.Getenv("COLORTERM")
		return &screen{f, columns, rows, depth == "truecolor" || depth == "24bit" || os.Getenv("WT_SESSION") != ""}
	}
	return nil
}

// A preview shows images that grow, as many as fit.
type preview struct {
	*screen
	model         *autoreg.ImageModel
	values        []uint8 // that levels are shown as
	o             autoreg.DrawOptions
	columns       int // images side by side
	shown         int
	shrink        int // every so many pixels one is shown
	wide, high    int // of an image shown, in characters
	images        []previewed
	lines         int // on the screen
	done          int // rows of all images
	latest        time.Time
	every         time.Duration
	pieces        strings.Builder
	colour, under string // as set now
}

// previewed is an image under way.
type previewed struct {
	levels []uint8
	rows   int // complete
}

// newPreview returns a preview of images drawn with options o, of which a sheet has so
// many columns.
func newPreview(s *screen, m *autoreg.ImageModel, o autoreg.DrawOptions, columns int) *preview {
	p := &preview{screen: s, model: m, values: pixels.Values(m.Levels()), o: o, every: 40 * time.Millisecond}
	room := max(1, s.rows-2) // a line on the progress, and the prompt that follows
	for p.shrink = 1; ; p.shrink++ {
		p.wide, p.high = (o.Width+p.shrink-1)/p.shrink, (o.Height+2*p.shrink-1)/(2*p.shrink)
		if p.wide <= s.columns && p.high <= room {
			break
		}
	}
	fit, down := (s.columns+1)/(p.wide+1), (room+1)/(p.high+1)
	if p.columns = min(columns, fit); (o.Count+p.columns-1)/p.columns > down {
		p.columns = fit // more of them
	}
	p.columns = min(p.columns, o.Count)
	p.shown = min(o.Count, p.columns*down)
	p.images = make([]previewed, p.shown)
	for i := range p.images {
		p.images[i].levels = make([]uint8, o.Height*o.Width*m.Channels())
		copy(p.images[i].levels, o.Known)
	}
	p.draw()
	return p
}

// row takes over a row; it is an OnRow.
func (p *preview) row(image, row int, levels []uint8) {
	p.done++
	if i := image - p.o.First; i < p.shown {
		copy(p.images[i].levels, levels[:(row+1)*p.o.Width*p.model.Channels()])
		p.images[i].rows = row + 1
	}
	if time.Since(p.latest) >= p.every {
		p.draw()
	}
}

// finish shows the final images.
func (p *preview) finish() {
	p.draw()
	// The progress is no longer shown.
	p.write("\x1b[1A\x1b[J")
}

// write prints to the terminal. Its errors do not stop the drawing.
func (p *preview) write(s string) { _, _ = io.WriteString(p.w, s) }

// draw shows the images as they are, over those that it showed before.
func (p *preview) draw() {
	b := &p.pieces
	b.Reset()
	if p.lines > 0 {
		fmt.Fprintf(b, "\x1b[%dA", p.lines)
	}
	p.lines = 0
	line := func() {
		p.set("", "")
		b.WriteString("\x1b[K\n")
		p.lines++
	}
	for first := 0; first < p.shown; first += p.columns {
		if first > 0 {
			line()
		}
		for y := range p.high {
			for i := first; i < min(first+p.columns, p.shown); i++ {
				if i > first {
					p.cell(nil, nil)
				}
				for x := range p.wide {
					p.cell(p.pixel(i, 2*y, x), p.pixel(i, 2*y+1, x))
				}
			}
			line()
		}
	}
	fmt.Fprintf(b, "%d%% of %s images drawn", int64(100)*int64(p.done)/(int64(p.o.Count)*int64(p.o.Height)), thousands(p.o.Count))
	line()
	p.write(b.String())
	p.latest = time.Now()
}

// pixel returns the colour of a pixel shown, or nil where there is none yet.
func (p *preview) pixel(i, y, x int) *color.NRGBA {
	y, x = y*p.shrink, x*p.shrink
	at := y*p.o.Width + x
	if y >= p.o.Height || y >= p.images[i].rows && (p.o.Mask == nil || !p.o.Mask[at]) {
		return nil
	}
	C := p.model.Channels()
	v := p.images[i].levels[at*C:][:C]
	return &color.NRGBA{R: p.values[v[0]], G: p.values[v[C/2]], B: p.values[v[C-1]], A: 0xff}
}

// cell prints a character: a pixel over another.
func (p *preview) cell(top, bottom *color.NRGBA) {
	switch {
	case top == nil && bottom == nil:
		p.set("", "")
		p.pieces.WriteByte(' ')
	case top == nil:
		p.set(p.code(bottom), "")
		p.pieces.WriteString("▄")
	case bottom == nil:
		p.set(p.code(top), "")
		p.pieces.WriteString("▀")
	default:
		p.set(p.code(top), p.code(bottom))
		p.pieces.WriteString("▀")
	}
}

// set changes the colours of what is printed and of what lies under it; "" are the
// terminal's own.
func (p *preview) set(colour, under string) {
	if colour == p.colour && under == p.under {
		return
	}
	if colour == "" || under == "" && p.under != "" {
		p.pieces.WriteString("\x1b[0m")
		p.colour, p.under = "", ""
	}
	if colour != p.colour {
		p.pieces.WriteString("\x1b[38;" + colour + "m")
	}
	if under != p.under {
		p.pieces.WriteString("\x1b[48;" + under + "m")
	}
	p.colour, p.under = colour, under
}

// code returns the end of the escape sequence for a colour.
func (s *screen) code(c *color.NRGBA) string {
	if s.deep {
		return fmt.Sprintf("2;%d;%d;%d", c.R, c.G, c.B)
	}
	return fmt.Sprintf("5;%d", nearest256(c.R, c.G, c.B))
}

// nearest256 returns a colour of those that terminals have from 16 on: a cube of
// 6×6×6, and 24 greys between its black and its white.
func nearest256(r, g, b uint8) int {
	if r == g && g == b {
		switch {
		case r < 4:
			return 16
		case r > 246:
			return 231
		}
		return 232 + min(max(int(r)-3, 0)/10, 23)
	}
	step := func(v uint8) int { // of 0, 95, 135, 175, 215, 255
		switch {
		case v < 48:
			return 0
		case v < 115:
			return 1
		}
		return (int(v) - 35) / 40
	}
	return 16 + 36*step(r) + 6*step(g) + step(b)
}
