package pixels

// MaxSide is the greatest height and width that a Resizer makes.
const MaxSide = 4096

// A Resizer turns images of one size into levels of another. It is immutable and
// safe for concurrent use.
//
// Resizing is bilinear with half-pixel centres and without antialiasing. Along a
// side, output i of n lies at s = (i + ½)·len/n - ½ of the source, between
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
type Resizer struct {
	srcHeight, srcWidth int
	height, width       int
	y, x                axis
}

// An axis is the source of each output along one side.
type axis struct {
	taps []tap
	den  int64 // of the fractions
}

type tap struct {
	lo, hi int
	f      int64 // of den: how much of hi
}

// NewResizer returns a Resizer from srcHeight×srcWidth to height×width, which may be
// the same. It panics if a side of the source is less than 1 or a side of the result
// outside 1 to MaxSide.
func NewResizer(srcHeight, srcWidth, height, width int) *Resizer {
	if srcHeight < 1 || srcWidth < 1 {
		panic("pixels: NewResizer: an empty source")
	}
	if height < 1 || width < 1 || height > MaxSide || width > MaxSide {
		panic("pixels: NewResizer: height or width outside 1 to MaxSide")
	}
	return &Resizer{srcHeight, srcWidth, height, width, newAxis(srcHeight, height), newAxis(srcWidth, width)}
}

func newAxis(src, dst int) axis {
	// s = ((2i+1)·src - dst) / 2dst
	a := axis{make([]tap, dst), 2 * int64(dst)}
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

// Quantise resizes src and writes
//
//	dst[y, x, c] = ⌊value·levels/256⌋
//
// which is in [0, levels). dst is [height, width, src.Channels]. It panics if src is
// not of the Resizer's size, a length is wrong or levels is outside 1 to 256, and
// does not allocate.
func (r *Resizer) Quantise(dst []uint8, src *Image, levels int) {
	C := src.Channels
	switch {
	case src.Height != r.srcHeight || src.Width != r.srcWidth:
		panic("pixels: Quantise: src is of another size")
	case C < 1 || len(src.Pix) != src.Height*src.Width*C:
		panic("pixels: Quantise: len(src.Pix) is not Height·Width·Channels")
	case len(dst) != r.height*r.width*C:
		panic("pixels: Quantise: len(dst) is not height·width·channels")
	case levels < 1 || levels > 256:
		panic("pixels: Quantise: levels outside 1 to 256")
	}
	// value = n / unit; n is at most 255·2²⁶, its product with levels below 2⁴².
	unit := r.y.den * r.x.den
	div := uint64(unit) * 256
	for y, v := range r.y.taps {
		top := src.Pix[v.lo*src.Width*C:][:src.Width*C]
		bottom := src.Pix[v.hi*src.Width*C:][:src.Width*C]
		row := dst[y*r.width*C:][:r.width*C]
		for x, h := range r.x.taps {
			for c := range C {
				lo, hi := h.lo*C+c, h.hi*C+c
				a := int64(top[lo])*r.x.den + (int64(top[hi])-int64(top[lo]))*h.f
				b := int64(bottom[lo])*r.x.den + (int64(bottom[hi])-int64(bottom[lo]))*h.f
				n := a*r.y.den + (b-a)*v.f
				row[x*C+c] = uint8(uint64(n) * uint64(levels) / div)
			}
		}
	}
}

// Quantise is that of a Resizer for one image.
func Quantise(dst []uint8, src *Image, height, width, levels int) {
	NewResizer(src.Height, src.Width, height, width).Quantise(dst, src, levels)
}
