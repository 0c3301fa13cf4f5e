package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// checkConvs runs cases on every instruction set.
func checkConvs(t *testing.T, cases []*convCase) {
	t.Helper()
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, c := range cases {
			c.check(t, isa, i%16)
		}
	})
}

// TestConv goes through sizes on both sides of every tile's boundaries.
func TestConv(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pixels := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 20, 23, 24, 25, 29}
	cols := []int{1, 4, 15, 16, 17, 32, 33, 43, 48, 49, 63, 64, 65, 100, 128, 130}
	ks := []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 24, 63, 64, 65, 130, 330}
	lines := []int{1, 1, 2, 3, 5, 20}
	if testing.Short() {
		lines, pixels, cols = lines[:4], []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}, []int{1, 16, 32, 43, 48, 64, 65}
	}
	var cases []*convCase
	for _, m := range pixels {
		for _, n := range cols {
			for range 2 {
				kind := convKinds[len(cases)%len(convKinds)]
				cases = append(cases, randomConv(r, kind, lines[r.IntN(len(lines))], m, n, ks[r.IntN(len(ks))], gemmValues))
			}
		}
	}
	checkConvs(t, cases)
}

// TestConvOneWindow has one window of inputs that lie together: a matrix-vector product.
func TestConvOneWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	var cases []*convCase
	for _, fill := range convFills {
		for _, cols := range []int{16, 32, 64, 96, 128, 160} {
			for _, k := range []int{1, 2, 9, 64, 130} {
				for how := range 6 {
					s := convShape{lines: 1, pixels: 1, cols: cols, k: k, step: 1, segment: k + how%2,
						dst: convGrids[len(cases)%len(convGrids)], w: gemmLayouts[2+len(cases)/7%2],
						finish: Finish(how % 3), add: how >= 3, bias: r.IntN(2) == 0}
					if r.IntN(2) == 0 {
						s.from = convGrids[len(cases)/2%len(convGrids)]
					}
					cases = append(cases, newConvCase(s, fill))
				}
			}
		}
	}
	checkConvs(t, cases)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i := 0; i < len(cases); i += 3 {
			cases[i].checkPageEnd(t, isa)
		}
	})
}

// TestConvEmpty takes nothing of everything that there may be nothing of.
func TestConvEmpty(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var cases []*convCase
	for _, s := range [][4]int{{0, 3, 20, 5}, {3, 0, 20, 5}, {2, 3, 0, 5}, {2, 3, 20, 0}, {0, 0, 0, 0}} {
		for _, kind := range convKinds {
			cases = append(cases, randomConv(r, kind, s[0], s[1], s[2], s[3], gemmValues))
		}
	}
	checkConvs(t, cases)
}

// TestConvLayouts takes every way for the operands to lie with every finish.
func TestConvLayouts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var cases []*convCase
	for _, dst := range convGrids {
		for _, w := range gemmLayouts {
			for _, kind := range convKinds {
				for how := range 6 {
					cols := []int{48, 100, 128}[len(cases)%3]
					s := convShape{lines: 3, pixels: 9, cols: cols, k: 21, dst: dst, w: w, bias: how != 1}
					s.finish, s.add = Finish(how%3), how >= 3
					if how > 3 {
						s.from = convGrids[(len(cases)+how)%len(convGrids)]
					}
					s.windows(r, kind)
					cases = append(cases, newConvCase(s, gemmValues))
				}
			}
		}
	}
	checkConvs(t, cases)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range cases[:6] {
			for off := range 16 {
				c.check(t, isa, off)
			}
		}
	})
}

// TestConvDeep has chains so long, or so many strips, that several calls share
// the work.
func TestConvDeep(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	sizes := [][4]int{{1, 57, 64, 330}, {16, 16, 64, 320}, {2, 13, 16, 3001}, {1, 7, 70, 3000}}
	if testing.Short() {
		sizes = [][4]int{{1, 53, 64, 330}, {1, 13, 16, 3001}}
	}
	var cases []*convCase
	for _, s := range sizes {
		for _, kind := range convKinds {
			cases = append(cases, randomConv(r, kind, s[0], s[1], s[2], s[3], gemmValues))
		}
	}
	checkConvs(t, cases)
}

