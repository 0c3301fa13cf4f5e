// Package pixels turns images into levels, the symbols of an image model, and back.
//
// All of it is integer arithmetic, so that the same image gives the same levels on
// every machine.
package pixels

import (
	"image"
	"image/color"
)

// An Image is 8-bit samples, Pix [Height, Width, Channels] with channels innermost:
// grey, or R, G, B.
type Image struct {
	Height, Width, Channels int
	Pix                     []uint8
}

// Rows returns row y of an image, [width, channels] samples. What it returned may be
// overwritten by the second call after it.
type Rows func(y int) []uint8

// Rows returns the rows of m with 1 channel or 3: grey three times over, or colour as
// the grey that RowsOf makes of it. It panics for other numbers of channels and if
// len(m.Pix) is wrong.
func (m *Image) Rows(channels int) Rows {
	switch {
	case m.Channels != 1 && m.Channels != 3 || channels != 1 && channels != 3:
		panic("pixels: Rows: channels is neither 1 nor 3")
	case len(m.Pix) != m.Height*m.Width*m.Channels:
		panic("pixels: Rows: len(Pix) is not Height·Width·Channels")
	}
	n := m.Width * m.Channels
	if channels == m.Channels {
		return func(y int) []uint8 { return m.Pix[y*n:][:n] }
	}
	return convertedRows(m.Width*channels, func(dst []uint8, y int) {
		src := m.Pix[y*n:][:n]
		if channels == 3 {
			for i, v := range src {
				dst[3*i], dst[3*i+1], dst[3*i+2] = v, v, v
			}
			return
		}
		for i := range dst {
			p := src[3*i : 3*i+3]
			// v·257 is v with 16 bits.
			dst[i] = luma(uint32(p[0])*257, uint32(p[1])*257, uint32(p[2])*257)
		}
	})
}

// RowsOf returns the rows of img with 1 channel, as color.GrayModel converts it, or
// with 3. Samples of 16 bits are cut to their high 8; what is transparent lies over
// white. Rows are converted when they are asked for. It panics if channels is neither
// 1 nor 3.
func RowsOf(img image.Image, channels int) Rows {
	if channels != 1 && channels != 3 {
		panic("pixels: RowsOf: channels is neither 1 nor 3")
	}
	// All image types of the standard library have RGBA64At, which unlike At
	// allocates nothing.
	at := func(x, y int) color.RGBA64 {
		r, g, b, a := img.At(x, y).RGBA()
		return color.RGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: uint16(a)}
	}
	if deep, ok := img.(image.RGBA64Image); ok {
		at = deep.RGBA64At
	}
	rect := img.Bounds()
	return convertedRows(rect.Dx()*channels, func(dst []uint8, y int) {
		k := 0
		for x := rect.Min.X; x < rect.Max.X; x++ {
			c := at(x, rect.Min.Y+y) // times alpha already
			white := 0xffff - uint32(c.A)
			// The lesser, for not every image keeps colours below alpha.
			r := min(uint32(c.R)+white, 0xffff)
			g := min(uint32(c.G)+white, 0xffff)
			b := min(uint32(c.B)+white, 0xffff)
			if channels == 1 {
				dst[k] = luma(r, g, b)
			} else {
				dst[k], dst[k+1], dst[k+2] = uint8(r>>8), uint8(g>>8), uint8(b>>8)
			}
			k += channels
		}
	})
}

// convertedRows returns rows of n samples that convert writes. It keeps the last two,
// which is what resizing asks for again.
func convertedRows(n int, convert func(dst []uint8, y int)) Rows {
	kept := [2]int{-1, -1} // their numbers
	var rows [2][]uint8
	latest := 0
	return func(y int) []uint8 {
		switch y {
		case kept[latest]:
			return rows[latest]
		case kept[1-latest]:
			latest = 1 - latest
			return rows[latest]
		}
		latest = 1 - latest
		if rows[latest] == nil {
			rows[latest] = make([]uint8, n)
		}
		convert(rows[latest], y)
		kept[latest] = y
		return rows[latest]
	}
}

// luma is the grey of a colour of 16-bit samples by the weights of Rec. 601, in the
// integers of color.GrayModel: they add up to 2¹⁶, so that grey stays as it is.
func luma(r, g, b uint32) uint8 {
	return uint8((19595*r + 38470*g + 7471*b + 1<<15) >> 24)
}
