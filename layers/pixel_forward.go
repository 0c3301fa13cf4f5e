package layers

import "github.com/autoreg/autoreg/kernels"

// A PixelForward computes the scores of all pixels of an image at once. It is the
// workspace for that, for one goroutine at a time.
type PixelForward struct {
	net           *PixelCNN
	height, width int
	maps          PixelMaps
}

// NewForward returns room for images of height×width pixels.
func (n *PixelCNN) NewForward(height, width int) *PixelForward {
	f := &PixelForward{net: n, height: height, width: width}
	F, half := n.Filters, n.Filters/2
	h, t := DenseMap(height, width, F), DenseMap(height, width, half)
	m := &f.maps
	m.X = BorderMap(height, width, n.Channels, n.Kernel/2)
	g := BorderMap(height, width, half, blockKernel/2)
	for range n.Blocks {
		m.H, m.G, m.T = append(m.H, h), append(m.G, g), append(m.T, t)
	}
	m.H = append(m.H, h)
	m.Hidden = [2]Map{DenseMap(height, width, F), h}
	m.Scores = DenseMap(height, width, n.Output.Width())
	return f
}

// DenseMap returns a map of a whole image without a border.
func DenseMap(height, width, channels int) Map {
	return Map{
		Data:  kernels.Alloc(height * width * channels),
		Lines: height, Pixels: width, Line: width * channels, Pixel: channels, Row: width * channels,
	}
}

// BorderMap returns a map of a whole image with a border of zeros on top and on
// the sides. What is right of a row is what is left of the next.
func BorderMap(height, width, channels, border int) Map {
	row := (width + border) * channels
	return Map{
		Data:  kernels.Alloc((height + border) * row),
		At:    border*row + border*channels,
		Lines: height, Pixels: width, Line: row, Pixel: channels, Row: row,
	}
}

// Scores returns the scores of the image whose levels [H·W·C] these are, row
// r·W + c being those of pixel (r, c), of channel g from column g·Cols/C on. They
// are good until the next call. Scores panics if the length is wrong or a level
// out of range. It does not allocate.
func (f *PixelForward) Scores(levels []uint8) kernels.Matrix {
	n := f.net
	n.SetLevels(&f.maps.X, levels)
	n.Features(&f.maps, 0, n.Channels)
	n.Head(&f.maps, 0, n.Channels)
	return kernels.RowMajor(f.maps.Scores.Data, f.height*f.width, n.Output.Width())
}

// SetLevels writes the inputs of the image whose levels [H·W·C] these are. It
// panics if the length is wrong or a level out of range.
func (n *PixelCNN) SetLevels(x *Map, levels []uint8) {
	line := x.Pixels * n.Channels
	if len(levels) != x.Lines*line {
		panic("layers: PixelCNN: one level a channel of a pixel")
	}
	for r := range x.Lines {
		dst := x.Data[x.At+r*x.Line:][:line]
		for i, v := range levels[r*line:][:line] {
			dst[i] = n.level(int(v))
		}
	}
}
