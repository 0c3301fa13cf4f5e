package layers

import "github.com/autoreg/autoreg/kernels"

// A PixelForward computes the logits of all pixels of an image at once. It is the
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
	m.Input = BorderMap(height, width, n.Channels, n.Kernel/2)
	g := BorderMap(height, width, half, blockKernel/2)
	for range n.Blocks {
		m.Residual, m.Reduced, m.Convolved = append(m.Residual, h), append(m.Reduced, g), append(m.Convolved, t)
	}
	m.Residual = append(m.Residual, h)
	m.Hidden = [2]FeatureMap{DenseMap(height, width, F), h}
	m.Logits = DenseMap(height, width, n.Output.Width())
	return f
}

// DenseMap returns a map of a whole image without a border.
func DenseMap(height, width, channels int) FeatureMap {
	return FeatureMap{
		Data:  kernels.Alloc(height * width * channels),
		Lines: height, Pixels: width, LineStride: width * channels, PixelStride: channels, RowStride: width * channels,
	}
}

// BorderMap returns a map of a whole image with a border of zeros on top and on
// the sides: the border right of a row is also the border left of the next.
func BorderMap(height, width, channels, border int) FeatureMap {
	row := (width + border) * channels
	return FeatureMap{
		Data:  kernels.Alloc((height + border) * row),
		At:    border*row + border*channels,
		Lines: height, Pixels: width, LineStride: row, PixelStride: channels, RowStride: row,
	}
}

// Logits returns the logits of the image whose levels [H·W·C] these are: row r·W + c
// has those of pixel (r, c), channel g from column g·Cols/C on. They are valid until the
// next call. Logits panics if the length is wrong or a level out of range. It does not
// allocate.
func (f *PixelForward) Logits(levels []uint8) kernels.Matrix {
	n := f.net
	n.SetLevels(&f.maps.Input, levels)
	n.Features(&f.maps, 0, n.Channels)
	n.Head(&f.maps, 0, n.Channels)
	return kernels.RowMajor(f.maps.Logits.Data, f.height*f.width, n.Output.Width())
}

// SetLevels writes the inputs of the image whose levels [H·W·C] these are. It
// panics if the length is wrong or a level out of range.
func (n *PixelCNN) SetLevels(x *FeatureMap, levels []uint8) {
	line := x.Pixels * n.Channels
	if len(levels) != x.Lines*line {
		panic("layers: PixelCNN: one level a channel of a pixel")
	}
	for r := range x.Lines {
		dst := x.Data[x.At+r*x.LineStride:][:line]
		for i, v := range levels[r*line:][:line] {
			dst[i] = n.level(int(v))
		}
	}
}
