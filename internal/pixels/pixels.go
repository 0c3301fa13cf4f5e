// Package pixels turns pictures into levels, the symbols of an image model, and back.
//
// All of it is integer arithmetic, so that the same picture gives the same levels on
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

// FromImage converts img to 1 channel, as color.GrayModel does it, or to 3.
// Samples of 16 bits are cut to their high 8; what is transparent lies over white. It
// panics if channels is neither 1 nor 3.
func FromImage(img image.Image, channels int) *Image {
	if channels != 1 && channels != 3 {
		panic("pixels: FromImage: channels is neither 1 nor 3")
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
	m := &Image{rect.Dy(), rect.Dx(), channels, make([]uint8, rect.Dy()*rect.Dx()*channels)}
	k := 0
	for y := rect.Min.Y; y < rect.Max.Y; y++ {
		for x := rect.Min.X; x < rect.Max.X; x++ {
			c := at(x, y) // times alpha already
			white := 0xffff - uint32(c.A)
			// The lesser, for not every image keeps colours below alpha.
			r := min(uint32(c.R)+white, 0xffff)
			g := min(uint32(c.G)+white, 0xffff)
			b := min(uint32(c.B)+white, 0xffff)
			if channels == 1 {
				m.Pix[k] = luma(r, g, b)
			} else {
				m.Pix[k], m.Pix[k+1], m.Pix[k+2] = uint8(r>>8), uint8(g>>8), uint8(b>>8)
			}
			k += channels
		}
	}
	return m
}

// luma is the grey of a colour of 16-bit samples by the weights of Rec. 601, in the
// integers of color.GrayModel: they add up to 2¹⁶, so that grey stays as it is.
func luma(r, g, b uint32) uint8 {
	return uint8((19595*r + 38470*g + 7471*b + 1<<15) >> 24)
}

// To returns m with the given number of channels, 1 or 3: grey three times over, or
// colour as the grey that FromImage makes of it. It returns m itself where nothing
// is to be done, and panics for other numbers of channels.
func (m *Image) To(channels int) *Image {
	if m.Channels != 1 && m.Channels != 3 || channels != 1 && channels != 3 {
		panic("pixels: To: channels is neither 1 nor 3")
	}
	if channels == m.Channels {
		return m
	}
	n := m.Height * m.Width
	if len(m.Pix) != n*m.Channels {
		panic("pixels: To: len(Pix) is not Height·Width·Channels")
	}
	out := &Image{m.Height, m.Width, channels, make([]uint8, n*channels)}
	if channels == 3 {
		for i, v := range m.Pix {
			out.Pix[3*i], out.Pix[3*i+1], out.Pix[3*i+2] = v, v, v
		}
		return out
	}
	for i := range out.Pix {
		p := m.Pix[3*i : 3*i+3]
		// v·257 is v with 16 bits.
		out.Pix[i] = luma(uint32(p[0])*257, uint32(p[1])*257, uint32(p[2])*257)
	}
	return out
}
