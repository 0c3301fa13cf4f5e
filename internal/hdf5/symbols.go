package hdf5

import "bytes"

// symbolTable adds the links of a symbol table: a version 1 B-tree of nodes of entries,
// whose names lie in a local heap.
func (f *File) symbolTable(c *cursor, add func(link) error) error {
	tree, heap := c.offset(), c.offset()
	if err := c.end("symbol table message"); err != nil {
		return err
	}
	h, err := f.signed(heap, uint64(8+2*f.lengthSize+f.offsetSize), "HEAP", false, "local heap")
	if err != nil {
		return err
	}
	h.take(4)
	size, _, addr := h.length(), h.length(), h.offset()
	names, err := f.block(addr, size, "local heap")
	if err != nil {
		return err
	}
	t := tree1{f: f, kind: 0, keySize: uint64(f.lengthSize), visit: func(_ *cursor, child uint64) error {
		return f.symbolNode(child, names.b, add)
	}}
	return t.walk(tree)
}

// symbolNode adds the entries of a symbol table node.
func (f *File) symbolNode(addr uint64, names []byte, add func(link) error) error {
	const what = "symbol table node"
	c, err := f.signed(addr, 8, "SNOD", false, what)
	if err != nil {
		return err
	}
	c.take(2)
	n := c.uint(2)
	if c, err = f.block(addr+8, n*uint64(2*f.offsetSize+24), what); err != nil {
		return err
	}
	for range n {
		at, k := c.offset(), link{kind: "hard", addr: c.offset()}
		if c.uint(4) == 2 {
			k.kind = "soft"
		}
		c.take(4 + 16)
		if at >= uint64(len(names)) {
			return formatErr("%s at byte %d: a name is beyond the end of the local heap", what, addr)
		}
		b := names[at:]
		b = b[:min(len(b), maxName+1)]
		i := bytes.IndexByte(b, 0)
		if i < 0 {
			return formatErr("%s at byte %d: the name of a link has no end within %d bytes", what, addr, maxName)
		}
		k.name = string(b[:i])
		if err := add(k); err != nil {
			return err
		}
	}
	return nil
}

// A tree1 is a version 1 B-tree: of symbol table nodes (kind 0) or of chunks (kind 1).
type tree1 struct {
	f       *File
	kind    uint64
	keySize uint64
	visit   func(key *cursor, child uint64) error // called for each child of a leaf, with the key before it
	seen    visited
}

func (t *tree1) walk(root uint64) error {
	t.seen = visited{}
	return t.node(root, -1)
}

// node goes through the node at addr, of the given level unless that is negative.
func (t *tree1) node(addr uint64, level int) error {
	const what = "B-tree node"
	if err := t.seen.visit(t.f, addr, what); err != nil {
		return err
	}
	head := uint64(8 + 2*t.f.offsetSize)
	c, err := t.f.signed(addr, head, "TREE", false, what)
	if err != nil {
		return err
	}
	kind, own, n := c.uint(1), int(c.uint(1)), c.uint(2)
	if kind != t.kind || level >= 0 && own != level {
		return formatErr("%s at byte %d: type %d, level %d: want type %d, level %d", what, addr, kind, own, t.kind, max(level, 0))
	}
	if c, err = t.f.block(addr+head, n*(t.keySize+uint64(t.f.offsetSize)), what); err != nil {
		return err
	}
	for range n {
		key := &cursor{b: c.take(t.keySize), f: t.f}
		child := c.offset()
		switch {
		case own > 0:
			err = t.node(child, own-1)
		case t.kind == 0: // else chunks, which their reader counts
			if err = t.seen.visit(t.f, child, "symbol table node"); err == nil {
				err = t.visit(key, child)
			}
		default:
			err = t.visit(key, child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
