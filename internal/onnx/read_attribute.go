package onnx

import (
	"encoding/binary"
	"math"
)

func (d *decoder) attribute(f *field, out *Attribute) (err error) {
	m, n := f.m, f.m.counts()
	if out.Strings, err = list[string](&d.budget, n[9]); err != nil {
		return err
	}
	if out.Tensors, err = list[Tensor](&d.budget, n[10]); err != nil {
		return err
	}
	var kind int64
	err = d.message(f, func(f *field) error {
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
			if err := f.want(delimited); err != nil {
				return err
			}
			out.T = new(Tensor)
			return d.tensor(f.m, out.T)
		case 9:
			out.Strings = append(out.Strings, "")
			return f.str(&d.budget, &out.Strings[len(out.Strings)-1])
		case 10:
			if err := f.want(delimited); err != nil {
				return err
			}
			out.Tensors = append(out.Tensors, Tensor{})
			return d.tensor(f.m, &out.Tensors[len(out.Tensors)-1])
		case 6, 11, 14, 15: // graphs and types
			if f.num == 6 || f.num == 11 {
				out.Subgraphs++
			}
			if err := f.want(delimited); err != nil || out.opaque != nil {
				return err
			}
			out.opaque = f.raw
		case 20:
			return f.int(&kind)
		case 22, 23:
			return formatErr("byte %d: a sparse tensor, which is not read: save it as a dense one", f.at)
		}
		return nil
	})
	if err != nil {
		return err
	}
	out.Type = AttributeType(kind)
	if n[6]+n[11]+n[14]+n[15] > 1 {
		if out.opaque, err = d.join(m, 6, 11, 14, 15); err != nil {
			return err
		}
	}
	// Numbers: floats are fixed32, ints are varints, packed or not.
	floats, _, err := d.gather(m, 7, fixed32)
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

// join returns the fields of m with one of the given numbers, as they stand.
func (d *decoder) join(m message, nums ...int) ([]byte, error) {
	out, err := list[byte](&d.budget, len(m.b))
	if err != nil {
		return nil, err
	}
	err = m.each(func(f *field) error {
		for _, n := range nums {
			if f.num == n {
				out = append(out, f.raw...)
			}
		}
		return nil
	})
	return out, err
}

// gather returns the values of the repeated number num of m in packed form. Where the
// file has them in one packed field, which is the rule, the slice is of the file.
// fields says how many fields there are.
func (d *decoder) gather(m message, num, wire int) (packed []byte, fields int, err error) {
	size, last := 0, field{}
	err = m.each(func(f *field) error {
		if f.num != num {
			return nil
		}
		fields, last = fields+1, *f
		if f.wire != wire && f.wire != delimited {
			return f.want(wire)
		}
		size += len(payload(f))
		return nil
	})
	if err != nil || fields == 0 {
		return nil, 0, err
	}
	if fields == 1 {
		packed = payload(&last)
	} else {
		if packed, err = list[byte](&d.budget, size); err != nil {
			return nil, 0, err
		}
		_ = m.each(func(f *field) error { // it has gone through m before
			if f.num == num {
				packed = append(packed, payload(f)...)
			}
			return nil
		})
	}
	if wire == fixed32 && len(packed)%4 != 0 || wire == fixed64 && len(packed)%8 != 0 {
		return nil, 0, formatErr("byte %d: field %d: a list of %d bytes ends within a number", last.at, num, len(packed))
	}
	return packed, fields, nil
}

// payload returns the encoded value of a field.
func payload(f *field) []byte {
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
	packed, _, err := d.gather(m, num, varint)
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
