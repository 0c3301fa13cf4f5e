package sampler

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// first returns the first draw of a slot, in [0, 1).
func first(c *Chain, sequence, slot uint64) float64 {
	c.Seek(sequence, slot)
	return float64(c.rng.Uint64()>>11) * 0x1p-53
}

// The draw of a slot is a function of seed, sequence and slot alone.
func TestSeekOrder(t *testing.T) {
	x := make([]float32, 50)
	type place struct{ sequence, slot uint64 }
	var places []place
	for n := range uint64(20) {
		for p := range uint64(30) {
			places = append(places, place{n, p})
		}
	}
	places = append(places, place{math.MaxUint64, math.MaxUint64}, place{1 << 63, 1 << 40})
	for _, ts := range [][]Transform{nil, {Temperature(0.5)}, {TopK(7), Temperature(2)}} {
		want := make(map[place]int)
		a := New(5, ts...)
		for _, at := range places {
			a.Seek(at.sequence, at.slot)
			want[at] = a.Sample(x)
		}
		b := New(4, ts...)
		b.Reset(5)
		rng := rand.New(rand.NewPCG(1, 2))
		for range 3 {
			rng.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
			for _, at := range places {
				if rng.IntN(2) == 0 {
					b.Sample(x) // a draw in between
				}
				b.Seek(at.sequence, at.slot)
				if got := b.Sample(x); got != want[at] {
					t.Fatalf("%v: %v draws %d, in order %d", ts, at, got, want[at])
				}
			}
		}
		// Reset leaves the slots for the sequence of the seed.
		b.Reset(5)
		c := New(5, ts...)
		for range 20 {
			if got, want := b.Sample(x), c.Sample(x); got != want {
				t.Fatalf("%v: after Reset %d, a new chain draws %d", ts, got, want)
			}
		}
	}
}

