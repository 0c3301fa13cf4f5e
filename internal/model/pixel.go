package model

import (
	"fmt"

	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A Pixel is a model of images.
type Pixel struct {
	Config PixelConfig
	Net    *layers.PixelNet

	Metadata map[string]string // see Text
}

// NewPixel returns a model of zero weights. It panics if c.Check would fail.
func NewPixel(c PixelConfig) *Pixel {
	if c.Check() != nil {
		panic("model: NewPixel: invalid config")
	}
	return &Pixel{Config: c, Net: layers.NewPixelNet(c.PixelSpec)}
}

// File returns the content of the model's file. Some of it may be the model's own
// memory, the rest are copies.
func (m *Pixel) File() *weights.File { return m.FileOf(m.Net) }

// FileOf is File with the weights of net, a network of the same shape.
func (m *Pixel) FileOf(net layers.Network) *weights.File {
	return &weights.File{
		Metadata: metadata(m.Metadata, m.Config.AppendJSON(nil), nil),
		Tensors:  Tensors("", net, true),
	}
}

// PixelConfigOf returns the shape of the image model whose file has this metadata.
// Errors wrap weights.ErrFormat.
func PixelConfigOf(meta map[string]string) (PixelConfig, error) {
	var c PixelConfig
	err := readConfig(&weights.File{Metadata: meta}, c.parse)
	return c, err
}

// PixelFromFile builds the model that f holds; what makes f a checkpoint is left
// aside. It keeps nothing of f. Weights of closed taps may be anything and are of no
// effect, for other programs' files may hold what an optimiser left there. Any other
// weight that is NaN or infinite is an error. Errors wrap weights.ErrFormat.
func PixelFromFile(f *weights.File) (*Pixel, error) {
	var c PixelConfig
	if err := readConfig(f, c.parse); err != nil {
		return nil, err
	}
	if err := checkSize(f, c.Params()); err != nil {
		return nil, err
	}
	m := NewPixel(c)
	if err := fill(m.Net, f); err != nil {
		return nil, err
	}
	m.Net.Refresh()
	m.Metadata = free(f.Metadata)
	return m, nil
}

// String returns the shape of the images in words.
func (c PixelConfig) String() string {
	return ImagesText(c.Height, c.Width, c.Channels(), c.Levels())
}

// ImagesText returns a shape of images in words.
func ImagesText(height, width, channels, levels int) string {
	colour := "grey"
	if channels == 3 {
		colour = "colour"
	}
	return fmt.Sprintf("%d×%d pixels, %s, %d levels", width, height, colour, levels)
}
