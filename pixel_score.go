package autoreg

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"

	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// ErrNoImages is the error for no image at all.
var ErrNoImages = errors.New("autoreg: nothing to score: there are no images")

// PixelScoreOptions choose how images are scored. The zero value, or a nil
// pointer, works.
type PixelScoreOptions struct {
	Height, Width int // of the images; both 0 mean the model's Size
	Threads       int // 0 means one a CPU that Go may use; the result does not depend on it
}

// A PixelScore is how well a model predicts some images.
type PixelScore struct {
	Images int
	Values int     // predictions: channels of pixels
	Loss   float64 // Σ -ln p, in nats
}

// Mean returns the loss per channel of a pixel, in nats.
func (s PixelScore) Mean() float64 { return s.Loss / float64(s.Values) }

// Bits returns the loss per channel of a pixel, in bits: the bits per dimension of
// the literature, or for grey images per pixel.
func (s PixelScore) Bits() float64 { return s.Mean() / math.Ln2 }

// Score adds up how improbable the model finds each level of the images, given
// those before it. An image is levels [H·W·C]. nil options mean the zero value.
//
// Each -ln p is logsumexp(scores) - score in float32, as in training; the sum of an
// image is in float64, in raster order, and so is that of all images. It is the same
// on every machine with any number of threads, and NaN or infinite if the scores are.
//
// Images go through whole, as many at a time as there are threads, but for large
// ones, of which only some rows are in memory: apart from a few bytes a level, what
// these take grows with the width, not with the area.
//
// It returns an error if ctx is done, if there is no image ([ErrNoImages]), if one
// does not fit the model, or if the options make no sense.
func (m *PixelModel) Score(ctx context.Context, images iter.Seq[[]uint8], o *PixelScoreOptions) (PixelScore, error) {
	if o == nil {
		o = &PixelScoreOptions{}
	}
	height, width, err := m.size(o.Height, o.Width)
	if err != nil {
		return PixelScore{}, err
	}
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	if threads < 0 {
		return PixelScore{}, fmt.Errorf("autoreg: Threads is %d: want 1 or more, or 0 for one a CPU", threads)
	}
	s := &pixelScorer{
		ctx: ctx, model: m, workers: kernels.NewWorkers(threads), height: height, width: width,
		threads: make([]scoreThread, threads), losses: make([]float64, 4*threads),
	}
	var batch [][]uint8
	for levels := range images {
		if err := ctx.Err(); err != nil {
			return s.sum, err
		}
		if err := m.checkLevels(levels, height, width); err != nil {
			return s.sum, fmt.Errorf("autoreg: image %d: %w", s.sum.Images+len(batch)+1, err)
		}
		if batch = append(batch, slices.Clone(levels)); len(batch) == len(s.losses) {
			if err := s.score(batch); err != nil {
				return s.sum, err
			}
			batch = batch[:0]
		}
	}
	if err := s.score(batch); err != nil {
		return s.sum, err
	}
	if s.sum.Images == 0 {
		return s.sum, ErrNoImages
	}
	return s.sum, nil
}

// scoreWhole is how many pixels the images may have that go through whole. All
// feature maps of so many are some 100 MB for the reference model; of the largest
// images, which a file of a few bytes may ask for, they would be 26 GB.
const scoreWhole = 1 << 16

// A pixelScorer is a call of Score.
type pixelScorer struct {
	ctx           context.Context
	model         *PixelModel
	workers       *kernels.Workers
	height, width int
	threads       []scoreThread
	losses        []float64 // of a batch
	sum           PixelScore
}

// A scoreThread is what one thread scores with, made when it is needed: forward for
// images that go through whole, or wave and each.
type scoreThread struct {
	scratch []float32
	forward *layers.PixelForward
	wave    *layers.PixelWave
	each    []float32 // -ln p of each level
}

// score adds a batch of images, unless the context ends before they are scored.
func (s *pixelScorer) score(batch [][]uint8) error {
	s.workers.Split(len(batch), 1, func(worker, from, to int) {
		t := &s.threads[worker]
		if t.scratch == nil {
			s.equip(t)
		}
		for i := from; i < to; i++ {
			if t.forward != nil {
				s.losses[i] = s.whole(t, batch[i])
			} else {
				s.losses[i] = s.inRows(t, batch[i])
			}
		}
	})
	if err := s.ctx.Err(); err != nil {
		return err
	}
	for i := range batch {
		s.sum.Images++
		s.sum.Values += len(batch[i])
		s.sum.Loss += s.losses[i]
	}
	return nil
}

func (s *pixelScorer) equip(t *scoreThread) {
	net := s.model.pixel.Net
	t.scratch = make([]float32, s.model.Levels())
	if s.height*s.width <= scoreWhole {
		t.forward = net.NewForward(s.height, s.width)
		return
	}
	t.wave = net.NewWave(1, s.height, s.width)
	t.each = make([]float32, s.height*s.width*s.model.Channels())
}

// whole returns Σ -ln p of one image.
func (s *pixelScorer) whole(t *scoreThread, levels []uint8) (sum float64) {
	scores := t.forward.Scores(levels)
	L, C := s.model.Levels(), s.model.Channels()
	each := scores.Cols / C
	for i, v := range levels {
		sum += float64(t.loss(scores.Data[i/C*scores.Row+i%C*each:][:L], v))
	}
	return sum
}

// inRows returns the same, to the bit: scores do not depend on the schedule, and
// the sum is in the same order.
func (s *pixelScorer) inRows(t *scoreThread, levels []uint8) (sum float64) {
	C, w := s.model.Channels(), t.wave
	w.Reset()
	for s.ctx.Err() == nil && w.Next() {
		for g := range C {
			w.Features(g)
			w.Head(g)
			for i := range w.Rows() {
				row, column := w.Pixel(i)
				at := (row*s.width+column)*C + g
				t.each[at] = t.loss(w.Logits(i, 0, g), levels[at])
				w.Set(i, 0, g, int(levels[at]))
			}
		}
	}
	for _, l := range t.each {
		sum += float64(l)
	}
	return sum
}

// loss returns -ln p of a level.
func (t *scoreThread) loss(scores []float32, level uint8) float32 {
	return kernels.LogSumExp(scores, t.scratch) - scores[level]
}
