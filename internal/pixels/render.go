package pixels

import "image"

// Values returns what sample each of n levels is shown as:
//
//	round(255·k/(n-1))
//
// moved, where that is a sample of another level, to the nearest one of level k, so
// that Quantise gives back k. Rounding alone does so for n up to 27 and for powers of
// 2, among others. It panics unless n is 2 to 256.
func Values(n int) []uint8 {
	if n < 2 || n > 256 {
		panic("pixels: Values: n outside 2 to 256")
	}
	v := make([]uint8, n)
	for k := range v {
		shown := (2*255*k + n - 1) / (2 * (n - 1))
		first := (256*k + n - 1) / n  // the least sample of level k
		last := (256*(k+1)+n-1)/n - 1 // the greatest
		v[k] = uint8(min(max(shown, first), last))
	}
	return v
}

// Render returns levels [height, width, channels] as an image: each of n levels as
// Values has it. It panics if a length is wrong, channels is neither 1 nor 3, n is
// outside 2 to 256 or a level is not below n.
func Render(levels []uint8, height, width, channels, n int) *image.NRGBA {
	switch {
	case channels != 1 && channels != 3:
		panic("pixels: Render: channels is neither 1 nor 3")
	case height < 0 || width < 0 || len(levels) != height*width*channels:
		panic("pixels: Render: len(levels) is not height·width·channels")
	}
	values := Values(n)
	for _, k := range levels {
		if int(k) >= n {
			panic("pixels: Render: a level is not below n")
		}
	}
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range height * width {
		p := levels[i*channels:][:channels]
		out := img.Pix[4*i:][:4]
		out[0], out[1], out[2], out[3] = values[p[0]], values[p[channels/2]], values[p[channels-1]], 0xff
	}
	return img
}

// gapGrey is what lies between the images of a Grid: neither their black nor their
// white.
const gapGrey = 0x80

// Grid puts images of one size on a sheet, row by row, at most columns to a row:
// each pixel is scale×scale, and gap pixels of grey lie between two images and
// where the last row has none. It panics if there are no images, they differ in
// size, columns or scale is less than 1, or gap is negative.
func Grid(images []*image.NRGBA, columns, scale, gap int) *image.NRGBA {
	if len(images) == 0 {
		panic("pixels: Grid: no images")
	}
	if columns < 1 || scale < 1 || gap < 0 {
		panic("pixels: Grid: columns or scale < 1, or gap < 0")
	}
	size := images[0].Rect.Size()
	for _, p := range images {
		if p.Rect.Size() != size {
			panic("pixels: Grid: images of different sizes")
		}
	}
	columns = min(columns, len(images))
	rows := (len(images) + columns - 1) / columns
	stepX, stepY := size.X*scale+gap, size.Y*scale+gap
	sheet := image.NewNRGBA(image.Rect(0, 0, columns*stepX-gap, rows*stepY-gap))
	for i := 0; i < len(sheet.Pix); i += 4 {
		sheet.Pix[i], sheet.Pix[i+1], sheet.Pix[i+2], sheet.Pix[i+3] = gapGrey, gapGrey, gapGrey, 0xff
	}
	for i, p := range images {
		left, top := i%columns*stepX, i/columns*stepY
		for y := range size.Y * scale {
			src := p.Pix[y/scale*p.Stride:]
			dst := sheet.Pix[sheet.PixOffset(left, top+y):]
			for x := range size.X * scale {
				copy(dst[4*x:4*x+4], src[x/scale*4:])
			}
		}
	}
	return sheet
}
