package hdf5

import "math/bits"

// A chunk is one chunk as its index has it.
type chunk struct {
	addr, size uint64 // in the file
	mask       uint64 // filters that were skipped
}

// A chunkReader puts chunks where they belong.
type chunkReader struct {
	f    *File
	d    *Dataset
	s    storage
	put  func(at uint64, b []byte) error
	seen []uint64 // a bit a chunk
	left uint64   // bytes of the file that the other chunks can have
}

// chunks reads all chunks of a data set, and puts runs of values to their places.
func (f *File) chunks(d *Dataset, s storage, put func(at uint64, b []byte) error) error {
	r := &chunkReader{f: f, d: d, s: s, put: put, left: f.size}
	words := s.grid.chunks/64 + 1
	if err := f.charge(words, 8); err != nil {
		return err
	}
	r.seen = make([]uint64, words)
	switch s.index {
	case 0:
		rank := len(s.grid.chunk)
		t := tree1{f: f, kind: 1, keySize: uint64(8 + 8*(rank+1)), visit: func(key *cursor, child uint64) error {
			c := chunk{addr: child, size: key.uint(4), mask: key.uint(4)}
			var i uint64
			for j, size := range s.grid.chunk {
				at := key.uint(8)
				if at%size != 0 || at/size >= s.grid.count[j] {
					return formatErr("a chunk at %d along dimension %d, want a multiple of %d below %d", at, j, size, s.grid.shape[j])
				}
				i = i*s.grid.count[j] + at/size
			}
			return r.chunk(i, c)
		}}
		return t.walk(s.addr)
	case 1:
		if s.grid.chunks != 1 {
			return formatErr("an index of a single chunk for %d", s.grid.chunks)
		}
		c := chunk{addr: s.addr, size: s.grid.bytes}
		if len(s.filters) > 0 {
			c.size, c.mask = s.singleSize, s.singleMask
		}
		return r.chunk(0, c)
	case 2:
		for i := range s.grid.chunks {
			hi, at := bits.Mul64(i, s.grid.bytes)
			if hi != 0 || at > f.size || s.addr > f.size {
				return formatErr("chunk %d is beyond the end of the file", i)
			}
			if err := r.chunk(i, chunk{addr: s.addr + at, size: s.grid.bytes}); err != nil {
				return err
			}
		}
		return nil
	}
	return r.fixedArray(s.addr)
}

// chunk reads the chunk with number i in row-major order.
func (r *chunkReader) chunk(i uint64, c chunk) error {
	if c.addr == undefined {
		return nil // never written: the fill value stands
	}
	bit := uint64(1) << (i % 64)
	if r.seen[i/64]&bit != 0 {
		return formatErr("chunk %d is in the index twice", i)
	}
	r.seen[i/64] |= bit
	if err := r.f.check(c.addr, c.size, "chunk"); err != nil {
		return err
	}
	if c.size > r.left {
		return formatErr("chunk %d at byte %d: the chunks overlap", i, c.addr)
	}
	r.left -= c.size
	if err := r.f.effort(c.size + r.s.grid.bytes*uint64(1+len(r.s.filters))); err != nil {
		return err
	}
	b, err := r.f.buffer(0, c.size)
	if err != nil {
		return err
	}
	if err := r.f.fill(b, c.addr, "chunk"); err != nil {
		return err
	}
	if b, err = r.f.unfilter(r.s.filters, c.mask, c.size, r.s.grid.bytes); err != nil {
		return readErr("chunk", c.addr, err)
	}
	return r.scatter(i, b)
}

// scatter puts the rows of chunk i that are within the data set.
func (r *chunkReader) scatter(i uint64, b []byte) error {
	g, rank := &r.s.grid, len(r.s.grid.chunk)
	var start, extent, at [maxRank]uint64 // of the chunk in the data set, and of the row in the chunk
	for j := rank - 1; j >= 0; j-- {
		start[j] = i % g.count[j] * g.chunk[j]
		i /= g.count[j]
		extent[j] = min(g.chunk[j], g.shape[j]-start[j])
	}
	parts := uint64(r.d.typ.parts())
	element := parts * uint64(r.d.typ.size)
	for {
		var from, to uint64 // the row, in elements
		for j := range rank {
			from = from*g.chunk[j] + at[j]
			to = to*g.shape[j] + start[j] + at[j]
		}
		if err := r.put(to*parts, b[from*element:(from+extent[rank-1])*element]); err != nil {
			return err
		}
		j := rank - 2
		for ; j >= 0; j-- {
			if at[j]++; at[j] < extent[j] {
				break
			}
			at[j] = 0
		}
		if j < 0 {
			return nil
		}
	}
}

// fixedArray reads the chunks of a fixed array: a header, and a data block with an
// entry a chunk, in pages of their own if there are many.
func (r *chunkReader) fixedArray(addr uint64) error {
	const what, block = "fixed array", "data block of a fixed array"
	f := r.f
	c, err := f.signed(addr, uint64(12+f.offsetSize+f.lengthSize), "FAHD", true, what)
	if err != nil {
		return err
	}
	version, client, entry, pageBits, n, data := c.uint(1), c.uint(1), c.uint(1), c.uint(1), c.length(), c.offset()
	filtered := uint64(0)
	sizeField := uint64(0)
	if len(r.s.filters) > 0 {
		filtered = 1
		sizeField = entry - uint64(f.offsetSize) - 4
	}
	if version != 0 || client != filtered || n != r.s.grid.chunks || sizeField > 8 || pageBits > 32 ||
		filtered == 0 && entry != uint64(f.offsetSize) || filtered == 1 && sizeField == 0 {
		return formatErr("%s at byte %d: version %d, client %d, entries of %d bytes, %d of them for %d chunks", what, addr, version, client, entry, n, r.s.grid.chunks)
	}
	if data == undefined {
		return nil
	}
	take := func(c *cursor, from, to uint64) error {
		for i := from; i < to; i++ {
			k := chunk{addr: c.offset(), size: r.s.grid.bytes}
			if filtered == 1 {
				k.size, k.mask = c.uint(int(sizeField)), c.uint(4)
			}
			if err := r.chunk(i, k); err != nil {
				return err
			}
		}
		return nil
	}
	head := uint64(6 + f.offsetSize)
	if n > f.size/entry {
		return formatErr("%s at byte %d: %d entries are more than the file holds", what, addr, n)
	}
	page := uint64(1) << pageBits
	if n <= page {
		if c, err = f.signed(data, head+n*entry+4, "FADB", true, block); err != nil {
			return err
		}
		c.take(head - 4)
		return take(c, 0, n)
	}
	pages := (n + page - 1) / page
	bitmap := (pages + 7) / 8
	if c, err = f.signed(data, head+bitmap+4, "FADB", true, block); err != nil {
		return err
	}
	c.take(head - 4)
	used := c.take(bitmap)
	at := data + head + bitmap + 4
	for i := range pages {
		from, to := i*page, min(n, (i+1)*page)
		size := (to-from)*entry + 4
		if used[i/8]&(0x80>>(i%8)) != 0 {
			if c, err = f.signed(at, size, "", true, "page of a fixed array"); err != nil {
				return err
			}
			if err := take(c, from, to); err != nil {
				return err
			}
		}
		at += size
	}
	return nil
}
