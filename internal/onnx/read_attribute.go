package onnx

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
)

func (d *decoder) attribute(f *field, out *Attribute) (err error) {
	m, n := f.m, f.m.counts()
	if out.Strings, err = list[string](&d.budget, n[9]); err != nil {
		return err
	}
	if out.Tensors, err = list[Tensor](&d.budget, n[10]); err != nil {
		return err
	}
	if err = sub(d, f, out, (*decoder).attributeField); err != nil {
		return err
	}
	if n[6]+n[11]+n[14]+n[15] > 1 {
		if out.opaque, err = d.join(m, 6, 11, 14, 15); err != nil {
			return err
		}
	}
	// Numbers: floats are fixed32, ints are varints, packed or not.
	floats, err := d.gather(m, 7, fixed32)
	if err != nil {
		return err
	}
	if out.Floats, err = list[float32](&d.budget, len(floats)/4); err != nil {
		return err
	}
	for ; len(floats) > 0; floats = floats[4:] {
		out.Floats = append(out.Floats, math.Float32frombits(binary.LittleEndian.Uint32(floats)))
	}
	out.Ints, err = d.ints(m, 8)
	return err
}

func (d *decoder) attributeField(f *field, out *Attribute) error {
	switch f.num {
	case 1:
		return f.str(&d.budget, &out.Name)
	case 2:
		out.F = math.Float32frombits(uint32(f.u))
		return f.want(fixed32)
	case 3:
		return f.int(&out.I)
	case 4:
		return f.str(&d.budget, &out.S)
	case 5:
		if out.T != nil {
			return formatErr("byte %d: attribute %s has two tensors", f.at, quote(out.Name))
		}
		if err := d.spend(1, reflect.TypeFor[Tensor]().Size()); err != nil {
			return err
		}
		out.T = new(Tensor)
		return d.subTensor(f, out.T)
	case 9:
		return f.str(&d.budget, extend(&out.Strings))
	case 10:
		return d.subTensor(f, extend(&out.Tensors))
	case 6, 11, 14, 15: // graphs and types
		if f.num == 6 || f.num == 11 {
			out.Subgraphs++
		}
		out.opaque = f.raw // attribute joins several
		return f.want(delimited)
	case 20:
		out.Type = AttributeType(f.u)
		return f.want(varint)
	case 22, 23:
		return formatErr("byte %d: a sparse tensor, which is not read: save it as a dense one", f.at)
	}
	return nil
}

// join returns the fields of m with one of the given numbers, as they stand.
func (d *decoder) join(m message, nums ...int) ([]byte, error) {
	out, err := list[byte](&d.budget, len(m.b))
	for len(m.b) > 0 && err == nil {
		var f field
		if f, err = m.next(); slices.Contains(nums, f.num) {
			out = append(out, f.raw...)
		}
	}
	return out, err
}

// gather returns the values of the repeated number num of m in packed form. Where the
// file has them in one packed field, which is the rule, the slice is of the file.
func (d *decoder) gather(m message, num, wire int) (packed []byte, err error) {
	size, fields, at := 0, 0, m.at
	for rest := m; len(rest.b) > 0; {
		f, err := rest.next()
		if err != nil {
			return nil, err
		}
		if f.num != num {
			continue
		}
		if f.wire != wire && f.wire != delimited {
			return nil, f.want(wire)
		}
		packed, fields, at = f.payload(), fields+1, f.at
		size += len(packed)
	}
	if fields > 1 {
		if packed, err = list[byte](&d.budget, size); err != nil {
			return nil, err
		}
		for rest := m; len(rest.b) > 0; {
			if f, _ := rest.next(); f.num == num {
				packed = append(packed, f.payload()...)
			}
		}
	}
	if wire == fixed32 && len(packed)%4 != 0 || wire == fixed64 && len(packed)%8 != 0 {
		return nil, formatErr("byte %d: field %d: a list of %d bytes ends within a number", at, num, len(packed))
	}
	return packed, nil
}

// payload returns the encoded value of a field.
func (f *field) payload() []byte {
	switch f.wire {
	case delimited:
		return f.m.b
	case fixed32:
		return f.raw[len(f.raw)-4:]
	case fixed64:
		return f.raw[len(f.raw)-8:]
	}
	_, n := binary.Uvarint(f.raw)
	return f.raw[n:]
}

// ints returns the repeated varint num of m.
func (d *decoder) ints(m message, num int) ([]int64, error) {
	packed, err := d.gather(m, num, varint)
	if err != nil {
		return nil, err
	}
	n, err := varints(packed, m.at, num)
	if err != nil {
		return nil, err
	}
	out, err := list[int64](&d.budget, n)
	if err != nil {
		return nil, err
	}
	for p := (message{packed, 0}); len(p.b) > 0; {
		u, err := p.varint()
		if err != nil {
			return nil, formatErr("message at byte %d, field %d: a number exceeds 64 bits", m.at, num)
		}
		out = append(out, int64(u))
	}
	return out, nil
}

// varints returns how many numbers a packed list of a message at a byte holds.
func varints(packed []byte, at, num int) (n int, err error) {
	for _, b := range packed {
		if b < 0x80 {
			n++
		}
	}
	if len(packed) > 0 && packed[len(packed)-1] >= 0x80 {
		err = formatErr("message at byte %d, field %d: a list ends within a number", at, num)
	}
	return n, err
}
