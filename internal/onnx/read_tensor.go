package onnx

import "encoding/binary"

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

// tensor decodes a TensorProto and checks it.
func (d *decoder) tensor(m message, out *Tensor) error {
	n := m.counts()
	var kind, location int64
	var raw *field
	external := ""
	err := m.each(func(f *field) error {
		switch f.num {
		case 2:
			return f.int(&kind)
		case 3:
			return formatErr("byte %d: a tensor in segments, which is not read", f.at)
		case 8:
			return f.str(&d.budget, &out.Name)
		case rawData:
			x := *f
			raw = &x
			return f.want(delimited)
		case 13:
			return d.external(f, &external)
		case 14:
			return f.int(&location)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n[13] > 0 || location != 0 {
		return formatErr("tensor %s: its values are in another file, %s: save the model with the weights inside", quote(out.Name), quote(external))
	}
	if out.DType = DType(kind); int64(out.DType) != kind {
		return formatErr("tensor %s: type %d", quote(out.Name), kind)
	}
	if err := d.dims(m, out); err != nil {
		return err
	}
	if out.DType.size() == 0 {
		return nil
	}
	num, wire := rawData, delimited
	switch {
	case raw != nil:
		out.Data = raw.m.b
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
		packed, _, err := d.gather(m, num, wire)
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
	packed, _, err := d.gather(m, 1, varint)
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

// external decodes an entry of external_data: where is the file that it names.
func (d *decoder) external(f *field, where *string) error {
	var key, value string
	err := d.message(f, func(f *field) error {
		switch f.num {
		case 1:
			return f.str(&d.budget, &key)
		case 2:
			return f.str(&d.budget, &value)
		}
		return nil
	})
	if key == "location" {
		*where = value
	}
	return err
}
