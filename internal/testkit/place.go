package testkit

import (
	"fmt"
	"math"
	"testing"
)

// Sizes lie on both sides of every boundary that a kernel may have: the widths
// of registers, unrolled loops and panels.
var Sizes = []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 228}

// Bits fills dst with a fixed pseudo-random sequence of float32 bit patterns, so
// that every exponent, infinities and NaN occur.
func Bits(dst []float32, seed uint64) {
	s := seed*0x9e3779b97f4a7c15 + 1
	for i := range dst {
		s ^= s << 13
		s ^= s >> 7
		s ^= s << 17
		dst[i] = math.Float32frombits(uint32(s >> 32))
	}
}

// A Buffer is a slice for a kernel to read or write, guarded by canaries on
// both sides, with a copy of what it held when it was filled.
type Buffer struct {
	S     []float32
	was   []float32
	check func() error
}

// NewBuffer returns n zero values, off values past a 64-byte boundary.
func NewBuffer(n, off int) *Buffer {
	s, check := Guarded(n, off)
	return &Buffer{S: s, was: make([]float32, n), check: check}
}

// Fill copies src, repeated as needed, into the buffer and remembers it.
func (b *Buffer) Fill(src []float32) *Buffer {
	for i := range b.S {
		b.S[i] = src[i%len(src)]
	}
	copy(b.was, b.S)
	return b
}

// Values fills the buffer like the function of that name and remembers it.
func (b *Buffer) Values(seed uint64, scale float32) *Buffer {
	Values(b.S, seed, scale)
	copy(b.was, b.S)
	return b
}

// Was returns what the buffer was filled with.
func (b *Buffer) Was() []float32 { return b.was }

// Unchanged returns "" or how the buffer differs from what it was filled with,
// NaN payloads included, and whether its canaries were touched.
func (b *Buffer) Unchanged() string {
	for i := range b.S {
		if math.Float32bits(b.S[i]) != math.Float32bits(b.was[i]) {
			return fmt.Sprintf("input [%d] was modified: %v, was %v", i, b.S[i], b.was[i])
		}
	}
	return b.Stray()
}

// Stray returns "" or which canary was overwritten.
func (b *Buffer) Stray() string {
	if err := b.check(); err != nil {
		return err.Error()
	}
	return ""
}

// Panics fails unless f panics with want.
func Panics(t testing.TB, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != want {
			t.Errorf("panic %v, want %q", got, want)
		}
	}()
	f()
}

// Floats makes float32 values of the bytes of a fuzz test, four each.
func Floats(b []byte) []float32 {
	s := make([]float32, len(b)/4)
	for i := range s {
		s[i] = math.Float32frombits(uint32(b[4*i]) | uint32(b[4*i+1])<<8 | uint32(b[4*i+2])<<16 | uint32(b[4*i+3])<<24)
	}
	return s
}
