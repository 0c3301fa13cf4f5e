package layers

import "github.com/autoreg/autoreg/kernels"

// A rowCache computes pixels of images that are being drawn or scored: at each step,
// a pixel of one or more rows of each image, every row lag columns behind the row
// above it. It keeps the values that later pixels read: the inputs, and in each
// residual block the inputs of its 3×3 convolution, of as many rows as are needed.
//
// Each image has a slab: its inputs with a border, then a cache for each block. A
// cache holds cacheRows rows of the image, from firstRow on; scroll moves them up
// where room is needed for rows below.
//
// With onePixel a step is one pixel of one image. Then the cache of a block holds the
// row under way and, for each pixel of it, the part of the chains that reads the row
// above: one product, computed when the row begins. So a pixel reads 159,232 of the
// chapter's 220,672 weights, which leaves room in a second-level cache of 1 MiB: 1.3
// to 1.4 times as fast on a Zen 5. A step of many pixels reads the weights once for
// all of them, and needs no such part.
type rowCache struct {
	net           *PixelCNN
	height, width int
	images        int
	rows          int // the most rows of an image in one step
	lag           int // columns that a row is behind the one above it

	memory     []float32 // slabs, then the maps of one step's pixels
	slabs      []float32 // of all images
	slabLen    int       // values of one image
	cachesAt   int       // offset of the caches in a slab
	cacheLen   int       // values of the cache of one block
	cacheRows  int       // rows of a cache
	firstRow   int       // the row of the image that is the first of a cache
	onePixel   bool      // each step is one pixel of one image
	currentRow int       // with onePixel, the row under way; -1 before the first

	maps PixelMaps // of the pixels of one step
}

// extraRows is the number of rows that a cache holds beyond those that a step reads:
// the more there are, the fewer are the calls of scroll that move rows.
const extraRows = 2

// rowCacheSizes are lengths in float32s, of 64 bits on every machine; see rowCache.
type rowCacheSizes struct{ cacheRows, cachesAt, cacheLen, slabLen, memory int64 }

// rowCacheSizes returns the sizes of a rowCache.
func (n *PixelCNN) rowCacheSizes(images, height, width, rows int, onePixel bool) rowCacheSizes {
	I, H, W, R := int64(images), int64(height), int64(width), int64(rows)
	border, half, F, blocks := int64(n.Kernel/2), int64(n.Filters/2), int64(n.Filters), int64(len(n.Blocks))
	s := rowCacheSizes{cacheRows: R + blockKernel/2}
	if rows > 1 {
		s.cacheRows += extraRows
	}
	s.cachesAt = (H + border) * (W + border) * int64(n.Channels)
	s.cacheLen = s.cacheRows * (W + blockKernel/2) * half
	if onePixel {
		s.cacheLen = (W + 2 + W) * half // with a border on both sides
	}
	s.slabLen = s.cachesAt + blocks*s.cacheLen
	work := 2*F + half
	if n.Channels > 1 {
		work = (blocks+3)*F + blocks*half
	}
	s.memory = I*s.slabLen + I*R*(work+int64(n.Output.Width()))
	return s
}

// newRowCache returns images of height×width pixels at their start, rows being the most
// rows of an image in one step.
func (n *PixelCNN) newRowCache(images, height, width, rows, lag int, onePixel bool) *rowCache {
	half, F, border := n.Filters/2, n.Filters, n.Kernel/2
	sizes := n.rowCacheSizes(images, height, width, rows, onePixel)
	rc := &rowCache{
		net: n, height: height, width: width, images: images, rows: rows,
		lag:       lag,
		cacheRows: int(sizes.cacheRows),
		cachesAt:  int(sizes.cachesAt),
		cacheLen:  int(sizes.cacheLen),
		slabLen:   int(sizes.slabLen),
		onePixel:  onePixel,
	}
	// Ordered channels read the values of the channels before in every layer; a single
	// channel is computed in place.
	keep := n.Channels > 1
	most := images * rows
	rc.memory = kernels.Alloc(int(sizes.memory))
	rest := rc.memory
	cut := func(size int) []float32 {
		s := rest[:size:size]
		rest = rest[size:]
		return s
	}
	rc.slabs = cut(images * rc.slabLen)

	m := &rc.maps
	m.Input = FeatureMap{Data: rc.slabs, RowStride: (width + border) * n.Channels}
	m.Keep = keep
	h, q := FeatureMap{Data: cut(most * F)}, FeatureMap{Data: cut(most * F)}
	m.Residual, m.Hidden = []FeatureMap{h}, [2]FeatureMap{q, h}
	if keep {
		m.Hidden[1] = FeatureMap{Data: cut(most * F)}
	}
	var t FeatureMap
	for i := range n.Blocks {
		m.Reduced = append(m.Reduced, FeatureMap{Data: rc.slabs, RowStride: (width + blockKernel/2) * half})
		if i == 0 || keep {
			t = FeatureMap{Data: cut(most * half)}
		}
		if keep {
			h = FeatureMap{Data: cut(most * F)}
		}
		m.Residual, m.Convolved = append(m.Residual, h), append(m.Convolved, t)
		if rc.onePixel {
			m.Above = append(m.Above, FeatureMap{Data: rc.slabs})
		}
	}
	m.Logits = FeatureMap{Data: cut(most * n.Output.Width())}
	rc.reset()
	return rc
}

