package hdf5

import "math/bits"

// A fractalHeap holds the links or the attributes of an object that has many: managed
// objects in blocks of doubling sizes, and huge ones on their own.
type fractalHeap struct {
	f                      *File
	addr                   uint64
	idSize                 uint64
	offsetSize, lengthSize int // bytes of the offset and of the length of a managed object
	checksums              bool
	width, start, direct   uint64 // of the doubling table: columns, first and largest size of direct blocks
	root                   uint64
	rows                   uint64 // of the root if it is an indirect block, else 0
	huge                   uint64 // B-tree of huge objects
	hugeObjects            map[uint64][2]uint64
	blocks                 map[uint64][]byte
}

// fractalHeap reads the header at addr.
func (f *File) fractalHeap(addr uint64) (*fractalHeap, error) {
	const what = "fractal heap"
	head, err := f.block(addr, 9, what)
	if err != nil {
		return nil, err
	}
	if head.take(7); head.uint(2) != 0 {
		return nil, unsupported("fractal heap at byte %d: filters", addr)
	}
	c, err := f.signed(addr, uint64(26+12*f.lengthSize+3*f.offsetSize), "FRHP", true, what)
	if err != nil {
		return nil, err
	}
	h := &fractalHeap{f: f, addr: addr, blocks: map[uint64][]byte{}}
	if version := c.uint(1); version != 0 {
		return nil, unsupported("fractal heap at byte %d: version %d, want 0", addr, version)
	}
	h.idSize = c.uint(2)
	c.take(2)
	h.checksums = c.uint(1)&2 != 0
	largest := c.uint(4)
	c.length()
	h.huge = c.offset()
	c.length()
	c.offset()
	for range 8 {
		c.length()
	}
	h.width, h.start, h.direct = c.uint(2), c.length(), c.length()
	size := c.uint(2)
	c.take(2)
	h.root, h.rows = c.offset(), c.uint(2)
	if size == 0 || size > 64 || h.rows > 64 || !power(h.width) || !power(h.start) || !power(h.direct) || h.start > h.direct || h.direct > 1<<32 {
		return nil, formatErr("fractal heap at byte %d: offsets of %d bits, a table of %d rows and %d columns, blocks of %d to %d bytes", addr, size, h.rows, h.width, h.start, h.direct)
	}
	h.offsetSize = int(size+7) / 8
	h.lengthSize = min(fieldSize(h.direct), fieldSize(largest))
	return h, nil
}

func power(n uint64) bool { return bits.OnesCount64(n) == 1 }

// object returns the object of an identifier. It belongs to the heap.
func (h *fractalHeap) object(id []byte) ([]byte, error) {
	c := &cursor{b: id, f: h.f}
	c.b = c.take(h.idSize)
	kind := c.uint(1)
	switch {
	case kind>>6 != 0 || c.short:
		return nil, formatErr("fractal heap at byte %d: an identifier of version %d", h.addr, kind>>6)
	case kind>>4 == 0:
		at, n := c.uint(h.offsetSize), c.uint(h.lengthSize)
		if err := c.end("identifier of a fractal heap"); err != nil {
			return nil, err
		}
		return h.managed(at, n)
	case kind>>4 == 1 && len(c.b) < h.f.offsetSize+h.f.lengthSize:
		return h.hugeObject(c.uint(min(len(c.b), 8)))
	}
	return nil, unsupported("fractal heap at byte %d: objects within identifiers", h.addr)
}

