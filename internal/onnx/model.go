package onnx

// A Model is the content of a file.
type Model struct {
	IRVersion                              int64
	Producer, ProducerVersion, Domain, Doc string
	ModelVersion                           int64
	Graph                                  *Graph
	Opsets                                 []Opset
	Metadata                               []Entry

	budget budget // what Read has left for Network
	read   bool   // by Read, so that budget counts
}

// An Opset is a set of operators that the nodes of a domain are from.
type Opset struct {
	Domain  string // "" is ONNX' own
	Version int64
}

// An Entry is a pair of metadata.
type Entry struct{ Key, Value string }

// A Graph is nodes in an order in which they can be computed, connected by the names of
// their inputs and outputs.
type Graph struct {
	Nodes                      []Node
	Name, Doc                  string
	Initializers               []Tensor
	Inputs, Outputs, ValueInfo []Value
}

// A Node is one operation. An input or output that it leaves out has an empty name.
type Node struct {
	Inputs, Outputs       []string
	Name, Op, Doc, Domain string
	Attributes            []Attribute
}

// Attribute returns the attribute called name, or nil.
func (n *Node) Attribute(name string) *Attribute {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return &n.Attributes[i]
		}
	}
	return nil
}

// An AttributeType says which field of an Attribute counts.
type AttributeType int32

// The types of attributes, as numbered in AttributeProto.
const (
	FloatAttribute   AttributeType = 1
	IntAttribute     AttributeType = 2
	StringAttribute  AttributeType = 3
	TensorAttribute  AttributeType = 4
	GraphAttribute   AttributeType = 5
	FloatsAttribute  AttributeType = 6
	IntsAttribute    AttributeType = 7
	StringsAttribute AttributeType = 8
)

// An Attribute is a constant of a node.
type Attribute struct {
	Name    string
	F       float32
	I       int64
	S       string
	T       *Tensor
	Floats  []float32
	Ints    []int64
	Strings []string
	Tensors []Tensor
	Type    AttributeType

	Subgraphs int    // number of graphs
	opaque    []byte // fields of graphs and types, as they stand in the file
}

// A Value describes an input, an output or an intermediate value of a graph.
type Value struct {
	Name   string
	Doc    string
	DType  DType // Undefined if it is no tensor
	Shape  []Dim
	Ranked bool // Shape is known, possibly of no dimensions
}

// A Dim is the size of a dimension: a number, or else the name of one, which may be
// empty.
type Dim struct {
	Size  int64
	Name  string
	Known bool // Size counts
}