// leastLag returns how many columns a row must be behind the row above it: a pixel
// sees at most Kernel/2 columns further right in the row above, or the columns of one
// residual block, and at most as many more in each row above that.
func (n *PixelCNN) leastLag() int { return max(n.Kernel, blockKernel)/2 + 1 }

// reset goes back to before the first pixel: the rows above the image are zeros. All
// other values of the slabs are written before they are read.
func (rc *rowCache) reset() {
	rc.firstRow, rc.currentRow = -(blockKernel / 2), -1
	for i := range rc.images {
		for b := range rc.net.Blocks {
			cache := rc.slabs[i*rc.slabLen+rc.cachesAt+b*rc.cacheLen:][:rc.cacheLen]
			clear(cache[:min(blockKernel/2*rc.maps.Reduced[b].RowStride, len(cache))])
		}
	}
}

// beginRow computes, with onePixel, the parts of the chains of row r that read the row
// above, which the caches still hold.
func (rc *rowCache) beginRow(r int) {
	if rc.currentRow == r {
		return
	}
	rc.currentRow = r
	half := rc.net.Filters / 2
	for b := range rc.net.Blocks {
		at := rc.cachesAt + b*rc.cacheLen
		row := FeatureMap{Data: rc.slabs, At: at + half, Lines: 1, Pixels: rc.width, PixelStride: half}
		above := row
		above.At = at + (rc.width+2)*half
		rc.net.Blocks[b].Conv.Above(&above, &row)
	}
}

// moveTo sets the maps to those of pixels (r + i, c - i·lag), i < rows.
func (rc *rowCache) moveTo(r, c, rows int) {
	if !rc.onePixel {
		rc.scroll(r, rows)
	}
	n, m := rc.net, &rc.maps
	border := n.Kernel / 2
	rc.diagonal(&m.Input, n.Channels, (r+border)*m.Input.RowStride+(c+border)*n.Channels, rows)
	half := n.Filters / 2
	for b := range n.Blocks {
		g := &m.Reduced[b]
		if rc.onePixel {
			at := rc.cachesAt + b*rc.cacheLen
			rc.diagonal(g, half, at+(1+c)*half, 1)
			rc.diagonal(&m.Above[b], half, at+(rc.width+2+c)*half, 1)
		} else {
			rc.diagonal(g, half, rc.cachesAt+b*rc.cacheLen+(r-rc.firstRow)*g.RowStride+(c+blockKernel/2)*half, rows)
		}
		rc.compact(&m.Residual[b], n.Filters, rows)
		rc.compact(&m.Convolved[b], half, rows)
	}
	rc.compact(&m.Residual[len(m.Residual)-1], n.Filters, rows)
	rc.compact(&m.Hidden[0], n.Filters, rows)
	rc.compact(&m.Hidden[1], n.Filters, rows)
	rc.compact(&m.Logits, n.Output.Width(), rows)
}

// diagonal sets m to one pixel of each of rows rows of each image, the first pixel at
// Data[at], each next one a row down and lag columns left. The lines of m are the rows
// and the pixels of a line the images, or the other way round if images are fewer.
func (rc *rowCache) diagonal(m *FeatureMap, channels, at, rows int) {
	m.At = at
	m.Lines, m.LineStride = rows, m.RowStride-rc.lag*channels
	m.Pixels, m.PixelStride = rc.images, rc.slabLen
	if rc.images < rows {
		m.Lines, m.Pixels, m.LineStride, m.PixelStride = m.Pixels, m.Lines, m.PixelStride, m.LineStride
	}
}

// compact sets m to the pixels of diagonal side by side.
func (rc *rowCache) compact(m *FeatureMap, channels, rows int) {
	m.Lines, m.Pixels = rows, rc.images
	if rc.images < rows {
		m.Lines, m.Pixels = m.Pixels, m.Lines
	}
	m.PixelStride = channels
	m.LineStride = m.Pixels * channels
}

// index returns the position of row i's pixel of an image in compact maps.
func (rc *rowCache) index(i, image, rows int) int {
	if rc.images < rows {
		return image*rows + i
	}
	return i*rc.images + image
}

// scroll moves the rows of the caches up if there is no room for rows [r, r+rows).
func (rc *rowCache) scroll(r, rows int) {
	if r+rows-rc.firstRow <= rc.cacheRows {
		return
	}
	by := r - blockKernel/2 - rc.firstRow
	for i := range rc.images {
		for b := range rc.net.Blocks {
			cache := rc.slabs[i*rc.slabLen+rc.cachesAt+b*rc.cacheLen:][:rc.cacheLen]
			copy(cache, cache[by*rc.maps.Reduced[b].RowStride:])
		}
	}
	rc.firstRow += by
}

// set writes level v of channel g of pixel (r, c) of an image.
func (rc *rowCache) set(image, r, c, g, v int) {
	x := &rc.maps.Input
	border := rc.net.Kernel / 2
	rc.slabs[image*rc.slabLen+(r+border)*x.RowStride+(c+border)*rc.net.Channels+g] = rc.net.level(v)
}

// logits returns the logits of channel g at a position of the compact maps.
func (rc *rowCache) logits(position, g int) []float32 {
	width := rc.net.Output.Width()
	return rc.maps.Logits.Data[position*width+g*(width/rc.net.Channels):][:rc.net.Levels]
}