// managed returns n bytes at an offset of the heap. Row 0 of the doubling table and row
// 1 have blocks of the first size, each later row has blocks twice as large; rows whose
// blocks exceed the largest direct block hold indirect blocks, tables themselves.
func (h *fractalHeap) managed(at, n uint64) ([]byte, error) {
	object := at
	damaged := func() error {
		return formatErr("fractal heap at byte %d: no object of %d bytes at %d", h.addr, n, object)
	}
	block, rows, size := h.root, h.rows, h.start
	for rows > 0 {
		row, rowStart := uint64(0), uint64(0)
		size = h.start
		if first := h.width * h.start; at >= first {
			row = uint64(bits.Len64(at / first))
			size, rowStart = h.start<<(row-1), first<<(row-1)
		}
		column := (at - rowStart) / size
		if row >= rows || column >= h.width {
			return nil, damaged()
		}
		c, err := h.indirect(block, rows)
		if err != nil {
			return nil, err
		}
		c.take((row*h.width + column) * uint64(h.f.offsetSize))
		block = c.offset()
		at -= rowStart + column*size
		rows = 0
		if size > h.direct { // as many rows as have size bytes together
			if size < h.width*h.start {
				return nil, damaged()
			}
			rows = uint64(bits.Len64(size / (h.width * h.start)))
		}
	}
	b, err := h.block(block, size, "FHDB", h.checksums)
	if err != nil {
		return nil, err
	}
	if at > uint64(len(b)) || n > uint64(len(b))-at {
		return nil, damaged()
	}
	return b[at : at+n], nil
}

// indirect returns the addresses in the indirect block at addr.
func (h *fractalHeap) indirect(addr, rows uint64) (*cursor, error) {
	head := uint64(5 + h.f.offsetSize + h.offsetSize)
	b, err := h.block(addr, head+rows*h.width*uint64(h.f.offsetSize)+4, "FHIB", true)
	if err != nil {
		return nil, err
	}
	return &cursor{b: b[head:], f: h.f}, nil
}

// block returns the n bytes of a block, which are read once.
func (h *fractalHeap) block(addr, n uint64, signature string, checksum bool) ([]byte, error) {
	if b, ok := h.blocks[addr]; ok {
		if uint64(len(b)) != n || string(b[:4]) != signature {
			return nil, formatErr("fractal heap at byte %d: the block at byte %d is used twice", h.addr, addr)
		}
		return b, nil
	}
	const what = "block of a fractal heap"
	head := 5 + h.f.offsetSize + h.offsetSize
	if n < uint64(head)+4 {
		return nil, formatErr("%s at byte %d: %d bytes are too few", what, addr, n)
	}
	c, err := h.f.block(addr, n, what)
	if err != nil {
		return nil, err
	}
	b := c.b
	if string(b[:4]) != signature {
		return nil, formatErr("%s at byte %d: signature %q, want %q", what, addr, b[:4], signature)
	}
	switch {
	case checksum && signature == "FHDB": // its checksum lies before the data, and counts as zeros
		field := b[head : head+4]
		sum := [4]byte(field)
		clear(field)
		if (&cursor{b: sum[:]}).uint(4) != uint64(lookup3(b)) {
			return nil, formatErr("%s at byte %d: the checksum does not match: the file is damaged, fetch or copy it again", what, addr)
		}
	case checksum:
		if err := verify(b, what, addr); err != nil {
			return nil, err
		}
	}
	h.blocks[addr] = b
	return b, h.f.charge(64, 1)
}

// hugeObject returns the huge object of the given number.
func (h *fractalHeap) hugeObject(number uint64) ([]byte, error) {
	if h.hugeObjects == nil {
		h.hugeObjects = map[uint64][2]uint64{}
		err := h.f.tree2(h.huge, 1, func(rec *cursor) error {
			addr, n, number := rec.offset(), rec.length(), rec.length()
			h.hugeObjects[number] = [2]uint64{addr, n}
			return h.f.charge(64, 1)
		})
		if err != nil {
			return nil, err
		}
	}
	at, ok := h.hugeObjects[number]
	if !ok {
		return nil, formatErr("fractal heap at byte %d: there is no huge object %d", h.addr, number)
	}
	c, err := h.f.block(at[0], at[1], "huge object of a fractal heap")
	if err != nil {
		return nil, err
	}
	return c.b, nil
}
