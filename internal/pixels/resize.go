package pixels

import "image"

// Limits of a Resizer: the greatest height and width that it makes, and how many
// pixels its source has at most.
const (
	MaxSide   = 4096
	MaxPixels = 1 << 34
)

// A Resizer turns images of one size into levels of another. It is immutable and
// safe for concurrent use.
//
// Without antialiasing, resizing is bilinear with half-pixel centres. Along a side,
// output i of n lies at s = (i + ½)·len/n - ½ of the source, between
// lo = max(⌊s⌋, 0) and hi = min(⌊s⌋+1, len-1); with f = s - ⌊s⌋ the value is
//
//	a + (b-a)·f
//
// first along columns, then along rows. That is what PyTorch's
// interpolate(mode="bilinear", align_corners=False) and TensorFlow 2's
// image.resize compute in float32. Here f is a fraction of integers, hence nothing
// is rounded: a level is that of the exact value. (For 28 to 16 their float32 is
// exact as well: f is a multiple of 1/8.) Where a side shrinks to less than half,
// some source pixels count for nothing.
//
// With antialiasing, a side that shrinks is averaged instead: output i of n is the
// mean of the source from i·len/n to (i+1)·len/n, where source pixel j reaches from j
// to j+1 and counts by the part that lies within,
//
//	Σ_j p_j · max(0, min(j+1, (i+1)·len/n) - max(j, i·len/n)) / (len/n)
//
// first along columns, then along rows. A side that grows or stays is interpolated as
// above. Nothing is rounded here either.
type Resizer struct {
	srcHeight, srcWidth int
	height, width       int
	y, x                axis
	average             bool // along one side at least
	pads                bool // pixels stay as they are
}

// An axis is the source of each output along one side.
type axis struct {
	taps []tap
	den  int64 // of the fractions
	full int64 // of den: how much of each pixel between lo and hi
}

type tap struct {
	lo, hi int
	f      int64 // of den: how much of hi; the rest is lo's, but for those between
}

// NewResizer returns a Resizer from srcHeight×srcWidth to height×width, which may be
// the same. It panics if a side of the source is less than 1, the source has more
// than MaxPixels, or a side of the result is outside 1 to MaxSide.
func NewResizer(srcHeight, srcWidth, height, width int, antialias bool) *Resizer {
	if srcHeight < 1 || srcWidth < 1 {
		panic("pixels: NewResizer: an empty source")
	}
	if height < 1 || width < 1 || height > MaxSide || width > MaxSide {
		panic("pixels: NewResizer: height or width outside 1 to MaxSide")
	}
	if int64(srcHeight) > MaxPixels/int64(srcWidth) {
		panic("pixels: NewResizer: too large a source")
	}
	r := &Resizer{srcHeight: srcHeight, srcWidth: srcWidth, height: height, width: width}
	r.y, r.x = newAxis(srcHeight, height), newAxis(srcWidth, width)
	if antialias && height < srcHeight {
		r.y, r.average = newMeans(srcHeight, height), true
	}
	if antialias && width < srcWidth {
		r.x, r.average = newMeans(srcWidth, width), true
	}
	return r
}

// NewPadder returns a Resizer that keeps pixels as they are and puts black ones around them:
// on both sides as many, or one more below and right. It panics if the source is empty, or
// larger than the result, or a side of that is more than MaxSide.
func NewPadder(srcHeight, srcWidth, height, width int) *Resizer {
	if srcHeight < 1 || srcWidth < 1 || srcHeight > height || srcWidth > width || height > MaxSide || width > MaxSide {
		panic("pixels: NewPadder: the source does not fit")
	}
	return &Resizer{srcHeight: srcHeight, srcWidth: srcWidth, height: height, width: width, pads: true}
}

