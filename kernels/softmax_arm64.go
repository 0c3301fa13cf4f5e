//go:build !purego

package kernels

import (
	"math"

	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

func expShift(dst, x []float32, scale, m float32) float32 {
	if cpu.Active() != cpu.NEON {
		return expShiftGeneric(dst, x, scale, m)
	}
	raceRead(x)
	raceWrite(dst)
	return expShiftNEON(dst, x, scale, m)
}

func expBlocks(dst, sums, x []float32, scale, m float32) {
	if cpu.Active() != cpu.NEON {
		expBlocksGeneric(dst, sums, x, scale, m)
		return
	}
	raceRead(x)
	raceWrite(dst)
	raceWrite(sums)
	for b := range sums {
		at := b * ExpBlock
		end := min(at+ExpBlock, len(x))
		sums[b] = expShiftNEON(dst[at:end], x[at:end], scale, m)
	}
}

// expShiftNEON is expShift on assembly.
func expShiftNEON(dst, x []float32, scale, m float32) float32 {
	var s [lanes]float32
	expShiftLanes(dst, x, scale, m, &s)
	return sumTree(&s)
}

// expShiftLanes is the loop of expShift; the lanes of s carry the sum.
func expShiftLanes(dst, x []float32, scale, m float32, s *[lanes]float32) {
	for len(x) >= neonGroup {
		groups := min(len(x), neonChunk) / neonGroup
		asm.ExpShiftNEON(&dst[0], &x[0], groups, 1, 0, scale, m, s)
		dst, x = dst[groups*neonGroup:], x[groups*neonGroup:]
	}
	if len(x) == 0 {
		return
	}
	var rest, unused [neonGroup]float32
	copy(rest[:], x)
	asm.ExpShiftNEON(&rest[0], &rest[0], 1, 1, 0, scale, m, &unused)
	for i := range x {
		dst[i] = rest[i]
		s[i] += rest[i]
	}
}

// crossEntropyRow takes the whole panels of a row in one call and the last,
// partial one by itself.
func crossEntropyRow(x Matrix, i, target int, a float32) float32 {
	if target < 0 || cpu.Active() != cpu.NEON {
		return crossEntropyRowGeneric(x, i, target, a)
	}
	raceWritePadded(x.SubRows(i, 1))
	const (
		groups = PanelWidth / neonGroup
		chunk  = neonChunk / PanelWidth
	)
	whole := x.Cols / PanelWidth
	var last []float32 // the columns after the whole panels
	if n := x.Cols % PanelWidth; n > 0 {
		last = x.Segment(i, whole)[:n]
	}

	m := float32(math.Inf(-1))
	for p := 0; p < whole; p += chunk {
		m = asm.MaxNEON(&x.Segment(i, p)[0], groups, min(chunk, whole-p), x.Panel, m)
	}
	for _, v := range last {
		m = maxOf(m, v)
	}
	xt := x.At(i, target)

	var s [lanes]float32
	for p := 0; p < whole; p += chunk {
		d := &x.Segment(i, p)[0]
		asm.ExpShiftNEON(d, d, groups, min(chunk, whole-p), x.Panel, 1, m, &s)
	}
	expShiftLanes(last, last, 1, m, &s)

	total := sumTree(&s)
	r := a / total
	for p := 0; p < whole; p += chunk {
		asm.ScaleNEON(&x.Segment(i, p)[0], groups, min(chunk, whole-p), x.Panel, r)
	}
	scaleGeneric(last, r)
	x.Set(i, target, x.At(i, target)-a)
	if x.padded() && len(last) > 0 {
		clear(x.Segment(i, whole)[len(last):])
	}
	return (log32(total) + m) - xt
}
