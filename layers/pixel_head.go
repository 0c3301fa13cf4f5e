package layers

import "github.com/autoreg/autoreg/kernels"

// A PixelHead says what the outputs of a network over pixels mean: how levels are scored,
// drawn and learned. It has scratch, and belongs to one goroutine at a time. Its methods do
// not allocate. Outputs are [pixels, width], the levels of pixels [pixels·C], and only dst is
// written where nothing else is said.
type PixelHead interface {
	// Logits sets dst [Levels] to the logits of channel g of a pixel, unnormalised natural-log
	// weights, given the outputs of the pixel and the levels of its channels before g.
	Logits(dst, outputs []float32, levels []uint8, g int)

	// LossesPerPixel returns how many losses a pixel has: one for each channel, or one for all.
	LossesPerPixel() int
	// Losses sets dst [pixels·LossesPerPixel()] to -ln p of the levels of pixels, in nats.
	Losses(dst []float64, outputs kernels.Matrix, levels []uint8)
	// Gradients replaces the outputs of pixels by the gradients of scale·loss and returns the sum
	// of the losses, in nats.
	Gradients(outputs kernels.Matrix, pixels PixelSample, scale float32) (sum float64)
}

// A PixelDrawer is a head that can draw levels itself, in less time than it takes to compute
// their logits.
type PixelDrawer interface {
	PixelHead
	// DrawLevel returns a level of channel g with the probabilities of the softmax of its
	// logits, u and v being independent and uniform in [0, 1); -1 if none can be drawn.
	DrawLevel(outputs []float32, levels []uint8, g int, u, v float64) int
	// DrawValues sets dst [C] to the values of a pixel's channels in [-1, 1] as they are drawn,
	// not rounded to levels: u are 1 + C numbers, independent and uniform in [0, 1). It reports
	// whether they can be drawn.
	DrawValues(dst, outputs []float32, u []float64) bool
	// Level returns the level that a value is rounded to.
	Level(x float32) uint8
}

// A categorical head has a logit for each level of each channel: level v of channel g of a
// pixel is the softmax of outputs [g·n, g·n + L), n being the C-th part of the outputs.
type categorical struct {
	channels, levels int

	scratch []float32 // [levels]
	targets []int32   // of a channel of an image
	losses  []float32
}

func newCategorical(channels, levels int) *categorical {
	return &categorical{channels: channels, levels: levels, scratch: kernels.Alloc(levels)}
}

func (h *categorical) Logits(dst, outputs []float32, _ []uint8, g int) {
	copy(dst, outputs[g*(len(outputs)/h.channels):][:h.levels])
}

func (h *categorical) LossesPerPixel() int { return h.channels }

func (h *categorical) Losses(dst []float64, outputs kernels.Matrix, levels []uint8) {
	each := outputs.Cols / h.channels
	for i, v := range levels {
		x := outputs.Data[i/h.channels*outputs.Row+i%h.channels*each:][:h.levels]
		dst[i] = float64(kernels.LogSumExp(x, h.scratch) - x[v])
	}
}

// Gradients adds up the losses channel by channel.
func (h *categorical) Gradients(outputs kernels.Matrix, pixels PixelSample, scale float32) (sum float64) {
	levels := pixels.Levels
	if n := outputs.Rows; n > len(h.targets) {
		h.targets, h.losses = make([]int32, n), make([]float32, n)
	}
	targets, losses := h.targets[:outputs.Rows], h.losses[:outputs.Rows]
	for g := range h.channels {
		for i := range targets {
			targets[i] = int32(levels[i*h.channels+g])
		}
		x := columnsOf(outputs, g*(outputs.Cols/h.channels), h.levels)
		kernels.SoftmaxCrossEntropy(x, targets, scale, losses)
		for _, l := range losses {
			sum += float64(l)
		}
	}
	return sum
}

// A mixtureHead is a Mixture with scratch.
type mixtureHead struct {
	Mixture
	scratch *MixtureScratch
	values  []float32 // of a pixel
}

func newMixtureHead(m Mixture) *mixtureHead {
	return &mixtureHead{m, m.NewScratch(), make([]float32, m.Channels)}
}

func (h *mixtureHead) Logits(dst, outputs []float32, levels []uint8, g int) {
	h.Mixture.Logits(dst, outputs, levels[:g], g, h.scratch)
}

func (h *mixtureHead) DrawLevel(outputs []float32, levels []uint8, g int, u, v float64) int {
	return h.Mixture.DrawLevel(outputs, levels[:g], g, u, v, h.scratch)
}

func (h *mixtureHead) DrawValues(dst, outputs []float32, u []float64) bool {
	return h.Mixture.Draw(dst, outputs, u, false, h.scratch)
}

func (h *mixtureHead) Level(x float32) uint8 { return MixtureLevel(x) }

func (h *mixtureHead) LossesPerPixel() int { return 1 }

func (h *mixtureHead) Losses(dst []float64, outputs kernels.Matrix, levels []uint8) {
	for i := range outputs.Rows {
		dst[i] = -h.LogProb(rowOf(outputs, i), levels[i*h.Channels:][:h.Channels], h.scratch)
	}
}

func (h *mixtureHead) Gradients(outputs kernels.Matrix, pixels PixelSample, scale float32) (sum float64) {
	for i := range outputs.Rows {
		out, first := rowOf(outputs, i), i*h.Channels
		if pixels.Fractions == nil {
			sum += h.Gradient(out, out, pixels.Levels[first:][:h.Channels], scale, h.scratch)
			continue
		}
		for g := range h.values {
			h.values[g] = pixels.value(first + g)
		}
		sum += h.GradientValues(out, out, h.values, scale, h.scratch)
	}
	return sum
}
