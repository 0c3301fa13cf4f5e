package main

import (
	_ "embed"
	"slices"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/images"
)

// The image model that is compiled in, trained on Fashion-MNIST (see clothes.LICENSE) by
// the command line in TRAINING.md.
//
//go:embed clothes.safetensors
var clothes []byte

const clothesName = "clothes"

var imageKind = kind{
	is:    isA[*autoreg.ImageModel],
	of:    "images",
	model: "an image model",
	use:   "draw with it by autoreg paint",
	train: "image",

	example: clothesName,
	data:    clothes,

	sizes:    defineImageSizes,
	describe: describeImageModel,
	scorer:   imageScorer,

	formats:    imageFormats,
	scoreFlags: []string{"limit", "antialias", "pad", "max-picture", "labels"},
}

// imageFormats are the names of an image file's formats, as flags take them.
var imageFormats = []string{images.FormatAuto, images.FormatIDX, images.FormatCIFAR10, images.FormatCIFAR100, images.FormatPNGJPEG}

// imageSizes are the flags of info for the sizes of an image model.
var imageSizes = []string{"filters", "blocks", "kernel", "levels", "channels", "height", "width"}

func defineImageSizes(fs *pflag.FlagSet) sizes {
	c, p := &model.PixelConfig{}, &layers.PixelCNN{}
	intFlag(fs, &p.Filters, "filters", "", train.DefaultFilters, 2, model.MaxFilters, "channels between an image model's residual blocks")
	intFlag(fs, &p.Blocks, "blocks", "", train.DefaultBlocks, 0, model.MaxBlocks, "residual blocks")
	intFlag(fs, &p.Kernel, "kernel", "", train.DefaultKernel, 1, model.MaxKernel, "side of the first layer's kernel, an odd number")
	intFlag(fs, &p.Levels, "levels", "", images.DefaultLevels, 2, model.MaxLevels, "levels of a pixel")
	intFlag(fs, &p.Channels, "channels", "", 1, 1, 3, "1 for grey, 3 for colour")
	intFlag(fs, &c.Height, "height", "", defaultSide, 1, model.MaxSide, "height of an image in pixels")
	intFlag(fs, &c.Width, "width", "", defaultSide, 1, model.MaxSide, "width of an image in pixels")
	var m mixtureFlags
	m.only = m.network(fs)
	return sizes{slices.Concat(imageSizes, []string{"mixture"}, m.only), func(j *infoJob) error {
		x, err := m.parse(fs)
		if err != nil {
			return err
		}
		if c.PixelSpec = *p; x != nil {
			mixtureSizes(fs, &p.Filters, &p.Blocks, &c.Height, &c.Width)
			c.PixelSpec = x.Spec(p.Channels, 0, p.Filters, p.Blocks)
		}
		if err := c.Check(); err != nil {
			return usagef("%v", err)
		}
		list := c.Describe()
		shape := shapeOf(list, *c)
		if j.asJSON {
			return j.writeJSON(shape)
		}
		return writeShape(j.out, shape, list)
	}}
}
