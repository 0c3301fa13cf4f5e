//go:build !purego

package asm

// Routines on Vectors, with the scalar functions of kernels/unary_generic.go and
// kernels/elementwise_generic.go.

// ELUNEON does dst = elu32(a).
//
//go:noescape
func ELUNEON(v *Vectors)

// ConcatELUNEON does dst, dst2 = elu32(a), elu32(-a).
//
//go:noescape
func ConcatELUNEON(v *Vectors)

// ELUGradientNEON does dst = a * eluSlope32(b).
//
//go:noescape
func ELUGradientNEON(v *Vectors)

// ConcatELUGradientNEON does dst = float32(a*eluSlope32(b)) - float32(a2*eluSlope32(b2)).
//
//go:noescape
func ConcatELUGradientNEON(v *Vectors)

// ConcatELUGradientAddNEON does dst += float32(a*eluSlope32(b)) - float32(a2*eluSlope32(b2)).
//
//go:noescape
func ConcatELUGradientAddNEON(v *Vectors)

// GateNEON does dst = fma32(b, sigmoid32(b2), a).
//
//go:noescape
func GateNEON(v *Vectors)

// GateGradientNEON does, with s := sigmoid32(b2),
//
//	dst, dst2 = float32(a*s), float32(a*b)*fma32(-s, s, s)
//
//go:noescape
func GateGradientNEON(v *Vectors)
