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

// A decoder decodes messages within a budget.
type decoder struct{ budget }

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
	return &decoder{newBudget(size)}, message{b, 0}, nil
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
	err = m.each(func(f *field) error {
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
			out.Opsets = append(out.Opsets, Opset{})
			o := &out.Opsets[len(out.Opsets)-1]
			return d.message(f, func(f *field) error {
				switch f.num {
				case 1:
					return f.str(&d.budget, &o.Domain)
				case 2:
					return f.int(&o.Version)
				}
				return nil
			})
		case 14:
			out.Metadata = append(out.Metadata, Entry{})
			e := &out.Metadata[len(out.Metadata)-1]
			return d.message(f, func(f *field) error {
				switch f.num {
				case 1:
					return f.str(&d.budget, &e.Key)
				case 2:
					return f.str(&d.budget, &e.Value)
				}
				return nil
			})
		}
		return nil
	})
	if err == nil && out.Graph == nil {
		err = formatErr("there is no graph: this is no ONNX file")
	}
	return out, err
}

// message calls do for every field of the message that f is.
func (d *decoder) message(f *field, do func(f *field) error) error {
	if err := f.want(delimited); err != nil {
		return err
	}
	return f.m.each(do)
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
	return d.message(f, func(f *field) error {
		values := &out.ValueInfo
		switch f.num {
		case 1:
			out.Nodes = append(out.Nodes, Node{})
			return d.node(f, &out.Nodes[len(out.Nodes)-1])
		case 2:
			return f.str(&d.budget, &out.Name)
		case 5:
			if err := f.want(delimited); err != nil {
				return err
			}
			out.Initializers = append(out.Initializers, Tensor{})
			return d.tensor(f.m, &out.Initializers[len(out.Initializers)-1])
		case 10:
			return f.str(&d.budget, &out.Doc)
		case 11:
			values = &out.Inputs
		case 12:
			values = &out.Outputs
		case 13:
		case 15:
			return formatErr("byte %d: a sparse tensor, which is not read: save it as a dense one", f.at)
		default:
			return nil
		}
		*values = append(*values, Value{})
		return d.value(f, &(*values)[len(*values)-1])
	})
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
	return d.message(f, func(f *field) error {
		switch f.num {
		case 1:
			out.Inputs = append(out.Inputs, "")
			return f.str(&d.budget, &out.Inputs[len(out.Inputs)-1])
		case 2:
			out.Outputs = append(out.Outputs, "")
			return f.str(&d.budget, &out.Outputs[len(out.Outputs)-1])
		case 3:
			return f.str(&d.budget, &out.Name)
		case 4:
			return f.str(&d.budget, &out.Op)
		case 5:
			out.Attributes = append(out.Attributes, Attribute{})
			return d.attribute(f, &out.Attributes[len(out.Attributes)-1])
		case 6:
			return f.str(&d.budget, &out.Doc)
		case 7:
			return f.str(&d.budget, &out.Domain)
		}
		return nil
	})
}

func (d *decoder) value(f *field, out *Value) error {
	return d.message(f, func(f *field) error {
		switch f.num {
		case 1:
			return f.str(&d.budget, &out.Name)
		case 2: // TypeProto
			return d.message(f, func(f *field) error {
				if f.num != 1 { // not a tensor
					return nil
				}
				return d.message(f, func(f *field) error {
					switch f.num {
					case 1:
						out.DType = DType(f.u)
						return f.want(varint)
					case 2:
						return d.shape(f, out)
					}
					return nil
				})
			})
		}
		return nil
	})
}

// shape decodes a TensorShapeProto.
func (d *decoder) shape(f *field, out *Value) (err error) {
	if out.Ranked {
		return formatErr("byte %d: value %s has two shapes", f.at, quote(out.Name))
	}
	out.Ranked = true
	if out.Shape, err = list[Dim](&d.budget, f.m.counts()[1]); err != nil {
		return err
	}
	return d.message(f, func(f *field) error {
		if f.num != 1 {
			return nil
		}
		out.Shape = append(out.Shape, Dim{})
		dim := &out.Shape[len(out.Shape)-1]
		return d.message(f, func(f *field) error {
			switch f.num {
			case 1:
				dim.Known = true
				return f.int(&dim.Size)
			case 2:
				return f.str(&d.budget, &dim.Name)
			}
			return nil
		})
	})
}
