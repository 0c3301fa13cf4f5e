package hdf5

import "math/bits"

// tree2 goes through the records of the version 2 B-tree at addr, in order. Records are
// of the given type.
func (f *File) tree2(addr uint64, kind uint64, visit func(rec *cursor) error) error {
	const what = "version 2 B-tree"
	c, err := f.signed(addr, uint64(22+f.offsetSize+f.lengthSize), "BTHD", true, what)
	if err != nil {
		return err
	}
	t := tree2{f: f, kind: kind, seen: visited{}, visit: visit}
	version, own := c.uint(1), c.uint(1)
	t.nodeSize, t.recordSize = c.uint(4), c.uint(2)
	depth := int(c.uint(2))
	c.take(2)
	root, n := c.offset(), c.uint(2)
	if version != 0 || own != kind {
		return unsupported("%s at byte %d: version %d, type %d: want 0 and %d", what, addr, version, own, kind)
	}
	if t.recordSize == 0 || t.nodeSize < 10+t.recordSize || depth > 16 {
		return formatErr("%s at byte %d: nodes of %d bytes, records of %d, depth %d", what, addr, t.nodeSize, t.recordSize, depth)
	}
	t.levels(depth)
	if n == 0 || root == undefined {
		return nil
	}
	return t.node(root, n, depth)
}

// A tree2 is a version 2 B-tree that is being walked.
type tree2 struct {
	f                    *File
	kind                 uint64
	nodeSize, recordSize uint64
	most                 []uint64 // records in a node of each level, at most
	countSize            int      // bytes of the number of records of a child
	totalSize            []int    // bytes of the number of records below and in a child of each level
	seen                 visited
	visit                func(rec *cursor) error
}

// levels derives from the size of nodes how many records they have and how long the
// pointers of inner nodes are.
func (t *tree2) levels(depth int) {
	t.most = append(t.most, (t.nodeSize-10)/t.recordSize)
	t.totalSize = append(t.totalSize, 0)
	t.countSize = fieldSize(t.most[0])
	total := t.most[0]
	for level := 1; level <= depth; level++ {
		pointer := uint64(t.f.offsetSize + t.countSize + t.totalSize[level-1])
		n := (t.nodeSize - min(t.nodeSize, 10+pointer)) / (t.recordSize + pointer)
		hi, lo := bits.Mul64(n+1, total)
		if total = lo + n; hi > 0 || total < n {
			total = 1<<64 - 1
		}
		t.most = append(t.most, n)
		t.totalSize = append(t.totalSize, fieldSize(total))
	}
}

// fieldSize returns the bytes of a field that can hold n.
func fieldSize(n uint64) int { return max(bits.Len64(n)-1, 0)/8 + 1 }

// node goes through the n records of the node at addr, and of those below it.
func (t *tree2) node(addr, n uint64, level int) error {
	const what = "node of a version 2 B-tree"
	if err := t.seen.visit(t.f, addr, what); err != nil {
		return err
	}
	if n > t.most[level] {
		return formatErr("%s at byte %d: %d records, at most %d fit", what, addr, n, t.most[level])
	}
	signature, size := "BTLF", 10+n*t.recordSize
	if level > 0 {
		signature = "BTIN"
		size += (n + 1) * uint64(t.f.offsetSize+t.countSize+t.totalSize[level-1])
	}
	c, err := t.f.signed(addr, size, signature, true, what)
	if err != nil {
		return err
	}
	c.take(1)
	if kind := c.uint(1); kind != t.kind {
		return formatErr("%s at byte %d: type %d, want %d", what, addr, kind, t.kind)
	}
	records := cursor{b: c.take(n * t.recordSize), f: t.f}
	for i := range n + 1 {
		if level > 0 {
			child, m := c.offset(), c.uint(t.countSize)
			c.uint(t.totalSize[level-1])
			if err := t.node(child, m, level-1); err != nil {
				return err
			}
		}
		if i < n {
			if err := t.visit(&cursor{b: records.take(t.recordSize), f: t.f}); err != nil {
				return err
			}
		}
	}
	return nil
}
