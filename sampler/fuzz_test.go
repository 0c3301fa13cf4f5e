package sampler

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func FuzzSample(f *testing.F) {
	f.Add(uint64(1), uint32(0x3f800000), int8(3), []byte{0, 0, 128, 63, 0, 0, 192, 127, 0, 0, 128, 127})
	f.Add(uint64(2), uint32(1), int8(0), []byte{255, 255, 127, 127, 255, 255, 127, 255, 1, 0, 0, 0})
	f.Add(uint64(3), uint32(0), int8(1), []byte{0, 0, 128, 255})
	f.Fuzz(func(t *testing.T, seed uint64, temperature uint32, k int8, raw []byte) {
		x := make([]float32, len(raw)/4)
		for i := range x {
			x[i] = math.Float32frombits(uint32(raw[4*i]) | uint32(raw[4*i+1])<<8 | uint32(raw[4*i+2])<<16 | uint32(raw[4*i+3])<<24)
		}
		ts := []Transform{Exclude(2), TopK(k), Temperature(math.Float32frombits(temperature))}
		if Check(ts...) != nil {
			return
		}
		dense := []Transform{ts[0], ts[2]}
		for _, ts := range [][]Transform{ts, dense} {
			a, b := New(seed, ts...), New(seed, hide(ts)...)
			p := make([]float32, len(x))
			a.Probabilities(p, x)
			sum := 0.0
			for _, v := range p {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("%v: probabilities %v", ts, p)
				}
				sum += float64(v)
			}
			drawable := slices.ContainsFunc(x, finite) && !(len(x) > 2 && finite(x[2]) && !slices.ContainsFunc(slices.Concat(x[:2], x[3:]), finite))
			if want := 0.0; drawable {
				if want = 1; math.Abs(sum-want) > 1e-6 {
					t.Fatalf("%v: probabilities sum to %v, want %v", ts, sum, want)
				}
			} else if sum != 0 {
				t.Fatalf("%v: probabilities sum to %v, want 0", ts, sum)
			}
			for range 4 {
				got, want := a.Sample(x), b.Sample(x)
				if got != want || (got >= 0) != drawable {
					t.Fatalf("%v: drew %d, by way of candidates %d", ts, got, want)
				}
				if got >= 0 && (!finite(x[got]) || got == 2) {
					t.Fatalf("%v: drew %d of %v", ts, got, x)
				}
			}
		}
	})
}

// FuzzChain draws with any transforms from any logits: as each of them by way of candidates
// does, and the symbol has a probability.
func FuzzChain(f *testing.F) {
	f.Add(uint64(1), []byte{0, 0, 128, 63, 0, 0, 192, 127, 0, 0, 128, 127})
	f.Add(uint64(5), []byte{255, 255, 127, 127, 255, 255, 127, 255, 1, 0, 0, 0})
	f.Add(uint64(9), make([]byte, 1100))
	f.Fuzz(func(t *testing.T, seed uint64, raw []byte) {
		x := make([]float32, len(raw)/4)
		if len(x) == 0 {
			return
		}
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		ts := make([]Transform, 1+rng.IntN(5))
		for i := range ts {
			ts[i] = anyTransform(rng, len(x))
		}
		a, b := New(seed, ts...), New(seed, hide(ts)...)
		p := make([]float32, len(x))
		for range 20 {
			a.Probabilities(p, x)
			got, want := a.Sample(x), b.Sample(x)
			if got != want || got >= 0 && !(p[got] > 0) || got < 0 && slices.Max(p) > 0 {
				t.Fatalf("%v: drew %d, by way of candidates %d, from %v", names(ts), got, want, p)
			}
			a.Observe(max(got, 0))
			b.Observe(max(got, 0))
		}
	})
}
