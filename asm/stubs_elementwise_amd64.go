//go:build !purego

package asm

// Routines on Vectors, with the scalar functions of kernels/unary_generic.go and
// kernels/elementwise_generic.go.

// ELUAVX2 does dst = elu32(a).
//
//go:noescape
func ELUAVX2(v *Vectors)

// ELUAVX512 does as ELUAVX2.
//
//go:noescape
func ELUAVX512(v *Vectors)

// ConcatELUAVX2 does dst, dst2 = elu32(a), elu32(-a).
//
//go:noescape
func ConcatELUAVX2(v *Vectors)

// ConcatELUAVX512 does as ConcatELUAVX2.
//
//go:noescape
func ConcatELUAVX512(v *Vectors)

// ELUGradientAVX2 does dst = a * eluSlope32(b).
//
//go:noescape
func ELUGradientAVX2(v *Vectors)

// ELUGradientAVX512 does as ELUGradientAVX2.
//
//go:noescape
func ELUGradientAVX512(v *Vectors)

// ConcatELUGradientAVX2 does dst = float32(a*eluSlope32(b)) - float32(a2*eluSlope32(b2)).
//
//go:noescape
func ConcatELUGradientAVX2(v *Vectors)

// ConcatELUGradientAVX512 does as ConcatELUGradientAVX2.
//
//go:noescape
func ConcatELUGradientAVX512(v *Vectors)

// ConcatELUGradientAddAVX2 does dst += float32(a*eluSlope32(b)) - float32(a2*eluSlope32(b2)).
//
//go:noescape
func ConcatELUGradientAddAVX2(v *Vectors)

// ConcatELUGradientAddAVX512 does as ConcatELUGradientAddAVX2.
//
//go:noescape
func ConcatELUGradientAddAVX512(v *Vectors)

// GateAVX2 does dst = fma32(b, sigmoid32(b2), a).
//
//go:noescape
func GateAVX2(v *Vectors)

// GateAVX512 does as GateAVX2.
//
//go:noescape
func GateAVX512(v *Vectors)

// GateGradientAVX2 does, with s := sigmoid32(b2),
//
//	dst, dst2 = float32(a*s), float32(a*b)*fma32(-s, s, s)
//
//go:noescape
func GateGradientAVX2(v *Vectors)

// GateGradientAVX512 does as GateGradientAVX2.
//
//go:noescape
func GateGradientAVX512(v *Vectors)
