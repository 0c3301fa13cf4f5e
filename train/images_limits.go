package train

import (
	"strconv"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// checkModel refuses a model that, with the given free metadata, no file could hold.
func (t *Images) checkModel(c model.PixelConfig, o *Options, free map[string]string) error {
	if err := c.Check(); err != nil {
		return apierror.Errorf("the model cannot be made: %w", err)
	}
	tensors := int64(layers.PixelTensors(c.PixelSpec)) * 5 // weights, two moments, average, best
	size, err := (&weights.File{Metadata: free}).Size()
	if err != nil {
		return apierror.Errorf("the model cannot be saved: %w", err)
	}
	total := size + headerImages + headerTensor*tensors + headerEpoch*int64(o.Epochs)
	if total <= weights.MaxHeader {
		return nil
	}
	return optionErr("%d blocks and the losses of %d epochs would take up to %d bytes of a checkpoint's header, which has room for %d: lower %s or %s",
		t.Blocks, o.Epochs, total, weights.MaxHeader, option("Blocks"), option("Epochs"))
}

// headerImages is the room in a checkpoint's header for options.
const headerImages = 8 << 10

// checkMemory refuses a run that would take more than MaxBytes.
func (t *Images) checkMemory(c model.PixelConfig, o *Options) error {
	return o.checkMemory(t.memory(c, o), "%s (%d), %s (%d), %s (%d) or the size of the images (%d×%d pixels)",
		option("Filters"), t.Filters, option("Blocks"), t.Blocks, option("Threads"), o.Threads, c.Width, c.Height)
}

// memory returns the bytes that MaxBytes limits.
func (t *Images) memory(c model.PixelConfig, o *Options) int64 {
	images := t.Set.Len()
	net := c.Sizes()
	held, stored := net.Packed+net.Derived, net.Params
	copies := 1 + int64(len(o.Optimizer.Slots())) // weights and the optimiser's state; gradients are the pass's
	if o.Average > 0 {
		copies++
	}
	if o.Best {
		copies++
	}
	// At the end of an epoch a checkpoint copies all of these, and then a Snapshot
	// that is read again as a model is three copies: see Text.memory.
	passing := max(copies*stored, 2*stored+held)
	total := 4*(copies*held+passing) + pixelPassBytes(c.PixelSpec, c.Height, c.Width, min(o.BatchSize, images), o.Threads)
	set := int64(images) * int64(c.Height*c.Width*c.Channels())
	if t.Set.Fractions != nil {
		set *= 2
	}
	if t.conditional() {
		set += int64(images) // labels
	}
	total += set + int64(images)*strconv.IntSize/8 // the order of an epoch
	if o.Validation > 0 {
		total += set + int64(o.Threads)*layers.PixelForwardBytes(c.PixelSpec, c.Height, c.Width)
	}
	return total
}
