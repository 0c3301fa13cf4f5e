package images

import "encoding/binary"

// A pngHeader is what the chunks of a PNG say of it.
type pngHeader struct {
	depth, colour int64 // bits of a sample, and colour type
	interlaced    bool
	transparent   bool // by a colour that stands for it
	apple         bool // of the form for iOS
	orientation   int
}

// Bits of a PNG's colour type.
const (
	pngPalette = 1
	pngColour  = 2
	pngAlpha   = 4
)

// readPNGHeader goes through the chunks of a PNG up to the end or to what is damaged.
// It allocates nothing.
func readPNGHeader(data []byte) pngHeader {
	h := pngHeader{orientation: 1}
	for data = data[min(len(pngMagic), len(data)):]; len(data) >= 8; {
		size := int64(binary.BigEndian.Uint32(data))
		kind := string(data[4:8])
		data = data[8:]
		if size > int64(len(data)) {
			break
		}
		chunk := data[:size]
		switch {
		case kind == "IHDR" && size == 13 && h.depth == 0:
			h.depth, h.colour, h.interlaced = int64(chunk[8]), int64(chunk[9]), chunk[12] != 0
		case kind == "tRNS":
			h.transparent = true
		case kind == "CgBI":
			h.apple = true
		case kind == "eXIf" && h.orientation == 1:
			h.orientation = exifOrientation(chunk)
		}
		data = data[min(size+4, int64(len(data))):] // a checksum follows
	}
	return h
}

// samples returns how many samples a pixel has.
func (h *pngHeader) samples() int64 {
	n := int64(1)
	if h.colour&pngColour != 0 && h.colour&pngPalette == 0 {
		n = 3
	}
	if h.colour&pngAlpha != 0 {
		n++
	}
	return n
}

// row returns how many bytes a row has that is not compressed.
func (h *pngHeader) row(width int64) int64 { return (width*h.samples()*h.depth + 7) / 8 }

// cost returns how many bytes package image/png allocates for an image of that size:
// the pixels, their passes as well if it is interlaced, and two rows.
func (h *pngHeader) cost(height, width int64) int64 {
	pixel := int64(4)
	if h.colour&pngPalette != 0 || h.colour == 0 && !h.transparent {
		pixel = 1
	}
	if h.depth == 16 {
		pixel *= 2
	}
	total := pixel * height * width
	if h.interlaced {
		total *= 2
	}
	return total + 2*(1+h.row(width))
}
