package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/pixels"
	"github.com/autoreg/autoreg/train/images"
)

// readKnown reads the image to complete, and sets the mask of the pixels that are kept.
func (j *paintJob) readKnown(ctx context.Context) error {
	o := &j.options
	j.read.Open = j.open
	img, err := j.readImage(ctx, j.complete)
	if err != nil {
		return err
	}
	o.Known = make([]uint8, o.Height*o.Width*j.pixels.Channels())
	if err := j.quantise(o.Known, img, j.pixels.Channels(), j.pixels.Levels()); err != nil {
		return err
	}
	if j.mask != "" {
		o.Mask, err = j.readMask(ctx, img.Bounds().Size())
	} else {
		o.Mask, err = keptPart(j.keep, o.Height, o.Width)
	}
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains(o.Mask, true):
		j.note("nothing of the image is kept: all is drawn")
	case !slices.Contains(o.Mask, false):
		j.note("all of the image is kept: nothing is left to draw")
	}
	return nil
}

// quantise writes the levels of an image of the size to draw.
func (j *paintJob) quantise(dst []uint8, img image.Image, channels, levels int) error {
	height, width := j.options.Height, j.options.Width
	if !j.read.Pad {
		pixels.Quantise(dst, img, height, width, channels, levels, j.read.Antialias)
		return nil
	}
	if size := img.Bounds().Size(); size.X > width || size.Y > height {
		return usagef("--pad: the image has %d×%d pixels, which do not fit into the %d×%d that are drawn: leave --pad out to resize it", size.X, size.Y, width, height)
	}
	pixels.Pad(dst, img, height, width, channels, levels)
	return nil
}

// readImage reads an image, unless ctx ends before.
func (j *paintJob) readImage(ctx context.Context, path string) (image.Image, error) {
	img, err := await(ctx, func() (image.Image, error) { return images.ReadFile(path, &j.read) })
	if err != nil {
		return nil, err
	}
	return img, nil
}

// keptPart returns the mask of height×width pixels that --keep means.
func keptPart(keep string, height, width int) ([]bool, error) {
	side, number, counted := strings.Cut(keep, ":")
	size, things := height, "rows"
	switch side {
	case "top", "bottom":
	case "left", "right":
		size, things = width, "columns"
	default:
		return nil, usagef("--keep %s: want top, bottom, left or right, or a number of rows or columns there as in top:5", shellQuote(keep))
	}
	n := size / 2
	if counted {
		var err error
		if n, err = strconv.Atoi(number); err != nil || n < 1 || n > size {
			return nil, usagef("--keep %s: the images have %d %s: want 1 to %[2]d of them", shellQuote(keep), size, things)
		}
	}
	mask := make([]bool, height*width)
	for i := range mask {
		row, column := i/width, i%width
		switch side {
		case "top":
			mask[i] = row < n
		case "bottom":
			mask[i] = row >= height-n
		case "left":
			mask[i] = column < n
		case "right":
			mask[i] = column >= width-n
		}
	}
	return mask, nil
}

// readMask reads the mask of the images drawn. It may also be as large as the image
// to complete, and is resized as that is then.
func (j *paintJob) readMask(ctx context.Context, given image.Point) ([]bool, error) {
	img, err := j.readImage(ctx, j.mask)
	if err != nil {
		return nil, err
	}
	height, width := j.options.Height, j.options.Width
	if size := img.Bounds().Size(); size != given && size != image.Pt(width, height) {
		return nil, usagef("--mask %s has %d×%d pixels: want %d×%d as the image to complete has, or %d×%d as those drawn have",
			shellQuote(j.mask), size.X, size.Y, given.X, given.Y, width, height)
	}
	halves := make([]uint8, height*width)
	if err := j.quantise(halves, overBlack{img}, 1, 2); err != nil {
		return nil, err
	}
	mask := make([]bool, len(halves))
	for i, half := range halves {
		mask[i] = half == 1
	}
	return mask, nil
}

// overBlack is an image whose transparent parts lie over black.
type overBlack struct{ image.Image }

func (m overBlack) At(x, y int) color.Color { return m.RGBA64At(x, y) }

func (m overBlack) RGBA64At(x, y int) color.RGBA64 {
	r, g, b, _ := m.Image.At(x, y).RGBA() // times alpha already
	return color.RGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: 0xffff}
}

// writeKnown prints the log-likelihood of the pixels that were kept: to standard output,
// unless the image is written there.
func (j *paintJob) writeKnown(drawn []autoreg.Image) error {
	kept := 0
	for _, known := range j.options.Mask {
		if known {
			kept++
		}
	}
	if kept == 0 {
		return nil
	}
	row := func(name string, p autoreg.Image) []string {
		values := float64(kept * j.pixels.Channels())
		return []string{
			name, thousands(kept), fmt.Sprintf("%.4f", p.KnownLogProb), fmt.Sprintf("%.4f", -p.KnownLogProb/values), fmt.Sprintf("%.4f", -p.KnownLogProb/values/math.Ln2),
		}
	}
	rows := [][]string{{"image", "pixels kept", "ln p", "nats/value", "bits/value"}}
	if !slices.ContainsFunc(drawn, func(p autoreg.Image) bool { return p.KnownLogProb != drawn[0].KnownLogProb }) {
		rows = append(rows, row("all", drawn[0]))
	} else {
		for _, p := range drawn {
			rows = append(rows, row(fmt.Sprint(p.Number), p))
		}
	}
	w := j.out
	if j.output == "-" {
		w = j.err
	}
	return writeColumns(w, rows, "lrrrr")
}
