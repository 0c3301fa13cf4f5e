//go:build !purego

package asm

// KeepMask16NEON does, for at := range n, with philox.Block of the internal package
//
//	c := *counter
//	c[0] += uint32(at%words*8)
//	c[1] += uint32(at/words)
//	dst[at] = 0
//	for i := range 8 {
//		for k, word := range philox.Block(c, *key) {
//			if word&0xffff >= uint32(least) { dst[at] |= 1<<(8*i+2*k) }
//			if word>>16 >= uint32(least) { dst[at] |= 2<<(8*i+2*k) }
//		}
//		c[0]++
//	}
//
// n is at least 1.
//
//go:noescape
func KeepMask16NEON(dst *uint64, n, words int, counter *[4]uint32, key *[2]uint32, least uint16)

// KeepMask32NEON does, for at := range n, with philox.Block of the internal package
//
//	c := *counter
//	c[0] += uint32(at%words*16)
//	c[1] += uint32(at/words)
//	dst[at] = 0
//	for i := range 16 {
//		for k, word := range philox.Block(c, *key) {
//			if word >= least { dst[at] |= 1<<(4*i+k) }
//		}
//		c[0]++
//	}
//
// n is at least 1.
//
//go:noescape
func KeepMask32NEON(dst *uint64, n, words int, counter *[4]uint32, key *[2]uint32, least uint32)

// DropNEON does
//
//	for r := range rows {
//		for j := range 16 * groups {
//			dst[r*width+j] = x[r*width+j] * scale
//			if kept[r*words+j/64]>>(j%64)&1 == 0 { dst[r*width+j] = 0 }
//		}
//	}
//
// rows and groups are at least 1. dst may be x.
//
//go:noescape
func DropNEON(dst, x *float32, kept *uint64, rows, groups, width, words int, scale float32)
