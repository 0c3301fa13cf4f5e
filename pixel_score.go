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
// Each -ln p is logsumexp(scores) - score in float32, as in training; the sum is
// in float64, in order, so it is the same on every machine with any number of
// threads. It is NaN or infinite if the scores are. Each thread takes room for all
// feature maps of an image, for the chapter's network about 1.6 kB a pixel.
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
	s := &pixelScorer{model: m, workers: kernels.NewWorkers(threads), forward: make([]*layers.PixelForward, threads)}
	for range threads {
		s.scratch = append(s.scratch, make([]float32, m.Levels()))
	}
	s.height, s.width = height, width
	s.losses = make([]float64, 4*threads)
	var batch [][]uint8
	for levels := range images {
		if err := ctx.Err(); err != nil {
			return s.sum, err
		}
		if err := m.checkLevels(levels, height, width); err != nil {
			return s.sum, fmt.Errorf("autoreg: image %d: %w", s.sum.Images+len(batch)+1, err)
		}
		if batch = append(batch, slices.Clone(levels)); len(batch) == len(s.losses) {
			s.score(batch)
			batch = batch[:0]
		}
	}
	s.score(batch)
	if s.sum.Images == 0 {
		return s.sum, ErrNoImages
	}
	return s.sum, nil
}

// A pixelScorer is a call of Score.
type pixelScorer struct {
	model         *PixelModel
	workers       *kernels.Workers
	height, width int
	forward       []*layers.PixelForward // one a thread, made when it is needed
	scratch       [][]float32
	losses        []float64 // of a batch
	sum           PixelScore
}

// score adds a batch of images.
func (s *pixelScorer) score(batch [][]uint8) {
	s.workers.Split(len(batch), 1, func(worker, from, to int) {
		if s.forward[worker] == nil {
			s.forward[worker] = s.model.pixel.Net.NewForward(s.height, s.width)
		}
		for i := from; i < to; i++ {
			s.losses[i] = s.loss(worker, batch[i])
		}
	})
	for i := range batch {
		s.sum.Images++
		s.sum.Values += len(batch[i])
		s.sum.Loss += s.losses[i]
	}
}

// loss returns Σ -ln p of one image.
func (s *pixelScorer) loss(worker int, levels []uint8) (sum float64) {
	scores := s.forward[worker].Scores(levels)
	L, C := s.model.Levels(), s.model.Channels()
	each := scores.Cols / C
	for i, v := range levels {
		row := scores.Data[i/C*scores.Row+i%C*each:][:L]
		sum += float64(kernels.LogSumExp(row, s.scratch[worker]) - row[v])
	}
	return sum
}
