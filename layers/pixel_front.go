package layers

import "github.com/autoreg/autoreg/kernels"

// A front computes pixels of images under way: at a time, one or more rows of
// each of a number of images, every row lag columns behind the one above it. It
// keeps what later pixels will look at: the inputs, and in each residual block
// the feature maps that go into its 3×3 convolution, of as many rows as are
// needed.
//
// Each image has a slab: its inputs with a border, then a cache for each block.
// A cache holds slots rows of the image, the first one top; as pixels go down
// the image, its rows move up.
//
// Where it is one pixel of one image at a time, the cache of a block is one row,
// and what the row above contributes to the chains of that row: computed ahead, as
// one product, when the row begins. So a pixel reads 159,232 of the chapter's
// 220,672 weights, which leaves room in a second-level cache of 1 MiB: 1.3 to 1.4
// times as fast on a Zen 5. Many pixels at a time read the weights for all of them
// anyway.
type front struct {
	net           *PixelCNN
	height, width int
	images, rows  int // at most so many rows of an image at once
	lag           int

	all    []float32 // slabs, then maps of the pixels under way
	slabs  []float32
	slab   int // values of one image
	caches int // where they begin in a slab
	cache  int // values of one
	slots  int
	top    int
	ahead  bool // one pixel of one image at a time
	begun  int  // then, the row that has begun, or -1

	maps PixelMaps
}

// spare is how many slots a front has beyond those that it must have, if any: the
// more, the more seldom rows move.
const spare = 2

// frontSizes are lengths in float32s, of 64 bits on every machine.
type frontSizes struct{ slots, caches, cache, slab, all int64 }

// frontSizes returns how large a front is.
func (n *PixelCNN) frontSizes(images, height, width, rows int, ahead bool) frontSizes {
	I, H, W, R := int64(images), int64(height), int64(width), int64(rows)
	border, half, F, blocks := int64(n.Kernel/2), int64(n.Filters/2), int64(n.Filters), int64(len(n.Blocks))
	s := frontSizes{slots: R + blockKernel/2}
	if rows > 1 {
		s.slots += spare
	}
	s.caches = (H + border) * (W + border) * int64(n.Channels)
	s.cache = s.slots * (W + blockKernel/2) * half
	if ahead {
		s.cache = (W + 2 + W) * half // with a border on both sides
	}
	s.slab = s.caches + blocks*s.cache
	work := 2*F + half
	if n.Channels > 1 {
		work = (blocks+3)*F + blocks*half
	}
	s.all = I*s.slab + I*R*(work+int64(n.Output.Width()))
	return s
}

func (n *PixelCNN) newFront(images, height, width, rows, lag int, ahead bool) *front {
	half, F, border := n.Filters/2, n.Filters, n.Kernel/2
	sizes := n.frontSizes(images, height, width, rows, ahead)
	f := &front{
		net: n, height: height, width: width, images: images, rows: rows,
		lag:    lag,
		slots:  int(sizes.slots),
		caches: int(sizes.caches),
		cache:  int(sizes.cache),
		slab:   int(sizes.slab),
		ahead:  ahead,
	}
	// Ordered channels look back at what the channels before have left in every
	// layer; a single one works in place.
	keep := n.Channels > 1
	most := images * rows
	f.all = kernels.Alloc(int(sizes.all))
	rest := f.all
	cut := func(size int) []float32 {
		s := rest[:size:size]
		rest = rest[size:]
		return s
	}
	f.slabs = cut(images * f.slab)

	m := &f.maps
	m.X = Map{Data: f.slabs, Row: (width + border) * n.Channels}
	m.Keep = keep
	h, q := Map{Data: cut(most * F)}, Map{Data: cut(most * F)}
	m.H, m.Hidden = []Map{h}, [2]Map{q, h}
	if keep {
		m.Hidden[1] = Map{Data: cut(most * F)}
	}
	var t Map
	for i := range n.Blocks {
		m.G = append(m.G, Map{Data: f.slabs, Row: (width + blockKernel/2) * half})
		if i == 0 || keep {
			t = Map{Data: cut(most * half)}
		}
		if keep {
			h = Map{Data: cut(most * F)}
		}
		m.H, m.T = append(m.H, h), append(m.T, t)
		if f.ahead {
			m.Above = append(m.Above, Map{Data: f.slabs})
		}
	}
	m.Scores = Map{Data: cut(most * n.Output.Width())}
	f.reset()
	return f
}

