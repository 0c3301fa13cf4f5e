package main

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/png"
	"io"

	"github.com/autoreg/autoreg/internal/atomicfile"
)

// writeImage writes an image file as a whole or not at all.
func writeImage(path string, file io.WriterTo) error { return atomicfile.Write(path, file) }

// A pngFile is the file of an image without transparency.
type pngFile struct{ *image.NRGBA }

func (f pngFile) WriteTo(w io.Writer) (int64, error) {
	var img image.Image = f.NRGBA
	// The levels of a model are few colours: with a palette the file is a fraction.
	if p, ok := exactPalette(f.NRGBA, 256); ok {
		img = paletted(f.NRGBA, newIndexer(p))
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
		return 0, err
	}
	return b.WriteTo(w)
}

// A gifFile is the file of an animation.
type gifFile struct{ *gif.GIF }

func (f gifFile) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, f.GIF); err != nil {
		return 0, err
	}
	return b.WriteTo(w)
}

// exactPalette returns the colours of img as they occur, unless they are more than
// most.
func exactPalette(img *image.NRGBA, most int) (p color.Palette, ok bool) {
	seen := make(map[color.NRGBA]bool)
	var last color.NRGBA
	for i := 0; i < len(img.Pix); i += 4 {
		c := color.NRGBA{R: img.Pix[i], G: img.Pix[i+1], B: img.Pix[i+2], A: img.Pix[i+3]}
		if c == last || seen[c] {
			continue
		}
		if last = c; len(p) == most {
			return nil, false
		}
		seen[c] = true
		p = append(p, c)
	}
	return p, true
}

// paletteFor returns at most most colours, 253 or more, for img: its own where they
// are so few, else those of the web and the greys between them.
func paletteFor(img *image.NRGBA, most int) color.Palette {
	if p, ok := exactPalette(img, most); ok {
		return p
	}
	var p color.Palette
	if isGrey(img) {
		for i := range most {
			p = append(p, grey(i, most))
		}
		return p
	}
	p = append(p, palette.WebSafe...)
	for n := most - len(p); len(p) < most; {
		p = append(p, grey(most-len(p), n+1))
	}
	return p
}

// grey returns grey i of n.
func grey(i, n int) color.NRGBA {
	v := uint8(255 * i / (n - 1))
	return color.NRGBA{R: v, G: v, B: v, A: 0xff}
}

func isGrey(img *image.NRGBA) bool {
	for i := 0; i < len(img.Pix); i += 4 {
		if img.Pix[i] != img.Pix[i+1] || img.Pix[i] != img.Pix[i+2] {
			return false
		}
	}
	return true
}

// An indexer finds colours in a palette, and caches their places.
type indexer struct {
	palette color.Palette
	known   map[color.NRGBA]uint8
}

func newIndexer(p color.Palette) *indexer { return &indexer{p, make(map[color.NRGBA]uint8)} }

// index returns the place of the colour nearest to c.
func (x *indexer) index(c color.NRGBA) uint8 {
	i, ok := x.known[c]
	if !ok {
		i = uint8(x.palette.Index(c))
		x.known[c] = i
	}
	return i
}

// paletted returns img with the colours of a palette.
func paletted(img *image.NRGBA, x *indexer) *image.Paletted {
	out := image.NewPaletted(img.Rect, x.palette)
	last, index := color.NRGBA{}, x.index(color.NRGBA{})
	for i := range out.Pix {
		p := img.Pix[4*i:][:4]
		if c := (color.NRGBA{R: p[0], G: p[1], B: p[2], A: p[3]}); c != last {
			last, index = c, x.index(c)
		}
		out.Pix[i] = index
	}
	return out
}
