package train

import (
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
)

// Defaults for zero fields of Mixture, and of Images and Options with one: the reference
// model and its training.
const (
	DefaultComponents          = 5
	DefaultResolutions         = 2
	DefaultField               = 3
	DefaultMixtureFilters      = 32
	DefaultMixtureBlocks       = 1
	DefaultMixtureLearningRate = 1e-3
	DefaultMixtureEpochs       = 10
)

// A Mixture makes Images train a network whose outputs are a mixture of logistics over the
// levels 0 to 255: see layers.PixelCNNMixture. A zero field takes the default in its comment,
// or, when a run is resumed, what the checkpoint has.
type Mixture struct {
	Components  int // of the mixture; 0 means DefaultComponents
	Resolutions int // each half the size of the one before; 0 means DefaultResolutions
	Rows, Cols  int // of the pixels that a layer looks at, Cols odd; 0 means DefaultField

	// Activation is layers.ConcatELU, ELU or ReLU.
	Activation layers.PixelActivation
	// Dropout is the share of values dropped in each block while it learns.
	Dropout float64
	// Direct is set if layers are trained by their weights; otherwise they are
	// weight-normalised, and their first outputs have mean 0 and variance 1.
	Direct bool

	// Conditional is set if the network is conditioned on the class of an image, which is
	// its label: all images need one.
	Conditional bool
}

// complete replaces zero fields.
func (m *Mixture) complete() {
	setDefault(&m.Components, DefaultComponents)
	setDefault(&m.Resolutions, DefaultResolutions)
	setDefault(&m.Rows, DefaultField)
	setDefault(&m.Cols, DefaultField)
}

func (m *Mixture) check() error {
	for _, f := range []intOption{
		{"Components", m.Components, 1, model.MaxComponents},
		{"Resolutions", m.Resolutions, 1, model.MaxResolutions},
		{"Rows", m.Rows, 3, model.MaxKernel},
		{"Cols", m.Cols, 3, model.MaxKernel},
	} {
		if err := f.check(); err != nil {
			return err
		}
	}
	switch {
	case m.Cols%2 == 0:
		return optionErr("%s is %d: want an odd number", option("Cols"), m.Cols)
	case m.Activation > layers.ReLU:
		return optionErr("%s is %d: want layers.ConcatELU, ELU or ReLU", option("Activation"), m.Activation)
	case !(m.Dropout >= 0 && m.Dropout < 1):
		return optionErr("%s is %v: want 0 or more and less than 1", option("Dropout"), m.Dropout)
	}
	return nil
}

// compare compares the fields that a run cannot change midway with those of the checkpoint.
func (m *Mixture) compare(c *comparison, was *Mixture) {
	same(c, "Components", was.Components, m.Components)
	same(c, "Resolutions", was.Resolutions, m.Resolutions)
	same(c, "Rows", was.Rows, m.Rows)
	same(c, "Cols", was.Cols, m.Cols)
	same(c, "Activation", was.Activation, m.Activation)
	same(c, "Dropout", was.Dropout, m.Dropout)
	same(c, "Direct", was.Direct, m.Direct)
	same(c, "Conditional", was.Conditional, m.Conditional)
}

// Spec returns the description of the network, for images of so many channels and classes.
func (m *Mixture) Spec(channels, classes, filters, blocks int) layers.PixelCNNMixture {
	s := layers.PixelCNNMixture{
		Channels: channels, Components: m.Components, Filters: filters, Blocks: blocks,
		Resolutions: m.Resolutions, Rows: m.Rows, Cols: m.Cols, Activation: m.Activation, Direct: m.Direct,
	}
	if m.Conditional {
		s.Condition = classes
	}
	return s
}
