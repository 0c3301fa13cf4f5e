package layers

import "github.com/autoreg/autoreg/kernels"

// A pixelView is pixels of feature maps, in lines: a whole image, one pixel
// of each of many, or pixels along a diagonal. Channel i of pixel (line, pixel) is
//
//	Data[At + line·LineStride + pixel·PixelStride + i]
type pixelView struct {
	Data          []float32
	At            int // of the first value
	Lines, Pixels int // pixels: Lines·Pixels
	LineStride    int // from a line to the next
	PixelStride   int // from a pixel of a line to the next
	RowStride     int // from a pixel to the one below it in the image
}

// Grid returns cols channels from channel first on.
func (m *pixelView) Grid(first, cols int) kernels.Grid {
	return kernels.Grid{
		Data: m.Data, At: m.At + first, Cols: cols, Panel: kernels.PanelWidth,
		Lines: m.Lines, Pixels: m.Pixels, LineStride: m.LineStride, PixelStride: m.PixelStride,
	}
}

// A pixelMap is where the values of a node lie: some rows of each of a number of images,
// or, where it is compact, those of the places that are being computed, side by side.
type pixelMap struct {
	data    []float32
	at      int // of pixel (first, 0) of the first image
	first   int // the row that at is of
	width   int // values of a pixel
	pixel   int // from a pixel to the next: width, or 0 where all of an image have one
	row     int // from a row to the next
	side    int // values of the border between rows
	image   int // from an image to the next
	compact bool

	rows, keep int // rows that there is room for; those that are kept above the newest
}

// A pixelSpan is the places that are computed together, in lines. Rows and columns are those
// of the resolution at which a node is computed.
type pixelSpan struct {
	lines, pixels int
	row, col      int // of the first place
	line, pixel   pixelStride
}

// A pixelStride is the distance of two places.
type pixelStride struct{ image, row, col int }

// view returns the pixel of each place that is scale times as far down and right, and
// beyond that so many rows and columns.
func (m *pixelMap) view(s *pixelSpan, scale, row, col int) pixelView {
	f := pixelView{Data: m.data, At: m.at, Lines: s.lines, Pixels: s.pixels, RowStride: m.row}
	if m.compact {
		f.PixelStride, f.LineStride = m.width, s.pixels*m.width
		return f
	}
	f.At += (s.row*scale+row-m.first)*m.row + (s.col*scale+col)*m.pixel
	f.LineStride = s.line.image*m.image + scale*(s.line.row*m.row+s.line.col*m.pixel)
	f.PixelStride = s.pixel.image*m.image + scale*(s.pixel.row*m.row+s.pixel.col*m.pixel)
	return f
}

// scroll makes room for n rows from row on, by moving the others up: rows that are not kept
// are lost.
func (m *pixelMap) scroll(row, n, images int) {
	if m.rows == 0 || row+n-m.first <= m.rows {
		return
	}
	by := row - m.keep - m.first
	for i := range images {
		rows := m.data[m.at+i*m.image:][:m.rows*m.row-m.side]
		copy(rows, rows[min(by*m.row, len(rows)):])
	}
	m.first += by
}

// pixelRun computes nodes of some places.
type pixelRun struct {
	maps  []pixelMap // of each node
	early []pixelMap // of each node that is cut: the parts known when a row begins
	apart bool       // a node that is part of a sum has a map of its own
}

// conv computes a node into the map of dst, which is n or the sum that n is part of.
func (r *pixelRun) conv(n, dst *pixelNode, s *pixelSpan, f kernels.Finish) {
	for i := range n.bias {
		p := &n.terms[0].conv.pieces[i]
		v := r.maps[dst.id].view(s, 1<<(n.due-n.resolution), p.row, p.col)
		r.chains(v.Grid(p.at, p.cols), n, i, n.whole[i], s, f)
	}
}

// convEarly computes the parts of a node's chains that are known when a row begins.
func (r *pixelRun) convEarly(n *pixelNode, s *pixelSpan) {
	for i := range n.bias {
		p := &n.terms[0].conv.pieces[i]
		v := r.early[n.id].view(s, 1, 0, 0)
		r.chains(v.Grid(p.at, p.cols), n, i, n.split[i][:n.cut], s, kernels.AsIs)
	}
}

// chains computes the first parts of the chains of piece i of a node.
func (r *pixelRun) chains(y kernels.Grid, n *pixelNode, i int, parts []convPart, s *pixelSpan, f kernels.Finish) {
	for k := range parts {
		part, finish := &parts[k], kernels.AsIs
		if k == len(parts)-1 {
			finish = f
		}
		x := r.windows(part, n, s)
		if k > 0 {
			kernels.ConvFrom(y, y, x, part.w, finish)
		} else {
			kernels.Conv(y, x, part.w, n.bias[i], finish)
		}
	}
}

// windows returns the inputs of a part.
func (r *pixelRun) windows(p *convPart, n *pixelNode, s *pixelSpan) kernels.Windows {
	m := &r.maps[p.from.id]
	v := m.view(s, 1<<(n.due-p.from.resolution), 0, 0)
	return kernels.Windows{
		Data: v.Data, At: v.At - p.up*v.RowStride - p.left*m.width, K: p.w.Rows,
		Lines: v.Lines, Pixels: v.Pixels, LineStride: v.LineStride, PixelStride: v.PixelStride,
		Step: 1, Segment: max(p.span, 1), Skip: v.RowStride - p.span,
	}
}

// node computes a node.
func (r *pixelRun) node(n *pixelNode, s *pixelSpan) {
	switch n.op {
	case opConv:
		if n.into != nil && !r.apart {
			return // it is computed with the sum
		}
		r.conv(n, n, s, n.finish)
	case opAdd:
		y, x := r.grid(n, s), r.grid(n.from[0], s)
		if n.fused == nil || r.apart {
			z := r.grid(n.from[1], s)
			addGrids(&y, &x, &z)
			return
		}
		if y.At != x.At {
			copyGrid(&y, &x)
		}
		r.conv(n.fused, n, s, kernels.ReLUAdd)
	case opReLU, opELU, opConcatELU, opGate:
		y, x := r.grid(n, s), r.grid(n.from[0], s)
		switch n.op {
		case opReLU:
			reluGrid(&y, &x)
		case opELU:
			kernels.ELU(y, x)
		case opConcatELU:
			kernels.ConcatELU(y, x)
		default:
			kernels.Gate(y, x, r.grid(n.from[1], s))
		}
	}
}

// grid returns the values of a node.
func (r *pixelRun) grid(n *pixelNode, s *pixelSpan) kernels.Grid {
	v := r.maps[n.id].view(s, 1, 0, 0)
	return v.Grid(0, n.width)
}
