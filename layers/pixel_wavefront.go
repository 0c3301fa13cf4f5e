package layers

import "github.com/autoreg/autoreg/kernels"

// A PixelWavefront is a number of images that are drawn or scored together, several
// rows of each at once. A pixel sees few columns right of it in the rows above, so a
// row may begin when the row above it is a few columns ahead: all images are complete
// after W + lag·(H-1) steps instead of W·H, and each step is a product with many rows.
// Logits are those of a PixelState to the bit.
//
//	for w.Next() {
//		for g := range C {
//			w.Features(g) and, where logits are needed, w.Head(g)
//			for i := range w.Rows() and each image: w.Set(i, image, g, level)
//		}
//	}
//
// It is for one goroutine at a time and allocates nothing once it exists.
type PixelWavefront struct {
	steps  *pixelSteps
	head   PixelHead
	levels []uint8 // [C] of each pixel of this step
	step   int
	rows   int
	row    int // of the first of them

	logitsDone int // channels of these pixels whose logits are computed
}

// maxWavefrontRows bounds the rows of an image in one step, and so the memory of wide
// images: that of a row grows with the width. Products with more rows are not faster.
const maxWavefrontRows = 32

// NewWavefront returns images of height×width pixels at their start. It panics unless
// all three are positive, and height and width multiples of the description's SizeUnit.
func (n *PixelNet) NewWavefront(images, height, width int) *PixelWavefront {
	n.checkSize(height, width, "layers: PixelNet: NewWavefront: a size that the network does not have")
	if images < 1 {
		panic("layers: PixelNet: NewWavefront: no images")
	}
	rows, lag := n.wavefrontRows(height, width)
	w := &PixelWavefront{
		steps:  n.newSteps(images, height, width, rows, lag),
		head:   n.NewHead(),
		levels: make([]uint8, images*rows*n.Channels),
	}
	w.Reset()
	return w
}

// wavefrontRows returns how many rows of an image one step has at most, and how many
// columns each is behind the one above.
func (n *PixelNet) wavefrontRows(height, width int) (rows, lag int) {
	least := n.graph.leastLag()
	if least == 0 {
		return 1, width
	}
	lag = max(least, (width+maxWavefrontRows-1)/maxWavefrontRows)
	return min(height, (width+lag-1)/lag), lag
}

// WavefrontBytes returns the memory in bytes that NewWavefront allocates for images of
// a size, as 64 bits on every machine.
func (n *PixelNet) WavefrontBytes(images, height, width int) int64 {
	rows, _ := n.wavefrontRows(height, width)
	return n.stepsBytes(images, height, width, rows)
}

// Reset goes back to the start of all images.
func (w *PixelWavefront) Reset() {
	w.steps.reset()
	w.step, w.rows, w.row = -1, 0, 0
}

// SetCondition sets what an image is conditioned on: ConditionLen values, at first 0. It
// panics if the length is wrong or the images have begun.
func (w *PixelWavefront) SetCondition(image int, v []float32) {
	if w.step >= 0 {
		panic("layers: PixelWavefront: SetCondition: the images have begun")
	}
	w.steps.net.setCondition(&w.steps.run, image, v)
}

// Images returns the number of images.
func (w *PixelWavefront) Images() int { return w.steps.images }

// Next goes to the next pixels and reports whether there are any. Those before
// must have been set.
func (w *PixelWavefront) Next() bool {
	s := w.steps
	for {
		w.step++
		// Row r is at column step - lag·r.
		first := max(0, (w.step-s.width+s.lag)/s.lag)
		last := min(s.height-1, w.step/s.lag)
		if first >= s.height {
			return false
		}
		if first <= last {
			w.row, w.rows = first, last-first+1
			w.logitsDone = 0
			s.moveTo(first, w.step-s.lag*first, w.rows)
			return true
		}
	}
}

// Rows returns how many pixels of each image this step has.
func (w *PixelWavefront) Rows() int { return w.rows }

