package layers

import "github.com/autoreg/autoreg/kernels"

// A stepCall is a kernel's call for a node of a step, with its operands: where pixels are
// computed one by one, building them anew each time takes longer than small products.
// From step to step only the places change at which operands begin.
type stepCall struct {
	node    *pixelNode
	op      stepOp
	group   int // of channels
	lasting bool
	odd     int // bits that the place's row and column must not have

	conv   kernels.ConvCall
	part   *convPart // of a convolution, with its bias or none, and how its chains end
	bias   []float32
	finish kernels.Finish

	y, x, z kernels.Grid // of other kernels: the result, and what it is computed from

	places [3]stepPlace // of y, x and z; of a convolution Dst, X and From
}

// A stepOp is the kernel of a stepCall.
type stepOp uint8

const (
	callConv stepOp = iota
	callCopy
	callAdd
	callELU
	callConcatELU
	callGate
	callReLU
)

// A stepPlace says where an operand begins.
type stepPlace struct {
	m        *pixelMap // nil for none
	due      int       // resolution of places
	scale    int
	row, col int // beyond the place, in pixels of the map
	first    int // values
}

// at returns where the operand of the given pixel of an image begins.
func (p *stepPlace) at(row, col int) int {
	m := p.m
	if m.compact {
		return m.at + p.first
	}
	return m.at + (row>>p.due*p.scale+p.row-m.first)*m.row + (col>>p.due*p.scale+p.col)*m.pixel + p.first
}

// grid returns the operand for places of span, but for where it begins.
func (p *stepPlace) grid(s *pixelSpan, cols int) kernels.Grid {
	v := p.m.view(s, p.scale, 0, 0)
	return v.Grid(0, cols)
}

// listCalls lists the calls of a step for all nodes that are computed pixel by pixel.
func (s *pixelSteps) listCalls() {
	s.calls = make([]stepCall, 0, len(s.net.graph.convs)+len(s.net.graph.convs)/4)
	for _, n := range s.net.graph.nodes[1:] {
		if n.early || n.into != nil {
			continue
		}
		place := func(of *pixelNode, first int) stepPlace {
			return stepPlace{m: &s.run.maps[of.id], due: n.due, scale: 1, first: first}
		}
		add := func(c stepCall) {
			c.node, c.lasting, c.odd = n, n.lasting, 1<<n.due-1
			s.calls = append(s.calls, c)
		}
		switch n.op {
		case opConv:
			s.listConv(n, n, n.finish, add)
		case opAdd:
			a, b, y := n.from[0], n.from[1], &s.run.maps[n.id]
			if n.fused == nil {
				add(stepCall{op: callAdd, places: [3]stepPlace{place(n, 0), place(a, 0), place(b, 0)}})
				continue
			}
			if y.at != s.run.maps[a.id].at {
				for g := range n.groups {
					first := firstOf(g, n.width, n.groups)
					add(stepCall{op: callCopy, group: g, places: [3]stepPlace{place(n, first), place(a, first)}})
				}
			}
			s.listConv(n.fused, n, kernels.ReLUAdd, add)
		case opReLU:
			add(stepCall{op: callReLU, places: [3]stepPlace{place(n, 0), place(n.from[0], 0)}})
		case opELU:
			add(stepCall{op: callELU, places: [3]stepPlace{place(n, 0), place(n.from[0], 0)}})
		case opConcatELU:
			add(stepCall{op: callConcatELU, places: [3]stepPlace{place(n, 0), place(n.from[0], 0)}})
		case opGate:
			add(stepCall{op: callGate, places: [3]stepPlace{place(n, 0), place(n.from[0], 0), place(n.from[1], 0)}})
		}
	}
}

// listConv lists the calls of a convolution whose results go to dst.
func (s *pixelSteps) listConv(n, dst *pixelNode, f kernels.Finish, add func(stepCall)) {
	cut := s.rows == 1 && n.cut > 0
	for i := range n.bias {
		p := &n.terms[0].conv.pieces[i]
		y := stepPlace{m: &s.run.maps[dst.id], due: n.due, scale: 1 << (n.due - n.resolution), row: p.row, col: p.col, first: p.at}
		from := stepPlace{}
		parts := n.whole[i]
		if cut {
			parts = n.split[i][n.cut:]
			from = stepPlace{m: &s.run.early[n.id], due: n.due, scale: 1, first: p.at}
		}
		for k := range parts {
			part := &parts[k]
			c := stepCall{op: callConv, part: part, bias: n.bias[i]}
			if n.groups > 1 {
				c.group = i
			}
			if k == len(parts)-1 {
				c.finish = f
			}
			x := stepPlace{m: &s.run.maps[part.from.id], due: n.due, scale: 1 << (n.due - part.from.resolution), row: -part.up, col: -part.left}
			c.places = [3]stepPlace{y, x, from}
			add(c)
			from = y
		}
	}
}

// shape sets the operands of all calls for steps of so many rows.
func (s *pixelSteps) shape() {
	for i := range s.calls {
		c := &s.calls[i]
		span := s.span(c.node)
		y, x, z := &c.places[0], &c.places[1], &c.places[2]
		switch c.op {
		case callConv:
			cols := c.part.w.Cols
			var from *kernels.Grid
			if z.m != nil {
				g := z.grid(&span, cols)
				from = &g
			}
			v := x.m.view(&span, x.scale, 0, 0)
			c.conv = kernels.NewConvCall(y.grid(&span, cols), from, kernels.Windows{
				Data: v.Data, Lines: v.Lines, Pixels: v.Pixels, LineStride: v.LineStride, PixelStride: v.PixelStride,
				Step: 1, K: c.part.w.Rows, Segment: max(c.part.span, 1), Skip: v.RowStride - c.part.span,
			}, c.part.w, c.bias, c.finish)
		case callCopy:
			n := c.node
			cols := firstOf(c.group+1, n.width, n.groups) - y.first
			c.y, c.x = y.grid(&span, cols), x.grid(&span, cols)
		default:
			c.y, c.x = y.grid(&span, y.m.width), x.grid(&span, x.m.width)
			if z.m != nil {
				c.z = z.grid(&span, z.m.width)
			}
		}
	}
}

// run makes the call for the places of this step.
func (c *stepCall) run(row, col int) {
	at := c.places[0].at(row, col)
	if c.op == callConv {
		from := 0
		if c.places[2].m != nil {
			from = c.places[2].at(row, col)
		}
		c.conv.Run(at, from, c.places[1].at(row, col))
		return
	}
	c.y.At, c.x.At = at, c.places[1].at(row, col)
	switch c.op {
	case callCopy:
		copyGrid(&c.y, &c.x)
	case callReLU:
		reluGrid(&c.y, &c.x)
	case callELU:
		kernels.ELU(c.y, c.x)
	case callConcatELU:
		kernels.ConcatELU(c.y, c.x)
	case callGate:
		c.z.At = c.places[2].at(row, col)
		kernels.Gate(c.y, c.x, c.z)
	case callAdd:
		c.z.At = c.places[2].at(row, col)
		addGrids(&c.y, &c.x, &c.z)
	}
}
