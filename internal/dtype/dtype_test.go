package dtype

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// Every binary16 and bfloat16, against the value that the definition gives in float64.
func TestHalves(t *testing.T) {
	for b := range 1 << 16 {
		var src [2]byte
		binary.LittleEndian.PutUint16(src[:], uint16(b))
		var got [1]float32
		sign := 1.0
		if b>>15 != 0 {
			sign = -1
		}
		check := func(typ Type, exponent, fraction, bits, bias int) {
			Decode(got[:], src[:], typ)
			var want float64
			switch {
			case exponent == 0:
				want = math.Ldexp(float64(fraction), 1-bias-bits)
			case exponent == 2*bias+1 && fraction == 0:
				want = math.Inf(1)
			case exponent == 2*bias+1:
				want = math.NaN()
			default:
				want = math.Ldexp(float64(fraction+1<<bits), exponent-bias-bits)
			}
			want = math.Copysign(want, sign)
			if g := float64(got[0]); math.Float64bits(g) != math.Float64bits(want) && !(math.IsNaN(g) && math.IsNaN(want)) {
				t.Fatalf("%v of %#04x = %v, want %v", typ, b, g, want)
			}
		}
		check(F16, b>>10&0x1f, b&0x3ff, 10, 15)
		check(BF16, b>>7&0xff, b&0x7f, 7, 127)
	}
}

// Numbers of 64 and 32 bits, against math/big, which rounds once to nearest even.
func TestRounding(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for k := range 20000 {
		b := rng.Uint64()
		if k%2 == 0 {
			b >>= rng.IntN(64)
		}
		if k%3 == 0 { // close to halfway between two float32
			b = b&^(1<<39-1) | 1<<39 | rng.Uint64()>>62
		}
		var src [8]byte
		binary.LittleEndian.PutUint64(src[:], b)
		check := func(typ Type, want *big.Float) {
			var got [1]float32
			Decode(got[:], src[:typ.Size()], typ)
			if w, _ := want.Float32(); got[0] != w {
				t.Fatalf("%v of %#x = %v, want %v", typ, b, got[0], w)
			}
		}
		whole := func() *big.Float { return new(big.Float).SetPrec(64) }
		check(U64, whole().SetUint64(b))
		check(I64, whole().SetInt64(int64(b)))
		check(U32, whole().SetUint64(uint64(uint32(b))))
		check(I32, whole().SetInt64(int64(int32(b))))
		check(U16, whole().SetUint64(uint64(uint16(b))))
		check(I16, whole().SetInt64(int64(int16(b))))
		check(U8, whole().SetUint64(uint64(uint8(b))))
		check(I8, whole().SetInt64(int64(int8(b))))
		// A double near float32's range: its exponent replaced.
		f := math.Float64frombits(b&^(0x7ff<<52) | uint64(1023-160+rng.IntN(300))<<52)
		binary.LittleEndian.PutUint64(src[:], math.Float64bits(f))
		check(F64, big.NewFloat(f))
	}
}

func TestDecode(t *testing.T) {
	got := make([]float32, 3)
	if Decode(got, []byte{0, 1, 255}, Bool); got[0] != 0 || got[1] != 1 || got[2] != 1 {
		t.Errorf("BOOL: %v", got)
	}
	src := binary.LittleEndian.AppendUint32(nil, math.Float32bits(-1.5))
	if Decode(got[:1], src, F32); got[0] != -1.5 {
		t.Errorf("F32: %v", got[0])
	}
	defer func() {
		if r := recover(); r != "dtype: Decode: len(src) differs from len(dst) numbers" {
			t.Errorf("panic %v", r)
		}
	}()
	Decode(got, src, F32)
}

func TestNames(t *testing.T) {
	for i := range formats {
		if typ, ok := Parse(Type(i).String()); !ok || int(typ) != i {
			t.Errorf("Parse(%q) = %v, %v", Type(i), typ, ok)
		}
	}
	if _, ok := Parse("F8_E4M3"); ok {
		t.Error("F8_E4M3 is known")
	}
}
