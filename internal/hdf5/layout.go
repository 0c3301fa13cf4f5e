package hdf5

// A storage is what a layout message says.
type storage struct {
	class uint64 // 0 compact, 1 contiguous, 2 chunked
	addr  uint64 // of the data, or of the index of the chunks; undefined if there are none
	size  uint64 // of contiguous data
	data  []byte // compact data
	grid  grid   // of chunks
	index uint64 // kind of the index of chunks, 0 for a version 1 B-tree
	// Of an index of a single chunk that has gone through filters: its size in the file,
	// and the filters that were skipped.
	singleSize, singleMask uint64
	filters                []filter
}

// storage reads the layout message of a data set, and its filters.
func (f *File) storage(d *Dataset) (s storage, err error) {
	m := d.o.find(msgLayout)
	if m.shared {
		return s, unsupported("a shared layout message")
	}
	c := &cursor{b: m.body, f: f}
	s.addr = undefined
	version := c.uint(1)
	if version != 3 && version != 4 {
		return s, unsupported("layout message: version %d, want 3 or 4", version)
	}
	switch s.class = c.uint(1); s.class {
	case 0:
		if s.data = c.take(c.uint(2)); s.data == nil {
			s.data = []byte{}
		}
	case 1:
		s.addr, s.size = c.offset(), c.length()
	case 2:
		if version == 3 {
			err = s.chunkedV3(c, d)
		} else {
			err = s.chunkedV4(c, d)
		}
		if err != nil {
			return s, err
		}
		if m := d.o.find(msgFilters); m != nil {
			if m.shared {
				return s, unsupported("a shared filter message")
			}
			if s.filters, err = filters(&cursor{b: m.body, f: f}); err != nil {
				return s, err
			}
		}
	case 3:
		return s, unsupported("a virtual data set, whose data are in others")
	default:
		return s, unsupported("layout class %d", s.class)
	}
	return s, c.end("layout message")
}

// chunkedV3 reads the properties of chunks with a version 1 B-tree.
func (s *storage) chunkedV3(c *cursor, d *Dataset) error {
	rank := c.uint(1)
	s.addr = c.offset()
	return s.grid.read(c, rank, 4, d)
}

// chunkedV4 reads the properties of chunks with one of the later indexes.
func (s *storage) chunkedV4(c *cursor, d *Dataset) error {
	flags, rank := c.uint(1), c.uint(1)
	if flags&1 != 0 {
		return unsupported("chunks at the edge that are stored without filters")
	}
	if err := s.grid.read(c, rank, int(c.uint(1)), d); err != nil {
		return err
	}
	switch s.index = c.uint(1); s.index {
	case 1:
		if flags&2 != 0 {
			s.singleSize, s.singleMask = c.length(), c.uint(4)
		}
	case 2:
	case 3:
		c.take(1) // bits of a page, which the header repeats
	case 4, 5:
		return unsupported("chunks of a data set that can grow (index kind %d): write it with a fixed shape", s.index)
	default:
		return unsupported("chunk index of kind %d", s.index)
	}
	s.addr = c.offset()
	return nil
}

// A grid is how a data set is cut into chunks, all of one shape; those at the edge reach
// beyond it.
type grid struct {
	shape  []uint64 // of the data set
	chunk  []uint64 // shape of a chunk
	count  []uint64 // chunks along each dimension
	bytes  uint64   // of a chunk
	chunks uint64   // in all
}

// read reads the shape of a chunk, whose last dimension is the size of an element.
func (g *grid) read(c *cursor, rank uint64, field int, d *Dataset) error {
	if rank != uint64(len(d.space)+1) || rank < 2 || d.null || field < 1 || field > 8 {
		return formatErr("chunks of %d dimensions with fields of %d bytes, the data have %d", rank-min(rank, 1), field, len(d.space))
	}
	element := uint64(d.typ.size * d.typ.parts())
	g.bytes, g.chunks = element, 1
	for _, n := range d.space {
		size := c.uint(field)
		if size == 0 || size > maxDim || g.bytes > maxDim/size {
			return formatErr("chunks of %d elements along one dimension, more than 2 GB, or 0", size)
		}
		count := (uint64(n) + size - 1) / size
		g.shape, g.chunk, g.count = append(g.shape, uint64(n)), append(g.chunk, size), append(g.count, count)
		g.bytes *= size
	}
	if size := c.uint(field); size != element && !c.short {
		return formatErr("chunks of elements of %d bytes, the type has %d", size, element)
	}
	return c.end("layout message")
}

// check computes the number of chunks, and bounds the work that they are: padded to
// whole chunks, the data may have 16 times the memory that the file warrants.
func (g *grid) check(d *Dataset) error {
	most := 16 * min(4*d.f.size+slack, 1<<58) / max(g.bytes, 1)
	for _, n := range g.count {
		if n == 0 {
			g.chunks = 0
			return nil
		}
	}
	for _, n := range g.count {
		if g.chunks > most/n {
			return formatErr("chunks %v of shape %v reach too far beyond it", g.chunk, g.shape)
		}
		g.chunks *= n
	}
	return nil
}
