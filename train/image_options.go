package train

import (
	"fmt"
	"runtime"
	"strconv"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train/images"
)

// What a zero field of ImageTrainOptions stands for: the reference model, and how it
// was trained, though for 20 epochs instead of 150.
const (
	DefaultFilters           = 128
	DefaultBlocks            = 5
	DefaultKernel            = 7
	DefaultImageBatchSize    = 128
	DefaultImageLearningRate = 5e-4
	DefaultImageEpochs       = 20
)

// ImageTrainOptions say what is trained on images and how. The zero value, or a nil
// pointer, is the reference model with the reference training; a zero field takes
// the default in its comment, or, when a run is resumed, what the checkpoint has.
// Size, channels and levels of the images are those of the images.Set.
//
// All fields but the last two are part of the run: they are in its checkpoints, and
// all but Source and these decide its result.
type ImageTrainOptions struct {
	Filters int `json:"filters"` // channels between residual blocks; 0 means DefaultFilters
	Blocks  int `json:"blocks"`  // residual blocks; 0 means DefaultBlocks
	Kernel  int `json:"kernel"`  // side of the first layer's kernel, odd; 0 means DefaultKernel

	BatchSize    int     `json:"batch_size"`    // images a step; 0 means DefaultImageBatchSize
	LearningRate float64 `json:"learning_rate"` // of Adam; 0 means DefaultImageLearningRate
	ClipNorm     float64 `json:"clip_norm"`     // see Options

	Validation float64 `json:"validation"` // share of images set aside, see SplitImages; 0 means none
	Patience   int     `json:"patience"`   // see Options

	Seed uint64 `json:"seed"` // of weights and of the order of images

	// Epochs to run in all; 0 means DefaultImageEpochs. The only part of a run that
	// may change when it is resumed.
	Epochs int `json:"epochs"`

	// Source says what the images are; see Options.
	Source Source `json:"-"`

	Threads int `json:"-"` // 0 means one a CPU that Go may use; the result does not depend on it

	// MaxBytes refuses to start a run that takes more memory; 0 means
	// DefaultMaxBytes. What counts is as in Options, the data set, and the two parts
	// that Validation splits.
	MaxBytes int64 `json:"-"`
}

// withDefaults returns o with every zero field replaced.
func (o ImageTrainOptions) withDefaults() ImageTrainOptions {
	setDefault(&o.Filters, DefaultFilters)
	setDefault(&o.Blocks, DefaultBlocks)
	setDefault(&o.Kernel, DefaultKernel)
	setDefault(&o.BatchSize, DefaultImageBatchSize)
	setDefault(&o.LearningRate, DefaultImageLearningRate)
	setDefault(&o.Epochs, DefaultImageEpochs)
	o.Source = o.Source.clean()
	setDefault(&o.Threads, runtime.GOMAXPROCS(0))
	setDefault(&o.MaxBytes, DefaultMaxBytes)
	return o
}

// check returns an error that names the first field that is out of range; zero
// fields have been replaced.
func (o ImageTrainOptions) check() error {
	for _, f := range []intOption{
		{"Filters", o.Filters, 2, model.MaxFilters},
		{"Blocks", o.Blocks, 1, model.MaxBlocks},
		{"Kernel", o.Kernel, 1, model.MaxKernel},
	} {
		if err := f.check(); err != nil {
			return err
		}
	}
	if o.Kernel%2 == 0 {
		return fmt.Errorf("train: option Kernel is %d: want an odd number", o.Kernel)
	}
	return o.schedule().check("images")
}

// schedule returns what is not about images.
func (o ImageTrainOptions) schedule() schedule {
	return schedule{
		BatchSize: o.BatchSize, LearningRate: o.LearningRate, ClipNorm: o.ClipNorm,
		Validation: o.Validation, Patience: o.Patience, Seed: o.Seed, Epochs: o.Epochs,
		Threads: o.Threads, MaxBytes: o.MaxBytes,
	}
}

// config returns the shape of the model for images like those of set.
func (o ImageTrainOptions) config(set *images.Set) model.PixelConfig {
	return model.PixelConfig{Height: set.Height, Width: set.Width, PixelConfig: layers.PixelConfig{
		Channels: set.Channels, Levels: set.Levels, Filters: o.Filters, Blocks: o.Blocks, Kernel: o.Kernel,
	}}
}

