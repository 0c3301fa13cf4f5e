//go:build !purego && (amd64 || arm64)

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// A product is cut into tiles that a kernel keeps in registers, up to
// stripRows rows by 16 to 64 columns. Around them, outermost first:
//
//	blocks of rows    so that few pages of dst are open at once
//	blocks of inputs  so that a panel's part of b stays in a cache; the chains
//	                  continue from dst
//	panels            64 columns of b, read in place or packed once a block
//	strips            stripRows rows, or fewer to make them even
//
// The sizes of blocks follow those of the caches; results do not.
const (
	// blockRows is the most rows of a block.
	blockRows = 1056

	// Rows that lie a multiple of clash values apart, 2048 bytes, compete for few
	// sets of the caches, and a load from one waits for a store to another.
	clash = 512

	// splitWork is the number of multiply-adds from which waking other
	// goroutines pays.
	splitWork = 1 << 18
)

func gemm(w *Workers, g product) {
	isa := cpu.Active()
	if isa == cpu.Generic {
		gemmGeneric(w, g)
		return
	}
	if g.dst.Rows == 0 || g.dst.Cols == 0 {
		return
	}
	raceReadMatrix(g.a)
	raceReadMatrix(g.b)
	raceRead(g.bias)
	if w.Len() == 1 || g.dst.Rows*g.dst.Cols < splitWork/max(g.b.Rows, 1) {
		g.multiply(isa, &w.scratch[0], 0, g.dst.Rows, 0, g.dst.Panels())
	} else {
		gemmSplit(w, isa, g)
	}
}

// gemmSplit gives each worker a range of panels or of rows. Each worker reads,
// and copies, one operand whole and its own part of the other, so the longer
// side of dst is cut unless the shorter divides more evenly. It is apart from
// gemm so that only several workers pay for the closures.
func gemmSplit(w *Workers, isa cpu.ISA, g product) {
	rows, panels := g.dst.Rows, g.dst.Panels()
	byPanels := unevenness(panels, w.Len())
	byRows := unevenness((rows+tileRows-1)/tileRows, w.Len())
	if byPanels < byRows || byPanels == byRows && g.dst.Cols >= rows {
		w.Split(panels, 1, func(worker, from, to int) {
			g.multiply(isa, &w.scratch[worker], 0, rows, from, to)
		})
	} else {
		w.Split(rows, tileRows, func(worker, from, to int) {
			g.multiply(isa, &w.scratch[worker], from, to, 0, panels)
		})
	}
}

// unevenness returns the largest share of n units over the mean, in 1/16.
func unevenness(n, workers int) int {
	return (n + workers - 1) / workers * workers * 16 / n
}

// multiply computes rows i0 to i1 of panels q0 to q1.
func (g *product) multiply(isa cpu.ISA, scratch *[]float32, i0, i1, q0, q1 int) {
	out := g.dst.SubRows(i0, i1-i0)
	out.Data = out.Data[q0*out.Panel:]
	out.Cols = min(out.Cols, q1*PanelWidth) - q0*PanelWidth
	raceWritePadded(out)

	if out.Rows == 1 && g.row(out, i0, q0) {
		return
	}
	k := g.b.Rows
	depth, most := g.blocks(isa, caches)
	blocks := (i1 - i0 + most - 1) / most
	step := roundUp((i1-i0+blocks-1)/blocks, tileRows)
	for i := i0; i < i1; i += step {
		rows := min(step, i1-i)
		for p := 0; p == 0 || p < k; p += depth {
			g.block(isa, scratch, i, rows, p, min(depth, k-p), q0, q1)
		}
	}
}

// caches is a variable for tests alone.
var caches = cpu.Caches()