func TestConvSpecials(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var cases []*convCase
	for _, fill := range convFills {
		for _, s := range [][3]int{{7, 64, 0}, {6, 48, 1}, {7, 81, 9}, {17, 150, 12}, {2, 33, 3}, {3, 64, 66}} {
			for _, kind := range convKinds {
				cases = append(cases, randomConv(r, kind, 1, s[0], s[1], s[2], fill))
			}
		}
	}
	checkConvs(t, cases)
}

// convFills are values that find mistakes.
var convFills = []func([]float32, uint64){
	func(dst []float32, seed uint64) {
		for i := range dst {
			dst[i] = testkit.Specials[(i*int(2*seed+1)+i/7)%len(testkit.Specials)]
		}
	},
	func(dst []float32, seed uint64) { // few of them, and zeros of both signs
		testkit.Values(dst, seed, 1)
		for i := int(seed); i < len(dst); i += 53 {
			dst[i] = testkit.Specials[i/53%len(testkit.Specials)]
		}
		for i := int(seed); i < len(dst); i += 3 {
			dst[i] *= 0
		}
	},
	testkit.Bits,
	func(dst []float32, seed uint64) { testkit.Values(dst, seed, 0x1p-70) },
}

// TestConvPageEnd puts the end of every operand at an unreadable page.
func TestConvPageEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var cases []*convCase
	for _, s := range [][4]int{{1, 1, 1, 1}, {2, 5, 3, 2}, {1, 6, 64, 8}, {2, 7, 65, 9}, {1, 13, 100, 64}, {3, 6, 48, 65}, {1, 8, 130, 3}, {2, 4, 4, 24}, {1, 11, 32, 17}, {2, 12, 16, 9}, {1, 23, 96, 8}} {
		for _, kind := range convKinds {
			for range 2 {
				cases = append(cases, randomConv(r, kind, s[0], s[1], s[2], s[3], gemmValues))
			}
		}
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range cases {
			c.checkPageEnd(t, isa)
		}
	})
}

func TestConvAllocs(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	var cases []*convCase
	for _, kind := range convKinds {
		cases = append(cases, randomConv(r, kind, 2, 7, 64, 9, gemmValues), randomConv(r, kind, 2, 7, 43, 9, gemmValues))
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		testkit.NoAllocs(t, func() {
			for range 10 {
				for _, c := range cases {
					Conv(c.dst, c.x, c.w, c.bias, AsIs)
					Conv(c.dst, c.x, c.w, c.bias, ReLU)
					Conv(c.dst, c.x, c.w, nil, ReLUAdd)
					ConvFrom(c.dst, c.dst, c.x, c.w, ReLU)
				}
			}
		})
	})
}