// The definition in other words, and pinned values.
func TestSeekDefinition(t *testing.T) {
	mix := func(z uint64) uint64 {
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
	// The published splitmix64, seeded with 0.
	if got := mix(0x9e3779b97f4a7c15); got != 0xe220a8397b1dcdaf {
		t.Fatalf("splitmix64's first output is %#x", got)
	}
	for _, c := range []struct {
		seed, sequence, slot uint64
		want                 uint64
	}{
		{0, 0, 0, 0xf26bc2b00551318a},
		{0, 0, 1, 0x956a9a8e5c5cf1ea},
		{0, 1, 0, 0x1b60997b7d83633d},
		{1, 0, 0, 0xfb9c442d3b16b16b},
		{42, 7, 255, 0x72c6d9b8d0278768},
		{math.MaxUint64, math.MaxUint64, math.MaxUint64, 0x8f8ebfee1a0c95e8},
	} {
		chain := New(c.seed)
		chain.Seek(c.sequence, c.slot)
		got := chain.rng.Uint64()
		if want := rand.NewPCG(mix(c.seed+(c.sequence+1)*0x9e3779b97f4a7c15), c.slot).Uint64(); got != want {
			t.Errorf("%+v: draw %#x, by definition %#x", c, got, want)
		}
		if got != c.want {
			t.Errorf("%+v: draw %#016x, want %#016x", c, got, c.want)
		}
	}
}

// Small seeds and numbers of images never meet.
func TestSeekCollisions(t *testing.T) {
	seen := make(map[uint64][2]uint64)
	for seed := range uint64(300) {
		c := New(seed)
		for n := range uint64(300) {
			c.Seek(n, 0)
			v := c.rng.Uint64()
			if was, ok := seen[v]; ok {
				t.Fatalf("seed %d, sequence %d and seed %d, sequence %d draw the same", seed, n, was[0], was[1])
			}
			seen[v] = [2]uint64{seed, n}
		}
	}
}

// chi2 returns χ² of counts that should be even, as standard deviations from its
// mean.
func chi2(counts []int) float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	expected, sum := float64(total)/float64(len(counts)), 0.0
	for _, n := range counts {
		sum += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	free := float64(len(counts) - 1)
	return (sum - free) / math.Sqrt(2*free)
}

// Draws are uniform over the slots of a sequence, over sequences and over seeds, and
// draws of neighbours are independent of each other. Seeds are fixed: this passes
// or fails for good.
func TestSeekUniform(t *testing.T) {
	const n, cells = 100_000, 256
	for name, draw := range map[string]func(c *Chain, seed, i uint64) float64{
		"slots":                func(c *Chain, _, i uint64) float64 { return first(c, 0, i) },
		"sequences":            func(c *Chain, _, i uint64) float64 { return first(c, i, 0) },
		"every third slot":     func(c *Chain, _, i uint64) float64 { return first(c, 3, 3*i+1) },
		"a pixel of sequences": func(c *Chain, _, i uint64) float64 { return first(c, i, 137) },
		"images of 256": func(c *Chain, _, i uint64) float64 {
			return first(c, i/256, i%256)
		},
		"seeds": func(c *Chain, seed, i uint64) float64 {
			c.Reset(seed<<32 + i)
			return first(c, 0, 0)
		},
	} {
		for _, seed := range []uint64{0, 1, 42, 1 << 60} {
			c := New(seed)
			u := make([]float64, n)
			for i := range u {
				u[i] = draw(c, seed, uint64(i))
			}
			counts, low := make([]int, cells), make([]int, cells)
			for _, v := range u {
				counts[int(v*cells)]++
				_, part := math.Modf(v * (1 << 20))
				low[int(part*cells)]++
			}
			// Of 168 such figures, one strays as far in a thousand choices of the seeds.
			const most = 4.5
			if d := chi2(counts); math.Abs(d) > most {
				t.Errorf("%s, seed %d: draws are not uniform: χ² is off by %.1f σ", name, seed, d)
			}
			if d := chi2(low); math.Abs(d) > most {
				t.Errorf("%s, seed %d: low bits of draws are not uniform: χ² is off by %.1f σ", name, seed, d)
			}
			const side = 16
			for _, lag := range []int{1, 2, 3, 16, 256} {
				pairs := make([]int, side*side)
				for i := range n - lag {
					pairs[int(u[i]*side)*side+int(u[i+lag]*side)]++
				}
				if d := chi2(pairs); math.Abs(d) > most {
					t.Errorf("%s, seed %d: draws %d apart are not independent: χ² is off by %.1f σ", name, seed, lag, d)
				}
			}
		}
	}
}

// The draws of a pixel of one image say nothing about that pixel of the next, nor
// about the same image of the next seed.
func TestSeekIndependent(t *testing.T) {
	const n, side = 50_000, 16
	for name, next := range map[string]func(seed, i uint64) (uint64, uint64, uint64){
		"next sequence":  func(seed, i uint64) (uint64, uint64, uint64) { return seed, 1, i },
		"next seed":      func(seed, i uint64) (uint64, uint64, uint64) { return seed + 1, 0, i },
		"swapped":        func(seed, i uint64) (uint64, uint64, uint64) { return seed, i, 0 },
		"seed for image": func(seed, i uint64) (uint64, uint64, uint64) { return 0, seed, i },
	} {
		for _, seed := range []uint64{1, 7} {
			a := New(seed)
			pairs := make([]int, side*side)
			for i := range uint64(n) {
				s, sequence, slot := next(seed, i+1)
				b := New(s)
				pairs[int(first(a, 0, i+1)*side)*side+int(first(b, sequence, slot)*side)]++
			}
			if d := chi2(pairs); math.Abs(d) > 4.5 {
				t.Errorf("%s, seed %d: draws are not independent: χ² is off by %.1f σ", name, seed, d)
			}
		}
	}
}

// Seek makes Sample draw with the frequencies of the probabilities.
func TestSeekFrequencies(t *testing.T) {
	x := logs(0.5, 0.25, 0.125, 0.125)
	c := New(11)
	var ids []int
	for n := range uint64(400) {
		for p := range uint64(256) {
			c.Seek(n, p)
			ids = append(ids, c.Sample(x))
		}
	}
	var counts [8]int // as halves, quarters and eighths of the same weight
	for i, id := range ids {
		switch id {
		case 0:
			counts[i%4]++
		case 1:
			counts[4+i%2]++
		default:
			counts[4+id]++
		}
	}
	if d := chi2(counts[:]); math.Abs(d) > 4.5 {
		t.Errorf("counts %v: χ² is off by %.1f σ", counts, d)
	}
	if !slices.Contains(ids[:64], 3) {
		t.Error("64 draws without one of an eighth")
	}
}
