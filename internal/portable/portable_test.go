package portable

import (
	"math"
	"math/rand/v2"
	"testing"
)

// uniform draws from [-1, 1).
func uniform(r *rand.Rand) float64 { return 2*r.Float64() - 1 }

func TestLog(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	compare := func(x, want float64) {
		if err := math.Abs(Log(x) - want); err > 4e-16*math.Abs(want)+2e-17 {
			t.Errorf("Log(%v) = %v, want %v", x, Log(x), want)
		}
	}
	check := func(x float64) { compare(x, math.Log(x)) }
	for _, x := range []float64{1, 2, 0.5, math.E, math.Sqrt2, math.Sqrt2 / 2, 0x1p-1022, math.MaxFloat64, 1 + 0x1p-52, 1 - 0x1p-53} {
		check(x)
	}
	compare(math.SmallestNonzeroFloat64, -744.4400719213812) // math.Log is wrong here on amd64
	for range 100000 {
		check(math.Ldexp(1+math.Abs(uniform(r)), int(100*uniform(r))))
		check(1 + 1e-3*uniform(r))
	}
}

func TestExp(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	compare := func(x, want float64) {
		if err := math.Abs(Exp(x) - want); err > 4.5e-16*want && err > math.SmallestNonzeroFloat64 || want == math.Inf(1) && Exp(x) != want {
			t.Errorf("Exp(%v) = %v, want %v", x, Exp(x), want)
		}
	}
	check := func(x float64) { compare(x, math.Exp(x)) }
	for _, x := range []float64{0, 1, -1, math.Ln2 / 2, -math.Ln2 / 2, 709.79, -708.3, -746, 800, -800, math.Inf(1), math.Inf(-1)} {
		check(x)
	}
	compare(709.78, 1.7928227943945155e+308) // math.Exp overflows early on amd64
	compare(-745.13, math.SmallestNonzeroFloat64)
	for range 100000 {
		check(700 * uniform(r))
		check(uniform(r))
	}
	if v := Exp(math.NaN()); v == v {
		t.Errorf("Exp(NaN) = %v", v)
	}
}

func TestExpm1(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 0))
	check := func(x float64) {
		minus1, exp := Expm1(x)
		if want := math.Expm1(x); math.Abs(minus1-want) > 7e-16*math.Abs(want) || minus1 != minus1 {
			t.Errorf("Expm1(%v) = %v, _, want %v", x, minus1, want)
		}
		if want := math.Exp(x); math.Abs(exp-want) > 4.5e-16*want || exp != exp {
			t.Errorf("Expm1(%v) = _, %v, want %v", x, exp, want)
		}
	}
	for _, x := range []float64{0, 1, -1, 5e-324, -5e-324, 0x1p-60, -0x1p-60, 0x1p-1022, 0.3465735, 0.3465736, -0.3465735, -0.3465736, -36, -38, -699.9, -700.1, -707, 699.9, 700.1, 709.7} {
		check(x)
	}
	for range 100000 {
		check(700 * uniform(r))
		check(uniform(r))
		check(math.Ldexp(uniform(r), -int(r.Uint64()%1000)))
	}
	for x, want := range map[float64][2]float64{math.Inf(1): {math.Inf(1), math.Inf(1)}, 800: {math.Inf(1), math.Inf(1)}, math.Inf(-1): {-1, 0}, -800: {-1, 0}} {
		if minus1, exp := Expm1(x); minus1 != want[0] || exp != want[1] {
			t.Errorf("Expm1(%v) = %v, %v, want %v", x, minus1, exp, want)
		}
	}
	if minus1, exp := Expm1(math.NaN()); minus1 == minus1 || exp == exp {
		t.Errorf("Expm1(NaN) = %v, %v", minus1, exp)
	}
}