func newAxis(src, dst int) axis {
	// s = ((2i+1)·src - dst) / 2dst
	a := axis{taps: make([]tap, dst), den: 2 * int64(dst)}
	common := a.den
	for i := range a.taps {
		num := int64(2*i+1)*int64(src) - int64(dst)
		floor := num / a.den
		if num < 0 {
			floor = -1 // num > -dst, so s > -1
		}
		f := num - floor*a.den
		a.taps[i] = tap{max(int(floor), 0), min(int(floor)+1, src-1), f}
		common = gcd(common, f)
	}
	a.den /= common
	for i := range a.taps {
		a.taps[i].f /= common
	}
	return a
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// newMeans returns an axis of means for dst < src.
func newMeans(src, dst int) axis {
	// Output i covers [i·src, (i+1)·src) in units of 1/dst of a source pixel, and
	// source pixel j covers [j·dst, (j+1)·dst): every part is a whole number of src.
	n, d := int64(src), int64(dst)
	a := axis{taps: make([]tap, dst), den: n, full: d}
	for i := range a.taps {
		from, to := int64(i)*n, int64(i+1)*n
		hi := (to - 1) / d
		a.taps[i] = tap{int(from / d), int(hi), to - hi*d} // lo < hi, as src > dst
	}
	return a
}

// Quantise resizes the image of the Resizer's size that src are the rows of, with 1
// channel or 3, and writes
//
//	dst[y, x, c] = ⌊value·levels/256⌋
//
// which is in [0, levels). dst is [height, width, channels]. It panics if a length is
// wrong or levels is outside 1 to 256. Without antialiasing it does not allocate.
func (r *Resizer) Quantise(dst []uint8, src Rows, channels, levels int) {
	r.quantise(dst, nil, src, channels, levels)
}

// Values is Quantise with 256 levels that keeps what lies between them: fractions gets
// ⌊(value - level)·256⌋ of each value.
func (r *Resizer) Values(dst, fractions []uint8, src Rows, channels int) {
	if len(fractions) != len(dst) {
		panic("pixels: Values: as many fractions as levels")
	}
	r.quantise(dst, fractions, src, channels, 256)
}

func (r *Resizer) quantise(dst, fractions []uint8, src Rows, channels, levels int) {
	switch {
	case channels < 1 || len(dst) != r.height*r.width*channels:
		panic("pixels: Quantise: len(dst) is not height·width·channels")
	case levels < 1 || levels > 256:
		panic("pixels: Quantise: levels outside 1 to 256")
	case r.average:
		r.means(dst, fractions, src, channels, levels)
		return
	case r.pads:
		clear(fractions)
		r.pad(dst, src, channels, levels)
		return
	}
	C := channels
	// value = n / unit; n is at most 255·2²⁶, its product with levels below 2⁴².
	unit := r.y.den * r.x.den
	div := uint64(unit) * 256
	for y, v := range r.y.taps {
		top, bottom := r.row(src, v.lo, C), r.row(src, v.hi, C)
		row := dst[y*r.width*C:][:r.width*C]
		for x, h := range r.x.taps {
			for c := range C {
				lo, hi := h.lo*C+c, h.hi*C+c
				a := int64(top[lo])*r.x.den + (int64(top[hi])-int64(top[lo]))*h.f
				b := int64(bottom[lo])*r.x.den + (int64(bottom[hi])-int64(bottom[lo]))*h.f
				n := a*r.y.den + (b-a)*v.f
				row[x*C+c] = uint8(uint64(n) * uint64(levels) / div)
				if fractions != nil {
					fractions[(y*r.width+x)*C+c] = uint8(uint64(n%unit) * 256 / uint64(unit))
				}
			}
		}
	}
}

// pad is Quantise where nothing is resized.
func (r *Resizer) pad(dst []uint8, src Rows, channels, levels int) {
	clear(dst)
	top, left := (r.height-r.srcHeight)/2, (r.width-r.srcWidth)/2
	for y := range r.srcHeight {
		row := dst[((top+y)*r.width+left)*channels:]
		for i, v := range r.row(src, y, channels) {
			row[i] = uint8(int(v) * levels / 256)
		}
	}
}

// row returns row y of the source.
func (r *Resizer) row(src Rows, y, channels int) []uint8 {
	row := src(y)
	if len(row) != r.srcWidth*channels {
		panic("pixels: Quantise: a row of src is not width·channels")
	}
	return row
}

// means is Quantise where a side is averaged.
func (r *Resizer) means(dst, fractions []uint8, src Rows, channels, levels int) {
	n := r.width * channels
	line := make([]uint64, n) // resized along its row, times x.den
	sums := make([]uint64, n) // of those lines, times y.den
	// Where a side is averaged its den is its length, elsewhere at most 2¹³. So unit
	// is at most 2⁴⁷, and with 255 and levels below 2⁶³.
	div := uint64(r.y.den) * uint64(r.x.den) * 256
	latest := -1 // the row of line: the last of one output is often the first of the next
	for y, v := range r.y.taps {
		clear(sums)
		for j := v.lo; j <= v.hi; j++ {
			if j != latest {
				r.x.resize(line, r.row(src, j, channels), channels)
				latest = j
			}
			w := uint64(r.y.weight(v, j))
			for i, s := range line {
				sums[i] += w * s
			}
		}
		row := dst[y*n:][:n]
		for i, s := range sums {
			row[i] = uint8(s * uint64(levels) / div)
			if unit := div / 256; fractions != nil {
				fractions[y*n+i] = uint8(s % unit * 256 / unit)
			}
		}
	}
}

// weight returns how much of source pixel j, of den, an output takes.
func (a *axis) weight(t tap, j int) int64 {
	switch {
	case j == t.hi && j == t.lo:
		return a.den
	case j == t.hi:
		return t.f
	case j == t.lo:
		return a.den - t.f - int64(t.hi-t.lo-1)*a.full
	}
	return a.full
}

// resize writes the outputs of one row, times den.
func (a *axis) resize(dst []uint64, row []uint8, channels int) {
	for x, t := range a.taps {
		for c := range channels {
			sum := uint64(row[t.lo*channels+c]) * uint64(a.weight(t, t.lo))
			if t.hi > t.lo {
				inner := uint64(0)
				for j := t.lo + 1; j < t.hi; j++ {
					inner += uint64(row[j*channels+c])
				}
				sum += inner*uint64(a.full) + uint64(row[t.hi*channels+c])*uint64(t.f)
			}
			dst[x*channels+c] = sum
		}
	}
}

// Pad puts black around one image; see NewPadder.
func Pad(dst []uint8, src image.Image, height, width, channels, levels int) {
	size := src.Bounds().Size()
	NewPadder(size.Y, size.X, height, width).Quantise(dst, RowsOf(src, channels), channels, levels)
}

// Quantise resizes one image; see Resizer.
func Quantise(dst []uint8, src image.Image, height, width, channels, levels int, antialias bool) {
	size := src.Bounds().Size()
	NewResizer(size.Y, size.X, height, width, antialias).Quantise(dst, RowsOf(src, channels), channels, levels)
}