// checkModel refuses a model that, with the given free metadata, no file could hold.
func (o ImageTrainOptions) checkModel(c model.PixelConfig, free map[string]string) error {
	if err := c.Check(); err != nil {
		return fmt.Errorf("train: the model cannot be made: %w", inner{err})
	}
	tensors := int64(2*(3*o.Blocks+4)) * 4 // weights, two moments, best
	size, err := (&weights.File{Metadata: free}).Size()
	if err != nil {
		return fmt.Errorf("train: the model cannot be saved: %w", inner{err})
	}
	total := size + headerImages + headerTensor*tensors + headerEpoch*int64(o.Epochs)
	if total <= weights.MaxHeader {
		return nil
	}
	return fmt.Errorf("train: %d blocks and the losses of %d epochs would take up to %d bytes of a checkpoint's header, which has room for %d: lower Blocks or Epochs",
		o.Blocks, o.Epochs, total, weights.MaxHeader)
}

// Room in a checkpoint's header for options, and for each tensor.
const (
	headerImages = 8 << 10
	headerTensor = 160
)

// checkMemory refuses a run that would take more than MaxBytes.
func (o ImageTrainOptions) checkMemory(c model.PixelConfig, images int) error {
	return o.schedule().checkMemory(o.memory(c, images), fmt.Sprintf("Filters (%d), Blocks (%d), Threads (%d) or the size of the images (%d×%d pixels)", o.Filters, o.Blocks, o.Threads, c.Width, c.Height))
}

// memory returns the bytes that MaxBytes limits.
func (o ImageTrainOptions) memory(c model.PixelConfig, images int) int64 {
	held, stored := pixelFloats(c.PixelConfig)
	copies := int64(3) // weights and moments; gradients are the pass's
	if o.Patience > 0 {
		copies++
	}
	// At the end of an epoch a checkpoint copies all of these, and then a Snapshot
	// that is read again as a model is three copies: see Options.memory.
	passing := max(copies*stored, 2*stored+held)
	total := 4*(copies*held+passing) + pixelPassBytes(c.PixelConfig, c.Height, c.Width, min(o.BatchSize, images), o.Threads)
	set := int64(images) * int64(c.Height*c.Width*c.Channels)
	total += set + int64(images)*strconv.IntSize/8 // the order of an epoch
	if o.Validation > 0 {
		total += set + 4*int64(o.Threads)*pixelForwardFloats(c)
	}
	return total
}

// pixelForwardFloats returns how many float32s the pass takes that validates, on one
// thread.
func pixelForwardFloats(c model.PixelConfig) int64 {
	pixels, border := int64(c.Height*c.Width), int64(c.Kernel/2)
	half, scores := int64(c.Filters/2), int64((c.Levels+15)/16*16*c.Channels)
	return pixels*(2*int64(c.Filters)+half+scores+2) +
		int64(c.Height+1)*int64(c.Width+2)*half +
		(int64(c.Height)+border)*(int64(c.Width)+border)*int64(c.Channels)
}

// pixelFloats returns how many float32s the parameters of a network take at most, and
// how many they are in a file, closed taps included.
func pixelFloats(c layers.PixelConfig) (held, stored int64) {
	add := func(times, in, out, kernel int, mask layers.MaskType) {
		for g := range c.Channels {
			open := in * (g + int(mask)) / c.Channels
			cols := out*(g+1)/c.Channels - out*g/c.Channels
			panels := (cols + kernels.PanelWidth - 1) / kernels.PanelWidth * kernels.PanelWidth
			held += int64(times) * int64(panels) * int64(kernel*kernel/2*in+open+1)
		}
		stored += int64(times) * int64(out) * int64(kernel*kernel*in+1)
	}
	F, half := c.Filters, c.Filters/2
	add(1, c.Channels, F, c.Kernel, layers.MaskA)
	add(c.Blocks, F, half, 1, layers.MaskB)
	add(c.Blocks, half, half, 3, layers.MaskB)
	add(c.Blocks, half, F, 1, layers.MaskB)
	add(2, F, F, 1, layers.MaskB)
	add(1, F, c.Channels*c.Levels, 1, layers.MaskB)
	return held, stored
}
