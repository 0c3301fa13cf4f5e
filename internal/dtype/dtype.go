// Package dtype names the number formats of other tools' tensors and converts them to
// float32. Readers of foreign files share it.
package dtype

import (
	"encoding/binary"
	"math"
)

// A Type is the format of one number, little-endian. The zero Type is F32.
type Type uint8

// The formats: IEEE 754 binary32, 64 and 16, the upper half of binary32, integers in
// two's complement, unsigned integers, and one byte that is 0 for false.
const (
	F32 Type = iota
	F64
	F16
	BF16
	I64
	I32
	I16
	I8
	U64
	U32
	U16
	U8
	Bool
)

// formats has a line for each Type: its name in safetensors and its bytes.
var formats = [...]struct {
	name string
	size int
}{
	F32: {"F32", 4}, F64: {"F64", 8}, F16: {"F16", 2}, BF16: {"BF16", 2},
	I64: {"I64", 8}, I32: {"I32", 4}, I16: {"I16", 2}, I8: {"I8", 1},
	U64: {"U64", 8}, U32: {"U32", 4}, U16: {"U16", 2}, U8: {"U8", 1}, Bool: {"BOOL", 1},
}

// String returns the name that safetensors has for t, such as "BF16".
func (t Type) String() string { return formats[t].name }

// Size returns the bytes of one number.
func (t Type) Size() int { return formats[t].size }

// Parse returns the Type that safetensors calls name, and whether there is one.
func Parse(name string) (Type, bool) {
	for t, f := range formats {
		if f.name == name {
			return Type(t), true
		}
	}
	return 0, false
}

// Decode sets dst to the numbers of type t that src consists of:
//
//	dst [n]           overwritten
//	src [n·t.Size()]  little-endian, read only
//
// Each number is rounded once, to the nearest float32, ties to even; a number beyond the
// largest float32 becomes an infinity, a NaN stays a NaN. F16, BF16, integers of one and
// two bytes and Bool (1 for true) are exact. Decode panics if the lengths differ from the
// above. It does not allocate.
func Decode(dst []float32, src []byte, t Type) {
	if len(src) != len(dst)*t.Size() {
		panic("dtype: Decode: len(src) differs from len(dst) numbers")
	}
	le := binary.LittleEndian
	if t == F32 { // most files have nothing else
		for i := range dst {
			dst[i] = math.Float32frombits(le.Uint32(src[4*i:]))
		}
		return
	}
	for i := range dst {
		switch t {
		case F64:
			dst[i] = float32(math.Float64frombits(le.Uint64(src[8*i:])))
		case F16:
			dst[i] = half(le.Uint16(src[2*i:]))
		case BF16:
			dst[i] = math.Float32frombits(uint32(le.Uint16(src[2*i:])) << 16)
		case I64:
			dst[i] = Int(int64(le.Uint64(src[8*i:])))
		case I32:
			dst[i] = float32(int32(le.Uint32(src[4*i:])))
		case I16:
			dst[i] = float32(int16(le.Uint16(src[2*i:])))
		case I8:
			dst[i] = float32(int8(src[i]))
		case U64:
			dst[i] = Uint(le.Uint64(src[8*i:]))
		case U32:
			dst[i] = float32(le.Uint32(src[4*i:]))
		case U16:
			dst[i] = float32(le.Uint16(src[2*i:]))
		case U8:
			dst[i] = float32(src[i])
		case Bool:
			dst[i] = 0
			if src[i] != 0 {
				dst[i] = 1
			}
		}
	}
}

// Uint returns x rounded to the nearest float32, ties to even. On machines of 32 bits Go
// rounds twice in float32(x), first to a float64.
func Uint(x uint64) float32 {
	if x < 1<<53 {
		return float32(float64(x)) // the inner one is exact
	}
	y := x >> 11
	if x&(1<<11-1) != 0 {
		y |= 1 // far below the last bit of a float32: it says that there is a rest
	}
	return float32(float64(y) * (1 << 11))
}

// Int is Uint of a number with a sign.
func Int(x int64) float32 {
	if x < 0 {
		return -Uint(-uint64(x))
	}
	return Uint(uint64(x))
}

// half returns the value of IEEE 754 binary16 bits: a sign, 5 bits of exponent with bias
// 15, 10 bits of fraction. A NaN keeps its fraction.
func half(b uint16) float32 {
	sign, exponent, fraction := uint32(b&0x8000)<<16, uint32(b>>10&0x1f), uint32(b&0x3ff)
	switch exponent {
	case 0: // zero or subnormal: fraction · 2⁻²⁴, exact in float32
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
