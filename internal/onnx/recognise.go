package onnx

// recognise refuses graphs that compute a recurrence out of other operators, and says
// so: the message for one of these operators would not.
func (g *follower) recognise() error {
	for _, n := range g.nodes {
		switch n.Op {
		case "Loop", "Scan":
			return n.fail("it runs a graph of its own for each step of a sequence: want the layer as one node, LSTM, GRU or RNN; some exporters (tf2onnx) write a GRU so, others as a node")
		case "If":
			return n.fail("it chooses between graphs of its own: want a graph without conditions, exported with the form of its input fixed")
		case "Mul":
			if len(n.Inputs) != 2 {
				continue
			}
			for i := range 2 {
				if g.gate(n.Inputs[i], 3) && g.squashed(n.Inputs[1-i]) {
					return n.fail("the graph computes the cell of a recurrent layer out of MatMul, Sigmoid, Tanh and Mul: want the layer as one node, LSTM or GRU: export it so, or take the model that it was made from")
				}
			}
		}
	}
	return nil
}

// gate reports whether name is a sigmoid, or 1 minus one, of a product.
func (g *follower) gate(name string, depth int) bool {
	n := g.givers[name]
	if n == nil || depth == 0 {
		return false
	}
	switch n.Op {
	case "Sigmoid", "HardSigmoid":
		return len(n.Inputs) > 0 && g.product(n.Inputs[0], 8)
	case "Sub":
		return len(n.Inputs) == 2 && g.gate(n.Inputs[1], depth-1)
	}
	return false
}

func (g *follower) squashed(name string) bool {
	n := g.givers[name]
	return n != nil && n.Op == "Tanh"
}

// product reports whether name is a part of a product of matrices, possibly with
// something added. A gate over pixels has a Conv there.
func (g *follower) product(name string, depth int) bool {
	n := g.givers[name]
	if n == nil || depth == 0 {
		return false
	}
	switch n.Op {
	case "MatMul", "Gemm":
		return true
	case "Add":
		for _, in := range n.Inputs[:min(2, len(n.Inputs))] {
			if g.product(in, depth-1) {
				return true
			}
		}
	case "Split", "Slice", "Squeeze", "Unsqueeze", "Reshape", "Transpose", "Identity", "Gather":
		return len(n.Inputs) > 0 && g.product(n.Inputs[0], depth-1)
	}
	return false
}
