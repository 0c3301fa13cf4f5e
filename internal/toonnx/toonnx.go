// Package toonnx writes a model as an ONNX file: the network as a graph of standard
// operators that gives the logits, and the description and the vocabulary as metadata.
//
// # Sequences
//
//	tokens [batch, sequence] int64     or of a model of vectors inputs [batch, sequence, In]
//	lstm_h, lstm_c, gru_l1_h [1, batch, H]    the states of the layers before the sequence
//	logits [batch, sequence, V]        or outputs [batch, sequence, Out]
//	lstm_h_out, ... [1, batch, H]      the states behind it
//
// A sequence begins with states of zeros, whatever the model is: where a sequence has a
// first state of its own, the states that go in and out are differences from it. A network
// that reads a sequence in both directions has no states; a classifier has none either and
// gives logits [batch, classes].
//
// # Images
//
//	levels     [batch, C, height, width] uint8
//	condition  [batch, N]             only of a network that is conditioned
//	logits     [batch, C, L, height, width]
//	parameters [batch, K, values, height, width]    in place of logits, of a mixture
//
// The values of a component are those of layers.Mixture: its weight, the means of the
// channels, their scales, their coefficients, all before the functions applied to them.
//
// Source: Operators.md of https://github.com/onnx/onnx, operator set 13.
package toonnx

import (
	"fmt"
	"maps"
	"slices"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/internal/weights"
)

// Producer is what the files name as the program that made them.
const Producer = "autoreg"

// The operator set, and the version of the format that came with it: of early 2021.
const (
	opset     = 13
	irVersion = 7
)

// Model returns the graph of the model that f holds. It keeps nothing of f. Errors are
// those of reading the model, and for a kind of model that has no graph.
func Model(f *weights.File) (*onnx.Model, error) {
	b := &builder{graph: &onnx.Graph{Name: Producer}}
	kind := model.KindOf(f.Metadata)
	var err error
	switch kind {
	case model.KindText:
		err = b.text(f)
	case model.KindClassifier:
		err = b.classifier(f)
	case model.KindVectors:
		err = b.vectors(f)
	case model.KindImages:
		err = b.images(f)
	default:
		err = fmt.Errorf("models of kind %.40q have no form for ONNX", kind)
	}
	if err != nil {
		return nil, err
	}
	m := &onnx.Model{
		IRVersion: irVersion, Producer: Producer, Graph: b.graph,
		Opsets: []onnx.Opset{{Version: opset}},
		Doc:    "A model of autoreg, of kind " + kind + ". The metadata hold its description and its vocabulary.",
	}
	for _, key := range slices.Sorted(maps.Keys(f.Metadata)) {
		if key != weights.KeyChecksum && key != model.KeyCheckpoint {
			m.Metadata = append(m.Metadata, onnx.Entry{Key: key, Value: f.Metadata[key]})
		}
	}
	return m, nil
}

// A builder adds nodes to a graph.
type builder struct{ graph *onnx.Graph }

// node adds a node of one output, which has the node's name, and returns it.
func (b *builder) node(name, op string, inputs []string, attributes ...onnx.Attribute) string {
	b.graph.Nodes = append(b.graph.Nodes, onnx.Node{Name: name, Op: op, Inputs: inputs, Outputs: []string{name}, Attributes: attributes})
	return name
}

// floats adds a tensor and returns its name.
func (b *builder) floats(name string, values []float32, shape ...int) string {
	b.graph.Initializers = append(b.graph.Initializers, onnx.NewFloats(name, shape, values))
	return name
}

// ints adds a tensor of one dimension and returns its name.
func (b *builder) ints(name string, values ...int64) string {
	b.graph.Initializers = append(b.graph.Initializers, onnx.NewInts(name, []int{len(values)}, values))
	return name
}

// input adds an input of the graph and returns its name. A dimension is an int or a name.
func (b *builder) input(name, doc string, t onnx.DType, dims ...any) string {
	b.graph.Inputs = append(b.graph.Inputs, newValue(name, doc, t, dims))
	return name
}

// output makes value name an output of the graph.
func (b *builder) output(name, doc string, dims ...any) {
	b.graph.Outputs = append(b.graph.Outputs, newValue(name, doc, onnx.Float, dims))
}

func newValue(name, doc string, t onnx.DType, dims []any) onnx.Value {
	v := onnx.Value{Name: name, Doc: doc, DType: t, Ranked: true}
	for _, d := range dims {
		switch d := d.(type) {
		case int:
			v.Shape = append(v.Shape, onnx.Dim{Size: int64(d), Known: true})
		case string:
			v.Shape = append(v.Shape, onnx.Dim{Name: d})
		}
	}
	return v
}

func intAttribute(name string, v int) onnx.Attribute {
	return onnx.Attribute{Name: name, Type: onnx.IntAttribute, I: int64(v)}
}

func intsAttribute(name string, v ...int64) onnx.Attribute {
	return onnx.Attribute{Name: name, Type: onnx.IntsAttribute, Ints: v}
}

func stringAttribute(name, v string) onnx.Attribute {
	return onnx.Attribute{Name: name, Type: onnx.StringAttribute, S: v}
}