// blocks returns the sizes of a block, inputs and rows at most. Every pass over dst
// costs several percent where its rows clash, except on AVX-512; then a block has
// twice the inputs. What a block takes of a is gone over once a panel: it fits half of
// the second-level cache or a sixteenth of the third, of which other cores want a
// part.
func (g *product) blocks(isa cpu.ISA, c cpu.CacheSizes) (depth, rows int) {
	depth = blockDepth(isa, c)
	if isa != cpu.AVX512 && g.dst.Row%clash == 0 {
		depth *= 2
	}
	rows = max(c.L2/2, c.L3/16) / (4 * max(1, min(depth, g.b.Rows)))
	return depth, min(max(rows, 2*tileRows), blockRows)
}

// row computes row i, out being its part of dst from panel q0 on, with the
// kernel for vectors, which reads b as one stream, and reports whether the
// matrices lie as that needs.
func (g *product) row(out Matrix, i, q0 int) bool {
	k := g.b.Rows
	if g.transA || k == 0 || g.b.Row != PanelWidth || g.a.Panel != PanelWidth || g.dst.Panel != PanelWidth {
		return false
	}
	y, bias := out.Data[:out.Cols], g.bias
	switch {
	case g.add:
		bias = y
	case bias != nil:
		bias = bias[q0*PanelWidth:][:len(y)]
	}
	b := g.b
	b.Data, b.Cols = b.Data[q0*b.Panel:], len(y)
	gemv(y, b, g.a.Data[i*g.a.Row:][:k], bias)
	return true
}

// block adds inputs p to p+depth to the chains of rows i to i+rows in panels q0
// to q1, having started them if p is 0.
func (g *product) block(isa cpu.ISA, scratch *[]float32, i, rows, p, depth, q0, q1 int) {
	t := asm.Tile{K: depth, Segment: max(depth, 1)}
	var a, b []float32 // what is copied of a and b
	if depth > 0 {
		a, b = g.space(isa, scratch, rows, depth, q1-q0)
		a = g.viewA(&t, a, i, rows, p, depth)
	}
	for q := q0; q < q1; q++ {
		cols := min(PanelWidth, g.dst.Cols-q*PanelWidth)
		t.Blocks = (cols + 15) / 16
		if depth > 0 {
			g.viewB(isa, &t, b, q, cols, p, depth)
		}
		g.panel(isa, t, a, i, rows, q, cols, p == 0)
	}
}

// space returns the scratch for the copies that a block needs, nil for those it
// does not. Blocks of a are copied
//   - where a is transposed, since their strips would straddle panels and touch
//     as many cache lines as there are inputs;
//   - where rows clash, except for few panels or for AVX-512, which does not gain.
//
// Blocks of b are copied unless they are in panels.
func (g *product) space(isa cpu.ISA, scratch *[]float32, rows, depth, panels int) (a, b []float32) {
	na, nb := 0, 0
	switch {
	case g.transA:
		na = depth * oddLines(rows)
	case isa != cpu.AVX512 && panels > 2 && g.a.Row%clash == 0:
		na = rows * oddLines(depth)
	}
	if g.b.Row != PanelWidth {
		nb = depth * PanelWidth
	}
	if len(*scratch) < na+nb {
		*scratch = Alloc(na + nb)
	}
	raceWrite((*scratch)[:na+nb]) // by packing and kernels, in assembly
	return (*scratch)[:na], (*scratch)[na : na+nb]
}

// oddLines rounds n up to an odd number of cache lines, so that columns of a
// copied block spread over all sets.
func oddLines(n int) int { return ((n+15)/16 | 1) * 16 }

// viewA points t at rows i to i+rows, inputs p to p+depth of a, or at a copy in
// space if there is any, and returns the values that t.A is in.
func (g *product) viewA(t *asm.Tile, space []float32, i, rows, p, depth int) []float32 {
	switch {
	case g.transA:
		t.ARow, t.AStep = 1, oddLines(rows)
		copyBlock(space, t.AStep, g.a, p, depth, i, rows)
	case len(space) > 0:
		t.ARow, t.AStep = oddLines(depth), 1
		copyBlock(space, t.ARow, g.a, i, rows, p, depth)
	default:
		t.ARow, t.AStep = g.a.Row, 1
		if g.a.Panel != PanelWidth {
			t.Segment, t.ASkip = PanelWidth, g.a.Panel-PanelWidth
		}
		return g.a.Data[g.a.index(i, p):]
	}
	return space
}

