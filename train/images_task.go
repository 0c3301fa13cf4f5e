package train

import (
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train/images"
)

// Defaults for zero fields of Images, and of Options with Images: the reference model
// and its training, for 20 epochs instead of 150.
const (
	DefaultFilters           = 128
	DefaultBlocks            = 5
	DefaultKernel            = 7
	DefaultImageBatchSize    = 128
	DefaultImageLearningRate = 5e-4
	DefaultImageEpochs       = 20
)

// Images is the task of learning to predict each next pixel of images: it sets images
// aside for validation and trains a network over pixels for images of their size and depth. Each
// epoch takes the images in an order of its own, see Order. The loss is the mean of
// -ln p(level) in nats over all pixels and channels; these are the positions that
// statistics count. A zero field takes the default in its comment, or, when a run is
// resumed, what the checkpoint has.
type Images struct {
	Set *images.Set // must not change while the run lasts

	Filters int      // channels between residual blocks; 0 means DefaultFilters or DefaultMixtureFilters
	Blocks  int      // residual blocks, with a Mixture at each resolution; 0 means DefaultBlocks or DefaultMixtureBlocks
	Kernel  int      // side of the first layer's kernel, odd; 0 means DefaultKernel; not with a Mixture
	Mixture *Mixture // nil means a layers.PixelCNN

	model      *model.Pixel
	average    *layers.PixelNet // the averages; nil without Options.Average
	training   *images.Set
	validation *images.Set // nil if no images are set aside
	hash       string      // of both

	pass           *pixelPass
	validationPass *pixelPass // without gradients; nil if no images are set aside
	batch          []layers.PixelSample
	labels         []uint8 // of the batch; nil unless the model is conditioned on them
	drop           layers.PixelDropout
	given          bool // the first weights are a model's: see From
}

func (t *Images) things() string { return "images" }

func (t *Images) ownValidation() bool { return false }

func (t *Images) complete(o *Options) {
	if t.Mixture != nil {
		m := *t.Mixture // the caller's stays as it is
		t.Mixture = &m
		m.complete()
		setDefault(&t.Filters, DefaultMixtureFilters)
		setDefault(&t.Blocks, DefaultMixtureBlocks)
		setDefault(&o.LearningRate, DefaultMixtureLearningRate)
		setDefault(&o.Epochs, DefaultMixtureEpochs)
		setDefault(&o.BatchSize, DefaultImageBatchSize)
		return
	}
	setDefault(&t.Filters, DefaultFilters)
	setDefault(&t.Blocks, DefaultBlocks)
	setDefault(&t.Kernel, DefaultKernel)
	setDefault(&o.BatchSize, DefaultImageBatchSize)
	setDefault(&o.LearningRate, DefaultImageLearningRate)
	setDefault(&o.Epochs, DefaultImageEpochs)
}

func (t *Images) check() error {
	sizes := []intOption{{"Filters", t.Filters, 2, model.MaxFilters}, {"Blocks", t.Blocks, 1, model.MaxBlocks}}
	if t.Mixture == nil {
		sizes = append(sizes, intOption{"Kernel", t.Kernel, 1, model.MaxKernel})
	}
	for _, f := range sizes {
		if err := f.check(); err != nil {
			return err
		}
	}
	if t.Mixture != nil {
		if t.Kernel != 0 {
			return optionErr("%s is %d: a mixture has %s and %s instead, leave it at 0", option("Kernel"), t.Kernel, option("Rows"), option("Cols"))
		}
		return t.Mixture.check()
	}
	if t.Kernel%2 == 0 {
		return optionErr("%s is %d: want an odd number", option("Kernel"), t.Kernel)
	}
	return nil
}

// config returns the shape of the model for images like those of the set.
func (t *Images) config() model.PixelConfig {
	if t.Mixture != nil {
		return model.PixelConfig{Height: t.Set.Height, Width: t.Set.Width, PixelSpec: t.Mixture.Spec(t.Set.Channels, t.Set.Classes, t.Filters, t.Blocks)}
	}
	return model.PixelConfig{Height: t.Set.Height, Width: t.Set.Width, PixelSpec: layers.PixelCNN{
		Channels: t.Set.Channels, Levels: t.Set.Levels, Filters: t.Filters, Blocks: t.Blocks, Kernel: t.Kernel,
	}}
}

func (t *Images) compare(c *comparison, task Task) {
	was := task.(*Images)
	if t.Mixture != nil && was.Mixture == nil && c.err == nil {
		c.err = optionErr("%s is set and was not: a run cannot change it midway (leave it out, or start anew)", option("Mixture"))
	}
	same(c, "Filters", was.Filters, t.Filters)
	same(c, "Blocks", was.Blocks, t.Blocks)
	same(c, "Kernel", was.Kernel, t.Kernel)
	if t.Mixture != nil && was.Mixture != nil {
		t.Mixture.compare(c, was.Mixture)
	}
}

func (t *Images) adopt(task Task) {
	was := *task.(*Images)
	was.Set, was.model = t.Set, t.model
	*t = was
}

// conditional reports whether the model is conditioned on labels.
func (t *Images) conditional() bool { return t.Mixture != nil && t.Mixture.Conditional }

// Training returns the images that the run learns from.
func (t *Images) Training() *images.Set { return t.training }

// Validation returns the images set aside, or nil.
func (t *Images) Validation() *images.Set { return t.validation }
