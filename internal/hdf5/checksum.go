package hdf5

import (
	"encoding/binary"
	"math/bits"
)

// verify compares the last 4 bytes of b, which lies at addr, with the checksum of the
// rest.
func verify(b []byte, what string, addr uint64) error {
	n := len(b) - 4
	if n < 0 || lookup3(b[:n]) != binary.LittleEndian.Uint32(b[n:]) {
		return formatErr("%s at byte %d: the checksum does not match: the file is damaged, fetch or copy it again", what, addr)
	}
	return nil
}

// lookup3 is the hash function of Bob Jenkins, 2006 (hashlittle, initial value 0), the
// checksum of structures since version 2 of object headers.
func lookup3(k []byte) uint32 {
	a := 0xdeadbeef + uint32(len(k))
	b, c := a, a
	for ; len(k) > 12; k = k[12:] {
		a += binary.LittleEndian.Uint32(k)
		b += binary.LittleEndian.Uint32(k[4:])
		c += binary.LittleEndian.Uint32(k[8:])
		a, c = (a-c)^bits.RotateLeft32(c, 4), c+b
		b, a = (b-a)^bits.RotateLeft32(a, 6), a+c
		c, b = (c-b)^bits.RotateLeft32(b, 8), b+a
		a, c = (a-c)^bits.RotateLeft32(c, 16), c+b
		b, a = (b-a)^bits.RotateLeft32(a, 19), a+c
		c, b = (c-b)^bits.RotateLeft32(b, 4), b+a
	}
	if len(k) == 0 {
		return c
	}
	var tail [12]byte
	copy(tail[:], k)
	a += binary.LittleEndian.Uint32(tail[:])
	b += binary.LittleEndian.Uint32(tail[4:])
	c += binary.LittleEndian.Uint32(tail[8:])
	c = (c ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	c = (c ^ b) - bits.RotateLeft32(b, 24)
	return c
}

// fletcher32 is the checksum of the filter of that name, over big-endian pairs of bytes.
func fletcher32(b []byte) uint32 {
	var sum1, sum2 uint32
	fold := func(s uint32) uint32 { return s&0xffff + s>>16 }
	for len(b) > 1 {
		n := min(len(b)/2, 360) // sums of as many pairs fit into 32 bits
		for i := range n {
			sum1 += uint32(b[2*i])<<8 | uint32(b[2*i+1])
			sum2 += sum1
		}
		sum1, sum2 = fold(sum1), fold(sum2)
		b = b[2*n:]
	}
	if len(b) > 0 {
		sum1 += uint32(b[0]) << 8
		sum2 += sum1
		sum1, sum2 = fold(sum1), fold(sum2)
	}
	return fold(sum2)<<16 | fold(sum1)
}
