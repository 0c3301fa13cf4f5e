package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train"
)

// mixtureFlags are those of a network whose outputs are a mixture of logistics.
type mixtureFlags struct {
	on         bool
	mixture    train.Mixture
	field      string
	activation string
	only       []string // flags that need --mixture
}

// The reference's share of values that are dropped, and side of an image.
const (
	mixtureDropout = 0.3
	mixtureSide    = 32
)

// network defines the flags that say what the network is. It returns their names.
func (m *mixtureFlags) network(fs *pflag.FlagSet) []string {
	fs.BoolVar(&m.on, "mixture", false, "all 256 levels as a mixture of logistics, by a network with skips at several resolutions (PixelCNN++)")
	intFlag(fs, &m.mixture.Components, "components", "", train.DefaultComponents, 1, model.MaxComponents, "with --mixture, logistics of the mixture")
	intFlag(fs, &m.mixture.Resolutions, "resolutions", "", train.DefaultResolutions, 1, model.MaxResolutions, "with --mixture, resolutions, each half of the one before")
	fs.StringVar(&m.field, "field", "3x3", "with --mixture, `ROWSxCOLUMNS` of the pixels that a layer looks at, columns odd")
	choiceFlag(fs, &m.activation, "activation", layers.ConcatELU.String(), []string{"concat_elu", "elu", "relu"}, "with --mixture, activation of its blocks")
	fs.BoolVar(&m.mixture.Direct, "direct", false, "with --mixture, train weights as they are, without weight normalisation")
	return []string{"components", "resolutions", "field", "activation", "direct"}
}

func (m *mixtureFlags) define(fs *pflag.FlagSet) {
	m.only = m.network(fs)
	floatFlag(fs, &m.mixture.Dropout, "dropout", "", mixtureDropout, "with --mixture, share of values dropped in training in each block", "0 or more and less than 1", share)
	fs.BoolVar(&m.mixture.Conditional, "conditional", false, "with --mixture, learn what images of each class are like: of each label of a batch of CIFAR, or of --labels")
	m.only = append(m.only, "dropout", "conditional", "fractions")
}

// parse returns the mixture that the flags ask for, or nil without --mixture, which the
// other flags need.
func (m *mixtureFlags) parse(fs *pflag.FlagSet) (*train.Mixture, error) {
	if from := fs.Lookup("from"); from != nil && from.Changed {
		return nil, nil // begin says what there is
	}
	if !m.on {
		for _, name := range m.only {
			if fs.Changed(name) {
				return nil, usagef("--%s is for --mixture: give that too, or leave it out", name)
			}
		}
		return nil, nil
	}
	if fs.Changed("kernel") {
		return nil, usagef("--kernel is not for --mixture, which has --field instead: leave it out")
	}
	if levels := fs.Lookup("levels"); levels.Changed && levels.Value.String() != fmt.Sprint(layers.MixtureLevels) {
		return nil, usagef("--levels %s: a mixture has %d", levels.Value, layers.MixtureLevels)
	}
	x := m.mixture
	if n, err := fmt.Sscanf(m.field, "%dx%d", &x.Rows, &x.Cols); n != 2 || err != nil || m.field != fmt.Sprintf("%dx%d", x.Rows, x.Cols) {
		return nil, usagef("--field %q: want rows and columns, as in 3x3", m.field)
	}
	switch {
	case x.Rows < 3 || x.Cols < 3:
		return nil, usagef("--field %q: want at least 3 rows and 3 columns", m.field)
	case x.Cols%2 == 0:
		return nil, usagef("--field %q: want an odd number of columns", m.field)
	}
	x.Activation, _ = layers.ParsePixelActivation(m.activation)
	return &x, nil
}

// take makes the task one of a mixture if the flags say so, with the reference's defaults
// for flags that are not given.
func (m *mixtureFlags) take(j *imageJob) error {
	x, err := m.parse(j.flags)
	if x == nil || err != nil {
		return err
	}
	j.task.Mixture, j.conditional = x, x.Conditional
	j.task.Kernel, j.images.Levels = 0, layers.MixtureLevels
	mixtureSizes(j.flags, &j.task.Filters, &j.task.Blocks, &j.images.Height, &j.images.Width)
	m.references(j)
	return nil
}

// begin makes the task one that begins with a model of this shape.
func (m *mixtureFlags) begin(j *imageJob, c model.PixelConfig) {
	j.task.Filters, j.task.Blocks, j.task.Kernel = 0, 0, 0
	if _, ok := c.PixelSpec.(layers.PixelCNNMixture); !ok {
		return
	}
	j.task.Mixture = &train.Mixture{Dropout: m.mixture.Dropout}
	m.references(j)
}

// references gives a run of a mixture the reference's defaults for flags that are not given.
func (m *mixtureFlags) references(j *imageJob) {
	if !j.flags.Changed("epochs") {
		j.options.Epochs = train.DefaultMixtureEpochs
	}
	if !j.flags.Changed("lr") {
		j.options.LearningRate = train.DefaultMixtureLearningRate
	}
}

// mixtureSizes gives sizes the reference's defaults where flags do not.
func mixtureSizes(fs *pflag.FlagSet, filters, blocks, height, width *int) {
	for _, size := range []struct {
		flag  string
		field *int
		value int
	}{
		{"filters", filters, train.DefaultMixtureFilters}, {"blocks", blocks, train.DefaultMixtureBlocks},
		{"height", height, mixtureSide}, {"width", width, mixtureSide},
	} {
		if !fs.Changed(size.flag) {
			*size.field = size.value
		}
	}
}

// ofMixture returns a field of a mixture, or nil without one.
func ofMixture(field func(m *train.Mixture) any) func(t *train.Images) any {
	return func(t *train.Images) any {
		if t.Mixture == nil {
			return nil
		}
		return field(t.Mixture)
	}
}
