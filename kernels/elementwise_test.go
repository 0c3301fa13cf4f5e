package kernels

import (
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// Vectors of 1 to 70 values, on every layout and at every offset.
func TestElementwiseSizes(t *testing.T) {
	values := func(b *testkit.Buffer, seed uint64) { b.Values(seed, 4) }
	eachViewKernel(t, func(t *testing.T, isa string, k *viewKernel, alias byte) {
		for n := 1; n <= 70; n++ {
			for l, layout := range viewLayouts {
				c := viewCase{k: k, lines: 1 + (n+l)%3, pixels: 1 + n%4, n: n, layout: layout, off: (n + 5*l) % 16, alias: alias}
				if k.apart {
					c.gap = []int{0, 1, n, 17}[(n+l)%4]
				}
				c.place(values)
				c.check(t, isa)
			}
		}
		for off := range 16 {
			for _, n := range []int{9, 32, 50} {
				c := viewCase{k: k, lines: 2, pixels: 3, n: n, layout: viewLayouts[off%4], off: off, alias: alias}
				c.place(values)
				c.check(t, isa)
			}
		}
	})
}

// More values than one call of assembly gets, in one vector and in many.
func TestElementwiseLong(t *testing.T) {
	if brief() {
		t.Skip("the definition takes long over many values")
	}
	values := func(b *testkit.Buffer, seed uint64) { b.Values(seed, 4) }
	eachViewKernel(t, func(t *testing.T, isa string, k *viewKernel, alias byte) {
		for _, c := range []viewCase{
			{lines: 1, pixels: 1, n: 1<<17 + 5, layout: "adjacent"},
			{lines: 2, pixels: 2300, n: 33, layout: "gaps"},
			{lines: 41, pixels: 50, n: 48, layout: "adjacent"},
		} {
			c.k, c.alias = k, alias
			c.place(values)
			c.check(t, isa)
		}
	})
}

// Every special value meets every other one in every lane.
func TestElementwiseSpecials(t *testing.T) {
	specials := append([]float32{-0.34657, -0.34658, 0.34657, -17.3, -17.33, -17.4, -40, -40.1, -1, 0.5, 1e-20, -1e-20,
		math.Float32frombits(0x7f800001), math.Float32frombits(0xffffffff), math.Float32frombits(0x7fc00001)}, testkit.Specials...)
	eachViewKernel(t, func(t *testing.T, isa string, k *viewKernel, alias byte) {
		for shift := range specials {
			turned := append(append([]float32(nil), specials[shift:]...), specials[:shift]...)
			c := viewCase{k: k, lines: 1, pixels: 5, n: len(specials) + shift%16, layout: "gaps", off: shift % 16, alias: alias}
			c.place(func(b *testkit.Buffer, seed uint64) {
				if seed%2 == 0 {
					b.Fill(turned)
				} else {
					b.Fill(specials)
				}
			})
			c.check(t, isa)
		}
		c := viewCase{k: k, lines: 4, pixels: 9, n: 77, layout: "lines", off: 3, alias: alias}
		c.place(func(b *testkit.Buffer, seed uint64) {
			bits := make([]float32, len(b.S))
			testkit.Bits(bits, seed)
			b.Fill(bits)
		})
		c.check(t, isa)
	})
}

// The last value of each operand is the last of a page.
func TestElementwisePageEnd(t *testing.T) {
	eachViewKernel(t, func(t *testing.T, isa string, k *viewKernel, alias byte) {
		if alias != 0 {
			return
		}
		for n := 1; n <= 40; n++ {
			c := viewCase{k: k, lines: 1, pixels: 1 + n%2, n: n, layout: "adjacent"}
			c.place(func(b *testkit.Buffer, seed uint64) { b.Values(seed, 4) })
			for _, g := range []*Grid{&c.dst, &c.a, &c.b} {
				end := testkit.AtPageEnd(t, len(g.Data))
				copy(end, g.Data)
				g.Data = end
			}
			k.call(c.dst, c.a, c.b)
			if d := testkit.Diff(c.dst.Data, c.want); d != "" {
				t.Fatalf("[%s] %v: %s", isa, &c, d)
			}
		}
	})
}

func TestElementwiseContract(t *testing.T) {
	for i := range viewKernels {
		k := &viewKernels[i]
		c := viewCase{k: k, lines: 2, pixels: 3, n: 20, layout: "adjacent"}
		c.place(func(b *testkit.Buffer, seed uint64) { b.Values(seed, 1) })
		shapes := "kernels: " + k.name + ": shapes do not match"
		views := "kernels: " + k.name + ": a view is not row-major or leaves its data"
		for operand := range 3 {
			if k.parts[operand] == 0 {
				continue
			}
			for _, bad := range []struct {
				name, want string
				change     func(g *Grid)
			}{
				{"lines", shapes, func(g *Grid) { g.Lines-- }},
				{"pixels", shapes, func(g *Grid) { g.Pixels-- }},
				{"panel", views, func(g *Grid) { g.Panel = 128 }},
				{"too short", views, func(g *Grid) { g.Data = g.Data[:len(g.Data)-1] }},
				{"starts late", views, func(g *Grid) { g.At = 1 }},
				{"starts early", views, func(g *Grid) { g.At = -1 }},
				{"empty", views, func(g *Grid) { g.Data = nil }},
				{"pixel stride", views, func(g *Grid) { g.PixelStride++ }},
				{"line backwards", views, func(g *Grid) { g.LineStride = -1 }},
				{"line overflows", views, func(g *Grid) { g.LineStride = math.MaxInt/2 + 1 }},
				{"columns below 0", "", func(g *Grid) { g.Cols = -1 }},
				{"columns", shapes, func(g *Grid) { g.Cols = []int{0, c.n - 1, 2*c.n - 1}[k.parts[operand]] }},
			} {
				t.Run(k.name+"/"+bad.name, func(t *testing.T) {
					if bad.name == "columns" && k.apart && k.parts[operand] == 1 {
						return // narrower vectors, with values between the parts
					}
					grids := [3]Grid{c.dst, c.a, c.b}
					bad.change(&grids[operand])
					call := func() { k.call(grids[0], grids[1], grids[2]) }
					if bad.want != "" {
						testkit.Panics(t, bad.want, call)
					} else {
						panicsAtAll(t, call)
					}
					if d := c.dstBuf.Unchanged(); d != "" {
						t.Error(d)
					}
				})
			}
		}
		// No vectors, or none with values, are nothing to do, wherever they begin.
		for _, change := range []func(g *Grid){func(g *Grid) { g.Lines = 0 }, func(g *Grid) { g.Pixels = 0 }, func(g *Grid) { g.Cols = 0 }} {
			grids := [3]Grid{c.dst, c.a, c.b}
			for i := range grids {
				change(&grids[i])
				grids[i].Data, grids[i].At = nil, 7
			}
			testkit.EachISA(t, func(t *testing.T, isa string) { k.call(grids[0], grids[1], grids[2]) })
		}
		k.call(c.dst, c.a, c.b) // what all of them differ from
	}
}

func panicsAtAll(t *testing.T, f func()) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	f()
}

