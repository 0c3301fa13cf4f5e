package hdf5

const maxDepth = 64 // groups in one another that Walk enters

// Walk calls visit for every data set of the file, by groups in stored order, without
// reading data. For what cannot be opened (a link that is not followed, a committed
// datatype, a damaged header) d is nil and err says why; so it is for a second link to
// a group, which may lead around in a circle. Walk ends with the first error that visit
// returns, or when the paths take more memory than the file warrants.
func (f *File) Walk(visit func(path string, d *Dataset, err error) error) error {
	if f.walked { // the paths are accounted for
		defer func(left uint64) { f.left = left }(f.left)
	}
	f.walked = true
	w := walker{f: f, visit: visit, seen: map[uint64]string{}}
	return w.group(f.root, 0)
}

type walker struct {
	f     *File
	visit func(path string, d *Dataset, err error) error
	seen  map[uint64]string // paths of the groups, by address
}

func (w *walker) group(g *Group, depth int) error {
	w.seen[g.o.addr] = g.path
	for _, k := range g.o.links.stored {
		if err := w.link(g, k, depth); err != nil {
			return err
		}
	}
	return nil
}

// fail visits what cannot be opened.
func (w *walker) fail(path string, err error) error {
	if w.f.charge(errorMemory, 1) != nil {
		return w.f.spent
	}
	return w.visit(path, nil, err)
}

// link visits what a link of g leads to.
func (w *walker) link(g *Group, k string, depth int) error {
	if err := w.f.charge(uint64(len(g.path)+1+len(k)), 1); err != nil {
		return err
	}
	addr, path, err := g.lookup(k)
	if err != nil {
		return w.fail(join(g.path, k), err)
	}
	o, err := w.f.object(addr)
	if err != nil {
		return w.fail(path, wrap("object", path, err))
	}
	if o.kind() != "group" {
		d, err := w.f.dataset(addr, path)
		if err != nil {
			return w.fail(path, err)
		}
		return w.visit(path, d, nil)
	}
	if first, again := w.seen[addr]; again {
		return w.fail(path, unsupported("%s is the group %s again", pathText(path), pathText(first)))
	}
	if depth == maxDepth {
		return w.fail(path, formatErr("group %s: more than %d groups in one another", pathText(path), maxDepth))
	}
	next, err := w.f.group(addr, path)
	if err != nil {
		return w.fail(path, err)
	}
	return w.group(next, depth+1)
}
