// Package asm holds the kernels' inner loops in assembly: AVX2 with FMA and
// AVX-512 on amd64, NEON on arm64. It does arithmetic and nothing else: no
// checks, no choice of instruction set, no threads. Package kernels checks
// lengths, packs, splits long work into calls and picks the routine; call that
// instead. Nothing here is stable.
//
// Each routine is documented by the Go loop that it equals, to the bit; fma is
// a multiply-add with one rounding, and the loop over j runs over outputs, one
// a SIMD lane. Pointers must be valid for every element that the loop touches.
// No alignment is needed. A call cannot be preempted, so it should stay under
// about 100 µs.
//
// With the build tag purego the package is empty.
package asm
