package onnx

import (
	"io"
	"math"
)

// maxFile is the size of the largest message that protocol buffers allow.
const maxFile = math.MaxInt32

// Read reads the model in the first size bytes of r. An error of r is returned as it is,
// what the file breaks as an error that wraps ErrFormat. The tensors share the memory
// into which the file is read.
func Read(r io.ReaderAt, size int64) (*Model, error) {
	d, m, err := load(r, size)
	if err != nil {
		return nil, err
	}
	model, err := d.model(m)
	if err != nil {
		return nil, err
	}
	model.budget, model.read = d.budget, true
	return model, nil
}

// ReadTensor reads a file of one tensor, such as input_0.pb of ONNX' node tests.
func ReadTensor(r io.ReaderAt, size int64) (*Tensor, error) {
	d, m, err := load(r, size)
	if err != nil {
		return nil, err
	}
	t := new(Tensor)
	if err := d.tensor(m, t); err != nil {
		return nil, err
	}
	return t, nil
}

// A decoder decodes messages within a budget. The fields are those under way, one for
// each message within another: kept here they cost no memory for each message.
type decoder struct {
	budget
	fields [8]field
	depth  int
}

func load(r io.ReaderAt, size int64) (*decoder, message, error) {
	if size < 0 || size > maxFile {
		return nil, message{}, formatErr("%d bytes: an ONNX file has at most %d", size, maxFile)
	}
	b := make([]byte, size)
	if n, err := r.ReadAt(b, 0); n < len(b) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, message{}, err
	}
	return &decoder{budget: newBudget(size)}, message{b, 0}, nil
}

// decode calls do for every field of m, which is about out.
func decode[T any](d *decoder, m message, out *T, do func(d *decoder, f *field, out *T) error) (err error) {
	f := &d.fields[d.depth]
	d.depth++
	for len(m.b) > 0 && err == nil {
		if *f, err = m.next(); err == nil {
			err = do(d, f, out)
		}
	}
	d.depth--
	return err
}

// sub is decode of the message that f is.
func sub[T any](d *decoder, f *field, out *T, do func(d *decoder, f *field, out *T) error) error {
	if err := f.want(delimited); err != nil {
		return err
	}
	return decode(d, f.m, out, do)
}

// extend appends an empty element to a list with room for it.
func extend[T any](list *[]T) *T {
	var zero T
	*list = append(*list, zero)
	return &(*list)[len(*list)-1]
}

func (d *decoder) model(m message) (*Model, error) {
	n, out := m.counts(), new(Model)
	var err error
	if out.Opsets, err = list[Opset](&d.budget, n[8]); err != nil {
		return nil, err
	}
	if out.Metadata, err = list[Entry](&d.budget, n[14]); err != nil {
		return nil, err
	}
	if err = decode(d, m, out, (*decoder).modelField); err == nil && out.Graph == nil {
		err = formatErr("there is no graph: this is no ONNX file")
	}
	return out, err
}

func (d *decoder) modelField(f *field, out *Model) error {
	switch f.num {
	case 1:
		return f.int(&out.IRVersion)
	case 2:
		return f.str(&d.budget, &out.Producer)
	case 3:
		return f.str(&d.budget, &out.ProducerVersion)
	case 4:
		return f.str(&d.budget, &out.Domain)
	case 5:
		return f.int(&out.ModelVersion)
	case 6:
		return f.str(&d.budget, &out.Doc)
	case 7:
		if out.Graph != nil {
			return formatErr("byte %d: a second graph", f.at)
		}
		out.Graph = new(Graph)
		return d.graph(f, out.Graph)
	case 8:
		return sub(d, f, extend(&out.Opsets), (*decoder).opsetField)
	case 14:
		return sub(d, f, extend(&out.Metadata), (*decoder).entryField)
	}
	return nil
}

func (d *decoder) opsetField(f *field, out *Opset) error {
	switch f.num {
	case 1:
		return f.str(&d.budget, &out.Domain)
	case 2:
		return f.int(&out.Version)
	}
	return nil
}

