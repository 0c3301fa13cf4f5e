package autoreg

import (
	"context"

	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// Waves are images under way together, as one sampler.Source: the symbols are the
// levels of all images in the order of a layers.PixelWavefront, which has several pixels of
// each image at a time. Each level has a slot, so that the order does not show in the
// images. A waves is for one goroutine at a time.
type waves struct {
	model                   *ImageModel
	height, width, channels int

	known []uint8 // [H·W·C] levels of each image, nil if none are known
	mask  []bool  // [H·W] pixels whose levels are known; nil means all
	onRow func(row int)

	wave     *layers.PixelWavefront // of as many images as the last call of run
	images   []Image
	logProbs [][]float32 // of each image, ln p of the levels that are known, 0 of others

	// The next level is that of channel g of pixel i of the wave, in image k.
	g, i, k int
	slot    int // of that level in its image
	pixelAt int // of its pixel in its image
	done    bool
}

// newWaves returns waves of up to most images. Where some of their levels are known,
// there is room for their log-probabilities.
func (m *ImageModel) newWaves(height, width, most int, known bool) *waves {
	w := &waves{model: m, height: height, width: width, channels: m.Channels()}
	if known {
		w.logProbs = make([][]float32, most)
		for k := range w.logProbs {
			w.logProbs[k] = make([]float32, height*width*w.channels)
		}
	}
	return w
}

// run draws images, whose levels it overwrites. It allocates nothing per level.
func (w *waves) run(ctx context.Context, chain *sampler.Chain, images []Image) error {
	if w.wave == nil || w.wave.Images() != len(images) {
		w.wave = w.model.pixel.Net.NewWavefront(len(images), w.height, w.width)
	}
	w.images = images
	w.wave.Reset()
	w.next()
	if w.known == nil {
		for _, err := range chain.Run(ctx, w, nil) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	g := &givenWaves{waves: w}
	for step, err := range chain.Run(ctx, g, nil) {
		if err != nil {
			return err
		}
		w.logProbs[g.k][g.slot] = step.LogProb
	}
	return nil
}

// givenWaves are waves some of whose levels are known.
type givenWaves struct {
	*waves
	k, slot int // of the level consumed last
}

func (g *givenWaves) Given() (int, bool) {
	if g.mask != nil && !g.mask[g.pixelAt] {
		return 0, false
	}
	return int(g.known[g.waves.slot]), true
}

func (g *givenWaves) Advance(level int) {
	g.k, g.slot = g.waves.k, g.waves.slot
	g.waves.Advance(level)
}

func (w *waves) Symbols() int           { return w.model.Levels() }
func (w *waves) Logits(dst []float32)   { copy(dst, w.wave.Logits(w.i, w.k, w.g)) }
func (w *waves) Slot() (uint64, uint64) { return uint64(w.images[w.k].Number), uint64(w.slot) }
func (w *waves) Done() bool             { return w.done }

func (w *waves) Advance(level int) {
	w.images[w.k].Levels[w.slot] = uint8(level)
	w.wave.Set(w.i, w.k, w.g, level)
	if w.k++; w.k < len(w.images) {
		return
	}
	if w.k, w.i = 0, w.i+1; w.i < w.wave.Rows() {
		w.pixel()
		return
	}
	if w.g+1 < w.channels {
		w.channel(w.g + 1)
		return
	}
	if row, column := w.wave.Pixel(0); column == w.width-1 && w.onRow != nil {
		w.onRow(row)
	}
	w.next()
}

// next goes to the next pixels, if there are any.
func (w *waves) next() {
	if w.done = !w.wave.Next(); !w.done {
		w.channel(0)
	}
}

// channel goes to channel g of the first of the pixels.
func (w *waves) channel(g int) {
	w.wave.Features(g)
	w.wave.Head(g)
	w.g, w.i, w.k = g, 0, 0
	w.pixel()
}

// pixel settles where the next level belongs.
func (w *waves) pixel() {
	row, column := w.wave.Pixel(w.i)
	w.pixelAt = row*w.width + column
	w.slot = w.pixelAt*w.channels + w.g
}
