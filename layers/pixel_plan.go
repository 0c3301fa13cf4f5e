package layers

import (
	"slices"

	"github.com/autoreg/autoreg/kernels"
)

// A pixelPlan says where the maps of a schedule lie in one piece of memory.
type pixelPlan struct {
	run   pixelRun
	total int64 // float32s, of 64 bits on every machine

	free map[pixelRoom][]pixelMap // maps whose nodes are not read any more
	room map[int]pixelRoom        // of each node's map that may be used again
}

// A pixelRoom is what maps that may take each other's place have in common.
type pixelRoom struct {
	width, resolution, rows, top, side int
	readsRight                         bool
}

func newPixelPlan(g *pixelGraph) *pixelPlan {
	return &pixelPlan{
		run:  pixelRun{maps: make([]pixelMap, len(g.nodes)), early: make([]pixelMap, len(g.nodes))},
		free: make(map[pixelRoom][]pixelMap), room: make(map[int]pixelRoom),
	}
}

// one adds a map of one pixel, which is that of all places of an image.
func (p *pixelPlan) one(n *pixelNode) pixelMap {
	p.align()
	m := pixelMap{at: int(p.total), width: n.width}
	p.total += int64(n.width)
	return m
}

// alloc allocates the memory.
func (p *pixelPlan) alloc() []float32 {
	memory := kernels.Alloc(int(p.total))
	for _, list := range [][]pixelMap{p.run.maps, p.run.early} {
		for i := range list {
			list[i].data = memory
		}
	}
	return memory
}

// align goes on to the next cache line.
func (p *pixelPlan) align() { p.total = (p.total + 15) &^ 15 }

// rows adds a map of rows of an image with a border of zeros, top rows above and side
// columns left and right: that right of a row is also that left of the next.
func (p *pixelPlan) rows(n *pixelNode, rows, cols, top, side int) pixelMap {
	row := (cols + side) * n.width
	p.align()
	m := pixelMap{at: int(p.total) + top*row + side*n.width, width: n.width, pixel: n.width, row: row, side: side * n.width, rows: rows}
	p.total += int64(rows+top) * int64(row)
	if n.readsRight {
		p.total += int64(side * n.width) // right of the last row
	}
	return m
}

// shared is make, or a map of the same room that is not in use any more. Node n, computed
// from others, may take the place of one that only n still reads.
func (p *pixelPlan) shared(n *pixelNode, room pixelRoom, share bool, make func() pixelMap) pixelMap {
	if !share {
		return make()
	}
	var m pixelMap
	a := n.base()
	switch free := p.free[room]; {
	case a != nil && a.lastUse == n.id && p.has(a, room):
		m = p.run.maps[a.id]
		delete(p.room, a.id)
	case len(free) > 0:
		m = free[len(free)-1]
		p.free[room] = free[:len(free)-1]
	default:
		m = make()
	}
	p.room[n.id] = room
	return m
}

func (p *pixelPlan) has(n *pixelNode, room pixelRoom) bool {
	r, ok := p.room[n.id]
	return ok && r == room
}

// base returns the node that n adds to, if it is computed in place.
func (n *pixelNode) base() *pixelNode {
	if n.op == opAdd && n.fused != nil || n.op == opGate {
		return n.from[0]
	}
	return nil
}

// release gives back the maps of nodes that n was the last to read.
func (p *pixelPlan) release(n *pixelNode) {
	list := n.sources()
	if n.fused != nil {
		list = append(list, n.fused.sources()...)
	}
	for _, f := range list {
		if room, ok := p.room[f.id]; ok && f.lastUse <= n.id {
			p.free[room] = append(p.free[room], p.run.maps[f.id])
			delete(p.room, f.id)
		}
	}
}

