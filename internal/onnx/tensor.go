package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// MaxRank is the largest number of dimensions of a tensor.
const MaxRank = 16

// A DType is the type of the elements of a tensor, as numbered in TensorProto.
type DType int32

// The types whose values this package gives.
const (
	Undefined DType = 0
	Float     DType = 1
	Uint8     DType = 2
	Int8      DType = 3
	Uint16    DType = 4
	Int16     DType = 5
	Int32     DType = 6
	Int64     DType = 7
	Bool      DType = 9
	Float16   DType = 10
	Double    DType = 11
	Uint32    DType = 12
	Uint64    DType = 13
	BFloat16  DType = 16
)

var dtypeNames = [...]string{"undefined", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool",
	"float16", "double", "uint32", "uint64", "complex64", "complex128", "bfloat16"}

// String returns ONNX' name of the type.
func (t DType) String() string {
	if t >= 0 && int(t) < len(dtypeNames) {
		return dtypeNames[t]
	}
	return fmt.Sprintf("type %d", int32(t))
}

// size returns the bytes of an element, or 0 of a type without values here.
func (t DType) size() int {
	switch t {
	case Uint8, Int8, Bool:
		return 1
	case Uint16, Int16, Float16, BFloat16:
		return 2
	case Float, Int32, Uint32:
		return 4
	case Int64, Double, Uint64:
		return 8
	}
	return 0
}

// IsFloat reports whether Float32s gives the values.
func (t DType) IsFloat() bool {
	return t == Float || t == Double || t == Float16 || t == BFloat16
}

// A Tensor is a named array. Data are its elements, row-major and little-endian; of a
// type without values here (strings, complex numbers, 4 and 8 bits of float) it is nil.
type Tensor struct {
	Name  string
	DType DType
	Shape []int // outermost first; none for a scalar
	Data  []byte
}

// NewFloats returns a tensor of type float with the given values.
func NewFloats(name string, shape []int, values []float32) Tensor {
	t := Tensor{Name: name, DType: Float, Shape: shape, Data: make([]byte, 0, 4*len(values))}
	for _, v := range values {
		t.Data = binary.LittleEndian.AppendUint32(t.Data, math.Float32bits(v))
	}
	return t
}

// NewInts returns a tensor of type int64 with the given values.
func NewInts(name string, shape []int, values []int64) Tensor {
	t := Tensor{Name: name, DType: Int64, Shape: shape, Data: make([]byte, 0, 8*len(values))}
	for _, v := range values {
		t.Data = binary.LittleEndian.AppendUint64(t.Data, uint64(v))
	}
	return t
}

// Elements returns how many elements the shape has. It reports false where they, or 8
// bytes for each, overflow an int, for a negative dimension, and for too many.
func (t *Tensor) Elements() (int, bool) {
	if len(t.Shape) > MaxRank {
		return 0, false
	}
	n, zero := uint64(1), false
	for _, d := range t.Shape {
		if d < 0 {
			return 0, false
		}
		if d == 0 {
			zero = true
			continue
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt/8 {
			return 0, false
		}
		n = lo
	}
	if zero {
		return 0, true
	}
	return int(n), true
}

// check returns an error if Data is not what type and shape ask for.
func (t *Tensor) check() error {
	n, ok := t.Elements()
	switch size := t.DType.size(); {
	case !ok:
		return formatErr("tensor %s: shape %d is too large or negative", quote(t.Name), t.Shape)
	case size == 0:
		return formatErr("tensor %s: values of %s are not supported", quote(t.Name), t.DType)
	case len(t.Data) != n*size:
		return formatErr("tensor %s: %d bytes of data, but %s of shape %d takes %d", quote(t.Name), len(t.Data), t.DType, t.Shape, n*size)
	}
	return nil
}

// Float32s returns the values of a tensor of floats. Those of double are rounded.
func (t *Tensor) Float32s() ([]float32, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if !t.DType.IsFloat() {
		return nil, formatErr("tensor %s: want float, not %s", quote(t.Name), t.DType)
	}
	out := make([]float32, len(t.Data)/t.DType.size())
	for i := range out {
		out[i] = t.float32(i)
	}
	return out, nil
}

// float32 returns element i of a tensor of floats.
func (t *Tensor) float32(i int) float32 {
	switch t.DType {
	case Float:
		return math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	case Double:
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:])))
	case BFloat16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(t.Data[2*i:])) << 16)
	}
	return fromFloat16(binary.LittleEndian.Uint16(t.Data[2*i:]))
}

// fromFloat16 returns the value of an IEEE 754 binary16, exactly.
func fromFloat16(h uint16) float32 {
	sign, exponent, mantissa := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // a multiple of 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(mantissa)*(1.0/(1<<24))))
	case 31:
		return math.Float32frombits(sign | 255<<23 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | mantissa<<13)
}

// Int64s returns the values of a tensor of integers or of bool.
func (t *Tensor) Int64s() ([]int64, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if t.DType.IsFloat() {
		return nil, formatErr("tensor %s: want integers, not %s", quote(t.Name), t.DType)
	}
	out := make([]int64, len(t.Data)/t.DType.size())
	for i := range out {
		switch t.DType {
		case Uint8, Bool:
			out[i] = int64(t.Data[i])
		case Int8:
			out[i] = int64(int8(t.Data[i]))
		case Uint16:
			out[i] = int64(binary.LittleEndian.Uint16(t.Data[2*i:]))
		case Int16:
			out[i] = int64(int16(binary.LittleEndian.Uint16(t.Data[2*i:])))
		case Int32:
			out[i] = int64(int32(binary.LittleEndian.Uint32(t.Data[4*i:])))
		case Uint32:
			out[i] = int64(binary.LittleEndian.Uint32(t.Data[4*i:]))
		case Int64, Uint64:
			out[i] = int64(binary.LittleEndian.Uint64(t.Data[8*i:]))
			if t.DType == Uint64 && out[i] < 0 {
				return nil, formatErr("tensor %s: element %d exceeds 63 bits", quote(t.Name), i)
			}
		}
	}
	return out, nil
}
