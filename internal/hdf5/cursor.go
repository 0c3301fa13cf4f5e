package hdf5

import "bytes"

// A cursor reads little-endian fields of a block of the file, one after the other. A
// field that is not all there sets short; it and all later ones are 0 or empty.
type cursor struct {
	b     []byte // what is left
	f     *File  // says how long addresses and lengths are
	short bool
}

// take returns the next n bytes, which belong to the block.
func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.b, c.short = nil, true
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

// uint returns the next n bytes as an integer; n is at most 8.
func (c *cursor) uint(n int) (u uint64) {
	for i, b := range c.take(uint64(n)) {
		u |= uint64(b) << (8 * i)
	}
	return u
}

// length returns a field of the size of lengths.
func (c *cursor) length() uint64 { return c.uint(c.f.lengthSize) }

// offset returns an address, undefined if all its bits are set.
func (c *cursor) offset() uint64 {
	u := c.uint(c.f.offsetSize)
	if u == 1<<(8*c.f.offsetSize)-1 {
		return undefined
	}
	return u
}

// text returns the next n bytes up to the first zero.
func (c *cursor) text(n uint64) string {
	b, _, _ := bytes.Cut(c.take(n), []byte{0})
	return string(b)
}

// end returns an error if a field was not all there.
func (c *cursor) end(what string) error {
	if c.short {
		return formatErr("%s ends early", what)
	}
	return nil
}
