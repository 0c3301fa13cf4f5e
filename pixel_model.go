package autoreg

import (
	"fmt"
	"image"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/pixels"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A PixelModel is an immutable image network: it scores the level of a pixel from
// the pixels before it. It is safe for concurrent use.
//
// A picture is levels [H·W·C], row by row, the channels of a pixel side by side
// (red, green, blue, or grey alone), each 0 to Levels()-1. Quantise and Render go
// from an image.Image to levels and back.
type PixelModel struct{ pixel *model.Pixel }

// LoadPixel reads the file of an image model, or a checkpoint of one, from r up to
// its end. nil options mean the zero value. The file is trusted no more than Load
// trusts one; what a file of another program holds where the masks of the
// convolutions are closed is of no effect.
func LoadPixel(r io.Reader, o *LoadOptions) (*PixelModel, error) {
	m, err := loadPixel(r, o)
	if err != nil {
		return nil, &rootError{"", err}
	}
	return m, nil
}

// OpenPixel reads the image model file at path, as LoadPixel does by default.
func OpenPixel(path string) (*PixelModel, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &rootError{"", err} // names the path
	}
	return closing(f, path, loadPixel)
}

// LoadPixelFS reads the image model file called name in fsys, such as an embed.FS,
// as LoadPixel does by default.
func LoadPixelFS(fsys fs.FS, name string) (*PixelModel, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, &rootError{"", err} // names the file
	}
	return closing(f, name, loadPixel)
}

func loadPixel(r io.Reader, o *LoadOptions) (*PixelModel, error) {
	f, err := read(r, o)
	if err != nil {
		return nil, err
	}
	return newPixelModel(f)
}

func newPixelModel(f *weights.File) (*PixelModel, error) {
	p, err := model.PixelFromFile(f)
	if err != nil {
		return nil, err
	}
	return &PixelModel{p}, nil
}

// Metadata returns a copy of what the model's file says beside what describes the
// model, as Model.Metadata does.
func (m *PixelModel) Metadata() map[string]string { return copied(m.pixel.Metadata) }

// WriteTo writes the model in the form that LoadPixel reads and returns the number
// of bytes written. The same model gives the same bytes. What was loaded from a
// checkpoint is written without the optimiser's state.
func (m *PixelModel) WriteTo(w io.Writer) (int64, error) {
	n, err := m.pixel.File().WriteTo(w)
	if err != nil {
		return n, &rootError{"", err}
	}
	return n, nil
}

// Size returns the height and width of the images that the model was trained on.
// Others may be drawn too.
func (m *PixelModel) Size() (height, width int) {
	return m.pixel.Config.Height, m.pixel.Config.Width
}

// Bounds on what is drawn in a size that only the model's file asks for.
const (
	maxDefaultPixels = 1 << 18
	maxDefaultBytes  = 64 << 20
)

// DefaultSize returns the height and width of what is drawn where none are given:
// Size, if such an image has at most 2^18 pixels and takes at most 64 MiB to draw.
// Otherwise it returns an error, and height and width must be given: the file of a
// kilobyte may claim any size.
func (m *PixelModel) DefaultSize() (height, width int, err error) {
	height, width = m.Size()
	if n := m.drawBytes(height, width); height*width > maxDefaultPixels || n > maxDefaultBytes {
		return 0, 0, fmt.Errorf("autoreg: the model's file asks for images of %d×%d pixels (%d MiB each to draw), which are drawn only if height and width are given", width, height, (n+1<<20-1)>>20)
	}
	return height, width, nil
}

// drawBytes returns how much memory drawing one image takes at most.
func (m *PixelModel) drawBytes(height, width int) int64 {
	levels := int64(height) * int64(width) * int64(m.Channels())
	return max(m.pixel.Net.StateBytes(height, width), levels+m.pixel.Net.WaveBytes(1, height, width))
}

// Channels returns 1 for grey, 3 for colour.
func (m *PixelModel) Channels() int { return m.pixel.Config.Channels }

// Levels returns the number of levels of a channel.
func (m *PixelModel) Levels() int { return m.pixel.Config.Levels }

// Layers returns the model's layers from input to output.
func (m *PixelModel) Layers() []LayerInfo { return layers.Describe(m.pixel.Net) }

// Params returns the number of the model's parameters as stored, with full kernels.
func (m *PixelModel) Params() int { return m.pixel.Net.Params() }

// Effective returns the number of parameters that have an effect: all but those
// where the masks are closed.
func (m *PixelModel) Effective() int { return m.pixel.Net.Effective() }

// Quantise returns the levels of img, resized to height×width pixels (0, 0 means
// DefaultSize) by bilinear interpolation without smoothing, as in training: level
// trunc(v·Levels()/256) of a value v of 0 to 255. Transparent parts count as
// white. It returns an error if a size or img itself is empty or too large.
func (m *PixelModel) Quantise(img image.Image, height, width int) ([]uint8, error) {
	height, width, err := m.drawSize(height, width)
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	if b.Dx() < 1 || b.Dy() < 1 || b.Dx() > maxPicture/b.Dy() {
		return nil, fmt.Errorf("autoreg: the picture has %d×%d pixels: want 1 to %d in all", b.Dx(), b.Dy(), maxPicture)
	}
	levels := make([]uint8, height*width*m.Channels())
	pixels.Quantise(levels, img, height, width, m.Channels(), m.Levels(), false)
	return levels, nil
}

// maxPicture bounds the pixels of a picture that is resized.
const maxPicture = 1 << 26

// Render returns the picture that levels [height·width·C] stand for; 0, 0 means Size.
// Level k is shown as the value 255·k/(Levels()-1), or the nearest one that is of
// level k, so that Quantise gives back the levels of a picture that Render returned.
// It panics if the number of levels is wrong or one is out of range.
func (m *PixelModel) Render(levels []uint8, height, width int) *image.NRGBA {
	if height == 0 && width == 0 {
		height, width = m.Size()
	}
	if height < 1 || width < 1 || len(levels) != height*width*m.Channels() {
		panic("autoreg: PixelModel: Render: wrong number of levels")
	}
	for _, v := range levels {
		if int(v) >= m.Levels() {
			panic("autoreg: PixelModel: Render: level out of range")
		}
	}
	return pixels.Render(levels, height, width, m.Channels(), m.Levels())
}

// size checks a size that may be left out where images of it are given.
func (m *PixelModel) size(height, width int) (int, int, error) {
	if height == 0 && width == 0 {
		height, width = m.Size()
	}
	if height < 1 || height > model.MaxSide || width < 1 || width > model.MaxSide {
		return 0, 0, fmt.Errorf("autoreg: an image of width %d and height %d: want 1 to %d each, or 0 for both to have the model's", width, height, model.MaxSide)
	}
	return height, width, nil
}

// drawSize checks a size that may be left out where images of it are made.
func (m *PixelModel) drawSize(height, width int) (int, int, error) {
	if height == 0 && width == 0 {
		return m.DefaultSize()
	}
	height, width, err := m.size(height, width)
	if err != nil {
		return 0, 0, err
	}
	if n := m.drawBytes(height, width); n > math.MaxInt {
		return 0, 0, fmt.Errorf("autoreg: an image of %d×%d pixels takes %d MiB to draw, more than this machine can address", width, height, n>>20)
	}
	return height, width, nil
}

// checkLevels returns an error if levels cannot be a picture of the model.
func (m *PixelModel) checkLevels(levels []uint8, height, width int) error {
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
