package onnx

import (
	"encoding/binary"
	"reflect"
)

// The fields of TensorProto that hold values.
const (
	floatData  = 4
	int32Data  = 5
	stringData = 6
	int64Data  = 7
	rawData    = 9
	doubleData = 10
	uint64Data = 11
)

// subTensor decodes a field that is a tensor.
func (d *decoder) subTensor(f *field, out *Tensor) error {
	if err := f.want(delimited); err != nil {
		return err
	}
	return d.tensor(f.m, out)
}

// tensor decodes a TensorProto and checks it.
func (d *decoder) tensor(m message, out *Tensor) error {
	n := m.counts()
	var raw []byte
	outside, where := n[13] > 0, ""
	for rest := m; len(rest.b) > 0; {
		f, err := rest.next()
		if err != nil {
			return err
		}
		switch f.num {
		case 2:
			out.DType, err = DType(f.u), f.want(varint)
		case 3:
			err = formatErr("byte %d: a tensor in segments, which is not read", f.at)
		case 8:
			err = f.str(&d.budget, &out.Name)
		case rawData:
			raw, err = f.m.b, f.want(delimited)
		case 13:
			var e Entry
			if err = d.spend(1, reflect.TypeFor[Entry]().Size()); err != nil {
				break
			}
			if err = sub(d, &f, &e, (*decoder).entryField); e.Key == "location" {
				where = e.Value
			}
		case 14:
			outside, err = outside || f.u != 0, f.want(varint)
		}
		if err != nil {
			return err
		}
	}
	if outside {
		return formatErr("tensor %s: its values are in another file, %s: save the model with the weights inside", quote(out.Name), quote(where))
	}
	if err := d.dims(m, out); err != nil {
		return err
	}
	if out.DType.size() == 0 {
		return nil
	}
	num, wire := rawData, delimited
	switch {
	case n[rawData] > 0:
		out.Data = raw
	case out.DType == Float:
		num, wire = floatData, fixed32
	case out.DType == Double:
		num, wire = doubleData, fixed64
	case out.DType == Int64:
		num, wire = int64Data, varint
	case out.DType == Uint32 || out.DType == Uint64:
		num, wire = uint64Data, varint
	default:
		num, wire = int32Data, varint
	}
	for _, other := range []int{floatData, int32Data, stringData, int64Data, rawData, doubleData, uint64Data} {
		if other != num && n[other] > 0 {
			return formatErr("tensor %s: values in field %d, want those of %s in field %d", quote(out.Name), other, out.DType, num)
		}
	}
	if num != rawData {
		packed, err := d.gather(m, num, wire)
		if err != nil {
			return err
		}
		if wire == varint {
			packed, err = d.fixed(packed, m.at, num, out.DType.size())
		}
		if err != nil {
			return err
		}
		out.Data = packed
	}
	if out.Data == nil {
		out.Data = []byte{}
	}
	return out.check()
}

// fixed returns packed varints as numbers of size bytes.
func (d *decoder) fixed(packed []byte, at, num, size int) ([]byte, error) {
	n, err := varints(packed, at, num)
	if err != nil {
		return nil, err
	}
	if err := d.spend(n, uintptr(size)); err != nil {
		return nil, err
	}
	out := make([]byte, 0, n*size)
	for p := (message{packed, 0}); len(p.b) > 0; {
		u, err := p.varint()
		if err != nil {
			return nil, formatErr("message at byte %d, field %d: a number exceeds 64 bits", at, num)
		}
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], u)
		out = append(out, b[:size]...)
	}
	return out, nil
}

// dims decodes the shape.
func (d *decoder) dims(m message, out *Tensor) error {
	packed, err := d.gather(m, 1, varint)
	if err != nil {
		return err
	}
	n, err := varints(packed, m.at, 1)
	if err != nil {
		return err
	}
	if n > MaxRank {
		return formatErr("tensor %s: %d dimensions, at most %d are read", quote(out.Name), n, MaxRank)
	}
	if out.Shape, err = list[int](&d.budget, n); err != nil {
		return err
	}
	for p := (message{packed, 0}); len(p.b) > 0; {
		u, err := p.varint()
		if err != nil || int64(int(u)) != int64(u) || int(u) < 0 {
			return formatErr("tensor %s: dimension %d is negative or does not fit into this machine's memory", quote(out.Name), int64(u))
		}
		out.Shape = append(out.Shape, int(u))
	}
	return nil
}
