package pixels

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func random(height, width, channels int, seed uint64) *Image {
	m := &Image{height, width, channels, make([]uint8, height*width*channels)}
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
		if seed%2 == 0 {
			m.Pix[i] = uint8(255 * (r.Uint32() & 1)) // the extremes
		}
	}
	return m
}

// quantise resizes one Image without antialiasing.
func quantise(dst []uint8, src *Image, height, width, levels int) {
	NewResizer(src.Height, src.Width, height, width, false).Quantise(dst, src.Rows(src.Channels), src.Channels, levels)
}

// naive is the resized value in float64, as the definition has it.
func naive(src *Image, y, x, c, height, width int) float64 {
	at := func(i, n, of int) (lo, hi int, f float64) {
		s := (float64(i)+0.5)*float64(of)/float64(n) - 0.5
		floor := math.Floor(s)
		return max(int(floor), 0), min(int(math.Ceil(s)), of-1), s - floor
	}
	y0, y1, fy := at(y, height, src.Height)
	x0, x1, fx := at(x, width, src.Width)
	p := func(y, x int) float64 { return float64(src.Pix[(y*src.Width+x)*src.Channels+c]) }
	top := p(y0, x0) + (p(y0, x1)-p(y0, x0))*fx
	bottom := p(y1, x0) + (p(y1, x1)-p(y1, x0))*fx
	return top + (bottom-top)*fy
}

// The naive value says what the level is. Its exact counterpart times levels/256 is a
// fraction whose denominator, at most 4·257·129·256 here, is too small for it to be
// within 1e-9 of a whole number without being one.
func TestQuantiseAgainstNaive(t *testing.T) {
	seed := uint64(0)
	edges, all := 0, 0
	for _, size := range []struct{ srcH, srcW, h, w int }{
		{28, 28, 16, 16}, {16, 16, 28, 28}, {32, 32, 16, 16}, {7, 5, 7, 5}, {5, 7, 3, 11}, {1, 1, 1, 1}, {1, 1, 5, 4},
		{9, 13, 1, 1}, {1, 9, 4, 2}, {9, 1, 2, 4}, {2, 2, 3, 3}, {3, 3, 2, 2}, {100, 90, 16, 17}, {3, 4, 30, 41}, {2, 2, 257, 129},
	} {
		for _, channels := range []int{1, 3} {
			for _, levels := range []int{1, 2, 3, 4, 5, 8, 16, 100, 255, 256} {
				seed++
				src := random(size.srcH, size.srcW, channels, seed)
				dst := make([]uint8, size.h*size.w*channels)
				quantise(dst, src, size.h, size.w, levels)
				for i, got := range dst {
					y, x, c := i/channels/size.w, i/channels%size.w, i%channels
					value := naive(src, y, x, c, size.h, size.w)
					want := value * float64(levels) / 256
					all++
					if near := math.Round(want); math.Abs(want-near) < 1e-9 {
						edges++
						want = near
					}
					if got != uint8(want) {
						t.Fatalf("%v, %d channels, %d levels: dst[%d] = %d, want %d, naive value %v", size, channels, levels, i, got, uint8(want), value)
					}
				}
			}
		}
	}
	t.Logf("%d of %d at an edge", edges, all)
}

// From 28 to 16 every value is N/64: output i lies at (14i + 3)/8, so both weights
// are eighths. Computed here from that alone.
func TestQuantise28To16(t *testing.T) {
	for seed := range uint64(40) {
		src := random(28, 28, 1, seed)
		dst := make([]uint8, 256)
		for _, levels := range []int{2, 4, 5, 256} {
			quantise(dst, src, 16, 16, levels)
			for i, got := range dst {
				sy, sx := 14*(i/16)+3, 14*(i%16)+3
				n := 0 // of 64
				for j := range 2 {
					for k := range 2 {
						wy, wx := 8-sy%8, 8-sx%8
						if j == 1 {
							wy = sy % 8
						}
						if k == 1 {
							wx = sx % 8
						}
						if wy*wx > 0 { // row and column 28 have no weight
							n += wy * wx * int(src.Pix[(sy/8+j)*28+sx/8+k])
						}
					}
				}
				if want := n * levels / (64 * 256); int(got) != want {
					t.Fatalf("seed %d, %d levels: dst[%d] = %d, want ⌊%d/64 · %d/256⌋ = %d", seed, levels, i, got, n, levels, want)
				}
			}
		}
	}
}

