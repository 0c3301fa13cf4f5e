package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/images"
)

// defaultSide is that of the reference model's images.
const defaultSide = 16

// An imageJob is what a command line of train image asks for.
type imageJob struct {
	trainJob
	images images.Options
	task   train.Images

	samples     string // folder
	sampleCount int

	trainer *train.Trainer
	set     *train.Images // its task

	mixture     mixtureFlags
	conditional bool // the model is conditioned on labels
}

func (a *app) trainImageCommand() *cobra.Command {
	j := &imageJob{}
	j.trainJob = trainJob{app: a, kind: trainKind{
		name: "image", learns: "images", items: "images",
		flags: flagNames(imageFlags, "height", "width", "channels", "levels"),
		begin: j.begin, rate: j.rate, loss: imageLoss, sample: j.sample,
	}}
	return j.command(&cobra.Command{
		Use:   "image --data FILE... -o MODEL",
		Short: "Train an image model",
		Long: `Train an image model (PixelCNN) to predict each next pixel from those above it and
to the left. --data names an IDX file, as MNIST and Fashion-MNIST come, a binary batch
of CIFAR-10 or CIFAR-100, gzipped or not, a PNG or JPEG file, a folder of those, or -
for one of the files on standard input; give it repeatedly for several. Images with
an Exif orientation are turned upright. The images are resized to --width and --height
and reduced to --levels; 0 and 0 leave their size as it is. Resizing is bilinear,
without antialiasing, as in the reference: where a side shrinks to less than half,
pixels are left out, and fine patterns become wrong. With --antialias all pixels are
averaged.

--mixture trains a PixelCNN++ instead: all 256 levels as a mixture of logistics, by
default of 32×32 pixels, 32 filters, 1 block, a learning rate of 0.001 and 10 epochs.
--pad centres small images in black instead of resizing them; --fractions keeps values
between levels. With --conditional it learns what images of each class are like, so
that autoreg paint --class draws those. Batches of CIFAR have the labels of
their images; for other files --labels names IDX files of labels, one for each --data in
the same order.

Without options it is the reference model with the reference training, but for the
number of epochs. After each epoch it prints the loss, in nats per value (a pixel, or
in colour each of its three) and in bits, draws a sheet of images, and saves a
checkpoint. Ctrl-C ends the run, with a checkpoint too (a second Ctrl-C without):
--resume goes on from there. When the model is saved the checkpoint is removed, unless
--keep-checkpoint keeps it for more epochs. The same data and options give the same
model, to the byte: on any machine, with any number of threads, and however often it
was interrupted.`,
		Example: `  autoreg train image --data train-images-idx3-ubyte.gz -o clothes.safetensors
  autoreg train image --data train-images-idx3-ubyte.gz -o clothes.safetensors --resume clothes.safetensors.checkpoint
  autoreg train image --data data_batch_1.bin --data data_batch_2.bin --height 32 --width 32 --levels 8 \
      --filters 96 -o small.safetensors --validation 0.05 --log small.jsonl --plot small.png
  autoreg train image --data pictures/ --channels 1 -o pictures.safetensors
  autoreg train image --mixture --conditional --data data_batch_1.bin --average 0.9995 -o photos.safetensors`,
		Args: noArguments("name the images with --data FILE, once for each file"),
	}, j.define)
}

// define defines the flags. Those of a run begin with the values of the reference
// model.
func (j *imageJob) define(fs *pflag.FlagSet) {
	o, t, i := &j.options, &j.task, &j.images
	filesFlag(fs, &j.data, "data", "d", true, "images, a `FILE`, a folder or - (required; may be repeated)")
	fs.StringVarP(&j.model, "output", "o", "", "model `FILE` to write (required)")
	choiceFlag(fs, &i.Format, "format", images.FormatAuto, imageFormats, "how the files are read")
	intFlag(fs, &i.Height, "height", "", defaultSide, 0, model.MaxSide, "height in pixels of what is learnt, together with --width; 0 means as it is; 32 with --mixture")
	intFlag(fs, &i.Width, "width", "", defaultSide, 0, model.MaxSide, "width in pixels, together with --height; 0 means as it is; 32 with --mixture")
	filesFlag(fs, &j.labelFiles, "labels", "", true, "with --conditional, IDX `FILE` of the labels of the images in --data (once for each of those)")
	intFlag(fs, &i.Channels, "channels", "", 0, 0, 3, "1 for grey, 3 for colour; 0 means as it is")
	intFlag(fs, &i.Levels, "levels", "", images.DefaultLevels, 2, model.MaxLevels, "levels of a pixel, or with colour of each of its three values")
	imageFileFlags(fs, i)
	fs.BoolVar(&i.Fractions, "fractions", false, "with --mixture, learn what resizing leaves between levels too, as the reference's notebook does")
	intFlag(fs, &i.Limit, "limit", "", 0, 0, math.MaxInt32, "learn from the first `N` images only; 0 means all")

	o.Epochs, o.BatchSize, o.LearningRate = train.DefaultImageEpochs, train.DefaultImageBatchSize, train.DefaultImageLearningRate
	j.scheduleFlags(fs)
	seedFlag(fs, &o.Seed, "seed `N` of the first weights and the order of images")

	intFlag(fs, &t.Filters, "filters", "", train.DefaultFilters, 2, model.MaxFilters, "channels between residual blocks, half of them inside; 32 with --mixture, all of them inside")
	intFlag(fs, &t.Blocks, "blocks", "", train.DefaultBlocks, 1, model.MaxBlocks, "residual blocks; 1 with --mixture, at each resolution")
	intFlag(fs, &t.Kernel, "kernel", "", train.DefaultKernel, 1, model.MaxKernel, "side of the first layer's kernel, an odd number")
	j.mixture.define(fs)

	j.fileFlags(fs)
	fs.StringVar(&j.samples, "samples", "", "`FOLDER` for a sheet of images after each epoch; empty means none (default the model's name and .samples)")
	intFlag(fs, &j.sampleCount, "sample-count", "", defaultImages, 1, maxSampled, "images on a sheet; with --conditional of each class, 8 unless given")
	temperatureFlag(fs, &j.temperature, "temperature", "t", 1, "temperature of these images")
	j.machineFlags(fs, &o.Threads)
}

