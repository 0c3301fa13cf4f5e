package autoreg

import (
	"context"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// Score adds up -ln p of each level of the images, given those before it. An image is
// levels [H·W·C]. nil options mean the zero value.
//
// Each -ln p is that of training; the sum of an image is in float64, in raster order, and so
// is that of all images. It is the same
// on every machine with any number of threads, and NaN or infinite if the logits are.
//
// Each thread computes one image at a time. Of a large image only some rows are in
// memory: apart from a few bytes a level, its memory grows with the width, not with the
// area.
//
// Of a model that is conditioned on classes, p is that given the image's class, too.
//
// It returns an error if ctx is done, if there is no image ([ErrNothingToScore]), if one
// does not fit the model, or for invalid options.
func (m *ImageModel) Score(ctx context.Context, images iter.Seq[[]uint8], o *ScoreOptions) (Score, error) {
	if o == nil {
		o = &ScoreOptions{}
	}
	if err := o.check(o.ofTexts("texts")...); err != nil {
		return Score{}, err
	}
	height, width, err := m.size(o.Height, o.Width)
	if err != nil {
		return Score{}, err
	}
	if err := m.checkClasses(o.Classes, -1); err != nil {
		return Score{}, err
	}
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	s := &imageScorer{
		ctx: ctx, model: m, classes: o.Classes, workers: kernels.NewWorkers(threads), height: height, width: width,
		threads: make([]scoreThread, threads), losses: make([]float64, 4*threads),
	}
	var batch [][]uint8
	for levels := range images {
		if err := ctx.Err(); err != nil {
			return s.sum, err
		}
		if n := s.sum.Items + len(batch) + 1; len(o.Classes) > 1 && n > len(o.Classes) {
			return s.sum, errClassCount(o.Classes, n)
		}
		if err := m.checkLevels(levels, height, width); err != nil {
			return s.sum, wrap(apierror.Errorf("image %d: %w", s.sum.Items+len(batch)+1, err))
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
	if s.sum.Items == 0 {
		return s.sum, fmt.Errorf("%w: there are no images", ErrNothingToScore)
	}
	if len(o.Classes) > 1 && len(o.Classes) != s.sum.Items {
		return s.sum, errClassCount(o.Classes, s.sum.Items)
	}
	return s.sum, nil
}

// scoreWholeBytes is the most memory, for each thread, that an image is computed whole in,
// which is fastest: 64 MiB are 40,000 pixels of the reference PixelCNN and 25,000 of the
// reference mixture. Of the largest images, which a file of a few bytes may ask for, all
// feature maps would be 26 and 45 GB.
const scoreWholeBytes = 64 << 20

// An imageScorer is a call of Score.
type imageScorer struct {
	ctx           context.Context
	model         *ImageModel
	classes       []int
	workers       *kernels.Workers
	height, width int
	threads       []scoreThread
	losses        []float64 // of a batch
	sum           Score
}

// A scoreThread is the workspace of one thread, made when it is needed: forward for
// images that are computed whole, or wavefront.
type scoreThread struct {
	head      layers.PixelHead
	losses    []float64 // of an image
	condition condition
	forward   *layers.PixelForward
	wavefront *layers.PixelWavefront
}

// score adds a batch of images, unless the context ends before they are scored.
func (s *imageScorer) score(batch [][]uint8) error {
	s.workers.Split(len(batch), 1, func(worker, from, to int) {
		t := &s.threads[worker]
		if t.head == nil {
			s.equip(t)
		}
		for i := from; i < to; i++ {
			class := classOf(s.classes, s.sum.Items+i)
			if t.forward != nil {
				s.losses[i] = s.whole(t, batch[i], class)
			} else {
				s.losses[i] = s.inRows(t, batch[i], class)
			}
		}
	})
	if err := s.ctx.Err(); err != nil {
		return err
	}
	for i := range batch {
		s.sum.Items++
		s.sum.Symbols += len(batch[i])
		s.sum.Loss += s.losses[i]
	}
	return nil
}

func (s *imageScorer) equip(t *scoreThread) {
	net := s.model.pixel.Net
	t.head, t.condition = net.NewHead(), s.model.newCondition()
	t.losses = make([]float64, s.height*s.width*t.head.LossesPerPixel())
	if layers.PixelForwardBytes(net.Spec, s.height, s.width) <= scoreWholeBytes {
		t.forward = net.NewForward(s.height, s.width)
		return
	}
	t.wavefront = net.NewWavefront(1, s.height, s.width)
}

// sumLosses returns the sum of an image's losses.
func (t *scoreThread) sumLosses() (sum float64) {
	for _, l := range t.losses {
		sum += l
	}
	return sum
}

// whole returns Σ -ln p of one image.
func (s *imageScorer) whole(t *scoreThread, levels []uint8, class int) float64 {
	if t.condition != nil {
		t.forward.SetCondition(t.condition.of(class))
	}
	t.head.Losses(t.losses, t.forward.Outputs(levels), levels)
	return t.sumLosses()
}

// inRows returns the same sum, to the bit: outputs do not depend on the schedule, and
// the sum is in the same order. It is NaN if the context ends.
func (s *imageScorer) inRows(t *scoreThread, levels []uint8, class int) float64 {
	w, C, n := t.wavefront, s.model.Channels(), t.head.LossesPerPixel()
	w.Reset()
	if t.condition != nil {
		w.SetCondition(0, t.condition.of(class))
	}
	for w.Next() {
		if s.ctx.Err() != nil {
			return math.NaN()
		}
		for g := range C {
			w.Features(g)
			w.Head(g)
			for i := range w.Rows() {
				r, c := w.Pixel(i)
				w.Set(i, 0, g, int(levels[(r*s.width+c)*C+g]))
			}
		}
		for i := range w.Rows() {
			r, c := w.Pixel(i)
			w.Losses(t.losses[(r*s.width+c)*n:][:n], i, 0)
		}
	}
	return t.sumLosses()
}