func TestLog1p(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 0))
	check := func(x float64) {
		if got, want := Log1p(x), math.Log1p(x); math.Abs(got-want) > 7e-16*math.Abs(want) || got != got {
			t.Errorf("Log1p(%v) = %v, want %v", x, got, want)
		}
	}
	for _, x := range []float64{0, 1, -0.5, 5e-324, -5e-324, 0x1p-53, -0x1p-53, 0x1p-54, 0x1p-1022, math.Sqrt2 - 1, math.Sqrt2/2 - 1, 0x1p-53 - 1, 0x1p53, 1e300, math.MaxFloat64} {
		check(x)
	}
	for range 100000 {
		check(math.Ldexp(1+math.Abs(uniform(r)), int(100*uniform(r))))
		check(uniform(r))
		check(math.Ldexp(uniform(r), -int(r.Uint64()%1000)))
	}
}

// Every architecture gives these bits, and every change of the arithmetic others.
func TestBits(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 0))
	const offset, prime = 0xcbf29ce484222325, 0x100000001b3 // of FNV-1a, here over whole results
	logs, exps, cosines, log1ps, expm1s := uint64(offset), uint64(offset), uint64(offset), uint64(offset), uint64(offset)
	for range 10000 {
		x := 700 * uniform(r)
		logs = (logs ^ math.Float64bits(Log(math.Abs(x)+0x1p-60))) * prime
		exps = (exps ^ math.Float64bits(Exp(x))) * prime
		log1ps = (log1ps ^ math.Float64bits(Log1p(math.Abs(x/700)-0.5))) * prime
		minus1, exp := Expm1(x / 100)
		expm1s = (expm1s ^ math.Float64bits(minus1)) * prime
		expm1s = (expm1s ^ math.Float64bits(exp)) * prime
		cosines = (cosines ^ math.Float64bits(CosPi(x))) * prime
	}
	if want := uint64(0x7f475909c7244105); logs != want {
		t.Errorf("logarithms: hash %#x, want %#x", logs, want)
	}
	if want := uint64(0x5a7735bce7e7449c); exps != want {
		t.Errorf("exponentials: hash %#x, want %#x", exps, want)
	}
	if want := uint64(0x7a3ff36220b8a09e); log1ps != want {
		t.Errorf("logarithms of 1+x: hash %#x, want %#x", log1ps, want)
	}
	if want := uint64(0xaa5badba8c322df2); expm1s != want {
		t.Errorf("exponentials less 1: hash %#x, want %#x", expm1s, want)
	}
	if want := uint64(0xd088cc85d2208a9b); cosines != want {
		t.Errorf("cosines: hash %#x, want %#x", cosines, want)
	}
}

func TestCosPi(t *testing.T) {
	for x, want := range map[float64]float64{
		0: 1, 0.5: 0, 1: -1, 1.5: 0, 2: 1, -0.5: 0, -1: -1, 3.5: 0, 1 << 50: 1, 1<<50 + 1: -1, 1<<50 + 0.5: 0,
		0.25: math.Sqrt2 / 2, 0.75: -math.Sqrt2 / 2, 1. / 3: 0.5000000000000001, -5e-324: 1,
	} {
		if got := CosPi(x); math.Abs(got-want) > 2.3e-16*math.Abs(want) || got == 0 && math.Signbit(got) {
			t.Errorf("CosPi(%v) = %v, want %v", x, got, want)
		}
	}
	r := rand.New(rand.NewPCG(7, 0))
	for range 100000 {
		x := 4 * uniform(r)
		want := math.Cos(math.Pi * x) // off by the rounding of the product
		if got := CosPi(x); math.Abs(got-want) > 2e-15 || CosPi(-x) != got {
			t.Errorf("CosPi(±%v) = %v, %v, want %v", x, got, CosPi(-x), want)
		}
		// Near a zero the value is πt, whatever the turn, and there is no cancellation.
		small := math.Ldexp(uniform(r), -20)
		if got, want := CosPi(1.5+small), math.Sin(math.Pi*((1.5+small)-1.5)); math.Abs(got-want) > 4.5e-16*math.Abs(want) {
			t.Errorf("CosPi(1.5%+v) = %v, want %v", small, got, want)
		}
	}
}
