//go:build !purego && (amd64 || arm64)

package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
	"github.com/autoreg/autoreg/internal/testkit"
)

// The sizes of caches decide how a product is cut, never what it is: no cache at
// all, small ones, and larger ones than there are.
func TestGemmCaches(t *testing.T) {
	was := caches
	defer func() { caches = was }()
	sizes := []cpu.CacheSizes{{}, {L1: 8 << 10, L2: 64 << 10, L3: 256 << 10}, {L1: 32 << 10, L2: 512 << 10, L3: 32 << 20}, {L1: 1 << 30, L2: 1 << 30, L3: 1 << 40}}
	shapes := [][3]int{{31, 70, 130}, {25, 512, 300}, {1100, 33, 65}, {14, 130, 1100}}
	if testing.Short() {
		shapes = shapes[:2]
	}
	var cases []*gemmCase
	for _, s := range shapes {
		for op := range ops {
			cases = append(cases, newGemmCase(op, s[0], s[1], s[2], gemmValues))
		}
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		if isa == "generic" {
			t.Skip("has no blocks")
		}
		r := rand.New(rand.NewPCG(5, 6))
		workers := gemmWorkers()
		for _, c := range sizes {
			caches = c
			for _, g := range cases {
				g.check(t, isa, "rows", "rows", "rows", 0, workers[0])
				g.checkSome(t, isa, r, 2, workers)
			}
		}
	})
}

// A block takes inputs in whole panels and rows of which the kernel gets enough,
// within its part of the caches.
func TestGemmBlockSizes(t *testing.T) {
	g := product{dst: NewPanels(1, 64), b: NewPanels(5000, 64)}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		if isa == "generic" {
			t.Skip("has no blocks")
		}
		for _, c := range []cpu.CacheSizes{{}, {L1: 32 << 10, L2: 256 << 10, L3: 4 << 20}, {L1: 48 << 10, L2: 2 << 20, L3: 32 << 20}} {
			depth, rows := g.blocks(cpu.Active(), c)
			if depth < PanelWidth || depth%PanelWidth != 0 || rows < 2*tileRows || rows > blockRows {
				t.Errorf("%+v: blocks of %d inputs, %d rows", c, depth, rows)
			}
			if c.L2 > 0 && (256*depth > c.L2/4 || 4*depth*rows > max(c.L2/2, c.L3/16)) {
				t.Errorf("%+v: blocks of %d inputs, %d rows exceed their part", c, depth, rows)
			}
		}
	})
}
