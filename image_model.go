package autoreg

import (
	"fmt"
	"image"
	"io"
	"math"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/pixels"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// An ImageModel is an immutable image network: it computes logits of the levels of a
// pixel from the pixels before it. It is safe for concurrent use.
//
// An image is levels [H·W·C], row by row, the channels of a pixel side by side
// (red, green, blue, or grey alone), each 0 to Levels()-1. Quantise and Render go
// from an image.Image to levels and back.
type ImageModel struct{ pixel *model.Pixel }

var imageKind = kind{model.KindImages, (*ImageModel)(nil), func(f *weights.File) (Model, error) {
	p, err := model.PixelFromFile(f)
	if err != nil {
		return nil, err
	}
	return &ImageModel{p}, nil
}}

func (m *ImageModel) file() *weights.File { return m.pixel.File() }

// Kind returns "pixelcnn", for mixtures too.
func (m *ImageModel) Kind() string { return model.KindImages }

// Metadata returns a copy of the metadata of the model's file: see Model.
func (m *ImageModel) Metadata() map[string]string { return copied(m.pixel.Metadata) }

// WriteTo writes the model in the form that Load reads: see Model.
func (m *ImageModel) WriteTo(w io.Writer) (int64, error) { return write(m, w) }

// Size returns the height and width of the images that the model was trained on.
// Others may be drawn too.
func (m *ImageModel) Size() (height, width int) {
	return m.pixel.Config.Height, m.pixel.Config.Width
}

// Bounds on the default size, which the model's file chooses.
const (
	maxDefaultPixels = 1 << 18
	maxDefaultBytes  = 64 << 20
)

// DefaultSize returns the height and width of images that are drawn without a given
// size: Size, if such an image has at most 2^18 pixels and takes at most 64 MiB to draw.
// Otherwise it returns an error, and height and width must be given, because a file of
// a kilobyte may have any size in it.
func (m *ImageModel) DefaultSize() (height, width int, err error) {
	height, width = m.Size()
	if n := m.drawBytes(height, width); height*width > maxDefaultPixels || n > maxDefaultBytes {
		return 0, 0, wrap(apierror.Errorf("the model's file asks for images of %d×%d pixels (%d MiB each to draw), which are drawn only if height and width are given", width, height, (n+1<<20-1)>>20))
	}
	return height, width, nil
}

// drawBytes returns the most memory, in bytes, that drawing one image takes.
func (m *ImageModel) drawBytes(height, width int) int64 {
	levels := int64(height) * int64(width) * int64(m.Channels())
	return max(m.pixel.Net.StateBytes(height, width), levels+m.pixel.Net.WavefrontBytes(1, height, width))
}

// Channels returns 1 for grey, 3 for colour.
func (m *ImageModel) Channels() int { return m.pixel.Net.Channels }

// Levels returns the number of levels of a channel.
func (m *ImageModel) Levels() int { return m.pixel.Net.Levels }

// Layers returns the model's layers from input to output.
func (m *ImageModel) Layers() []LayerInfo { return layers.Describe(m.pixel.Net) }

// Params returns the number of the model's parameters as stored, with full kernels.
func (m *ImageModel) Params() int {
	n, _ := paramsOf(m)
	return n
}

// Effective returns the number of parameters that have an effect: all but those
// where the masks are closed.
func (m *ImageModel) Effective() int {
	_, n := paramsOf(m)
	return n
}

// Quantise returns the levels of img, resized to height×width pixels (0, 0 means
// DefaultSize) by bilinear interpolation without smoothing, as in training: level
// trunc(v·Levels()/256) of a value v of 0 to 255. Transparent parts count as
// white. A model that was trained on padded or antialiased images wants images prepared so;
// Quantise does neither. It returns an error if a size or img itself is empty or too large,
// or the model does not have the size.
func (m *ImageModel) Quantise(img image.Image, height, width int) ([]uint8, error) {
	height, width, err := m.drawSize(height, width)
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	if b.Dx() < 1 || b.Dy() < 1 || b.Dx() > maxImage/b.Dy() {
		return nil, wrap(apierror.Errorf("the image has %d×%d pixels: want 1 to %d in all", b.Dx(), b.Dy(), maxImage))
	}
	levels := make([]uint8, height*width*m.Channels())
	pixels.Quantise(levels, img, height, width, m.Channels(), m.Levels(), false)
	return levels, nil
}

// maxImage bounds the pixels of an image that is resized.
const maxImage = 1 << 26

// Render returns the image that levels [height·width·C] stand for; 0, 0 means Size.
// Level k is shown as the value 255·k/(Levels()-1), or the nearest one that is of
// level k, so that Quantise gives back the levels of an image that Render returned.
// It panics if the number of levels is wrong or one is out of range.
func (m *ImageModel) Render(levels []uint8, height, width int) *image.NRGBA {
	if height == 0 && width == 0 {
		height, width = m.Size()
	}
	if height < 1 || width < 1 || len(levels) != height*width*m.Channels() {
		panic("autoreg: ImageModel: Render: wrong number of levels")
	}
	for _, v := range levels {
		if int(v) >= m.Levels() {
			panic("autoreg: ImageModel: Render: level out of range")
		}
	}
	return pixels.Render(levels, height, width, m.Channels(), m.Levels())
}

// size checks the size of given images; 0, 0 means that of the model.
func (m *ImageModel) size(height, width int) (int, int, error) {
	if height == 0 && width == 0 {
		height, width = m.Size()
	}
	if height < 1 || height > model.MaxSide || width < 1 || width > model.MaxSide {
		return 0, 0, wrap(apierror.Errorf("an image of width %d and height %d: want 1 to %d each, or 0 for both to have the model's", width, height, model.MaxSide))
	}
	if unit := m.pixel.Net.Spec.SizeUnit(); height%unit != 0 || width%unit != 0 {
		return 0, 0, wrap(apierror.Errorf("an image of %d×%d pixels: this model wants a width and a height that are multiples of %d", width, height, unit))
	}
	return height, width, nil
}

// drawSize checks the size of images to draw; 0, 0 means DefaultSize.
func (m *ImageModel) drawSize(height, width int) (int, int, error) {
	if height == 0 && width == 0 {
		return m.DefaultSize()
	}
	height, width, err := m.size(height, width)
	if err != nil {
		return 0, 0, err
	}
	if n := m.drawBytes(height, width); n > math.MaxInt {
		return 0, 0, wrap(apierror.Errorf("an image of %d×%d pixels takes %d MiB to draw, more than this machine can address", width, height, n>>20))
	}
	return height, width, nil
}

// checkLevels returns an error if levels cannot be an image of the model.
func (m *ImageModel) checkLevels(levels []uint8, height, width int) error {
	if want := height * width * m.Channels(); len(levels) != want {
		return fmt.Errorf("%d levels: want %d, for %d×%d pixels of %d", len(levels), want, width, height, m.Channels())
	}
	for i, v := range levels {
		if int(v) >= m.Levels() {
			return fmt.Errorf("level %d is %d: want 0 to %d", i, v, m.Levels()-1)
		}
	}
	return nil
}
