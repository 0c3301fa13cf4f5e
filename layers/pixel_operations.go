package layers

import "github.com/autoreg/autoreg/kernels"

// A PixelOperation is one operation of a network over pixels, for programs that write the
// network in another form.
type PixelOperation struct {
	Kind PixelOperationKind
	// From are the operations whose results it takes, by their place in the list: of PixelAdd
	// both summands, of PixelGate x and then (p, q). A PixelConv has them in Terms.
	From  []int
	Terms []PixelTerm // of a PixelConv
	ReLU  bool        // of a PixelConv: its result is max(x, 0) of the sum
}

// A PixelOperationKind says what an operation computes, at each pixel.
type PixelOperationKind uint8

const (
	PixelInput     = PixelOperationKind(opInput)     // the input values of the channels
	PixelCondition = PixelOperationKind(opCondition) // the condition of the image
	PixelConv      = PixelOperationKind(opConv)      // the sum of all terms
	PixelAdd       = PixelOperationKind(opAdd)       // a + b
	PixelReLU      = PixelOperationKind(opReLU)      // max(x, 0)
	PixelELU       = PixelOperationKind(opELU)       // elu(x)
	PixelConcatELU = PixelOperationKind(opConcatELU) // elu(x), and behind it elu(-x)
	PixelGate      = PixelOperationKind(opGate)      // x + p·σ(q)
)

// A PixelTerm is a convolution of the result of an operation.
//
//	Weight [Out, N, Rows, Cols], of a transposed one [N, Out, Rows, Cols]
//	Bias   [Out]
//
// N being the values of a pixel of the operation. Weights of closed taps are 0; those of a
// weight-normalised layer are the weights, not directions. Of the terms that share a layer
// one has its bias, the others nil. The slices are copies.
type PixelTerm struct {
	Name         string // of the layer
	From, N      int
	Spec         ConvSpec
	Weight, Bias []float32
}

// Operations returns the operations of the network, each behind those that it takes
// results of. The last one's results are the outputs.
func (n *PixelNet) Operations() []PixelOperation {
	g := &n.graph
	names := make(map[*Conv]string)
	for _, l := range g.convs {
		names[l.Conv] = l.Name
	}
	var list []PixelOperation
	for _, node := range g.nodes {
		o := PixelOperation{Kind: PixelOperationKind(node.op), ReLU: node.op == opConv && node.finish == kernels.ReLU}
		for _, f := range node.from {
			o.From = append(o.From, f.id)
		}
		for i := range node.terms {
			t := &node.terms[i]
			term := PixelTerm{Name: names[t.conv], From: t.from.id, N: t.n, Spec: t.conv.spec, Weight: t.weights()}
			if t.first == 0 {
				term.Bias = t.conv.biases()
			}
			o.Terms = append(o.Terms, term)
		}
		list = append(list, o)
	}
	return list
}

// weights returns the weights of the term's inputs as a PixelTerm has them.
func (t *convTerm) weights() []float32 {
	l, s := t.conv, &t.conv.spec
	area := s.Rows * s.Cols
	data := make([]float32, s.Out*t.n*area)
	for i := range l.pieces {
		p := &l.pieces[i]
		for k := range p.rows {
			in, tap := k%s.In-t.first, p.tap(k/s.In, s.Cols)
			if in < 0 || in >= t.n {
				continue
			}
			for j := range p.n {
				pair := (p.first+j)*t.n + in
				if s.Transposed {
					pair = in*s.Out + p.first + j
				}
				data[pair*area+tap] = p.W.At(k, j)
			}
		}
	}
	return data
}

// biases returns a copy of the biases, without padding.
func (l *Conv) biases() []float32 {
	data := make([]float32, l.spec.Out)
	for i := range l.pieces {
		p := &l.pieces[i]
		copy(data[p.first:], p.Bias[:p.n])
	}
	return data
}
