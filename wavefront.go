package autoreg

import (
	"context"

	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// A wavefront is a number of images that are drawn together, as one sampler.Source: the
// symbols are the levels of all images in the order of a layers.PixelWavefront, which has
// several pixels of each image at a time. Each level has a slot, so that the images do
// not depend on the order. It is for one goroutine at a time.
type wavefront struct {
	model                   *ImageModel
	height, width, channels int

	known []uint8 // [H·W·C] levels of each image, nil if none are known
	mask  []bool  // [H·W] pixels whose levels are known
	onRow func(row int)

	unrounded bool // pixels depend on values between the levels

	pixels    *layers.PixelWavefront // of as many images as the last call of run
	images    []Image
	condition condition

	losses   [][]float64 // of each image, of the pixels that are known; see layers.PixelHead
	perPixel int

	// The next level is that of channel g of pixel i of the step, in image k.
	g, i, k int
	slot    int // of that level in its image
	pixelAt int // of its pixel in its image
	done    bool
}

// newWavefront returns a wavefront of up to most images, with room for the losses of
// pixels that are known.
func (m *ImageModel) newWavefront(height, width, most int, known bool) *wavefront {
	w := &wavefront{model: m, height: height, width: width, channels: m.Channels(), condition: m.newCondition()}
	if known {
		w.perPixel = m.pixel.Net.NewHead().LossesPerPixel()
		w.losses = make([][]float64, most)
		for k := range w.losses {
			w.losses[k] = make([]float64, height*width*w.perPixel)
		}
	}
	return w
}

// run draws images, whose levels it overwrites. It allocates nothing per level.
func (w *wavefront) run(ctx context.Context, chain *sampler.Chain, images []Image) error {
	if w.pixels == nil || w.pixels.Images() != len(images) {
		w.pixels = w.model.pixel.Net.NewWavefront(len(images), w.height, w.width)
	}
	w.images = images
	w.pixels.Reset()
	if w.condition != nil {
		for k, img := range images {
			w.pixels.SetCondition(k, w.condition.of(img.Class))
		}
	}
	if w.unrounded {
		return w.runUnrounded(ctx, chain)
	}
	w.next()
	var source sampler.Source = w
	switch draws := w.model.pixel.Net.Draws(); {
	case draws && w.known != nil:
		source = drawingGivenWavefront{givenWavefront{w}}
	case draws:
		source = drawingWavefront{w}
	case w.known != nil:
		source = givenWavefront{w}
	}
	for _, err := range chain.Run(ctx, source, nil) {
		if err != nil {
			return err
		}
	}
	return nil
}

// runUnrounded draws images whose pixels depend on values between the levels. A pixel takes
// the first 1 + C outputs of the generator at the slot of its first channel.
func (w *wavefront) runUnrounded(ctx context.Context, chain *sampler.Chain) error {
	u, x := make([]float64, 1+w.channels), make([]float32, w.channels)
	for w.pixels.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.pixels.Features(0)
		w.pixels.Head(0)
		for i := range w.pixels.Rows() {
			row, column := w.pixels.Pixel(i)
			slot := (row*w.width + column) * w.channels
			for k := range w.images {
				chain.Seek(uint64(w.images[k].Number), uint64(slot))
				for j := range u {
					u[j] = chain.Float64()
				}
				if !w.pixels.DrawValues(x, i, k, u) {
					return sampler.ErrNoSymbol
				}
				for g, v := range x {
					w.images[k].Levels[slot+g] = w.pixels.SetValue(i, k, g, v)
				}
			}
		}
		if row, column := w.pixels.Pixel(0); column == w.width-1 && w.onRow != nil {
			w.onRow(row)
		}
	}
	return nil
}

// A givenWavefront is a wavefront some of whose levels are known.
type givenWavefront struct{ *wavefront }

func (g givenWavefront) Given() (int, bool) {
	return int(g.known[g.slot]), g.mask[g.pixelAt]
}

// A drawingWavefront is a wavefront of a model that draws levels itself, and a drawingGivenWavefront
// one some of whose levels are known.
type (
	drawingWavefront      struct{ *wavefront }
	drawingGivenWavefront struct{ givenWavefront }
)

func (d drawingWavefront) Draw(u, v float64) int      { return d.draw(u, v) }
func (d drawingGivenWavefront) Draw(u, v float64) int { return d.draw(u, v) }

func (w *wavefront) draw(u, v float64) int { return w.pixels.DrawLevel(w.i, w.k, w.g, u, v) }

func (w *wavefront) Symbols() int           { return w.model.Levels() }
func (w *wavefront) Logits(dst []float32)   { w.pixels.Logits(dst, w.i, w.k, w.g) }
func (w *wavefront) Slot() (uint64, uint64) { return uint64(w.images[w.k].Number), uint64(w.slot) }
func (w *wavefront) Done() bool             { return w.done }

func (w *wavefront) Advance(level int) {
	w.images[w.k].Levels[w.slot] = uint8(level)
	w.pixels.Set(w.i, w.k, w.g, level)
	if w.k++; w.k < len(w.images) {
		return
	}
	if w.k, w.i = 0, w.i+1; w.i < w.pixels.Rows() {
		w.pixel()
		return
	}
	if w.g+1 < w.channels {
		w.channel(w.g + 1)
		return
	}
	w.recordLosses()
	if row, column := w.pixels.Pixel(0); column == w.width-1 && w.onRow != nil {
		w.onRow(row)
	}
	w.next()
}

// recordLosses notes the losses of pixels of this step that are known.
func (w *wavefront) recordLosses() {
	if w.known == nil {
		return
	}
	for i := range w.pixels.Rows() {
		row, column := w.pixels.Pixel(i)
		if at := row*w.width + column; w.mask[at] {
			for k := range w.images {
				w.pixels.Losses(w.losses[k][at*w.perPixel:][:w.perPixel], i, k)
			}
		}
	}
}

// next goes to the next pixels, if there are any.
func (w *wavefront) next() {
	if w.done = !w.pixels.Next(); !w.done {
		w.channel(0)
	}
}

// channel goes to channel g of the first of the pixels.
func (w *wavefront) channel(g int) {
	w.pixels.Features(g)
	w.pixels.Head(g)
	w.g, w.i, w.k = g, 0, 0
	w.pixel()
}

// pixel sets the place of the next level.
func (w *wavefront) pixel() {
	row, column := w.pixels.Pixel(w.i)
	w.pixelAt = row*w.width + column
	w.slot = w.pixelAt*w.channels + w.g
}
