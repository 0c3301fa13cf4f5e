package layers

import "github.com/autoreg/autoreg/kernels"

// A PixelTraining takes images through a network and back to the gradients of its weights:
// what all images of a run share.
//
// Each gradient of a weight is one chain over the images in the order in which they are
// accumulated, and over their pixels in raster order. So the bits do not depend on how
// the work is shared out.
type PixelTraining struct {
	net, grad *PixelNet
	back      [][]convBack // of each node: its terms; nil where a term reads the pixels' values
	tasks     []weightTask
	grads     [][]float32
}

// NewTraining returns the backward pass of n, whose gradients grad takes, a network of the
// same description.
func (n *PixelNet) NewTraining(grad *PixelNet) *PixelTraining {
	t := &PixelTraining{net: n, grad: grad, grads: ValuesOf(grad)}
	t.prepare()
	return t
}

// prepare lists what is to be computed.
func (t *PixelTraining) prepare() {
	for _, node := range t.net.graph.nodes {
		var list []convBack
		for _, term := range node.terms {
			if term.from.op == opInput || term.from.op == opCondition {
				list = append(list, convBack{term: term})
			} else {
				list = append(list, newConvBack(term))
			}
		}
		t.back = append(t.back, list)
		if t.grad != nil {
			t.addTasks(node)
		}
	}
}

// Begin sets the gradients to zero and takes over the weights of the network.
func (t *PixelTraining) Begin() {
	for _, g := range t.grads {
		clear(g)
	}
	for _, l := range t.grad.graph.convs {
		if l.norm != nil {
			for i := range l.pieces {
				clear(l.pieces[i].W.Data)
			}
		}
	}
	for _, list := range t.back {
		for i := range list {
			list[i].transpose()
		}
	}
}

// End goes from the gradients of weights to those of what training changes, once all
// images have been accumulated.
func (t *PixelTraining) End() {
	for i, l := range t.net.graph.convs {
		l.gather(t.grad.graph.convs[i].Conv)
	}
}

// Bytes returns the memory that t holds, the gradients not included.
func (t *PixelTraining) Bytes() (n int) {
	for _, list := range t.back {
		for _, b := range list {
			for _, p := range b.pieces {
				n += 4 * len(p.wt.Data)
			}
		}
	}
	return n
}

// PixelTrainingBytes returns the memory of the training of a network for images of a size,
// as 64 bits on every machine: what NewImage allocates, and the gradients of the weights and
// the copies of these for the backward pass.
func PixelTrainingBytes(spec PixelSpec, height, width int) (image, shared int64) {
	net := &PixelNet{Spec: spec, graph: pixelGraph{shape: true}}
	net.graph.complete(spec.build(&net.graph))
	t := &PixelTraining{net: net}
	t.prepare()
	values, grads := t.plan(height, width)
	size := spec.Sizes()
	shared = size.Packed + size.Derived
	for _, list := range t.back {
		for _, b := range list {
			for _, p := range b.pieces {
				shared += int64(p.wt.Rows) * int64(roundUp(p.wt.Cols, kernels.PanelWidth))
			}
		}
	}
	image = 4 * (values.total + grads.total)
	largest := int64(0)
	for _, n := range net.graph.nodes {
		if n.drops {
			pixels := int64(height>>n.resolution) * int64(width>>n.resolution)
			image += 8 * pixels * int64((n.width+63)/64)
			largest = max(largest, 4*pixels*int64(n.width))
		}
	}
	return image + largest, 4 * shared
}

// plan returns the plans of the values and of the gradients.
func (t *PixelTraining) plan(height, width int) (values, grads *pixelPlan) {
	graph := &t.net.graph
	values, grads = graph.wholePlan(height, width, true), newPixelPlan(graph)
	values.total += gradientSlack
	outer := make(map[pixelRoom]pixelMap)
	for i := len(graph.nodes) - 1; i > 0; i-- {
		n := graph.nodes[i]
		rows, cols := height>>n.resolution, width>>n.resolution
		if n.op == opCondition {
			continue
		}
		if grads.run.maps[i].row == 0 && n != graph.output {
			grads.run.maps[i] = grads.rows(n, rows, cols, 0, 0)
			grads.total += gradientSlack
		}
		if a := n.passes(); a != nil && grads.run.maps[a.id].row == 0 {
			grads.run.maps[a.id] = grads.run.maps[i]
		}
		var room pixelRoom
		for k := range t.back[i] {
			below, side := t.back[i][k].reach()
			room.top, room.side = max(room.top, below), max(room.side, side)
		}
		if room.top+room.side == 0 {
			continue
		}
		room.width, room.resolution, room.rows = n.width, n.resolution, rows
		if _, ok := outer[room]; !ok {
			m := grads.rows(n, rows+room.top, cols, 0, room.side)
			grads.total += int64(room.side*n.width) + gradientSlack // right of the last row, which is read
			outer[room] = m
		}
		grads.run.early[i] = outer[room]
	}
	return values, grads
}

// passes returns the node to which n passes its gradients on as they are, if it has not
// got any from nodes after n: both may have one map.
func (n *pixelNode) passes() *pixelNode {
	if n.op == opAdd || n.op == opGate {
		return n.from[0]
	}
	return nil
}
