package layers

// A PixelWave is a number of images under way together, in several rows each at
// once. A pixel sees little of what is right of it in the rows above, so a row
// may begin when the row above it is a few columns ahead: after
// W + lag·(H-1) steps instead of W·H all images are complete, and each step is a
// product with many rows. Scores are those of a PixelState to the bit.
//
//	for w.Next() {
//		for g := range C {
//			w.Features(g) and, where anything is to be drawn, w.Head(g)
//			for i := range w.Rows() and each image: w.Set(i, image, g, level)
//		}
//	}
//
// What the rows above contribute is not computed ahead, as a PixelState does:
// weights are read once for all rows and images of a step, and a row begins before
// the one above it is complete.
//
// It is for one goroutine at a time and allocates nothing once it exists.
type PixelWave struct {
	front *front
	step  int
	rows  int
	row   int // of the first of them

	headed int // channels of these pixels whose scores are computed
}

// mostRows bounds the rows that are under way in an image, and so the memory of
// wide ones: that of a row grows with the width. Products with so many rows are as
// fast as they get.
const mostRows = 32

// NewWave returns images of height×width pixels at their start. It panics unless
// all three are positive.
func (n *PixelCNN) NewWave(images, height, width int) *PixelWave {
	if images < 1 || height < 1 || width < 1 {
		panic("layers: PixelCNN: NewWave: no pixels")
	}
	rows, lag := n.waveRows(height, width)
	w := &PixelWave{front: n.newFront(images, height, width, rows, lag, false)}
	w.Reset()
	return w
}

// waveRows returns how many rows of an image are under way at once, and how many
// columns each is behind the one above.
func (n *PixelCNN) waveRows(height, width int) (rows, lag int) {
	lag = max(n.leastLag(), (width+mostRows-1)/mostRows)
	return min(height, (width+lag-1)/lag), lag
}

// WaveBytes returns the memory that NewWave allocates for images of a size, of 64
// bits on every machine.
func (n *PixelCNN) WaveBytes(images, height, width int) int64 {
	rows, _ := n.waveRows(height, width)
	return 4 * n.frontSizes(images, height, width, rows, false).all
}

// Reset goes back to the start of all images.
func (w *PixelWave) Reset() {
	w.front.reset()
	w.step, w.rows, w.row = -1, 0, 0
}

// Images returns the number of images.
func (w *PixelWave) Images() int { return w.front.images }

// Next goes to the next pixels and reports whether there are any. Those before
// must have been set.
func (w *PixelWave) Next() bool {
	f := w.front
	for {
		w.step++
		// Row r is at column step - lag·r.
		first := max(0, (w.step-f.width+f.lag)/f.lag)
		last := min(f.height-1, w.step/f.lag)
		if first >= f.height {
			return false
		}
		if first <= last {
			w.row, w.rows = first, last-first+1
			w.headed = 0
			f.place(first, w.step-f.lag*first, w.rows)
			return true
		}
	}
}

// Rows returns how many pixels of each image this step has.
func (w *PixelWave) Rows() int { return w.rows }

// Pixel returns where pixel i of this step is in each image.
func (w *PixelWave) Pixel(i int) (row, column int) {
	row = w.row + i
	return row, w.step - w.front.lag*row
}

// Features computes what scores of channel g and later pixels need. The channels
// before must have been set.
func (w *PixelWave) Features(g int) { w.front.net.Features(&w.front.maps, g, g+1) }

// Head computes the scores of channel g, once. Where nobody wants them it need not
// be called.
func (w *PixelWave) Head(g int) {
	if g >= w.headed { // a channel's scores look back at those before
		w.front.net.Head(&w.front.maps, w.headed, g+1)
		w.headed = g + 1
	}
}

// Logits returns the scores [Levels] of channel g of pixel i of an image, as Head
// has computed them. They are good until the next step.
func (w *PixelWave) Logits(i, image, g int) []float32 {
	return w.front.scores(w.front.at(i, image, w.rows), g)
}

// Set sets channel g of pixel i of an image. It panics if the level is out of
// range.
func (w *PixelWave) Set(i, image, g, level int) {
	row, column := w.Pixel(i)
	w.front.set(image, row, column, g, level)
}

// Bytes returns the memory that w holds, the network's weights not included.
func (w *PixelWave) Bytes() int { return 4 * len(w.front.all) }
