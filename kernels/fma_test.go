package kernels

import (
	"math"
	"math/big"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// fmaExact computes x·y + z exactly and rounds it once.
func fmaExact(x, y, z float32) float32 {
	for _, v := range []float32{x, y, z} {
		if v != v || math.IsInf(float64(v), 0) {
			// No rounding is involved, so float64 gives the kind and the sign.
			return float32(float64(float64(x)*float64(y)) + float64(z))
		}
	}
	// From 2^-298, the least product, to 2^256 are fewer than 600 bits.
	exact := func(v float32) *big.Float { return new(big.Float).SetPrec(600).SetFloat64(float64(v)) }
	p := exact(0).Mul(exact(x), exact(y))
	r, _ := p.Add(p, exact(z)).Float32()
	return r
}

// What a double rounding, a fixed halfway bit or a lost sign gets wrong.
var fmaCases = [][3]float32{
	{0, 1, 0}, {float32(math.Copysign(0, -1)), 1, float32(math.Copysign(0, -1))}, {1, 1, -1}, {-1, 1, 1},
	{0x1p-149, 0x1p-149, 0}, {-0x1p-149, 0x1p-149, 0}, {0x1p-149, 0x1p-149, 0x1p-149}, {0x1p-149, 0x1p-149, -0x1p-149},
	// A product that float64 holds, plus something far below its last bit: the
	// sum lies next to a tie of float32, on either side.
	{1 + 0x1p-12, 1 + 0x1p-12, 0x1p-90}, {1 + 0x1p-12, 1 + 0x1p-12, -0x1p-90}, {1 + 0x1p-12, 1 + 0x1p-12, 0},
	{1 + 0x1p-12, 1 - 0x1p-12, 0x1p-149}, {1 + 0x1p-12, 1 - 0x1p-12, -0x1p-149},
	{0x1p-75, 0x1p-75, 1 + 0x1p-23}, {0x1p-40, 0x1p-40, 1}, {-0x1p-40, 0x1p-40, 1}, {0x1p-12, 0x1p-12, 1}, {0x1p-12, 0x1p-12, 1 + 0x1p-23},
	{0x1p-12, 0x1.000002p-12, 1}, {0x1p-12, 0x1.fffffep-13, 1 + 0x1p-23},
	// Ties among subnormals lie at other bits than among normal numbers.
	{0x1p-75, 0x1p-75, 0}, {0x1p-75, 0x1p-75, 0x1p-149}, {0x1.8p-75, 0x1p-75, 0}, {0x1p-75, 0x1.000002p-75, 0}, {0x1p-75, 0x1.fffffep-76, 0},
	{0x1.8p-75, 0x1p-74, 0x1p-149}, {0x1.000002p-75, 0x1p-75, 0x1p-140}, {0x1.fffffep-76, 0x1p-75, 0x1p-127}, {0x1.000002p-75, 0x1p-75, -0x1p-127},
	{0x1.000002p-75, 0x1.fffffcp-76, 0x1.000004p-127}, {0x1.000002p-75, 0x1.fffffcp-76, 0x1p-127},
	{0x1.fffffep-64, 0x1.fffffep-64, 0}, {0x1.fffffep-64, 0x1.fffffep-63, -0x1p-149}, {0x1.000002p-63, 0x1.fffffep-64, 0},
	// The largest finite values.
	{math.MaxFloat32, 1, 0x1p103}, {math.MaxFloat32, 1, 0x1.fffffep102}, {math.MaxFloat32, 2, -math.MaxFloat32},
	{math.MaxFloat32, math.MaxFloat32, -math.MaxFloat32}, {0x1p64, 0x1p64, -0x1p104}, {0x1p64, 0x1p64, -math.MaxFloat32},
}

// fmaInputs calls f with the cases above under all signs, all triples of special
// values, random bits, and random values that cancel, tie or become subnormal.
func fmaInputs(random int, f func(x, y, z float32)) {
	for _, c := range fmaCases {
		for signs := range 8 {
			s := func(bit int) float32 { return float32(1 - 2*(signs>>bit&1)) }
			f(s(0)*c[0], s(1)*c[1], s(2)*c[2])
		}
	}
	for _, x := range testkit.Specials {
		for _, y := range testkit.Specials {
			for _, z := range testkit.Specials {
				f(x, y, z)
			}
		}
	}
	bits := make([]float32, 3*random)
	testkit.Bits(bits, 1)
	for i := range random {
		x, y, z := bits[3*i], bits[3*i+1], bits[3*i+2]
		f(x, y, z)
		f(x, y, -float32(x*y))
		// Half a unit of z's last place, but for a little that float64 loses.
		a := math.Float32bits(x)>>9 | 1<<23
		b := (1<<47 + uint64(a)/2) / uint64(a)
		k, q := float64(math.Float32bits(y)>>9), int(math.Float32bits(z)%64)-149
		f(float32(math.Ldexp(float64(a), q/2-24)), float32(math.Ldexp(float64(b), q-q/2-24)), float32(math.Ldexp(k, q)))
		f(float32(math.Ldexp(float64(a), -98)), float32(math.Ldexp(-float64(b), -99)), float32(math.Ldexp(k, -149)))
		// Few bits make ties; the exponents put the sum of x·y and z near 2^e.
		e := int(math.Float32bits(z)%290) - 150
		few := func(v float32) float64 { return float64(math.Float32bits(v)>>9&0xfff) + 1 }
		p := e/2 - 12
		f(float32(math.Ldexp(few(x), p)), float32(math.Ldexp(few(y), e-p-36)), float32(math.Ldexp(few(z), e)))
	}
}

func TestFMA(t *testing.T) {
	n := 100_000
	if brief() {
		n = 2_000
	}
	fmaInputs(n, func(x, y, z float32) {
		if got, want := fma32(x, y, z), fmaExact(x, y, z); !testkit.SameBits(got, want) {
			t.Fatalf("fma32(%x, %x, %x) = %x, want %x", x, y, z, got, want)
		}
	})
}

// The multiply-add of the hardware, seen through a product with one input, is
// fma32 to the bit.
func TestFMAHardware(t *testing.T) {
	n := 1_000_000
	if brief() {
		n = 2_000
	}
	var xs, ys, zs []float32
	fmaInputs(n, func(x, y, z float32) { xs, ys, zs = append(xs, x), append(ys, y), append(zs, z) })
	want := make([]float32, PanelWidth)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		if isa == "generic" {
			return // compares with itself
		}
		w, dst := NewPanels(1, PanelWidth), make([]float32, PanelWidth)
		for at := 0; at+PanelWidth <= len(xs); at += PanelWidth {
			// One y serves the panel, so each of its 64 comes to have its turn.
			y := ys[at+at/PanelWidth%PanelWidth]
			copy(w.Data, xs[at:])
			bias := zs[at : at+PanelWidth]
			for i := range want {
				want[i] = fma32(w.Data[i], y, bias[i])
			}
			Gemv(dst, w, []float32{y}, bias)
			if d := testkit.Diff(dst, want); d != "" {
				t.Fatalf("inputs %d, y = %x: %s", at, y, d)
			}
		}
	})
}

func FuzzFMA(f *testing.F) {
	for _, c := range fmaCases {
		f.Add(c[0], c[1], c[2])
	}
	f.Fuzz(func(t *testing.T, x, y, z float32) {
		if got, want := fma32(x, y, z), fmaExact(x, y, z); !testkit.SameBits(got, want) {
			t.Errorf("fma32(%x, %x, %x) = %x, want %x", x, y, z, got, want)
		}
	})
}
