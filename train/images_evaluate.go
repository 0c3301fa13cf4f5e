package train

import (
	"context"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train/images"
)

// Evaluate measures the model as it is now on images of the size and depth that it
// is for. The result is the same on every machine and for any number of threads.
// BatchSize has no effect: each thread computes one image at a time. It takes memory for
// a pass of its own.
//
// It returns an error for options out of range, for other images, and if ctx ends.
func (t *Images) Evaluate(ctx context.Context, set *images.Set, o *EvaluateOptions) (Evaluation, error) {
	if t.model == nil {
		return Evaluation{}, wrap(errNoModel)
	}
	m := *t.model
	if t.average != nil {
		m.Net = t.average
		m.Net.Refresh()
	}
	e, err := evaluatePixels(ctx, &m, set, o)
	return e, wrap(err)
}

// evaluatePixels is Evaluate for any model.
func evaluatePixels(ctx context.Context, m *model.Pixel, set *images.Set, o *EvaluateOptions) (Evaluation, error) {
	opt, err := o.filled()
	if err != nil {
		return Evaluation{}, err
	}
	if opt.CountPadding {
		return Evaluation{}, optionErr("Evaluate: %s is for texts: leave it out", option("CountPadding"))
	}
	if err := checkImages(set); err != nil {
		return Evaluation{}, apierror.Errorf("Evaluate: %w", err)
	}
	c := m.Config
	if c.Height != set.Height || c.Width != set.Width || c.Channels() != set.Channels || c.Levels() != set.Levels {
		return Evaluation{}, apierror.Errorf("Evaluate: the model is for images of %s, these are of %s", c,
			model.ImagesText(set.Height, set.Width, set.Channels, set.Levels))
	}
	if n := c.ConditionLen(); n > 0 {
		if set.Labels == nil {
			return Evaluation{}, apierror.Errorf("Evaluate: the model is conditioned on classes, and the images have no labels")
		}
		if err := checkLabels(set.Labels, n); err != nil {
			return Evaluation{}, apierror.Errorf("Evaluate: %w", err)
		}
	}
	p := newPixelPass(m.Net, set.Height, set.Width, evaluateBatch, opt.Threads, false)
	return p.evaluate(ctx, set)
}

// evaluateBatch is the number of images whose losses are added before the sum is added
// to the total. It is constant, because another number would round differently.
const evaluateBatch = 64

// evaluate adds up the losses of a set, with a pass without gradients.
func (p *pixelPass) evaluate(ctx context.Context, set *images.Set) (Evaluation, error) {
	var images [evaluateBatch]layers.PixelSample
	e, err := evaluate(ctx, batches(set.Len(), evaluateBatch), func(k int, e *Evaluation) {
		n, first := 0, k*evaluateBatch
		for i := k * evaluateBatch; i < min((k+1)*evaluateBatch, set.Len()); i++ {
			images[n] = sampleOf(set, i)
			e.Positions += int64(len(images[n].Levels))
			n++
		}
		var labels []uint8
		if p.conditions != nil {
			labels = set.Labels[first : first+n]
		}
		e.Sum += p.run(images[:n], labels, nil)
	})
	e.WordSum, e.Words = e.Sum, e.Positions
	return e, err
}
