package hdf5

// A collection is a global heap collection: where in b its objects lie.
type collection struct {
	b       []byte
	objects map[uint64][2]uint64 // from, to
}

// heapObject returns the string that a variable-length element points to. It belongs to
// the heap.
func (f *File) heapObject(c *cursor) ([]byte, error) {
	n, addr, index := c.uint(4), c.offset(), c.uint(4)
	if n == 0 {
		return nil, nil
	}
	g, err := f.collection(addr)
	if err != nil {
		return nil, err
	}
	at, ok := g.objects[index]
	if !ok || n > at[1]-at[0] {
		return nil, formatErr("global heap collection at byte %d: no object %d of %d bytes", addr, index, n)
	}
	return g.b[at[0] : at[0]+n], nil
}

// collection reads the global heap collection at addr, once.
func (f *File) collection(addr uint64) (*collection, error) {
	const what = "global heap collection"
	if g := f.heaps[addr]; g != nil {
		return g, nil
	}
	head := uint64(8+f.lengthSize+7) &^ 7 // of the collection, and of an object: aligned, as objects are
	c, err := f.signed(addr, head, "GCOL", false, what)
	if err != nil {
		return nil, err
	}
	version := c.uint(1)
	c.take(3)
	size := c.length()
	if version != 1 || size < head {
		return nil, formatErr("%s at byte %d: version %d, %d bytes", what, addr, version, size)
	}
	if c, err = f.block(addr, size, what); err != nil {
		return nil, err
	}
	g := &collection{b: c.b, objects: map[uint64][2]uint64{}}
	c.take(head)
	for uint64(len(c.b)) >= head {
		h := &cursor{b: c.take(head), f: f}
		index := h.uint(2)
		h.take(6)
		n := h.length()
		if index == 0 { // the free space, which is last
			break
		}
		at := size - uint64(len(c.b))
		c.take(n)
		if c.short {
			return nil, formatErr("%s at byte %d: object %d is beyond its end", what, addr, index)
		}
		c.take(min(-n&7, uint64(len(c.b)))) // objects are aligned to 8 bytes
		g.objects[index] = [2]uint64{at, at + n}
		if err := f.charge(100, 1); err != nil {
			return nil, err
		}
	}
	f.heaps[addr] = g
	return g, nil
}
