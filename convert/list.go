package convert

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/hdf5"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/internal/torchfile"
	"github.com/autoreg/autoreg/internal/weights"
)

// A Listing is the tensors of a file of another tool.
type Listing struct {
	Format  string
	Tensors []Tensor
}

// A Tensor is one of a file.
type Tensor struct {
	Name  string
	DType string // as the format names it
	Shape []int  // outermost first; none for a scalar
}

// List lists the tensors of a file, without reading their data where the format allows
// that, whether or not Import can make a model of them.
func List(r io.ReaderAt, size int64) (*Listing, error) {
	l, err := list(r, size)
	return l, apierror.Wrap("convert", err)
}

func list(r io.ReaderAt, size int64) (*Listing, error) {
	form, err := formOf(r, size)
	if err != nil {
		return nil, err
	}
	switch form {
	case formHDF5:
		f, err := hdf5.Open(r, size)
		if err != nil {
			return nil, err
		}
		return listHDF5("HDF5", f)
	case formKeras:
		z, err := zip.NewReader(r, size)
		if err != nil {
			return nil, err
		}
		weights, length, err := zipMember(z, "model.weights.h5", r, size)
		if err != nil {
			return nil, err
		}
		f, err := hdf5.Open(weights, length)
		if err != nil {
			return nil, err
		}
		return listHDF5("Keras", f)
	case formTorch:
		f, err := torchfile.Open(r, size)
		if err != nil {
			return nil, err
		}
		l := &Listing{Format: "PyTorch"}
		for _, t := range f.Tensors() {
			l.Tensors = append(l.Tensors, Tensor{t.Name, t.DType.String(), t.Shape})
		}
		return l, nil
	case formSafetensors:
		f, types, err := weights.ReadForeign(r, size)
		if err != nil {
			return nil, err
		}
		l := &Listing{Format: "safetensors"}
		for i, t := range f.Tensors {
			l.Tensors = append(l.Tensors, Tensor{t.Name, types[i].String(), t.Shape})
		}
		return l, nil
	case formONNX:
		m, err := onnx.Read(r, size)
		if err != nil {
			return nil, err
		}
		l := &Listing{Format: "ONNX"}
		if m.Graph != nil {
			for _, t := range m.Graph.Initializers {
				l.Tensors = append(l.Tensors, Tensor{t.Name, t.DType.String(), t.Shape})
			}
		}
		return l, nil
	}
	members, err := jsonMembers(r, size)
	if err != nil {
		return nil, err
	}
	return listJSON(members)
}

func listHDF5(format string, f *hdf5.File) (*Listing, error) {
	l := &Listing{Format: format}
	err := f.Walk(func(path string, d *hdf5.Dataset, err error) error {
		if err != nil {
			l.Tensors = append(l.Tensors, Tensor{Name: path, DType: "not readable: " + err.Error()})
			return nil
		}
		l.Tensors = append(l.Tensors, Tensor{path, d.Type(), d.Shape()})
		return nil
	})
	return l, err
}

// listJSON lists the arrays of numbers of RTNeural's JSON and of NAM.
func listJSON(members []member) (*Listing, error) {
	l := &Listing{Format: "JSON"}
	add := func(name string, text json.RawMessage) {
		if t, err := parseTensor(text); err == nil && len(t.shape) > 0 {
			l.Tensors = append(l.Tensors, Tensor{name, "number", t.shape})
		}
	}
	for _, m := range members {
		var all []json.RawMessage
		if m.name != "layers" || json.Unmarshal(m.value, &all) != nil {
			add(m.name, m.value)
			continue
		}
		for i, text := range all {
			layer, err := parseMembers(text)
			if err != nil {
				return nil, apierror.Errorf("layer %d is %v", i, err)
			}
			var arrays []json.RawMessage
			if json.Unmarshal(find(layer, "weights"), &arrays) != nil {
				continue
			}
			for k, a := range arrays {
				add(fmt.Sprintf("layers[%d].weights[%d]", i, k), a)
			}
		}
	}
	return l, nil
}

// A form is a format, as far as the first bytes and the names in a zip tell it.
type form int

const (
	formHDF5 form = iota
	formKeras
	formTorch
	formSafetensors
	formONNX
	formJSON
)

// formOf finds out the format of a file.
func formOf(r io.ReaderAt, size int64) (form, error) {
	head := make([]byte, min(size, 512))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return 0, err
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("\x89HDF\r\n\x1a\n")):
		return formHDF5, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		z, err := zip.NewReader(r, size)
		if err != nil {
			return 0, fmt.Errorf("not a zip file that can be read: %w", err)
		}
		if slices.ContainsFunc(z.File, func(m *zip.File) bool { return m.Name == "config.json" }) {
			return formKeras, nil
		}
		return formTorch, nil
	case len(head) > 0 && head[0] == 0x80, len(head) > 262 && string(head[257:262]) == "ustar": // a pickle; a tar
		return formTorch, nil
	case len(head) > 8 && head[8] == '{':
		return formSafetensors, nil
	case len(text) > 0 && text[0] == '{':
		return formJSON, nil
	case len(head) > 0 && head[0] == 0x08: // ir_version, the first field of a model
		return formONNX, nil
	}
	return 0, fmt.Errorf("the file begins like none of the formats that are read: Keras (.keras, .h5), PyTorch (.pt, .pth, .ckpt, .safetensors), ONNX, RTNeural JSON, .nam")
}