// wholePlan plans the maps of a whole image. With keep they all stay.
func (g *pixelGraph) wholePlan(height, width int, keep bool) *pixelPlan {
	p := newPixelPlan(g)
	for _, n := range g.nodes {
		if n.into != nil && !keep {
			continue // it has no map of its own
		}
		if n.op == opCondition {
			p.run.maps[n.id] = p.one(n)
			continue
		}
		side := max(n.left, n.right)
		rows, cols := height>>n.resolution, width>>n.resolution
		room := pixelRoom{n.width, n.resolution, rows, n.up, side, n.readsRight}
		p.run.maps[n.id] = p.shared(n, room, !keep && n.op != opInput, func() pixelMap { return p.rows(n, rows, cols, n.up, side) })
		if !keep {
			p.release(n)
		}
	}
	return p
}

// extraRows is the number of rows that a map of a wavefront holds beyond those that a step
// reads: the more there are, the fewer are the times that rows are moved up.
const extraRows = 2

// stepsPlan plans the maps of images that are computed step by step.
func (g *pixelGraph) stepsPlan(images, height, width, rows int) (p *pixelPlan) {
	p = newPixelPlan(g)
	byRows := rows == 1
	share := g.output.groups == 1 // channels to come read the values of those before in every node
	var steps []*pixelNode
	for _, n := range g.nodes {
		side, cols := max(n.left, n.right), width>>n.resolution
		switch {
		case n.op == opCondition:
			p.run.maps[n.id] = p.one(n)
		case n.op == opInput:
			p.run.maps[n.id] = p.rows(n, height, cols, n.up, side)
		case n.into != nil && !n.early:
		case n.early:
			made := 1 << (n.due - n.resolution)
			room := pixelRoom{n.width, n.resolution, made, n.up, side, n.readsRight}
			m := p.shared(n, room, n.up+side == 0 && made == 1 && n.earlyReaders(), func() pixelMap {
				m := p.rows(n, n.up+made, cols, 0, side)
				m.keep = n.up
				return m
			})
			p.run.maps[n.id] = m
			p.release(n)
		case n.up+side > 0 || n.due > n.resolution:
			p.run.maps[n.id] = p.stored(n, cols, side, rows)
		default:
			steps = append(steps, n)
		}
		if byRows && n.cut > 0 {
			p.run.early[n.id] = p.rows(n, 1, cols, 0, 0)
		}
	}
	p.align()
	slab := p.total // what an image keeps from step to step
	for _, list := range [][]pixelMap{p.run.maps, p.run.early} {
		for i := range list {
			list[i].image = int(slab)
		}
	}
	p.total *= int64(images)
	for _, n := range steps {
		room := pixelRoom{width: n.width, rows: -1}
		p.run.maps[n.id] = p.shared(n, room, share, func() pixelMap {
			p.align()
			m := pixelMap{at: int(p.total), width: n.width, pixel: n.width, compact: true}
			p.total += int64(images) * int64(rows) * int64(n.width)
			return m
		})
		p.release(n)
	}
	return p
}

// stored adds the map of a node that other places read.
func (p *pixelPlan) stored(n *pixelNode, cols, side, rows int) pixelMap {
	made := 1 << (n.due - n.resolution)
	keep, least := n.up, 0
	if rows == 1 && made == 1 && n.cutReaders() {
		// The rows above are read when a row begins; then it takes the place of the first.
		keep, least = max(n.up-1, 0), n.up
	}
	room := max(keep+made, least)
	if rows > 1 {
		room = keep + rows + extraRows
	}
	m := p.rows(n, room, cols, 0, side)
	if rows == 1 && !n.readsRight {
		p.total += int64(side * n.width) // the last row is read when the next one begins
	}
	m.keep = keep
	return m
}

// earlyReaders reports whether n is read before a row begins only.
func (n *pixelNode) earlyReaders() bool {
	for _, other := range n.readers {
		if !other.early && (other.cut == 0 || slices.Contains(other.from, n)) {
			return false
		}
	}
	return true
}

// cutReaders reports whether all that read n in rows above are cut.
func (n *pixelNode) cutReaders() bool {
	for _, other := range n.readers {
		if other.cut == 0 {
			for i := range other.whole {
				for _, part := range other.whole[i] {
					if part.from == n && part.up > 0 {
						return false
					}
				}
			}
		}
	}
	return true
}