func TestElementwiseAllocs(t *testing.T) {
	eachViewKernel(t, func(t *testing.T, isa string, k *viewKernel, alias byte) {
		c := viewCase{k: k, lines: 2, pixels: 3, n: 35, layout: "gaps", alias: alias}
		c.place(func(b *testkit.Buffer, seed uint64) { b.Values(seed, 1) })
		testkit.NoAllocs(t, func() {
			for range 1000 {
				k.call(c.dst, c.a, c.b)
			}
		})
	})
}

func FuzzElementwise(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x7f, 0, 0, 0xc0, 0x7f}, uint8(3), uint8(17), uint8(0))
	f.Add([]byte("letters are numbers too, and this many of them are more than fit one vector of any kind"), uint8(0x5b), uint8(40), uint8(9))
	f.Fuzz(func(t *testing.T, raw []byte, shape, n, off uint8) {
		in := testkit.Floats(raw)
		if len(in) == 0 {
			return
		}
		eachViewKernel(t, func(t *testing.T, isa string, k *viewKernel, alias byte) {
			c := viewCase{k: k, lines: 1 + int(shape)%3, pixels: 1 + int(shape)/4%4, n: 1 + int(n)%80,
				layout: viewLayouts[int(shape)/16%4], off: int(off) % 16, alias: alias}
			if k.apart {
				c.gap = int(off) / 16
			}
			c.place(func(b *testkit.Buffer, seed uint64) { b.Fill(in[int(seed)%len(in):]) })
			c.check(t, isa)
		})
	})
}