func (d *decoder) entryField(f *field, out *Entry) error {
	switch f.num {
	case 1:
		return f.str(&d.budget, &out.Key)
	case 2:
		return f.str(&d.budget, &out.Value)
	}
	return nil
}

func (d *decoder) graph(f *field, out *Graph) (err error) {
	n := f.m.counts()
	if out.Nodes, err = list[Node](&d.budget, n[1]); err != nil {
		return err
	}
	if out.Initializers, err = list[Tensor](&d.budget, n[5]); err != nil {
		return err
	}
	for i, values := range []*[]Value{&out.Inputs, &out.Outputs, &out.ValueInfo} {
		if *values, err = list[Value](&d.budget, n[11+i]); err != nil {
			return err
		}
	}
	return sub(d, f, out, (*decoder).graphField)
}

func (d *decoder) graphField(f *field, out *Graph) error {
	switch f.num {
	case 1:
		return d.node(f, extend(&out.Nodes))
	case 2:
		return f.str(&d.budget, &out.Name)
	case 5:
		return d.subTensor(f, extend(&out.Initializers))
	case 10:
		return f.str(&d.budget, &out.Doc)
	case 11:
		return sub(d, f, extend(&out.Inputs), (*decoder).valueField)
	case 12:
		return sub(d, f, extend(&out.Outputs), (*decoder).valueField)
	case 13:
		return sub(d, f, extend(&out.ValueInfo), (*decoder).valueField)
	case 15:
		return formatErr("byte %d: a sparse tensor, which is not read: save it as a dense one", f.at)
	}
	return nil
}

func (d *decoder) node(f *field, out *Node) (err error) {
	n := f.m.counts()
	if out.Inputs, err = list[string](&d.budget, n[1]); err != nil {
		return err
	}
	if out.Outputs, err = list[string](&d.budget, n[2]); err != nil {
		return err
	}
	if out.Attributes, err = list[Attribute](&d.budget, n[5]); err != nil {
		return err
	}
	return sub(d, f, out, (*decoder).nodeField)
}

func (d *decoder) nodeField(f *field, out *Node) error {
	switch f.num {
	case 1:
		return f.str(&d.budget, extend(&out.Inputs))
	case 2:
		return f.str(&d.budget, extend(&out.Outputs))
	case 3:
		return f.str(&d.budget, &out.Name)
	case 4:
		return f.str(&d.budget, &out.Op)
	case 5:
		return d.attribute(f, extend(&out.Attributes))
	case 6:
		return f.str(&d.budget, &out.Doc)
	case 7:
		return f.str(&d.budget, &out.Domain)
	}
	return nil
}

func (d *decoder) valueField(f *field, out *Value) error {
	switch f.num {
	case 1:
		return f.str(&d.budget, &out.Name)
	case 2:
		return sub(d, f, out, (*decoder).typeField)
	case 3:
		return f.str(&d.budget, &out.Doc)
	}
	return nil
}

// typeField decodes a field of TypeProto. Types besides that of a tensor are skipped.
func (d *decoder) typeField(f *field, out *Value) error {
	if f.num == 1 {
		return sub(d, f, out, (*decoder).tensorTypeField)
	}
	return nil
}

func (d *decoder) tensorTypeField(f *field, out *Value) (err error) {
	switch f.num {
	case 1:
		out.DType = DType(f.u)
		return f.want(varint)
	case 2:
		if out.Ranked {
			return formatErr("byte %d: value %s has two shapes", f.at, quote(out.Name))
		}
		out.Ranked = true
		if out.Shape, err = list[Dim](&d.budget, f.m.counts()[1]); err != nil {
			return err
		}
		return sub(d, f, out, (*decoder).shapeField)
	}
	return nil
}

func (d *decoder) shapeField(f *field, out *Value) error {
	if f.num == 1 {
		return sub(d, f, extend(&out.Shape), (*decoder).dimField)
	}
	return nil
}

func (d *decoder) dimField(f *field, out *Dim) error {
	switch f.num {
	case 1:
		out.Known = true
		return f.int(&out.Size)
	case 2:
		return f.str(&d.budget, &out.Name)
	}
	return nil
}
