//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// The assembly counts on x·scale - m not being above 0, since m is the largest
// x·scale; ExpBlocks with a negative scale, for which it is not, stays in Go.

func expShift(dst, x []float32, scale, m float32) float32 {
	if cpu.Active() == cpu.Generic {
		return expShiftGeneric(dst, x, scale, m)
	}
	raceRead(x)
	raceWrite(dst)
	var s [lanes]float32
	expShiftLanes(&s, dst, x, scale, m)
	return sumTree(&s)
}

// expShiftLanes is the loop of expShift on assembly; the lanes of s carry the
// sum from call to call.
func expShiftLanes(s *[lanes]float32, dst, x []float32, scale, m float32) {
	for len(x) > 0 {
		n := min(len(x), asmChunk)
		if cpu.Active() == cpu.AVX512 {
			asm.ExpShiftAVX512(s, dst[:n], x[:n], scale, m)
		} else {
			asm.ExpShiftAVX2(s, dst[:n], x[:n], scale, m)
		}
		dst, x = dst[n:], x[n:]
	}
}

func expBlocks(dst, sums, x []float32, scale, m float32) {
	isa := cpu.Active()
	if isa == cpu.Generic || scale < 0 {
		expBlocksGeneric(dst, sums, x, scale, m)
		return
	}
	raceRead(x)
	raceWrite(dst)
	raceWrite(sums)
	for blocks := len(x) / ExpBlock; blocks > 0; blocks = len(x) / ExpBlock {
		b := min(blocks, asmChunk/ExpBlock)
		n := b * ExpBlock
		if isa == cpu.AVX512 {
			asm.ExpBlocksAVX512(dst[:n], sums[:b], x[:n], scale, m)
		} else {
			asm.ExpBlocksAVX2(dst[:n], sums[:b], x[:n], scale, m)
		}
		dst, sums, x = dst[n:], sums[b:], x[n:]
	}
	if len(x) > 0 {
		var s [lanes]float32
		expShiftLanes(&s, dst, x, scale, m)
		sums[0] = sumTree(&s)
	}
}

func crossEntropyRow(x Matrix, i, target int, factor float32) float32 {
	isa := cpu.Active()
	if isa == cpu.Generic || target < 0 {
		return crossEntropyRowGeneric(x, i, target, factor)
	}
	raceWritePadded(x.SubRows(i, 1))
	row := x.Data[i*x.Row:]
	full := x.Cols / PanelWidth
	var tail, padding []float32
	if n := x.Cols % PanelWidth; n > 0 {
		last := x.Segment(i, full)
		tail, padding = last[:n], last[n:]
	}
	const chunk = asmChunk / PanelWidth

	m := vmax(tail)
	for p := 0; p < full; p += chunk {
		if isa == cpu.AVX512 {
			m = max(m, asm.MaxPanelsAVX512(&row[p*x.Panel], min(chunk, full-p), x.Panel))
		} else {
			m = max(m, asm.MaxPanelsAVX2(&row[p*x.Panel], min(chunk, full-p), x.Panel))
		}
	}
	xt := x.At(i, target)
	var lane [lanes]float32
	for p := 0; p < full; p += chunk {
		if isa == cpu.AVX512 {
			asm.ExpPanelsAVX512(&lane, &row[p*x.Panel], min(chunk, full-p), x.Panel, m)
		} else {
			asm.ExpPanelsAVX2(&lane, &row[p*x.Panel], min(chunk, full-p), x.Panel, m)
		}
	}
	expShiftLanes(&lane, tail, tail, 1, m)
	s := sumTree(&lane)
	r := factor / s
	for p := 0; p < full; p += chunk {
		if isa == cpu.AVX512 {
			asm.ScalePanelsAVX512(&row[p*x.Panel], min(chunk, full-p), x.Panel, r)
		} else {
			asm.ScalePanelsAVX2(&row[p*x.Panel], min(chunk, full-p), x.Panel, r)
		}
	}
	scale(tail, r)
	x.Set(i, target, x.At(i, target)-factor)
	clear(padding)
	return (log32(s) + m) - xt
}