// Small cases that a person can check.
func TestQuantiseByHand(t *testing.T) {
	for _, c := range []struct {
		src                   Image
		height, width, levels int
		want                  []uint8
	}{
		{Image{1, 2, 1, []uint8{0, 200}}, 1, 1, 256, []uint8{100}},
		{Image{1, 2, 1, []uint8{0, 201}}, 1, 1, 256, []uint8{100}},                // 100.5
		{Image{1, 2, 1, []uint8{0, 128}}, 1, 4, 256, []uint8{0, 32, 96, 128}},     // s = -¼, ¼, ¾, 1¼
		{Image{2, 1, 1, []uint8{128, 0}}, 4, 1, 256, []uint8{128, 96, 32, 0}},     //
		{Image{1, 1, 1, []uint8{255}}, 2, 2, 4, []uint8{3, 3, 3, 3}},              //
		{Image{1, 4, 1, []uint8{63, 64, 191, 192}}, 1, 4, 4, []uint8{0, 1, 2, 3}}, //
		{Image{1, 1, 3, []uint8{0, 127, 128}}, 1, 2, 2, []uint8{0, 0, 1, 0, 0, 1}},
		{Image{1, 4, 1, []uint8{10, 20, 30, 40}}, 1, 2, 256, []uint8{15, 35}},
		{Image{3, 3, 1, []uint8{9, 9, 9, 9, 77, 9, 9, 9, 9}}, 1, 1, 256, []uint8{77}}, // the middle alone
	} {
		dst := make([]uint8, len(c.want))
		quantise(dst, &c.src, c.height, c.width, c.levels)
		if !slices.Equal(dst, c.want) {
			t.Errorf("%+v to %d×%d, %d levels: %v, want %v", c.src, c.height, c.width, c.levels, dst, c.want)
		}
	}
}

// Without resizing a sample stays what it is; and an image of one colour stays so at
// any size, at each of its levels' edges too.
func TestQuantiseIdentity(t *testing.T) {
	for _, levels := range []int{1, 2, 3, 4, 7, 128, 255, 256} {
		src := random(9, 11, 3, 1)
		dst := make([]uint8, len(src.Pix))
		quantise(dst, src, 9, 11, levels)
		for i, v := range src.Pix {
			if want := uint8(int(v) * levels / 256); dst[i] != want {
				t.Fatalf("%d levels: %d became %d, want %d", levels, v, dst[i], want)
			}
		}
		r := NewResizer(5, 6, 7, 3, false)
		flat := &Image{5, 6, 1, make([]uint8, 30)}
		dst = make([]uint8, 21)
		for v := range 256 {
			for i := range flat.Pix {
				flat.Pix[i] = uint8(v)
			}
			r.Quantise(dst, flat.Rows(1), 1, levels)
			for i, k := range dst {
				if int(k) != v*levels/256 {
					t.Fatalf("%d levels: all %d became %d at %d, want %d", levels, v, k, i, v*levels/256)
				}
			}
		}
	}
}

// Quantise does not depend on left and right, up and down, rows and columns.
func TestQuantiseSymmetry(t *testing.T) {
	src := random(10, 14, 1, 3)
	turned := &Image{14, 10, 1, make([]uint8, 140)} // rows as columns, both reversed
	for i, v := range src.Pix {
		turned.Pix[(13-i%14)*10+9-i/14] = v
	}
	a, b := make([]uint8, 7*9), make([]uint8, 7*9)
	quantise(a, src, 7, 9, 256)
	quantise(b, turned, 9, 7, 256)
	for i, v := range a {
		if got := b[(8-i%9)*7+6-i/9]; got != v {
			t.Fatalf("at %d: %d, turned %d", i, v, got)
		}
	}
}

func TestQuantiseLargest(t *testing.T) {
	src := &Image{3, 2, 1, []uint8{255, 255, 255, 255, 255, 255}}
	dst := make([]uint8, MaxSide*MaxSide)
	quantise(dst, src, MaxSide, MaxSide, 256)
	if n := bytes.Count(dst, []byte{255}); n != len(dst) {
		t.Fatalf("%d of %d are 255, want all", n, len(dst))
	}
}