// imageFlags are the flags of an image run that decide its result, beside those of every
// run and those that decide what the images are.
var imageFlags = []taskFlag[*train.Images]{
	{"filters", func(t *train.Images) any { return t.Filters }},
	{"blocks", func(t *train.Images) any { return t.Blocks }},
	{"kernel", func(t *train.Images) any { return t.Kernel }},
	{"mixture", func(t *train.Images) any { return t.Mixture != nil }},
	{"components", ofMixture(func(m *train.Mixture) any { return m.Components })},
	{"resolutions", ofMixture(func(m *train.Mixture) any { return m.Resolutions })},
	{"field", ofMixture(func(m *train.Mixture) any { return [2]int{m.Rows, m.Cols} })},
	{"activation", ofMixture(func(m *train.Mixture) any { return m.Activation })},
	{"dropout", ofMixture(func(m *train.Mixture) any { return m.Dropout })},
	{"direct", ofMixture(func(m *train.Mixture) any { return m.Direct })},
	{"conditional", ofMixture(func(m *train.Mixture) any { return m.Conditional })},
}

// begin reads the images and begins the run, or resumes it.
func (j *imageJob) begin(ctx context.Context) (*train.Trainer, error) {
	if err := cmp.Or(
		j.describes("filters", "blocks", "kernel", "mixture", "components", "resolutions", "field", "activation", "direct", "conditional"),
		j.mixture.take(j), j.checkImages(), j.checkSamples()); err != nil {
		return nil, err
	}
	if err := j.takeShape(ctx); err != nil {
		return nil, err
	}
	if len(j.labelFiles) > 0 && !j.conditional {
		return nil, usagef("--labels is for a model that is conditioned on them: give --mixture and --conditional, or leave it out")
	}
	j.images.Labels, j.images.MaxBytes, j.images.Open = j.labelFiles, int64(j.maxMemory)<<20, j.open
	set, err := await(ctx, func() (*images.Set, error) { return images.Read(j.data, &j.images) })
	if err == nil {
		err = j.checkClasses(set)
	}
	if err != nil {
		return nil, err
	}
	j.trainer, err = await(ctx, func() (*train.Trainer, error) { return j.newTrainer(set) })
	if err != nil {
		return nil, err
	}
	if err := j.prepareSamples(); err != nil {
		return nil, err
	}
	if err := j.writeImages(set); err != nil {
		return nil, err
	}
	return j.trainer, writePixelLayers(j.out, j.trainer.Layers(), set.Height, set.Width)
}

// checkImages refuses flags about the images that contradict each other.
func (j *imageJob) checkImages() error {
	switch {
	case j.flags.Changed("height") != j.flags.Changed("width") || (j.images.Height == 0) != (j.images.Width == 0):
		return usagef("--height and --width go together: give both, 0 and 0 for the images' own size")
	case j.images.Channels == 2:
		return usagef("--channels 2: want 1 for grey or 3 for colour, or 0 for what the images are")
	case j.task.Mixture == nil && j.task.Kernel%2 == 0:
		return usagef("--kernel %d: want an odd number", j.task.Kernel)
	}
	return nil
}

// takeShape makes the images of a run that is resumed what they were, and those of a run
// that begins with a model what the model has.
func (j *imageJob) takeShape(ctx context.Context) error {
	path := cmp.Or(j.resume, j.from)
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return fmt.Errorf("%s is not a regular file: it is read twice, for the size of its images and for the run", path)
	}
	m, err := await(ctx, func() (model.PixelConfig, error) {
		meta, err := weights.ReadMetadata(path) // the rest may be of any size
		if err != nil {
			return model.PixelConfig{}, err
		}
		return model.PixelConfigOf(meta)
	})
	if err != nil {
		what := "cannot resume from "
		if j.from != "" {
			what = "cannot begin with "
		}
		return j.otherKind(&fileError{what + path, err})
	}
	for _, f := range []struct {
		flag string
		now  *int
		was  int
	}{
		{"height", &j.images.Height, m.Height},
		{"width", &j.images.Width, m.Width},
		{"channels", &j.images.Channels, m.Channels()},
		{"levels", &j.images.Levels, m.Levels()},
	} {
		if j.flags.Changed(f.flag) && *f.now != 0 && *f.now != f.was {
			return changedError(f.flag, *f.now, f.was)
		}
		*f.now = f.was
	}
	j.conditional = m.ConditionLen() > 0
	if j.from != "" {
		j.mixture.begin(j, m)
	}
	return nil
}

// newTrainer begins or resumes the run. Then j.set is its task.
func (j *imageJob) newTrainer(set *images.Set) (*train.Trainer, error) {
	j.set = &train.Images{}
	if j.resume == "" {
		*j.set = j.task
	}
	j.set.Set = set
	t, err := j.start(j.set, train.Source{Name: sourceName(j.data), SHA256: fmt.Sprintf("%x", set.Source.SHA256), Format: j.imageFormat(set)})
	if err != nil || j.resume == "" {
		return t, err
	}
	return t, checkUnchanged(&j.trainJob, imageFlags, &j.task, j.set, t.Options())
}