// leastLag returns how many columns a row must be behind the row above it: a pixel
// sees at most Kernel/2 columns further right in the row above, or those of one
// residual block, and no more than as many again in each row above that.
func (n *PixelCNN) leastLag() int { return max(n.Kernel, blockKernel)/2 + 1 }

// reset goes back to before the first pixel: the rows above the image are zeros.
// What else the slabs hold is not looked at before it is written anew.
func (f *front) reset() {
	f.top, f.begun = -(blockKernel / 2), -1
	for i := range f.images {
		for b := range f.net.Blocks {
			cache := f.slabs[i*f.slab+f.caches+b*f.cache:][:f.cache]
			clear(cache[:min(blockKernel/2*f.maps.G[b].Row, len(cache))])
		}
	}
}

// beginRow makes of the row above row r, while it is still there, what the chains of
// row r begin with.
func (f *front) beginRow(r int) {
	if f.begun == r {
		return
	}
	f.begun = r
	half := f.net.Filters / 2
	for b := range f.net.Blocks {
		at := f.caches + b*f.cache
		row := Map{Data: f.slabs, At: at + half, Lines: 1, Pixels: f.width, Pixel: half}
		above := row
		above.At = at + (f.width+2)*half
		f.net.Blocks[b].Conv.Above(&above, &row)
	}
}

// place makes the maps those of pixels (r + i, c - i·lag), i < rows.
func (f *front) place(r, c, rows int) {
	if !f.ahead {
		f.scroll(r, rows)
	}
	n, m := f.net, &f.maps
	border := n.Kernel / 2
	f.diagonal(&m.X, n.Channels, (r+border)*m.X.Row+(c+border)*n.Channels, rows)
	half := n.Filters / 2
	for b := range n.Blocks {
		g := &m.G[b]
		if f.ahead {
			at := f.caches + b*f.cache
			f.diagonal(g, half, at+(1+c)*half, 1)
			f.diagonal(&m.Above[b], half, at+(f.width+2+c)*half, 1)
		} else {
			f.diagonal(g, half, f.caches+b*f.cache+(r-f.top)*g.Row+(c+blockKernel/2)*half, rows)
		}
		f.compact(&m.H[b], n.Filters, rows)
		f.compact(&m.T[b], half, rows)
	}
	f.compact(&m.H[len(m.H)-1], n.Filters, rows)
	f.compact(&m.Hidden[0], n.Filters, rows)
	f.compact(&m.Hidden[1], n.Filters, rows)
	f.compact(&m.Scores, n.Output.Width(), rows)
}

// diagonal makes m rows pixels of each image, the first at at. A line is what
// there are more of, images or rows.
func (f *front) diagonal(m *Map, channels, at, rows int) {
	m.At = at
	m.Lines, m.Line = rows, m.Row-f.lag*channels
	m.Pixels, m.Pixel = f.images, f.slab
	if f.images < rows {
		m.Lines, m.Pixels, m.Line, m.Pixel = m.Pixels, m.Lines, m.Pixel, m.Line
	}
}

// compact makes m the same pixels side by side.
func (f *front) compact(m *Map, channels, rows int) {
	m.Lines, m.Pixels = rows, f.images
	if f.images < rows {
		m.Lines, m.Pixels = m.Pixels, m.Lines
	}
	m.Pixel = channels
	m.Line = m.Pixels * channels
}

// at returns the position of row i's pixel of an image in compact maps.
func (f *front) at(i, image, rows int) int {
	if f.images < rows {
		return image*rows + i
	}
	return i*f.images + image
}

// scroll makes the caches have room for rows r to r+rows-1.
func (f *front) scroll(r, rows int) {
	if r+rows-f.top <= f.slots {
		return
	}
	by := r - blockKernel/2 - f.top
	for i := range f.images {
		for b := range f.net.Blocks {
			cache := f.slabs[i*f.slab+f.caches+b*f.cache:][:f.cache]
			copy(cache, cache[by*f.maps.G[b].Row:])
		}
	}
	f.top += by
}

// set writes level v of channel g of pixel (r, c) of an image.
func (f *front) set(image, r, c, g, v int) {
	x := &f.maps.X
	border := f.net.Kernel / 2
	f.slabs[image*f.slab+(r+border)*x.Row+(c+border)*f.net.Channels+g] = f.net.level(v)
}

// scores returns the scores of channel g at a position of the compact maps.
func (f *front) scores(position, g int) []float32 {
	width := f.net.Output.Width()
	return f.maps.Scores.Data[position*width+g*(width/f.net.Channels):][:f.net.Levels]
}
