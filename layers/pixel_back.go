package layers

import (
	"math"

	"github.com/autoreg/autoreg/kernels"
)

// A convBack is a layer in the backward pass: with its weights transposed,
//
//	wt [places·Width, inputs]    row (place, o), column i: W[o, i, tap], 0 where that is closed
//
// for each of the places that an input of the layer has: with a stride there are several.
// The gradient of an input is one chain over wt: the outputs that read it, from the lowest
// row to the highest and from left to right; outputs' channels inside one.
type convBack struct {
	term   convTerm
	pieces []backPiece
}

// A backPiece is the gradients of the inputs at a place.
type backPiece struct {
	wt       kernels.Matrix
	row, col int // place of the input among those of an output of a layer with a stride
	down     int // from the place to the first output that is read
	right    int
	span     int // outputs of a row
	short    int // the last row begins so many outputs further right than the others

	from []backTap
}

// A backTap is the weights of one output that an input is read by.
type backTap struct{ place, piece, tap int }

// newConvBack returns the layer of a term.
func newConvBack(t convTerm) convBack {
	s := &t.conv.spec
	b := convBack{term: t}
	if s.Transposed {
		b.pieces = []backPiece{b.piece(0, 0)}
		return b
	}
	for row := range s.Stride {
		for col := range s.Stride {
			b.pieces = append(b.pieces, b.piece(row, col))
		}
	}
	return b
}

// piece returns the gradients of the inputs at a place, with weights of zeros.
func (b *convBack) piece(row, col int) backPiece {
	l := b.term.conv
	s := &l.spec
	type offset struct{ row, col int }
	p := backPiece{row: row, col: col}
	// Where the outputs lie that read the input, by tap.
	taps := make(map[offset][]backTap)
	rows := make(map[int][2]int) // the first and last column of each row
	for i := range l.pieces {
		w := &l.pieces[i]
		for t := range (w.rows + s.In - 1) / s.In {
			var at offset
			if s.Transposed {
				// Input (I, J) is read by output (s·(I+up-i) + row, ...).
				at = offset{s.Stride*(w.up-t/w.wide) + w.row, s.Stride*(w.left-t%w.wide) + w.col}
			} else {
				at = offset{row + w.up - t/w.wide, col + w.left - t%w.wide}
				if at.row%s.Stride != 0 || at.col%s.Stride != 0 {
					continue
				}
				at.row, at.col = at.row/s.Stride, at.col/s.Stride
			}
			taps[at] = append(taps[at], backTap{piece: i, tap: t})
			ends, ok := rows[at.row]
			if !ok {
				ends = [2]int{at.col, at.col}
			}
			rows[at.row] = [2]int{min(ends[0], at.col), max(ends[1], at.col)}
		}
	}
	if len(rows) == 0 {
		p.wt = kernels.Matrix{Cols: b.term.n}
		return p
	}
	low, high := math.MaxInt, math.MinInt
	for r := range rows {
		low, high = min(low, r), max(high, r)
	}
	p.down, p.right, p.span = high, rows[high][0], rows[high][1]-rows[high][0]+1
	place := 0
	for r := high; r >= low; r-- {
		for c := rows[r][0]; c <= rows[r][1]; c++ {
			for _, t := range taps[offset{r, c}] {
				t.place = place
				p.from = append(p.from, t)
			}
			place++
		}
		switch {
		case r > low && rows[r] != rows[high]:
			panic("layers: a layer whose inputs have gradients has rows of different lengths")
		case r == low:
			p.short = rows[r][0] - p.right
		}
	}
	p.wt = newPanels(place*l.Width(), b.term.n, l.pieces[0].Bias != nil)
	return p
}

// transpose copies the weights anew.
func (b *convBack) transpose() {
	l := b.term.conv
	in, width := l.spec.In, l.Width()
	for i := range b.pieces {
		p := &b.pieces[i]
		for _, t := range p.from {
			w := &l.pieces[t.piece]
			first := t.tap*in + b.term.first
			open := min(b.term.n, w.rows-first)
			dst := p.wt.SubRows(t.place*width+w.at, w.cols)
			dst.Cols = open // the columns beyond are closed and stay 0
			kernels.Transpose(dst, w.W.SubRows(first, open))
		}
	}
}

// reach returns how many rows below a place, and columns on its sides, the gradients of
// the outputs are read.
func (b *convBack) reach() (below, side int) {
	for i := range b.pieces {
		p := &b.pieces[i]
		below = max(below, p.down)
		side = max(side, -p.right, p.right+p.span-1)
	}
	return below, side
}

// back computes the gradients dx of the inputs from those of the outputs, dy, over all
// places of an image: anew, or added to what dx holds. Around the image dy has zeros where
// the layer reads them.
func (b *convBack) back(dx, dy *pixelMap, s *pixelSpan, add bool) {
	l := b.term.conv
	scaleIn, scaleOut := l.spec.Stride, 1
	if l.spec.Transposed {
		scaleIn, scaleOut = 1, l.spec.Stride
	}
	for i := range b.pieces {
		p := &b.pieces[i]
		v := dy.view(s, scaleOut, p.down, p.right)
		x := kernels.Windows{
			Data: v.Data, At: v.At, K: p.wt.Rows, Step: 1,
			Lines: v.Lines, Pixels: v.Pixels, LineStride: v.LineStride, PixelStride: v.PixelStride,
			Segment: max(p.span*dy.width, 1), Skip: -v.RowStride - (p.span-p.short)*dy.width,
		}
		to := dx.view(s, scaleIn, p.row, p.col)
		grid := to.Grid(0, p.wt.Cols)
		if add {
			kernels.ConvFrom(grid, grid, x, p.wt, kernels.AsIs)
		} else {
			kernels.Conv(grid, x, p.wt, nil, kernels.AsIs)
		}
	}
}