// TestConvIsConvolution compares masked convolutions of padded images with sums
// over taps in float64: 7×7 of type A, in which a pixel sees neither itself nor
// what follows, and 3×3 of type B, in which it sees itself.
func TestConvIsConvolution(t *testing.T) {
	const H, W = 7, 9
	for _, net := range []struct{ size, in, out, taps int }{{7, 1, 40, 24}, {7, 3, 16, 24}, {3, 64, 64, 5}, {3, 5, 10, 5}} {
		c, m := net.in, net.size/2
		image, kernel := make([]float32, H*W*c), make([]float32, net.size*net.size*c*net.out) // [row, column, in], [row, column, in, out]
		bias := make([]float32, net.out)
		testkit.Values(image, 1, 1)
		testkit.Values(kernel, 2, 1)
		testkit.Values(bias, 3, 1)

		// m zero pixels left of each line are m right of the one before too.
		line := (W + m) * c
		padded := make([]float32, (m+H)*line+m*c)
		for y := range H {
			copy(padded[(m+y)*line+m*c:][:W*c], image[y*W*c:])
		}
		w := NewPanels(net.taps*c, net.out) // the allowed taps are the first in raster order
		for p := range w.Rows {
			for j := range net.out {
				w.Set(p, j, kernel[p*net.out+j])
			}
		}
		x := Windows{Data: padded, Lines: H, Pixels: W, K: net.taps * c, LineStride: line, PixelStride: c, Step: 1, Segment: net.size * c}
		x.Skip = line - x.Segment
		dst := Grid{Data: make([]float32, H*W*net.out), Lines: H, Pixels: W, Cols: net.out, LineStride: W * net.out, PixelStride: net.out, Panel: PanelWidth}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			Conv(dst, x, w, bias, AsIs)
			for i, got := range dst.Data {
				y, col, j := i/net.out/W, i/net.out%W, i%net.out
				want := float64(bias[j])
				size := math.Abs(want)
				for dy := -m; dy <= 0; dy++ {
					for dx := -m; dx <= m; dx++ {
						seen := dy < 0 || dx < 0 || dx == 0 && net.size == 3 // mask A has no centre, B has
						if y+dy < 0 || col+dx < 0 || col+dx >= W || !seen {
							continue
						}
						for ch := range c {
							product := float64(image[((y+dy)*W+col+dx)*c+ch]) * float64(kernel[(((dy+m)*net.size+dx+m)*c+ch)*net.out+j])
							want += float64(product)
							size += math.Abs(product)
						}
					}
				}
				if tol := 2*float64(x.K)*0x1p-24*size + 0x1p-149; math.Abs(float64(got)-want) > tol {
					t.Fatalf("Conv[%s](%d×%d, %d to %d channels): pixel (%d, %d) channel %d = %v, want %v, tol %g", isa, net.size, net.size, c, net.out, y, col, j, got, want, tol)
				}
			}
		})
	}
}

// A vector at a time, a line at a time, in any order: the same bits.
func TestConvCut(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	s := convShape{lines: 5, pixels: 13, cols: 70, k: 40, dst: "padded", w: "panels", finish: ReLUAdd, bias: true}
	s.windows(r, "image")
	c := newConvCase(s, gemmValues)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, part := range []int{1, 2, 6, 7, 13} {
			dst := append([]float32(nil), c.dst.Data...)
			for line := s.lines - 1; line >= 0; line-- {
				for from := 0; from < s.pixels; from += part {
					d, x := c.dst, c.x
					d.Data, d.Lines, x.Lines = dst, 1, 1
					d.Pixels = min(part, s.pixels-from)
					x.Pixels = d.Pixels
					d.At += line*d.LineStride + from*d.PixelStride
					x.At += line*x.LineStride + from*x.PixelStride
					// K in two parts as well: the chain of the first is continued.
					chain := Grid{Data: make([]float32, d.Pixels*s.cols), Lines: 1, Pixels: d.Pixels, Cols: s.cols, PixelStride: s.cols, Panel: PanelWidth}
					first, rest := x, x
					first.K = x.Segment
					rest.K, rest.At = x.K-first.K, x.At+x.Segment*x.Step+x.Skip
					Conv(chain, first, c.w.SubRows(0, first.K), c.bias, AsIs)
					ConvFrom(chain, chain, rest, c.w.SubRows(first.K, rest.K), AsIs)
					Conv(d, x, c.w, c.bias, c.finish)
					for i := range d.Pixels {
						for j := range s.cols {
							was := c.dst.Data[convPlace(&d, 0, i, j)]
							got, want := was+relu32(chain.Data[i*s.cols+j]), dst[convPlace(&d, 0, i, j)]
							if !testkit.SameBits(got, want) {
								t.Fatalf("[%s] line %d, pixel %d: ConvFrom gives %v, Conv %v", isa, line, from+i, got, want)
							}
						}
					}
				}
			}
			if d := testkit.Diff(dst, c.want); d != "" {
				t.Fatalf("Conv[%s], %d pixels at a time: dst%s", isa, part, d)
			}
		}
	})
}
