package hdf5

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/autoreg/autoreg/internal/dtype"
)

// word returns the i-th number of b as bits.
func (t *datatype) word(b []byte, i int) uint64 {
	b = b[i*t.size:][:t.size]
	var order binary.ByteOrder = binary.LittleEndian
	if t.big {
		order = binary.BigEndian
	}
	switch t.size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(order.Uint16(b))
	case 4:
		return uint64(order.Uint32(b))
	}
	return order.Uint64(b)
}

// signed returns an integer of size bytes from its bits.
func signed(bits uint64, size int) int64 {
	shift := 64 - 8*size
	return int64(bits<<shift) >> shift
}

// numbers returns a function that converts len(dst) values, each rounded once to the
// nearest T, ties to even.
func numbers[T float32 | float64](t *datatype) (func(dst []T, b []byte) error, error) {
	var one func(bits uint64) T
	_, single := any(T(0)).(float32)
	switch t.kind {
	case kindFloat32:
		one = func(bits uint64) T { return T(math.Float32frombits(uint32(bits))) }
	case kindFloat64:
		one = func(bits uint64) T { return T(math.Float64frombits(bits)) }
	case kindFloat16:
		one = func(bits uint64) T { return T(float16(uint16(bits))) }
	case kindBfloat16:
		one = func(bits uint64) T { return T(math.Float32frombits(uint32(bits) << 16)) }
	case kindInt:
		one = func(bits uint64) T { return T(signed(bits, t.size)) }
		if single { // T(x) may round twice: see dtype.Uint
			one = func(bits uint64) T { return T(dtype.Int(signed(bits, t.size))) }
		}
	case kindUint:
		one = func(bits uint64) T { return T(bits) }
		if single {
			one = func(bits uint64) T { return T(dtype.Uint(bits)) }
		}
	default:
		return nil, unsupported("values of type %s, want numbers", t.name)
	}
	return func(dst []T, b []byte) error {
		if dst, ok := any(dst).([]float32); ok && t.kind == kindFloat32 && !t.big { // as nearly all files have it
			for i := range dst {
				dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
			}
			return nil
		}
		for i := range dst {
			dst[i] = one(t.word(b, i))
		}
		return nil
	}, nil
}

// float16 returns the value of an IEEE 754 half.
func float16(h uint16) float32 {
	sign, exponent, mantissa := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&0x3ff)
	switch exponent {
	case 0: // zero or subnormal: mantissa·2⁻²⁴, exact
		return math.Float32frombits(sign | math.Float32bits(float32(mantissa)*0x1p-24))
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | mantissa<<13)
}

// strings returns a function that converts len(dst) strings.
func (t *datatype) strings(f *File) (func(dst []string, b []byte) error, error) {
	switch t.kind {
	case kindString, kindVarString:
	default:
		return nil, unsupported("values of type %s, want strings", t.name)
	}
	return func(dst []string, b []byte) error {
		for i := range dst {
			text := b[i*t.size:][:t.size]
			if t.kind == kindVarString {
				var err error
				if text, err = f.heapObject(&cursor{b: text, f: f}); err != nil {
					return err
				}
			}
			switch {
			case t.padding == 0:
				text, _, _ = bytes.Cut(text, []byte{0})
			case t.padding == 2:
				text = bytes.TrimRight(text, " ")
			default:
				text = bytes.TrimRight(text, "\x00")
			}
			if err := f.charge(uint64(len(text)), 1); err != nil {
				return err
			}
			dst[i] = string(text)
		}
		return nil
	}, nil
}