// Pixel returns where pixel i of this step is in each image.
func (w *PixelWavefront) Pixel(i int) (row, column int) {
	row = w.row + i
	return row, w.step - w.steps.lag*row
}

// leastLag returns how many columns a row must be behind the row above it, so that a
// step may have pixels of several rows: a pixel sees a few columns further right in the
// row above, and at most as many more in each row above that. It is 0 for a network whose
// rows read whole rows above them: a step has one pixel of an image.
func (g *pixelGraph) leastLag() (lag int) {
	for _, n := range g.nodes {
		if n.early || n.due > 0 {
			return 0
		}
		lag = max(lag, n.right+1)
	}
	return lag
}

// Features computes the feature maps that logits of channel g and later pixels read.
// The channels before must have been set.
func (w *PixelWavefront) Features(g int) { w.steps.compute(true, g, g+1) }

// Head computes the outputs that channel g is scored and drawn by, once: logits, or the
// parameters of a mixture. It need not be called where they are not read.
func (w *PixelWavefront) Head(g int) {
	if g >= w.logitsDone { // a channel's logits read the hidden layers of those before
		w.steps.compute(false, w.logitsDone, g+1)
		w.logitsDone = g + 1
	}
}

// Logits writes the logits of channel g of pixel i of an image into dst [Levels]. Head must
// have computed them, and the channels before must have been set.
func (w *PixelWavefront) Logits(dst []float32, i, image, g int) {
	w.head.Logits(dst, w.steps.outputs(i, image), w.pixelLevels(i, image)[:g], g)
}

// DrawLevel draws channel g of pixel i of an image; see PixelDrawer. It panics unless the
// network Draws. Head must have computed
// its logits, and the channels before must have been set.
func (w *PixelWavefront) DrawLevel(i, image, g int, u, v float64) int {
	return w.head.(PixelDrawer).DrawLevel(w.steps.outputs(i, image), w.pixelLevels(i, image), g, u, v)
}

// DrawValues draws all channels of pixel i of an image as values between the levels; see
// PixelDrawer. It panics unless the network Draws. Head must have computed its outputs.
func (w *PixelWavefront) DrawValues(dst []float32, i, image int, u []float64) bool {
	return w.head.(PixelDrawer).DrawValues(dst, w.steps.outputs(i, image), u)
}

// SetValue sets channel g of pixel i of an image to a value in [-1, 1], which may lie between
// those of two levels, and returns the level of the value. It panics unless the network Draws.
func (w *PixelWavefront) SetValue(i, image, g int, x float32) (level uint8) {
	row, column := w.Pixel(i)
	*w.steps.input(image, row, column, g) = x
	level = w.head.(PixelDrawer).Level(x)
	w.pixelLevels(i, image)[g] = level
	return level
}

// Losses sets dst to the losses of pixel i of an image, all of whose channels have been set;
// see PixelHead. Head must have computed their logits.
func (w *PixelWavefront) Losses(dst []float64, i, image int) {
	out := w.steps.outputs(i, image)
	w.head.Losses(dst, kernels.RowMajor(out, 1, len(out)), w.pixelLevels(i, image))
}

// pixelLevels returns the levels [C] of a pixel of this step.
func (w *PixelWavefront) pixelLevels(i, image int) []uint8 {
	C := w.steps.net.Channels
	return w.levels[w.steps.index(i, image)*C:][:C]
}

// Outputs returns the outputs of pixel i of an image, as Head has computed them. They are
// valid until the next step.
func (w *PixelWavefront) Outputs(i, image int) []float32 { return w.steps.outputs(i, image) }

// Set sets channel g of pixel i of an image. It panics if the level is out of
// range.
func (w *PixelWavefront) Set(i, image, g, level int) {
	row, column := w.Pixel(i)
	w.steps.set(image, row, column, g, level)
	w.pixelLevels(i, image)[g] = uint8(level)
}

// Bytes returns the memory that w holds, the network's weights not included.
func (w *PixelWavefront) Bytes() int { return 4 * len(w.steps.memory) }