// viewB points t at inputs p to p+depth of panel q of b, or at a copy in space
// if there is any: 64 columns together for a kernel that takes them all, else
// 16, which then lie in consecutive cache lines.
func (g *product) viewB(isa cpu.ISA, t *asm.Tile, space []float32, q, cols, p, depth int) {
	at := g.b.index(p, q*PanelWidth)
	t.BRow, t.BBlock = PanelWidth, 16
	if len(space) == 0 {
		t.B = &g.b.Data[at]
		return
	}
	t.B = &space[0]
	if isa != cpu.AVX512 {
		t.BRow, t.BBlock = 16, 16*depth
	}
	if cols == PanelWidth {
		packPanel(space, g.b.Data[at:], depth, g.b.Row, t.BRow, t.BBlock)
		return
	}
	for c := 0; c < cols; c += 16 {
		copyBlock(space[c/16*t.BBlock:], t.BRow, g.b, p, depth, q*PanelWidth+c, min(16, cols-c))
	}
}

// copyBlock copies rows i to i+rows, columns j to j+cols of m to dst, whose rows
// are stride apart.
func copyBlock(dst []float32, stride int, m Matrix, i, rows, j, cols int) {
	for c := 0; c < cols; {
		n := cols - c
		if m.Panel != PanelWidth {
			n = min(n, PanelWidth-(j+c)%PanelWidth)
		}
		at := m.index(i, j+c)
		for r := range rows {
			copy(dst[r*stride+c:][:n], m.Data[at+r*m.Row:])
		}
		c += n
	}
}

// panel runs t over rows i to i+rows of panel q, in strips of even height so
// that no strip is much lower than the kernel is made for. first starts the
// chains. The last panel of a row-major dst may have no room for whole blocks
// of columns; it goes through a tile on the stack. (t is a copy because what a
// pointer is stored into through another pointer moves to the heap.)
func (g *product) panel(isa cpu.ISA, t asm.Tile, a []float32, i, rows, q, cols int, first bool) {
	var start [PanelWidth]float32
	var edge [tileRows * PanelWidth]float32
	direct := g.dst.padded() || cols%16 == 0
	fresh := first && !g.add
	if fresh && g.bias != nil {
		copy(start[:], g.bias[q*PanelWidth:])
	}
	at := g.dst.index(i, q*PanelWidth)
	most := stripRows(isa, t.Blocks)
	strips := (rows + most - 1) / most
	low, high := rows/strips, rows%strips // so many strips are a row higher
	for r := 0; r < rows; r += t.Rows * t.Strips {
		t.Rows, t.Strips = low, strips-high
		if high > 0 {
			t.Rows, t.Strips = low+1, high
		}
		t.Strips = min(t.Strips, max(1, callWork/(t.Rows*16*t.Blocks*max(t.K, 1))))
		if !direct {
			t.Strips = 1
		}
		strips -= t.Strips
		high = max(0, high-t.Strips)

		c := g.dst.Data[at+r*g.dst.Row:]
		if t.K > 0 {
			t.A = &a[r*t.ARow]
		}
		t.C, t.CRow = &c[0], g.dst.Row
		if !direct {
			t.C, t.CRow = &edge[0], 16*t.Blocks
			for y := 0; y < t.Rows && !fresh; y++ {
				copy(edge[y*t.CRow:][:cols], c[y*g.dst.Row:])
			}
		}
		t.From, t.FromRow = t.C, t.CRow
		if fresh {
			t.From, t.FromRow = &start[0], 0
		}
		tile(isa, &t)
		if !direct {
			for y := range t.Rows {
				copy(c[y*g.dst.Row:][:cols], edge[y*t.CRow:])
			}
		}
	}
}
