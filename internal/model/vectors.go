package model

import (
	"encoding/json"
	"fmt"

	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// VectorConfig is the shape of a model over sequences of vectors. In a file it is
//
//	{"kind":"vectors","inputs":1,"layers":[{"type":"lstm","units":8},{"type":"dense","units":1}]}
//
// where the order of members and blanks are free, and nothing else is. A layer has the
// members of its layers.Spec beside its type. The outputs are those of the last layer.
// "first_state":true, behind the layers, says that a sequence begins in a state that is
// among the weights.
type VectorConfig struct {
	Inputs     int           // values of a vector that goes in
	Layers     []layers.Spec // from input to output
	FirstState bool          // see layers.VectorConfig
}

// Stack returns the configuration of the network.
func (c VectorConfig) Stack() layers.VectorConfig {
	return layers.VectorConfig{Inputs: c.Inputs, Layers: c.Layers, FirstState: c.FirstState}
}

// Check returns an error that names the first number that is out of range.
func (c VectorConfig) Check() error {
	if c.Inputs < 1 || c.Inputs > MaxWidth {
		return fmt.Errorf("inputs is %d: want 1 to %d", c.Inputs, MaxWidth)
	}
	if err := c.Stack().Check(); err != nil {
		return err
	}
	if p := c.Stack().Sizes().Params; p > MaxParams {
		return fmt.Errorf("%d inputs and the layers make %d parameters: want at most %d", c.Inputs, p, MaxParams)
	}
	return nil
}

// String returns c as a file has it.
func (c VectorConfig) String() string { return string(c.appendJSON(nil)) }

// appendJSON appends the form that is written.
func (c VectorConfig) appendJSON(b []byte) []byte {
	b = fmt.Appendf(b, `{"kind":%q,"inputs":%d,"layers":`, kindVectors, c.Inputs)
	b = AppendLayers(b, c.Layers)
	if c.FirstState {
		b = append(b, `,"first_state":true`...)
	}
	return append(b, '}')
}

// parse reads a VectorConfig as strictly as a Config.
func (c *VectorConfig) parse(b []byte) error {
	err := parseObject(b, kindVectors, map[string]func(d *json.Decoder) error{
		"inputs":      func(d *json.Decoder) error { return integer(d, &c.Inputs) },
		"layers":      func(d *json.Decoder) error { return layerList(d, &c.Layers) },
		"first_state": func(d *json.Decoder) error { return boolean(d, &c.FirstState) },
	}, "first_state")
	if err != nil {
		return err
	}
	return c.Check()
}

// A Vectors is a model over sequences of vectors.
type Vectors struct {
	Config VectorConfig
	Stack  *layers.VectorStack

	Metadata map[string]string // see Text
}

// NewVectors returns a model of zero weights. It panics if c.Check would fail.
func NewVectors(c VectorConfig) *Vectors {
	if c.Check() != nil {
		panic("model: NewVectors: invalid config")
	}
	return &Vectors{Config: c, Stack: layers.NewVectorStack(c.Stack())}
}

// File returns the content of the model's file. Some of it may be the model's own
// memory, the rest are copies.
func (m *Vectors) File() *weights.File {
	return &weights.File{
		Metadata: metadata(m.Metadata, m.Config.appendJSON(nil), nil),
		Tensors:  Tensors("", m.Stack, true),
	}
}

// VectorsFromFile builds the model that f holds: see FromFile.
func VectorsFromFile(f *weights.File) (*Vectors, error) {
	var c VectorConfig
	if err := readConfig(f, c.parse); err != nil {
		return nil, err
	}
	if err := checkSize(f, c.Stack().Sizes().Params); err != nil {
		return nil, err
	}
	m := NewVectors(c)
	if err := fill(m.Stack, f); err != nil {
		return nil, err
	}
	m.Metadata = free(f.Metadata)
	return m, nil
}