func BenchmarkQuantise(b *testing.B) {
	for _, s := range []struct{ src, dst, channels int }{{28, 16, 1}, {32, 32, 3}, {256, 32, 3}} {
		b.Run(fmt.Sprintf("src=%d/dst=%d/c=%d", s.src, s.dst, s.channels), func(b *testing.B) {
			src := random(s.src, s.src, s.channels, 1)
			dst := make([]uint8, s.dst*s.dst*s.channels)
			r := NewResizer(s.src, s.src, s.dst, s.dst, false)
			rows := src.Rows(s.channels)
			b.ReportAllocs()
			for b.Loop() {
				r.Quantise(dst, rows, s.channels, 4)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// mean is the value of an output where sides that shrink are averaged, by numbers of
// samples on a grid so fine that each counts for one output wholly or not at all.
func mean(src *Image, y, x, c, height, width int) float64 {
	weights := func(i, n, of int) []float64 {
		w := make([]float64, of)
		if n >= of {
			s := (float64(i)+0.5)*float64(of)/float64(n) - 0.5
			floor := math.Floor(s)
			w[max(int(floor), 0)] += 1 - (s - floor)
			w[min(int(floor)+1, of-1)] += s - floor
			return w
		}
		for k := i * of; k < (i+1)*of; k++ { // n samples for each of the source
			w[k/n] += 1 / float64(of)
		}
		return w
	}
	wy, wx := weights(y, height, src.Height), weights(x, width, src.Width)
	sum := 0.0
	for j, a := range wy {
		for k, b := range wx {
			sum += a * b * float64(src.Pix[(j*src.Width+k)*src.Channels+c])
		}
	}
	return sum
}

func TestAntialiasAgainstNaive(t *testing.T) {
	seed := uint64(100)
	for _, size := range []struct{ srcH, srcW, h, w int }{
		{28, 28, 16, 16}, {32, 32, 16, 16}, {7, 5, 7, 5}, {5, 7, 3, 11}, {7, 5, 11, 3}, {9, 13, 1, 1}, {1, 9, 4, 2}, {9, 1, 2, 4}, {3, 3, 2, 2},
		{100, 90, 16, 17}, {3, 4, 30, 41}, {17, 16, 16, 15}, {64, 1, 1, 64}, {200, 3, 199, 2},
	} {
		for _, channels := range []int{1, 3} {
			for _, levels := range []int{2, 4, 5, 256} {
				seed++
				src := random(size.srcH, size.srcW, channels, seed)
				dst := make([]uint8, size.h*size.w*channels)
				NewResizer(size.srcH, size.srcW, size.h, size.w, true).Quantise(dst, src.Rows(channels), channels, levels)
				for i, got := range dst {
					value := mean(src, i/channels/size.w, i/channels%size.w, i%channels, size.h, size.w)
					want := value * float64(levels) / 256
					if near := math.Round(want); math.Abs(want-near) < 1e-9 {
						want = near
					}
					if got != uint8(want) {
						t.Fatalf("%v, %d channels, %d levels: dst[%d] = %d, want %d, mean %v", size, channels, levels, i, got, uint8(want), value)
					}
				}
			}
		}
	}
}

func TestAntialiasByHand(t *testing.T) {
	for _, c := range []struct {
		src           Image
		height, width int
		want          []uint8
	}{
		{Image{1, 4, 1, []uint8{0, 0, 0, 255}}, 1, 1, []uint8{63}},      // 63.75
		{Image{1, 3, 1, []uint8{30, 60, 90}}, 1, 2, []uint8{40, 80}},    // a pixel and a half each
		{Image{2, 2, 1, []uint8{0, 100, 200, 255}}, 1, 1, []uint8{138}}, // 138.75
		{Image{4, 1, 1, []uint8{10, 20, 30, 40}}, 2, 2, []uint8{15, 15, 35, 35}},
		{Image{1, 2, 1, []uint8{0, 128}}, 1, 4, []uint8{0, 32, 96, 128}}, // grows: as without
		{Image{2, 1, 3, []uint8{0, 10, 20, 255, 20, 41}}, 1, 1, []uint8{127, 15, 30}},
	} {
		dst := make([]uint8, len(c.want))
		NewResizer(c.src.Height, c.src.Width, c.height, c.width, true).Quantise(dst, c.src.Rows(c.src.Channels), c.src.Channels, 256)
		if !slices.Equal(dst, c.want) {
			t.Errorf("%+v to %d×%d: %v, want %v", c.src, c.width, c.height, dst, c.want)
		}
	}
}

// The largest sums do not overflow: white stays white.
func TestAntialiasLargest(t *testing.T) {
	const wide = 1 << 21
	row := bytes.Repeat([]byte{255}, wide)
	for _, size := range [][4]int{{1, wide, MaxSide, 1}, {1, wide, MaxSide, 3}, {8, wide, 1, 1}} {
		dst := make([]uint8, size[2]*size[3])
		NewResizer(size[0], size[1], size[2], size[3], true).Quantise(dst, func(int) []uint8 { return row }, 1, 256)
		if n := bytes.Count(dst, []byte{255}); n != len(dst) {
			t.Errorf("%v: %d of %d are 255, want all", size, n, len(dst))
		}
	}
}
