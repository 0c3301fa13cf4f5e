package pixels

import (
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// Values are levels of 256, as Quantise has them, and what lies between them, rounded down
// to 256ths; from 28 to 32 nothing is left then.
func TestResizedValues(t *testing.T) {
	seed := uint64(200)
	for _, size := range []struct{ srcH, srcW, h, w int }{
		{28, 28, 32, 32}, {16, 16, 28, 28}, {32, 32, 16, 16}, {7, 5, 7, 5}, {5, 7, 3, 11}, {100, 90, 16, 17}, {1, 1, 5, 4},
	} {
		for _, channels := range []int{1, 3} {
			for _, antialias := range []bool{false, true} {
				seed++
				src := random(size.srcH, size.srcW, channels, seed)
				n := size.h * size.w * channels
				levels, dst, fractions := make([]uint8, n), make([]uint8, n), make([]uint8, n)
				r := NewResizer(size.srcH, size.srcW, size.h, size.w, antialias)
				r.Quantise(levels, src.Rows(channels), channels, 256)
				r.Values(dst, fractions, src.Rows(channels), channels)
				if !slices.Equal(dst, levels) {
					t.Fatalf("%v: other levels than Quantise's", size)
				}
				for i, f := range fractions {
					value := naive(src, i/channels/size.w, i/channels%size.w, i%channels, size.h, size.w)
					if antialias {
						value = mean(src, i/channels/size.w, i/channels%size.w, i%channels, size.h, size.w)
					}
					got := float64(dst[i]) + float64(f)/256
					if d := value - got; d < -1e-9 || d >= 1./256+1e-9 || size.w == 32 && math.Abs(d) > 1e-9 {
						t.Fatalf("%v, antialias %v: value %d is %v, want %v", size, antialias, i, got, value)
					}
				}
			}
		}
	}
	testkit.Panics(t, "pixels: Values: as many fractions as levels", func() {
		NewResizer(2, 2, 2, 2, false).Values(make([]uint8, 4), make([]uint8, 3), random(2, 2, 1, 1).Rows(1), 1)
	})
}

// What is padded is there to the letter, in the midst of black.
func TestPad(t *testing.T) {
	for _, size := range []struct{ srcH, srcW, h, w, top, left int }{{28, 28, 32, 32, 2, 2}, {3, 5, 4, 8, 0, 1}, {2, 2, 2, 2, 0, 0}} {
		for _, channels := range []int{1, 3} {
			for _, levels := range []int{4, 256} {
				src := random(size.srcH, size.srcW, channels, 7)
				dst := slices.Repeat([]uint8{9}, size.h*size.w*channels)
				NewPadder(size.srcH, size.srcW, size.h, size.w).Quantise(dst, src.Rows(channels), channels, levels)
				for i, got := range dst {
					y, x, c := i/channels/size.w-size.top, i/channels%size.w-size.left, i%channels
					want := uint8(0)
					if y >= 0 && y < size.srcH && x >= 0 && x < size.srcW {
						want = uint8(int(src.Pix[(y*size.srcW+x)*channels+c]) * levels / 256)
					}
					if got != want {
						t.Fatalf("%v, %d channels, %d levels: value %d is %d, want %d", size, channels, levels, i, got, want)
					}
				}
			}
		}
	}
	for _, f := range []func(){
		func() { NewPadder(0, 1, 4, 4) }, func() { NewPadder(5, 1, 4, 4) }, func() { NewPadder(1, 5, 4, 4) }, func() { NewPadder(1, 1, MaxSide+1, 4) },
	} {
		testkit.Panics(t, "pixels: NewPadder: the source does not fit", f)
	}
}
