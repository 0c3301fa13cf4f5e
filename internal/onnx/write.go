package onnx

import (
	"encoding/binary"
	"io"
	"math"
)

// WriteTo writes what Append appends.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	b, err := m.Append(nil)
	if err != nil {
		return 0, err
	}
	n, err := w.Write(b)
	return int64(n), err
}

// Append appends the encoded model to b. It refuses, with an error that wraps ErrFormat,
// a model without a graph, a tensor whose data are not what its type and shape ask for,
// and one of 2 GB or more.
func (m *Model) Append(b []byte) ([]byte, error) {
	if m.Graph == nil {
		return nil, formatErr("the model has no graph")
	}
	e := encoder{b: b}
	e.optional(1, m.IRVersion)
	e.str(2, m.Producer)
	e.str(3, m.ProducerVersion)
	e.str(4, m.Domain)
	e.optional(5, m.ModelVersion)
	e.str(6, m.Doc)
	e.message(7, func() { e.graph(m.Graph) })
	for _, o := range m.Opsets {
		e.message(8, func() {
			e.list(1, o.Domain) // also if it is ONNX' own, as ONNX' helper does
			e.int(2, o.Version)
		})
	}
	for _, x := range m.Metadata {
		e.message(14, func() {
			e.str(1, x.Key)
			e.str(2, x.Value)
		})
	}
	if len(e.b)-len(b) > maxFile {
		e.fail(formatErr("the model takes %d bytes: an ONNX file has at most %d", len(e.b)-len(b), maxFile))
	}
	if e.err != nil {
		return nil, e.err
	}
	return e.b, nil
}

// AppendTo appends the encoded tensor to b, the content of a file of one tensor.
func (t *Tensor) AppendTo(b []byte) ([]byte, error) {
	e := encoder{b: b}
	e.tensor(t)
	return e.b, e.err
}

// An encoder appends fields to b; err is the first error.
type encoder struct {
	b   []byte
	err error
}

func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *encoder) tag(num, wire int) { e.b = binary.AppendUvarint(e.b, uint64(num)<<3|uint64(wire)) }

func (e *encoder) int(num int, v int64) {
	e.tag(num, varint)
	e.b = binary.AppendUvarint(e.b, uint64(v))
}

// optional leaves out 0.
func (e *encoder) optional(num int, v int64) {
	if v != 0 {
		e.int(num, v)
	}
}

// list writes s, also if it is empty: its place counts.
func (e *encoder) list(num int, s string) {
	e.tag(num, delimited)
	e.b = binary.AppendUvarint(e.b, uint64(len(s)))
	e.b = append(e.b, s...)
}

// str leaves out "".
func (e *encoder) str(num int, s string) {
	if s != "" {
		e.list(num, s)
	}
}

// message writes what body appends, with its length in front.
func (e *encoder) message(num int, body func()) {
	e.tag(num, delimited)
	start := len(e.b)
	body()
	size := len(e.b) - start
	var head [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(head[:], uint64(size))
	e.b = append(e.b, head[:n]...) // room for it
	copy(e.b[start+n:], e.b[start:start+size])
	copy(e.b[start:], head[:n])
}

func (e *encoder) graph(g *Graph) {
	for i := range g.Nodes {
		e.message(1, func() { e.node(&g.Nodes[i]) })
	}
	e.str(2, g.Name)
	for i := range g.Initializers {
		e.message(5, func() { e.tensor(&g.Initializers[i]) })
	}
	e.str(10, g.Doc)
	for i, values := range [][]Value{g.Inputs, g.Outputs, g.ValueInfo} {
		for _, v := range values {
			e.message(11+i, func() { e.value(v) })
		}
	}
}

func (e *encoder) node(n *Node) {
	for _, s := range n.Inputs {
		e.list(1, s)
	}
	for _, s := range n.Outputs {
		e.list(2, s)
	}
	e.str(3, n.Name)
	e.str(4, n.Op)
	for i := range n.Attributes {
		e.message(5, func() { e.attribute(&n.Attributes[i]) })
	}
	e.str(6, n.Doc)
	e.str(7, n.Domain)
}

// attribute writes the one value that an attribute's type says; repeated numbers are not
// packed, as onnx.proto declares them.
func (e *encoder) attribute(a *Attribute) {
	e.str(1, a.Name)
	switch a.Type {
	case FloatAttribute:
		e.float(2, a.F)
	case IntAttribute:
		e.int(3, a.I)
	case StringAttribute:
		e.list(4, a.S)
	case TensorAttribute:
		if a.T == nil {
			e.fail(formatErr("attribute %s has no tensor", quote(a.Name)))
			return
		}
		e.message(5, func() { e.tensor(a.T) })
	}
	for _, v := range a.Floats {
		e.float(7, v)
	}
	for _, v := range a.Ints {
		e.int(8, v)
	}
	for _, s := range a.Strings {
		e.list(9, s)
	}
	for i := range a.Tensors {
		e.message(10, func() { e.tensor(&a.Tensors[i]) })
	}
	e.b = append(e.b, a.opaque...)
	e.int(20, int64(a.Type))
}

func (e *encoder) float(num int, v float32) {
	e.tag(num, fixed32)
	e.b = binary.LittleEndian.AppendUint32(e.b, math.Float32bits(v))
}

func (e *encoder) value(v Value) {
	e.str(1, v.Name)
	if v.DType != Undefined || v.Ranked {
		e.message(2, func() { e.message(1, func() { e.tensorType(v) }) })
	}
	e.str(3, v.Doc)
}

func (e *encoder) tensorType(v Value) {
	e.int(1, int64(v.DType))
	if !v.Ranked {
		return
	}
	e.message(2, func() {
		for _, d := range v.Shape {
			e.message(1, func() {
				if d.Known {
					e.int(1, d.Size)
				} else {
					e.str(2, d.Name)
				}
			})
		}
	})
}

func (e *encoder) tensor(t *Tensor) {
	if err := t.check(); err != nil {
		e.fail(err)
		return
	}
	for _, d := range t.Shape {
		e.int(1, int64(d))
	}
	e.int(2, int64(t.DType))
	e.str(8, t.Name)
	e.tag(rawData, delimited)
	e.b = binary.AppendUvarint(e.b, uint64(len(t.Data)))
	e.b = append(e.b, t.Data...)
}
