package autoreg

import (
	"context"
	"image"
	"iter"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// A Canvas is one image that is filled in raster order, the channels of a pixel one
// after the other, for one goroutine at a time. It is a sampler.Finite source whose
// symbols are levels. It keeps the values that later pixels read, so that each level
// takes one step, however large the image. [Canvas.Draw] draws what [ImageModel.Draw] draws
// under the same number, in more time; a Canvas is for loops of your own.
type Canvas struct {
	model         *ImageModel
	state         *layers.PixelState
	height, width int
}

// NewCanvas returns an empty image of height×width pixels; 0, 0 means the model's
// DefaultSize, and a mixture wants multiples of 2^(resolutions-1). A canvas takes 5 bytes
// for each level, and the rows of feature maps that later pixels read: at the most that is
// allowed, 4096×4096 pixels in grey, 90 MiB with the reference PixelCNN and 117 MiB with the
// reference mixture.
//
// For a model that is conditioned on classes it returns an error: see NewClassCanvas.
func (m *ImageModel) NewCanvas(height, width int) (*Canvas, error) {
	if n := m.Classes(); n > 0 {
		return nil, wrap(apierror.Errorf("the model is conditioned on %d classes: make a canvas of one, by NewClassCanvas", n))
	}
	return m.newCanvas(height, width)
}

// NewClassCanvas is NewCanvas for an image of a class, 0 to Classes()-1, which Reset leaves
// as it is and CopyFrom copies. It returns an error for another class, and if the model is
// not conditioned on classes.
func (m *ImageModel) NewClassCanvas(class, height, width int) (*Canvas, error) {
	if err := m.checkClass(class); err != nil {
		return nil, wrap(err)
	}
	c, err := m.newCanvas(height, width)
	if err != nil {
		return nil, err
	}
	c.state.SetCondition(m.newCondition().of(class))
	return c, nil
}

func (m *ImageModel) newCanvas(height, width int) (*Canvas, error) {
	height, width, err := m.drawSize(height, width)
	if err != nil {
		return nil, err
	}
	return &Canvas{model: m, state: m.pixel.Net.NewState(height, width), height: height, width: width}, nil
}

// Symbols returns the number of levels.
func (c *Canvas) Symbols() int { return c.model.Levels() }

// Logits sets dst [Symbols()] to the logits of the next level, unnormalised
// natural-log weights. It panics if the length is wrong or the image is Done. It does
// not allocate.
func (c *Canvas) Logits(dst []float32) { c.state.Logits(dst) }

// Advance consumes the next level, drawn or known. It panics if it is out of range
// or the image is Done. It does not allocate.
func (c *Canvas) Advance(level int) { c.state.Advance(level) }

// Done reports whether the image is complete.
func (c *Canvas) Done() bool { return c.state.Done() }

// Next returns the place of the next level; when the image is Done, the row below it.
func (c *Canvas) Next() (row, column, channel int) {
	n, C := c.state.Next(), c.model.Channels()
	return n / C / c.width, n / C % c.width, n % C
}

// Reset goes back to an empty image.
func (c *Canvas) Reset() { c.state.Reset() }

// CopyFrom makes c a fork of src: both continue from where src stands. It panics
// if they are of different models or sizes.
func (c *Canvas) CopyFrom(src *Canvas) {
	if c.model != src.model || c.height != src.height || c.width != src.width {
		panic("autoreg: Canvas: CopyFrom: different models or sizes")
	}
	c.state.CopyFrom(src.state)
}

// Levels appends the levels so far to dst.
func (c *Canvas) Levels(dst []uint8) []uint8 { return append(dst, c.state.Levels()...) }

// Image returns the image so far, with level 0 in place of missing levels.
func (c *Canvas) Image() *image.NRGBA {
	levels := make([]uint8, c.height*c.width*c.model.Channels())
	copy(levels, c.state.Levels())
	return c.model.Render(levels, c.height, c.width)
}

// Draw draws the rest of the image with chain, as image number n of the chain's
// seed: the same that ImageModel.Draw draws under that number. It yields each row once
// it is complete, and may be called again to continue after a break. If ctx is done or
// no level can be drawn it yields -1 and ctx.Err() or sampler.ErrNoSymbol, and
// stops. Nothing is allocated per pixel.
func (c *Canvas) Draw(ctx context.Context, chain *sampler.Chain, n uint64) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		line := c.width * c.model.Channels()
		var source sampler.Source = numbered{c, n}
		if c.model.pixel.Net.Draws() {
			source = drawingCanvas{numbered{c, n}}
		}
		for _, err := range chain.Run(ctx, source, nil) {
			if err != nil {
				yield(-1, err)
				return
			}
			if next := c.state.Next(); next%line == 0 && !yield(next/line-1, nil) {
				return
			}
		}
	}
}

// A numbered canvas is image n of a seed, of which each level has a slot.
type numbered struct {
	*Canvas
	n uint64
}

func (c numbered) Slot() (uint64, uint64) { return c.n, uint64(c.state.Next()) }

// A drawingCanvas is a canvas of a model that draws levels itself.
type drawingCanvas struct{ numbered }

func (c drawingCanvas) Draw(u, v float64) int { return c.state.DrawLevel(u, v) }
